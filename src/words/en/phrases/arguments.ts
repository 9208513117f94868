/** @file Arguments in English. */
import type { PhraseTable } from "../../phrase.ts";
import type { ArgumentPhrases } from "../../phrases/arguments.ts";

export const argumentPhrases: PhraseTable<ArgumentPhrases> = {
  "has-no-argument": (d) => `${d.type} has no argument ${d.name}`,
  "nhwc-for-one-network": (d) => `PaddleSeg takes --data_format NHWC for ${d.network} only, not for ${d.type}`,
  "custom-cfg-list": () => "custom_cfg must be a list",
};
