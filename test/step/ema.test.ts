/** @file The moving average of the parameters: what it holds, what its update makes. Figures as measured with use_ema=True. */
import { describe, expect, it } from "vitest";
import { replay } from "../../src/memory/replay.ts";
import { tally } from "../../src/memory/tally.ts";
import { readPackedCases, readPackedConfigs } from "../tools/lib/packed.ts";
import { loadProgram, settingsOf } from "../tools/program.ts";

const file = "configs/pp_liteseg/pp_liteseg_stdc1_cityscapes_1024x512_scale0.5_160k.yml";
const found = readPackedCases().find((c) => c.config === file)!;
const resolved = readPackedConfigs().get(found.resolved)!;
const program = loadProgram();

/** PP-LiteSeg STDC1, batch 2, crop and evaluated image 512×256; peaks allocated, reserved, and allocated after the last step. */
describe("use_ema", () => {
  it.each([
    { amp: "off", allocated: 459_148_288, reserved: 471_327_232, after: 195_669_760 },
    { amp: "O1", allocated: 445_742_848, reserved: 467_935_744, after: 195_671_552 },
  ] as const)("has the peaks measured in $amp", ({ amp, allocated, reserved, after }) => {
    const settings = settingsOf({ resolved, batch: 2, crop: [512, 256], amp, evalSize: [512, 256] });
    const { log } = program.simulate(program.config(resolved), { ...settings, useEma: true });
    const { training, afterStepBytes } = tally(log);
    const held = replay(log);
    expect([training.lowBytes, held.training.reservedBytes, held.evaluation?.reservedBytes, afterStepBytes]).toEqual([
      allocated,
      reserved,
      reserved,
      after,
    ]);
  });
});
