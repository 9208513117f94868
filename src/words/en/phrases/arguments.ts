/** @file Arguments in English. */
import type { PhraseTable } from "../../phrase.ts";
import type { ArgumentPhrases } from "../../phrases/arguments.ts";

export const argumentPhrases: PhraseTable<ArgumentPhrases> = {
  "has-no-argument": (d) => `${d.type} has no argument ${d.name}`,
  "nhwc-for-one-network": (d) => `PaddleSeg takes --data_format NHWC for ${d.network} only, not for ${d.type}`,
  "argument-needed": (d) => `${d.type} needs ${d.name} (${d.wanted})`,
  "argument-must-be": (d) => `${d.name} of ${d.type} must be ${d.wanted}, not ${d.found}`,
  "custom-cfg-list": () => "custom_cfg must be a list",
};
