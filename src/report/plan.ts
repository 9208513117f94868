/** @file A plan in terraform's manner: one entry a change, a one-line summary, the command that runs it. */
import { formatBytes } from "../units.ts";
import type { Language } from "../words/language.ts";
import { say } from "../words/phrase.ts";
import { displayWidth, padEnd } from "../words/width.ts";
import { wordsIn } from "../words/words.ts";
import type { View } from "./paint.ts";
import type { Plan, PlanChange, Report, Via } from "./report.ts";
import { cutMiddle, wrap } from "./table.ts";
import { percent, worstProcess } from "./words.ts";

/** `train.yml:3 batch_size`, `--precision fp16`. */
export function describeVia(via: Via, language: Language): string {
  const words = wordsIn(language).plan;
  switch (via.kind) {
    case "yaml":
      return via.line === undefined ? `${via.file} ${via.key}` : `${via.file}:${via.line} ${via.key}`;
    case "flag":
      return via.leaveOut === undefined ? words.flag(via.flag) : words.leaveOut(via.leaveOut, via.afterwards);
    case "environment":
      return words.environment(via.variable);
    case "launcher":
      return words.launcherFlag(via.flag);
    default:
      return via satisfies never;
  }
}

/** `16 → 4`; a list of layers by its number, as it stands in full where it goes. */
function describeValues({ knob, words: { from, to } }: PlanChange, language: Language): string {
  const short = (value: string): string => {
    if (knob !== "recompute") return value;
    const items = value.split(",").filter((item) => !item.includes(" "));
    return items.length > 2 ? wordsIn(language).plan.layers(items.length) : value;
  };
  return `${short(say(from, language))} → ${short(say(to, language))}`;
}

function changeLines(change: PlanChange, view: View, widths: readonly [number, number]): string[] {
  const { language, paint, width } = view;
  const words = wordsIn(language).plan;
  const isYaml = change.via.some((via) => via.kind === "yaml");
  const sign = isYaml ? paint.warning("~") : paint.good("+");
  const saved =
    change.savedBytes >= 0 ? words.saves(formatBytes(change.savedBytes)) : words.takes(formatBytes(-change.savedBytes));
  const [nameWidth, valueWidth] = widths;
  const shown = padEnd(cutMiddle(describeValues(change, language), valueWidth), valueWidth);
  const first = `  ${sign} ${paint.strong(change.knob.padEnd(nameWidth))}  ${shown}  ${saved}`;
  // Some costs say themselves what kind of harm they are.
  const harm = words.harms[change.harm];
  const plainCost = change.words.cost.map((one) => say(one, language)).join(words.costSeparator);
  const cost = plainCost.includes(harm) ? plainCost : words.withHarm(plainCost, harm);
  const where = change.via.flatMap((via) => wrap(describeVia(via, language), width, "      "));
  return [first, ...where.map(paint.accent), ...wrap(cost, width, "      ").map(paint.faint)];
}

/** `1 edit, 1 flag, 2 launcher options`, each way to reach a run counted once a change. */
function summaryCounts(changes: readonly PlanChange[], language: Language): string {
  const vias = changes.flatMap((change) => change.via);
  const of = (kind: Via["kind"]): number => vias.filter((via) => via.kind === kind).length;
  return wordsIn(language).plan.counts(of("yaml"), of("flag"), of("environment"), of("launcher"));
}

function summary(report: Report, plan: Plan, written: string | undefined, language: Language): string {
  const words = wordsIn(language).plan;
  const card = report.gpu?.name ?? words.theCard;
  const usable = report.gpu?.usableBytes ?? 0;
  const now = formatBytes(worstProcess(report).high);
  const then = formatBytes(worstProcess(plan.estimate).high);
  const fit =
    plan.headroomBytes >= 0
      ? words.fits(card, formatBytes(plan.headroomBytes), percent(plan.headroomBytes, usable))
      : words.shortOf(card, formatBytes(-plan.headroomBytes));
  const unwritten = plan.edits.length > 0 ? words.nothingWrittenYet : words.nothingWritten;
  const file = written === undefined ? unwritten : words.written(written);
  return words.summary(summaryCounts(plan.changes, language), now, then, fit, file);
}

/** Changes, summary and command; one line where there is nothing to do or nothing can be done. */
export function planLines(report: Report, view: View, written?: string): string[] {
  const { plan } = report;
  if (plan === undefined) return [];
  const { language, paint, width } = view;
  const words = wordsIn(language).plan;
  if (plan.feasible && plan.changes.length === 0) {
    return [paint.good(paint.strong(report.verdict === "tight" ? words.nothingToChange : words.fitsAsItIs))];
  }
  const longest = (texts: readonly string[], most: number): number =>
    Math.min(most, Math.max(...texts.map(displayWidth)));
  const names = longest(
    plan.changes.map((change) => change.knob),
    width,
  );
  // What is left of the line when name, signs and the saving have their place.
  const values = longest(
    plan.changes.map((change) => describeValues(change, language)),
    Math.max(0, width - names - 26),
  );
  const body = plan.changes.flatMap((change) => changeLines(change, view, [names, values]));
  if (!plan.feasible) {
    const { simulated, candidates } = plan.search;
    const none = words.noPlan(simulated, candidates, formatBytes(-plan.headroomBytes));
    return [...wrap(none, width).map((line) => paint.bad(line)), ...body];
  }
  const [first = "", ...rest] = wrap(summary(report, plan, written, language), width, words.title, 0);
  return [
    ...body,
    ...wrap(classLine(plan, language), width, "  ").map(paint.faint),
    "",
    paint.strong(first),
    ...rest.map(paint.strong),
    ...plan.alternatives.flatMap((one) => alternativeLines(report, one, view)),
    ...(plan.launch === ""
      ? []
      : ["", paint.faint(words.runWith), ...plan.launch.split("\n").map((line) => `  ${line}`)]),
    ...(plan.command.script === "vram_train.py" && written === undefined
      ? wrap(words.launcher, width, "  ", 0).map(paint.faint)
      : []),
  ];
}

/** The class of harm of a plan: that of its most harmful change. */
function classOf({ changes }: Plan): PlanChange["harm"] {
  return ([6, 5, 4, 3, 2] as const).find((harm) => changes.some((change) => change.harm === harm)) ?? 1;
}

/** `about 1.08 times the time of a step (1.05 to 1.11)`. */
function timeText({ low, expected, high }: Plan["time"], language: Language): string {
  const words = wordsIn(language).plan;
  const [from, to] = [low.toFixed(2), high.toFixed(2)];
  return from === to ? words.timeExactly(from) : words.timeAbout(expected.toFixed(2), from, to);
}

function classLine(plan: Plan, language: Language): string {
  const words = wordsIn(language).plan;
  return words.classLine(classOf(plan), words.classes, timeText(plan.time, language));
}

/** Another plan in few lines: class, changes, what it leaves free. */
function alternativeLines(report: Report, plan: Plan, { language, paint, width }: View): string[] {
  const words = wordsIn(language).plan;
  const title = words.or(classOf(plan), words.harms[classOf(plan)]);
  const changes = plan.changes
    .map((change) => `${change.knob} ${describeValues(change, language)}`)
    .join(words.costSeparator);
  const then = formatBytes(worstProcess(plan.estimate).high);
  const [spare, share] = [formatBytes(plan.headroomBytes), percent(plan.headroomBytes, report.gpu?.usableBytes ?? 0)];
  const text = words.alternative(title, changes, then, spare, share, timeText(plan.time, language));
  const lines = wrap(text, width, "", 2);
  return ["", ...lines.map((line, i) => (i === 0 ? paint.strong(line) : line))];
}
