/** @file What a value is and has to be, in English. */
import type { PhraseTable } from "../../phrase.ts";
import type { ValuePhrases } from "../../phrases/values.ts";

/** `a, b and c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export const valuePhrases: PhraseTable<ValuePhrases> = {
  "value-missing": () => "missing",
  "value-null": () => "empty (null)",
  "value-list": () => "a list",
  "value-mapping": () => "a mapping",
  "value-items": (d, say) => `[${d.items.map(say).join(", ")}]`,
  "value-text": (d) => `the text "${d.text}"`,
  "value-float": (d) => `the float ${d.value}.0`,
  "value-as-is": (d) => d.text,
  "a-mapping": () => "a mapping",
  "a-list": () => "a list",
  "a-text": () => "a text",
  "a-number": () => "a number",
  "a-truth-value": () => "true or false",
  "a-class-name": () => "the name of a class",
  "one-value": () => "one value",
  "whole-number": (d) => `a whole number from ${d.least} on`,
  "whole-number-to": (d) => `a whole number from ${d.least} to ${d.most}`,
  "whole-number-of-bytes": () => "a whole number of bytes",
  "pair-of-sizes": () => "a pair of positive whole numbers, [width, height],",
  "exactly-1": () => "1",
  places: (d) => listed(d.names),
  "model-and-loss": () => "model and loss, the one of the data set",
};
