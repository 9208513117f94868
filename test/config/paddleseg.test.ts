/** @file All of PaddleSeg's configs: values as PyYAML and PaddleSeg's own merge give them, and as PaddleSeg resolved them in a run. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { readChain } from "../../src/config/merge.ts";
import type { ConfigValue } from "../../src/config/types.ts";
import { UserError } from "../../src/errors.ts";
import { canonical, hasPaddleseg, paddleseg, paddlesegConfigs, readText } from "./support.ts";

const expected = JSON.parse(readText(join(import.meta.dirname, "../fixtures/config/paddleseg-values.json"))) as Record<
  string,
  string
>;
const truth = join(import.meta.dirname, "../../../shared/truth");

/** Bases and one export config, which PaddleSeg refuses to train as well: they lack a model or a train_dataset. */
const noTraining = /^_base_\/|^smrt\/base_cfg|^pp_humanseg_lite\/pp_humanseg_lite_export/;

describe.skipIf(!hasPaddleseg)("PaddleSeg's configs (../shared/reference must be there)", () => {
  const names = hasPaddleseg ? paddlesegConfigs() : [];

  it("are all there", () => {
    expect(names).toEqual(Object.keys(expected).sort());
    expect(names.length).toBe(222);
  });

  it("have PyYAML's values, types included", () => {
    const hash = (name: string) =>
      createHash("sha256")
        .update(canonical(readChain(join(paddleseg, name), { readText })))
        .digest("hex")
        .slice(0, 12);
    expect(Object.fromEntries(names.map((name) => [name, hash(name)]))).toEqual(expected);
  });

  it("load, but for those that PaddleSeg refuses as well, and fast", () => {
    const start = performance.now();
    const refused = names.filter((name) => {
      try {
        const config = loadConfig(join(paddleseg, name), { readText, exists: existsSync });
        expect(config.locate(["batch_size"])?.file, name).toMatch(/\.yml$/);
        return false;
      } catch (error) {
        if (error instanceof UserError && error.code === "config-not-training") return true;
        throw error;
      }
    });
    expect(performance.now() - start).toBeLessThan(3000);
    expect(refused).toEqual(names.filter((name) => noTraining.test(name)));
  });

  it("all say where each value of theirs stands", () => {
    for (const name of names.filter((n) => !noTraining.test(n)).filter((_, i) => i % 10 === 0)) {
      const config = loadConfig(join(paddleseg, name), { readText });
      const at = config.locate(["model", "type"]);
      const line = at && readText(at.file).split("\n")[at.line - 1];
      expect(line?.slice((at?.column ?? 1) - 1), name).toMatch(new RegExp(`^['"]?${config.model.type}`));
    }
  });
});

/** Without what the measurements left out: weights, paths, and what PaddleSeg's builder fills into copies. */
function compared(value: ConfigValue): ConfigValue {
  if (Array.isArray(value)) return value.map(compared);
  if (typeof value !== "object" || value === null) return value;
  const left = /^(pretrained|pretrained_model|dataset_root|train_path|val_path|test_path)$/;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !left.test(key))
      .map(([key, item]) => [key, compared(item)]),
  );
}

interface Case {
  readonly config: string;
  readonly batch: number;
  readonly crop: readonly number[];
  readonly num_classes: number;
  readonly resolved: { model: Record<string, ConfigValue>; train_dataset: Record<string, ConfigValue> };
}

describe.skipIf(!hasPaddleseg || !existsSync(truth))(
  "PaddleSeg's own resolution (../shared/truth must be there)",
  () => {
    it("is ours: values, batch, crop, classes", () => {
      const files = readdirSync(truth).filter((name) => /__(off|O1|O2)\.json$/.test(name));
      expect(files.length).toBeGreaterThan(300);
      for (const name of files) {
        const run = JSON.parse(readText(join(truth, name))) as Case;
        const config = loadConfig(join(paddleseg, "..", run.config), { readText });
        const mine = compared(config.resolved) as Record<string, Record<string, ConfigValue>>;
        const theirs = compared(run.resolved as never) as Record<string, Record<string, ConfigValue>>;
        for (const side of [mine, theirs]) {
          // For its own data set classes the builder fills these into a copy that the run does not show.
          delete side.model?.num_classes;
          if (run.resolved.train_dataset.type !== "Dataset") delete side.model?.in_channels;
        }
        expect(mine, name).toEqual(theirs);
        expect([config.batchSize, config.numClasses], name).toEqual([run.batch, run.num_classes]);
        // The measurements of PortraitNet took a crop of their own, since its data sets have no plain list of transforms.
        const crop = name.startsWith("portraitnet__") ? [224, 224] : run.crop;
        expect([config.cropSize?.width, config.cropSize?.height], name).toEqual(crop);
      }
    });
  },
);
