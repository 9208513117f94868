/** @file A plan in terraform's manner: one entry a change, a one-line summary, the command that runs it. */
import { formatBytes } from "../units.ts";
import type { View } from "./paint.ts";
import type { Plan, PlanChange, Report, Via } from "./report.ts";
import { cutMiddle, wrap } from "./table.ts";
import { count, percent, worstProcess } from "./words.ts";

/** The order of harm in a line: what a plan of each class changes. */
const classes = "1 nothing else, 2 time, 3 numerics, 4 statistics, 5 data, 6 model";

/** Where the launcher is. */
const launcherWords = "(vram_train.py is in vram-plan's presets/launcher; --out FILE copies it beside FILE)";

/** Order of harm in words. */
const harms: Readonly<Record<PlanChange["harm"], string>> = {
  1: "nothing else changes",
  2: "time changes",
  3: "numerics change",
  4: "statistics change",
  5: "the data changes",
  6: "the model changes",
};

/** `train.yml:3 batch_size`, `--precision fp16`. */
export function describeVia(via: Via): string {
  switch (via.kind) {
    case "yaml":
      return via.line === undefined ? `${via.file} ${via.key}` : `${via.file}:${via.line} ${via.key}`;
    case "flag":
      return `train.py ${via.flag}`;
    case "environment":
      return `environment ${via.variable}`;
    case "launcher":
      return `launcher ${via.flag}`;
    default:
      return via satisfies never;
  }
}

/** `16 → 4`; a list of layers by its number, as it stands in full where it goes. */
function describeValues({ knob, from, to }: PlanChange): string {
  const short = (value: string): string => {
    if (knob !== "recompute") return value;
    const items = value.split(",").filter((item) => !item.includes(" "));
    return items.length > 2 ? count(items.length, "layer") : value;
  };
  return `${short(from)} → ${short(to)}`;
}

function changeLines(change: PlanChange, { paint, width }: View, widths: readonly [number, number]): string[] {
  const isYaml = change.via.some((via) => via.kind === "yaml");
  const sign = isYaml ? paint.warning("~") : paint.good("+");
  const saved =
    change.savedBytes >= 0 ? `saves ${formatBytes(change.savedBytes)}` : `takes ${formatBytes(-change.savedBytes)}`;
  const [nameWidth, valueWidth] = widths;
  const shown = cutMiddle(describeValues(change), valueWidth).padEnd(valueWidth);
  const first = `  ${sign} ${paint.strong(change.knob.padEnd(nameWidth))}  ${shown}  ${saved}`;
  // Some costs say themselves what kind of harm they are.
  const harm = harms[change.harm];
  const cost = change.cost.includes(harm) ? change.cost : `${change.cost} (${harm})`;
  const where = change.via.flatMap((via) => wrap(describeVia(via), width, "      "));
  return [first, ...where.map(paint.accent), ...wrap(cost, width, "      ").map(paint.faint)];
}

/** `1 edit, 1 flag, 2 launcher options`, each way to reach a run counted once a change. */
function summaryCounts(changes: readonly PlanChange[]): string {
  const vias = changes.flatMap((change) => change.via);
  const of = (kind: Via["kind"]): number => vias.filter((via) => via.kind === kind).length;
  const parts = [
    count(of("yaml"), "edit"),
    count(of("flag"), "flag"),
    count(of("environment"), "variable"),
    count(of("launcher"), "launcher option"),
  ];
  return parts.filter((part, i) => i < 2 || !part.startsWith("0 ")).join(", ");
}

function summary(report: Report, plan: Plan, written: string | undefined): string {
  const card = report.gpu?.name ?? "the card";
  const usable = report.gpu?.usableBytes ?? 0;
  const now = formatBytes(worstProcess(report).high);
  const then = formatBytes(worstProcess(plan.estimate).high);
  const fit =
    plan.headroomBytes >= 0
      ? `fits ${card} with ${formatBytes(plan.headroomBytes)} spare (${percent(plan.headroomBytes, usable)}).`
      : `${formatBytes(-plan.headroomBytes)} short of ${card}.`;
  const unwritten =
    plan.edits.length > 0 ? "Nothing written; --out FILE writes the edited config." : "Nothing written.";
  const file = written === undefined ? unwritten : `Written: ${written}.`;
  return `${summaryCounts(plan.changes)}. ${now} → ${then}, ${fit} ${file}`;
}

/** Changes, summary and command; one line where there is nothing to do or nothing can be done. */
export function planLines(report: Report, view: View, written?: string): string[] {
  const { plan } = report;
  if (plan === undefined) return [];
  const { paint, width } = view;
  const simulated = `${count(plan.search.simulated, "run")} simulated of ${count(plan.search.candidates, "candidate")}`;
  if (plan.feasible && plan.changes.length === 0) {
    const words = report.verdict === "tight" ? "Plan: nothing to change." : "Plan: nothing to change, fits as it is.";
    return [paint.good(paint.strong(words))];
  }
  const longest = (texts: readonly string[], most: number): number =>
    Math.min(most, Math.max(...texts.map((t) => t.length)));
  const names = longest(
    plan.changes.map((change) => change.knob),
    width,
  );
  // What is left of the line when name, signs and the saving have their place.
  const values = longest(plan.changes.map(describeValues), Math.max(0, width - names - 26));
  const body = plan.changes.flatMap((change) => changeLines(change, view, [names, values]));
  if (!plan.feasible) {
    const words = `No plan: no change that vram-plan knows makes it fit; ${simulated}. The nearest is ${formatBytes(-plan.headroomBytes)} short:`;
    return [...wrap(words, width).map((line) => paint.bad(line)), ...body];
  }
  const [first = "", ...rest] = wrap(summary(report, plan, written), width, "Plan: ", 0);
  return [
    ...body,
    ...wrap(classLine(plan), width, "  ").map(paint.faint),
    "",
    paint.strong(first),
    ...rest.map(paint.strong),
    ...plan.alternatives.flatMap((one) => alternativeLines(report, one, view)),
    ...(plan.launch === ""
      ? []
      : ["", paint.faint("Run it with"), ...plan.launch.split("\n").map((line) => `  ${line}`)]),
    ...(plan.command.script === "vram_train.py" && written === undefined
      ? wrap(launcherWords, width, "  ", 0).map(paint.faint)
      : []),
  ];
}

/** The class of harm of a plan: that of its most harmful change. */
function classOf({ changes }: Plan): PlanChange["harm"] {
  return ([6, 5, 4, 3, 2] as const).find((harm) => changes.some((change) => change.harm === harm)) ?? 1;
}

/** `about 1.08 times the time of a step (1.05 to 1.11)`. */
function timeText({ low, expected, high }: Plan["time"]): string {
  const [from, to] = [low.toFixed(2), high.toFixed(2)];
  return from === to ? `${from} times the time` : `about ${expected.toFixed(2)} times the time (${from} to ${to})`;
}

function classLine(plan: Plan): string {
  return `class ${classOf(plan)} in the order of harm (${classes}); ${timeText(plan.time)}`;
}

/** Another plan in few lines: class, changes, what it leaves free. */
function alternativeLines(report: Report, plan: Plan, { paint, width }: View): string[] {
  const title = `Or, class ${classOf(plan)} (${harms[classOf(plan)]}): `;
  const changes = plan.changes.map((change) => `${change.knob} ${describeValues(change)}`).join("; ");
  const then = formatBytes(worstProcess(plan.estimate).high);
  const spare = `${formatBytes(plan.headroomBytes)} spare (${percent(plan.headroomBytes, report.gpu?.usableBytes ?? 0)})`;
  const lines = wrap(`${title}${changes}. ${then}, ${spare}; ${timeText(plan.time)}.`, width, "", 2);
  return ["", ...lines.map((line, i) => (i === 0 ? paint.strong(line) : line))];
}
