/** @file What `calibrate` finds in a log: measured against predicted, a leak, an out-of-memory message's layer, the receipt. */
import type { Phase } from "../engine/events.ts";
import { formatBytes, MiB } from "../units.ts";
import type { Language } from "../words/language.ts";
import { type Phrase, say } from "../words/phrase.ts";
import { wordsIn } from "../words/words.ts";
import type { View } from "./paint.ts";
import type { PlanSettings, Range } from "./report.ts";
import { table, wrap } from "./table.ts";
import { describePeak, describeRun } from "./words.ts";

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
  readonly part: "build" | "training" | "evaluation" | "saving";
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

function errorText(error: number): string {
  const text = (100 * error).toFixed(1);
  return `${error >= 0 ? "+" : ""}${text === "-0.0" ? "0.0" : text} %`;
}

/** Whole MiB, as in the log: `12296 to 12354`. */
function rangeText({ lowBytes, highBytes }: Range, language: Language): string {
  const [low, high] = [lowBytes, highBytes].map((bytes) => Math.round(bytes / MiB));
  return low === high ? `${low}` : wordsIn(language).report.span(`${low}`, `${high}`);
}

function levelLines({ levels, worstCases, growth }: CalibrateResult, { language, paint, width }: View): string[] {
  if (levels.length === 0) return [];
  const words = wordsIn(language).calibrate;
  const { parts } = wordsIn(language).report;
  const nameOf = ({ part, level }: LevelComparison): string => words.row(parts[part], words.levels[level]);
  const [peak = "", ...columns] = words.columns;
  const rows = levels.map((row) => [
    nameOf(row),
    `${Math.floor(row.fromBytes / MiB)}`,
    rangeText(row.before, language),
    errorText(row.errorBefore),
    rangeText(row.after, language),
    errorText(row.errorAfter),
  ]);
  const titled = columns.map((title) => ({ title, align: "right" as const }));
  const [head = "", ...body] = table([{ title: peak }, ...titled], rows, width);
  const places = levels.map((row) =>
    words.place(nameOf(row), words.differences[row.difference.kind](formatBytes(row.difference.bytes))),
  );
  if (levels.some((row) => row.difference.kind === "worst-case"))
    places.push(...worstCases.map((one) => `- ${say(one, language)}`));
  const wrapped = (texts: readonly string[]): string[] => texts.flatMap((text) => wrap(text, width, "  ", 4));
  const legend = wrap(words.legend, width, "  ").map(paint.faint);
  // What a growing run takes lies anywhere.
  const differences = growth === undefined ? ["", ...wrapped(places)] : [];
  return [paint.faint(head), ...body, ...legend, ...differences, ""];
}

function growthLines({ growth }: CalibrateResult, { language, paint, width }: View): string[] {
  if (growth === undefined) return [];
  const { fromIteration, toIteration, fromBytes, toBytes, bytesPerIteration, rises, lines } = growth;
  const words = wordsIn(language).calibrate;
  const when = fromIteration === undefined ? "" : words.iterations(fromIteration, toIteration);
  const rate = bytesPerIteration === undefined ? "" : words.rate(formatBytes(bytesPerIteration));
  const text = words.leak(when, formatBytes(fromBytes), formatBytes(toBytes), rate, rises, lines);
  return [...wrap(text, width, "  ").map(paint.bad), ""];
}

function matchText(one: MatchedRequest, language: Language): string {
  const words = wordsIn(language).calibrate;
  const numbered = one.part === "training" ? words.inIteration : words.inImage;
  const moment = one.part === "build" ? words.whileBuilt : numbered(one.index);
  const kind = one.asked === "workspace" ? words.byRule : "";
  const times = one.count === 1 ? "" : words.times(one.count);
  return words.match(moment, describePeak({ ...one, stage: "build" }, language), kind, formatBytes(one.bytes), times);
}

/** Matches that are shown; the JSON has all. */
const shownMatches = 5;

function outOfMemoryLines({ log, outOfMemory }: CalibrateResult, { language, paint, width }: View): string[] {
  if (outOfMemory === undefined) return [];
  const { asked, line, isInEvaluation, isReplayed, matches, nearestBytes } = outOfMemory;
  const words = wordsIn(language).calibrate;
  const head = words.failed(line, log, isInEvaluation, asked);
  const nearest = nearestBytes.map(formatBytes).join(words.and);
  const body =
    matches.length === 0
      ? [words.noMatch(nearest)]
      : [
          isReplayed ? words.matchesReplayed : words.matches,
          ...matches.slice(0, shownMatches).map((one) => matchText(one, language)),
        ];
  const more = matches.length > shownMatches ? [words.more(matches.length - shownMatches)] : [];
  const lines = [...body, ...more].flatMap((text) => wrap(text, width, "  ", text.startsWith("- ") ? 4 : 2));
  return [...wrap(head, width, "  ").map(paint.bad), ...lines, ""];
}

/** Measured and predicted side by side, what was found beside them, and where the receipt is. */
export function renderCalibrate(result: CalibrateResult, view: View): string {
  const { language, paint, width } = view;
  const words = wordsIn(language).calibrate;
  const { log, config, run, gpu, paddle, cudnn, receipt } = result;
  const place = [gpu, paddle && `Paddle ${paddle}`, cudnn && `cuDNN ${cudnn}`].filter(Boolean).join(words.separator);
  const stored = "file" in receipt ? words.stored(receipt.file) : words.missing[receipt.missing];
  return `${[
    ...wrap(words.title(log, config === log ? words.ownConfig : config), width).map(paint.strong),
    ...wrap(place === "" ? describeRun(run, language) : words.runOn(describeRun(run, language), place), width).map(
      paint.faint,
    ),
    "",
    ...levelLines(result, view),
    ...growthLines(result, view),
    ...outOfMemoryLines(result, view),
    ...wrap(stored, width, "  "),
  ].join("\n")}\n`;
}
