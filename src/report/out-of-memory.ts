/** @file The request at which a run ends on its card: where it is asked for, and Paddle's own message. */

import type { Language } from "../words/language.ts";
import { wordsIn } from "../words/words.ts";
import type { View } from "./paint.ts";
import type { FailedRequest, Report } from "./report.ts";
import { wrap } from "./table.ts";
import { describePeak } from "./words.ts";

/** `iteration 2`, `evaluation image 1`. */
function moment({ part, index }: FailedRequest, language: Language): string {
  const words = wordsIn(language).report;
  if (part === "build") return words.whileBuilt;
  if (part === "saving") return words.whileSaved;
  return part === "training" ? words.inIteration(index) : words.atImage(index);
}

/** Lines under the verdict; none where the run survives on the card. */
export function outOfMemoryLines({ outOfMemory, verdict }: Report, { language, paint, width }: View): string[] {
  if (outOfMemory === undefined) return [];
  const words = wordsIn(language).report;
  const ends = verdict === "tight" ? words.endsAtHighEnd : words.ends;
  const where = ends(
    moment(outOfMemory, language),
    describePeak(outOfMemory, language),
    words.things[outOfMemory.asked],
  );
  return [where, outOfMemory.message].flatMap((text) => wrap(text, width, "  ")).map(paint.faint);
}
