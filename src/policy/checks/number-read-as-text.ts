/** @file A number that PyYAML reads as text, such as `1e-5`: the training stops, or compares text with numbers. */
import { numberSpelling } from "../../config/pyyaml.ts";
import type { ConfigValue } from "../../config/types.ts";
import type { FindingOf } from "../../report/finding.ts";
import { defineCheck, hasCode } from "./define.ts";

type Found = FindingOf<"number-read-as-text">;

/** Texts of a value that a person meant as numbers, with their paths. */
function* texts(value: ConfigValue, path: readonly string[]): Generator<{ path: readonly string[]; text: string }> {
  if (typeof value === "string") yield { path, text: value };
  else if (typeof value === "object" && value !== null)
    for (const [key, item] of Object.entries(value)) yield* texts(item, [...path, key]);
}

export const numberReadAsText = defineCheck({
  name: "number-read-as-text",
  run: ({ config, loaded, error }) => {
    const found = (key: string, text: string, write: string, location: Found["location"]): Found => ({
      code: "number-read-as-text",
      config,
      gpu: undefined,
      key,
      location,
      size: 0,
      facts: { text, write },
      suggestion: location && {
        file: location.file,
        line: location.line,
        column: location.column,
        endColumn: location.column + text.length,
        text: write,
      },
    });
    // The loader refuses such a text where it needs the number.
    if (hasCode(error, "value-text-number")) {
      const { key, text, write } = error.data;
      return [found(key, text, write.replace(/^.*: /, ""), error.location)];
    }
    if (loaded === undefined) return [];
    return [...texts(loaded.train.resolved, [])].flatMap(({ path, text }) => {
      const write = numberSpelling(text);
      return write === undefined ? [] : [found(path.join("."), text, write, loaded.train.locate(path))];
    });
  },
});
