/** @file Our figures of one case beside the measured ones. */
import type { ConfigMap } from "../../../src/config/types.ts";
import type { Peak } from "../../../src/report/report.ts";
import { type Program, type RunEstimate, settingsOf } from "../program.ts";
import type { PackedCase, Place } from "./packed.ts";

/** The figures in the order in which tables show them. */
export const figureNames = [
  "parameters",
  "training",
  "evaluation",
  "afterStep",
  "reservedTraining",
  "reservedEvaluation",
  "end",
  "reservedEnd",
] as const;
export type FigureName = (typeof figureNames)[number];

/** Ours and measured; the program gave no figure where `ours` is undefined. */
export interface Figure {
  readonly ours: number | undefined;
  readonly truth: number;
}

export interface CaseResult {
  readonly id: string;
  /** Why the program could not run the case: the head of its message. */
  readonly refused?: string;
  /** The error was not one that the program raises for its user. */
  readonly crashed?: boolean;
  readonly figures: Partial<Record<FigureName, Figure>>;
  /** Do phase, layer and op at the peaks agree, as far as they were measured? */
  readonly place: { readonly training?: boolean; readonly evaluation?: boolean };
  readonly milliseconds: number;
}

/** Signed error in parts per million, away from zero, so that only equal figures give 0; undefined: no figure of ours. */
export function errorPpm({ ours, truth }: Figure): number | undefined {
  if (ours === undefined) return undefined;
  const ppm = ((ours - truth) / truth) * 1e6;
  return ppm < 0 ? Math.floor(ppm) : Math.ceil(ppm);
}

function agrees(ours: Peak, truth: Place): boolean {
  const names = truth.phase === undefined || (ours.phase === truth.phase && ours.layer === (truth.layer ?? ""));
  return names && ours.op === truth.op;
}

/**
 * Where the measured place is that of the peak itself: it was traced without kernel temporaries, so it tells nothing
 * about a peak that lies inside a kernel (or in iteration 1).
 */
function placeOf(measured: { peak: number; live?: number; place?: Place } | undefined): Place | undefined {
  return measured && measured.live === measured.peak ? measured.place : undefined;
}

/** The most of training, evaluation and saving. */
function highest({ training, evaluation, saving }: RunEstimate, level: "allocated" | "reserved"): number {
  return Math.max(...[training, evaluation ?? [], saving ?? []].flat().map((part) => part[level].lowBytes));
}

function compare(c: PackedCase, e: RunEstimate): Pick<CaseResult, "figures" | "place"> {
  const figures: Partial<Record<FigureName, Figure>> = {
    parameters: { ours: e.parameters.count, truth: c.parameters.count },
    training: { ours: e.training.allocated.lowBytes, truth: c.training.peak },
    afterStep: { ours: e.training.afterStepBytes, truth: c.steps[2]![0] },
    end: { ours: highest(e, "allocated"), truth: c.end[0] },
    reservedEnd: { ours: highest(e, "reserved"), truth: c.end[1] },
    reservedTraining: { ours: e.training.reserved.lowBytes, truth: c.training.reserved },
  };
  if (c.evaluation) {
    figures.evaluation = { ours: e.evaluation?.allocated.lowBytes, truth: c.evaluation.peak };
    if (c.evaluation.reserved !== undefined) {
      figures.reservedEvaluation = { ours: e.evaluation?.reserved.lowBytes, truth: c.evaluation.reserved };
    }
  }
  const [training, evaluation] = [placeOf(c.training), placeOf(c.evaluation)];
  return {
    figures,
    place: {
      ...(training ? { training: agrees(e.training.peak, training) } : {}),
      ...(evaluation && e.evaluation ? { evaluation: agrees(e.evaluation.peak, evaluation) } : {}),
    },
  };
}

/** First line of an error's message, and whether it is a message for users. */
function refusal(error: unknown): { refused: string; crashed: boolean } {
  if (!(error instanceof Error)) return { refused: String(error), crashed: true };
  const head = error.message.split("\n")[0]!.slice(0, 160);
  const user = error.name === "UserError" || error.constructor.name === "UserError";
  return { refused: user ? head : `${error.name}: ${head}`, crashed: !user };
}

/** Runs one case. Never throws: what the program cannot do is `refused`. */
export function runCase(program: Program, c: PackedCase, resolved: ConfigMap): CaseResult {
  const start = performance.now();
  try {
    const estimate = program.estimate(program.config(resolved), settingsOf({ ...c, resolved, evalSize: c.evalSize }));
    return { id: c.id, ...compare(c, estimate), milliseconds: performance.now() - start };
  } catch (error) {
    return { id: c.id, ...refusal(error), figures: {}, place: {}, milliseconds: performance.now() - start };
  }
}
