/** @file Where in a run an event lies: its part, and the iteration or image. */
import type { EventLog } from "../engine/events.ts";
import type { FailedRequest } from "../report/report.ts";

/** The part of a run that an event belongs to, and the number of its iteration or image; 0 before the first. */
export function placeOf(log: EventLog, event: number): Pick<FailedRequest, "part" | "index"> {
  const reached = (name: "evaluation" | "save" | "resumed"): boolean => {
    const at = log.at(name);
    return at >= 0 && event >= at;
  };
  const isTraining = reached("resumed") || !(reached("evaluation") || reached("save"));
  const isSaving = !isTraining && reached("save");
  const unit = isTraining || isSaving ? "iteration" : "image";
  const index = log.marks.findLast(({ name, at }) => name === unit && at <= event)?.index ?? 0;
  if (isSaving) return { part: "saving", index };
  if (!isTraining) return { part: "evaluation", index };
  return { part: index === 0 ? "build" : "training", index };
}
