/** @file Every check, in the order of its words. */
import type { CheckName } from "../../report/finding.ts";
import { ampWithoutEffect } from "./amp-without-effect.ts";
import { batchOf1WithBatchNorm } from "./batch-of-1-with-batch-norm.ts";
import { cropOffStride } from "./crop-off-stride.ts";
import type { Check } from "./define.ts";
import { doesNotFit } from "./does-not-fit.ts";
import { evaluationDoesNotFit } from "./evaluation-does-not-fit.ts";
import { increase } from "./increase.ts";
import { modelNotKnown } from "./model-not-known.ts";
import { numberReadAsText } from "./number-read-as-text.ts";
import { ohemMinKept } from "./ohem-min-kept.ts";
import { stalePlan } from "./stale-plan.ts";
import { tight } from "./tight.ts";

/** One entry for each name; leaving one out does not compile. */
export const checks: { readonly [C in CheckName]: Check<C> } = {
  "does-not-fit": doesNotFit,
  tight,
  increase,
  "evaluation-does-not-fit": evaluationDoesNotFit,
  "model-not-known": modelNotKnown,
  "number-read-as-text": numberReadAsText,
  "batch-of-1-with-batch-norm": batchOf1WithBatchNorm,
  "crop-off-stride": cropOffStride,
  "ohem-min-kept": ohemMinKept,
  "amp-without-effect": ampWithoutEffect,
  "stale-plan": stalePlan,
};
