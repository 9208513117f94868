/** @file All phrases in English. */

import type { PhraseTable } from "../phrase.ts";
import type { PhraseData } from "../phrase-data.ts";
import { argumentPhrases } from "./phrases/arguments.ts";
import { assumptionPhrases } from "./phrases/assumptions.ts";
import { knobPhrases } from "./phrases/knobs.ts";
import { reasonPhrases } from "./phrases/reasons.ts";
import { shapePhrases } from "./phrases/shapes.ts";
import { valuePhrases } from "./phrases/values.ts";

export const englishPhrases: PhraseTable<PhraseData> = {
  ...reasonPhrases,
  ...valuePhrases,
  ...shapePhrases,
  ...argumentPhrases,
  ...assumptionPhrases,
  ...knobPhrases,
};
