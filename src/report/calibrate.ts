/** @file What `calibrate` finds in a log: measured against predicted, a leak, an out-of-memory message's layer, the receipt. */
import type { Phase } from "../engine/events.ts";
import { formatBytes, MiB } from "../units.ts";
import { type Phrase, say } from "../words/phrase.ts";
import type { View } from "./paint.ts";
import type { PlanSettings, Range } from "./report.ts";
import { table, wrap } from "./table.ts";
import { count, describePeak, describeRun } from "./words.ts";

/** Where the difference between the exact low end and a measured level lies. */
export interface Difference {
  readonly kind: "none" | "workspaces" | "holes" | "not-modelled" | "worst-case" | "other-run";
  readonly bytes: number;
}

/** One level of one part. Measured bytes are from `fromBytes` to `toBytes`, as the log cuts off the rest of its unit. */
export interface LevelComparison {
  readonly part: "training" | "evaluation";
  readonly level: "allocated" | "reserved";
  readonly fromBytes: number;
  readonly toBytes: number;
  /** Predicted without any receipt, and with all of this card, this log's included. */
  readonly before: Range;
  readonly after: Range;
  /** Expected over measured, less 1. */
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly place: "exact" | "inside" | "above" | "below";
  readonly difference: Difference;
}

/** A run whose memory keeps growing, over the later half of its lines. */
export interface Growth {
  readonly fromIteration: number | undefined;
  readonly toIteration: number | undefined;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly bytesPerIteration: number | undefined;
  /** Lines at which the peak rose, of this many. */
  readonly rises: number;
  readonly lines: number;
}

/** A request of our run that has the size of the message. */
export interface MatchedRequest {
  readonly asked: "tensor" | "workspace";
  readonly part: "build" | "training" | "evaluation";
  /** First iteration or image that has it. */
  readonly index: number;
  readonly phase: Phase;
  readonly layer: string;
  readonly op: string;
  readonly bytes: number;
  readonly count: number;
}

export interface LoggedOutOfMemory {
  readonly line: number;
  /** Sizes as the message has them. */
  readonly asked: string;
  readonly allocated: string | undefined;
  readonly available: string | undefined;
  readonly isInEvaluation: boolean;
  readonly matches: readonly MatchedRequest[];
  /** Whether the first match is where our run ends on a card with the bytes that the message names. */
  readonly isReplayed: boolean;
  /** Where nothing matches: the sizes of our run next to it. */
  readonly nearestBytes: readonly number[];
}

/** Why no receipt was written. */
export type NoReceipt =
  | "several-cards"
  | "worst-case"
  | "growing"
  | "out-of-memory"
  | "other-run"
  | "no-measure"
  | "versions-missing"
  | "size-only";

export interface CalibrateResult {
  readonly version: 1;
  readonly log: string;
  readonly config: string;
  readonly run: PlanSettings;
  readonly gpu: string | undefined;
  readonly paddle: string | undefined;
  readonly cudnn: string | undefined;
  readonly memoryLines: number;
  readonly levels: readonly LevelComparison[];
  /** What of the estimate depends on values: their worst case is taken. */
  readonly worstCases: readonly Phrase[];
  readonly growth: Growth | undefined;
  readonly outOfMemory: LoggedOutOfMemory | undefined;
  readonly receipt: { readonly file: string } | { readonly missing: NoReceipt };
}

const differenceWords: Readonly<Record<Difference["kind"], (bytes: string) => string>> = {
  none: () => "exact: no workspace at the peak",
  workspaces: (bytes) => `${bytes} above the exact low end: cuDNN workspaces`,
  holes: (bytes) => `${bytes} in holes that workspaces leave between the allocator's blocks`,
  "not-modelled": (bytes) => `${bytes} above the high end: not modelled`,
  "worst-case": (bytes) => `${bytes} below the low end, which takes the worst case of what depends on values`,
  "other-run": (bytes) => `${bytes} below the exact low end: the log is of a smaller run`,
};

const missingWords: Readonly<Record<NoReceipt, string>> = {
  growing: "no receipt is stored: what a growing run takes is no measure of its config",
  "out-of-memory": "no receipt is stored: the run ended before its peak",
  "several-cards": "no receipt is stored: exchanging gradients between cards takes memory that is not told apart",
  "worst-case": "no receipt is stored: what the run took depends on values, so its workspaces cannot be told apart",
  "other-run": "no receipt is stored: the run measured is not the one described",
  "no-measure": "no receipt is stored: the log has no line of a part that is predicted",
  "versions-missing":
    "no receipt is stored: the log does not say which Paddle and cuDNN it is of (its header is missing)",
  "size-only": "no receipt is stored: a receipt is of a card, and --gpu gives a size",
};

function errorText(error: number): string {
  const text = (100 * error).toFixed(1);
  return `${error >= 0 ? "+" : ""}${text === "-0.0" ? "0.0" : text} %`;
}

/** Whole MiB, as in the log: `12296 to 12354`. */
function rangeText({ lowBytes, highBytes }: Range): string {
  const [low, high] = [lowBytes, highBytes].map((bytes) => Math.round(bytes / MiB));
  return low === high ? `${low}` : `${low} to ${high}`;
}

function levelLines({ levels, worstCases, growth }: CalibrateResult, { language, paint, width }: View): string[] {
  if (levels.length === 0) return [];
  const columns = ["measured", "predicted", "error", "with receipts", "error"];
  const rows = levels.map((row) => [
    `${row.part}, ${row.level}`,
    `${Math.floor(row.fromBytes / MiB)}`,
    rangeText(row.before),
    errorText(row.errorBefore),
    rangeText(row.after),
    errorText(row.errorAfter),
  ]);
  const titled = columns.map((title) => ({ title, align: "right" as const }));
  const [head = "", ...body] = table([{ title: "peak, MiB" }, ...titled], rows, width);
  const places = levels.map(
    (row) => `- ${row.part}, ${row.level}: ${differenceWords[row.difference.kind](formatBytes(row.difference.bytes))}`,
  );
  if (levels.some((row) => row.difference.kind === "worst-case"))
    places.push(...worstCases.map((one) => `- ${say(one, language)}`));
  const wrapped = (texts: readonly string[]): string[] => texts.flatMap((text) => wrap(text, width, "  ", 4));
  const legend = wrap("error: what was expected against what was measured", width, "  ").map(paint.faint);
  // What a growing run takes lies anywhere.
  const differences = growth === undefined ? ["", ...wrapped(places)] : [];
  return [paint.faint(head), ...body, ...legend, ...differences, ""];
}

function growthLines({ growth }: CalibrateResult, { paint, width }: View): string[] {
  if (growth === undefined) return [];
  const { fromIteration, toIteration, fromBytes, toBytes, bytesPerIteration, rises, lines } = growth;
  const from = fromIteration === undefined ? "" : ` from iteration ${fromIteration} to ${toIteration}`;
  const rate = bytesPerIteration === undefined ? "" : `, ${formatBytes(bytesPerIteration)} an iteration`;
  const text = `a leak: allocated grows${from}, ${formatBytes(fromBytes)} to ${formatBytes(toBytes)}${rate} (${rises} rises in ${lines} lines). A training of one size stays where it is; something keeps tensors of earlier iterations, such as a loss that is summed up without float().`;
  return [...wrap(text, width, "  ").map(paint.bad), ""];
}

function matchText(one: MatchedRequest): string {
  const moment =
    one.part === "build"
      ? "while the model is built"
      : `in ${one.part === "training" ? "iteration" : "evaluation image"} ${one.index}`;
  const kind = one.asked === "workspace" ? ", cuDNN's workspace by rule" : "";
  const times = one.count === 1 ? "" : `, ${count(one.count, "time")} in all`;
  return `- ${moment}, ${describePeak({ ...one, stage: "build" })}${kind} (${formatBytes(one.bytes)}${times})`;
}

/** Matches that are shown; the JSON has all. */
const shownMatches = 5;

function outOfMemoryLines({ log, outOfMemory }: CalibrateResult, { paint, width }: View): string[] {
  if (outOfMemory === undefined) return [];
  const { asked, line, isInEvaluation, isReplayed, matches, nearestBytes } = outOfMemory;
  const head = `out of memory at line ${line} of ${log}, ${isInEvaluation ? "in evaluation" : "in training"}: ${asked} was refused`;
  const nearest = nearestBytes.map(formatBytes).join(" and ");
  const body =
    matches.length === 0
      ? [`no request of this run has that size (next to it: ${nearest}): the log is of another run`]
      : [
          isReplayed
            ? "requests of exactly that size; at the first, our run ends on a card with the bytes that the message names:"
            : "requests of exactly that size:",
          ...matches.slice(0, shownMatches).map(matchText),
        ];
  const more =
    matches.length > shownMatches ? [`${count(matches.length - shownMatches, "other place")}; --json has all`] : [];
  const lines = [...body, ...more].flatMap((text) => wrap(text, width, "  ", text.startsWith("- ") ? 4 : 2));
  return [...wrap(head, width, "  ").map(paint.bad), ...lines, ""];
}

/** Measured and predicted side by side, what was found beside them, and where the receipt is. */
export function renderCalibrate(result: CalibrateResult, view: View): string {
  const { paint, width } = view;
  const { log, config, run, gpu, paddle, cudnn, receipt } = result;
  const place = [gpu, paddle && `Paddle ${paddle}`, cudnn && `cuDNN ${cudnn}`].filter(Boolean).join(", ");
  const stored = "file" in receipt ? `receipt stored in ${receipt.file}: commit it` : missingWords[receipt.missing];
  return `${[
    ...wrap(`${log}: ${config === log ? "the config that it holds" : config}`, width).map(paint.strong),
    ...wrap(`${describeRun(run)}${place === "" ? "" : `; ${place}`}`, width).map(paint.faint),
    "",
    ...levelLines(result, view),
    ...growthLines(result, view),
    ...outOfMemoryLines(result, view),
    ...wrap(stored, width, "  "),
  ].join("\n")}\n`;
}
