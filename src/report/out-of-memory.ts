/** @file The request at which a run ends on its card: where it is asked for, and Paddle's own message. */
import type { View } from "./paint.ts";
import type { FailedRequest, Report } from "./report.ts";
import { wrap } from "./table.ts";
import { describePeak } from "./words.ts";

const things: Readonly<Record<FailedRequest["asked"], string>> = {
  tensor: "",
  workspace: ", cuDNN's workspace",
  library: ", scratch past Paddle's allocator",
};

/** `iteration 2`, `evaluation image 1`. */
function moment({ part, index }: FailedRequest): string {
  if (part === "build") return "while the model is built";
  return part === "training" ? `in iteration ${index}` : `at evaluation image ${index}`;
}

/** Lines under the verdict; none where the run survives on the card. */
export function outOfMemoryLines({ outOfMemory, verdict }: Report, { paint, width }: View): string[] {
  if (outOfMemory === undefined) return [];
  const when = verdict === "tight" ? "at the high end it ends" : "it ends";
  const where = `${when} ${moment(outOfMemory)}, ${describePeak(outOfMemory)}${things[outOfMemory.asked]}:`;
  return [where, outOfMemory.message].flatMap((text) => wrap(text, width, "  ")).map(paint.faint);
}
