/** @file What a check is, and what several of them share. */
import type { UserError } from "../../errors.ts";
import type { CheckName, FindingOf, Shortfall } from "../../report/finding.ts";
import type { GpuBudget, Report } from "../../report/report.ts";
import { worstProcess } from "../../report/words.ts";
import type { CheckContext, Loaded, Subject } from "../subject.ts";

type Part = "training" | "evaluation";

/** One check: a pure function from a config to what is wrong with it. */
export interface Check<C extends CheckName = CheckName> {
  readonly name: C;
  run(subject: Subject, context: CheckContext): readonly FindingOf<C>[];
}

/** Exists for its types: a check may only find what it is named for. */
export function defineCheck<C extends CheckName>(check: Check<C>): Check<C> {
  return check;
}

/** Where the batch size was written: what a reader of a shortfall looks at first. */
export function batchPlace({ loaded, config }: Subject): ReturnType<Loaded["train"]["locate"]> {
  return loaded?.train.locate(["batch_size"]) ?? { file: config, line: 1, column: 1 };
}

/** What a run needs against what the card gives. */
export function shortfall(report: Report, gpu: GpuBudget): Shortfall {
  const { expected: expectedBytes, high: neededBytes } = worstProcess(report);
  return { neededBytes, expectedBytes, usableBytes: gpu.usableBytes };
}

/** The part in which a run that does not fit ends: where its first request fails, else whose sum is over. */
export function failingPart({ outOfMemory, training, evaluation, verdict }: Report, gpu: GpuBudget): Part | undefined {
  if (verdict !== "does-not-fit") return undefined;
  if (outOfMemory !== undefined) return outOfMemory.part === "evaluation" ? "evaluation" : "training";
  const { usableBytes } = gpu;
  const evaluationOver = (evaluation?.process.expectedBytes ?? 0) > usableBytes;
  return training.process.expectedBytes <= usableBytes && evaluationOver ? "evaluation" : "training";
}

/** Narrows an error to one of its codes. */
export function hasCode<C extends UserError["code"]>(error: UserError | undefined, code: C): error is UserError<C> {
  return error?.code === code;
}
