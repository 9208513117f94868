/** @file What each phrase carries. To add one: a line here and an entry in each language (leaving one out does not compile). */
import type { ArgumentPhrases } from "./phrases/arguments.ts";
import type { AssumptionPhrases } from "./phrases/assumptions.ts";
import type { KnobPhrases } from "./phrases/knobs.ts";
import type { ReasonPhrases } from "./phrases/reasons.ts";
import type { ShapePhrases } from "./phrases/shapes.ts";
import type { ValuePhrases } from "./phrases/values.ts";

/** All phrases, by their families. */
export interface PhraseData
  extends ReasonPhrases,
    ValuePhrases,
    ShapePhrases,
    ArgumentPhrases,
    AssumptionPhrases,
    KnobPhrases {}
