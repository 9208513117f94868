/** @file OHEM's min_kept against the pixels of a batch: all of them kept, or left behind by a change of batch or crop. */
import type { ConfigValue } from "../../config/types.ts";
import type { FindingOf } from "../../report/finding.ts";
import type { Loaded } from "../subject.ts";
import { defineCheck } from "./define.ts";

/** Every `min_kept` of the losses, with its path. */
function* minKepts(value: ConfigValue, path: readonly string[]): Generator<{ path: readonly string[]; value: number }> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    const here = [...path, key];
    if (key === "min_kept" && typeof item === "number") yield { path: here, value: item };
    else yield* minKepts(item, here);
  }
}

const pixelsOf = ({ batchSize, crop }: Loaded): number => batchSize * (crop?.width ?? 0) * (crop?.height ?? 0);
const listOf = ({ train }: Loaded): readonly { path: readonly string[]; value: number }[] => [
  ...minKepts(train.resolved.loss ?? null, ["loss"]),
];

export const ohemMinKept = defineCheck({
  name: "ohem-min-kept",
  run: ({ config, loaded }, { base }) => {
    const pixels = loaded === undefined ? 0 : pixelsOf(loaded);
    if (loaded === undefined || pixels === 0) return [];
    const before = base?.loaded;
    const pixelsBefore = before === undefined ? 0 : pixelsOf(before);
    const valuesBefore = new Map(
      before === undefined ? [] : listOf(before).map((one) => [one.path.join("."), one.value]),
    );
    const seen = new Set<string>();
    return listOf(loaded).flatMap(({ path, value }): readonly FindingOf<"ohem-min-kept">[] => {
      const key = path.join(".");
      const location = loaded.train.locate(path);
      // One line may set several losses: PaddleSeg repeats one type for all logits.
      const place = location === undefined ? key : `${location.file}:${location.line}`;
      const stayed = pixelsBefore > 0 && pixelsBefore !== pixels && valuesBefore.get(key) === value;
      if (seen.has(place) || (value < pixels && !stayed)) return [];
      seen.add(place);
      const wanted = stayed ? Math.round((value * pixels) / pixelsBefore) : Math.round(pixels / usualShare);
      const facts = { minKept: value, pixels, wanted, pixelsBefore: stayed ? pixelsBefore : undefined };
      const written = String(value).length;
      const suggestion = location && {
        file: location.file,
        line: location.line,
        column: location.column,
        endColumn: location.column + written,
        text: String(wanted),
      };
      return [{ code: "ohem-min-kept", config, gpu: undefined, key, location, size: 0, facts, suggestion }];
    });
  },
});

/** min_kept of PaddleSeg's own OHEM configs is a sixteenth of the pixels: 130,000 of 4 × 1024 × 512, 250,000 of 4 × 1024 × 1024. */
const usualShare = 16;
