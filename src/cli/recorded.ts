/** @file The flags of a plan as comment lines at the end of the config that it writes, and how they are read back. */
import { Command } from "commander";
import { leanText } from "../index.ts";
import type { Plan } from "../report/report.ts";
import { MiB } from "../units.ts";
import { addRunOptions, type CommandOptions } from "./options.ts";

/** First words of the lines; the second is read back. */
export const header = "# Fitted by vram-plan";
const flagsLine = "# vram-plan flags:";

/** Words as one line: what holds blanks or quotes is quoted as JSON quotes. */
function join(words: readonly string[]): string {
  return words.map((word) => (/[\s"]/.test(word) || word === "" ? JSON.stringify(word) : word)).join(" ");
}

function split(line: string): readonly string[] {
  return [...line.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)].map(([word]) => {
    if (!word.startsWith('"')) return word;
    const text: unknown = JSON.parse(word);
    return String(text);
  });
}

/** The run of a plan in flags: what its settings differ in from the defaults, and what was given and no plan changes. */
export function planFlags({ settings, estimate }: Plan, given: CommandOptions): readonly string[] {
  const flags: string[] = [];
  if (settings.precision !== "fp32") flags.push("--precision", settings.precision, "--amp-level", settings.ampLevel);
  if (settings.gpus !== undefined) flags.push("--gpus", String(settings.gpus));
  if (settings.accumulation > 1) flags.push("--accumulation", String(settings.accumulation));
  if (settings.recompute.length > 0) flags.push("--recompute", settings.recompute.join(","));
  if (settings.lean !== undefined && settings.lean.length > 0) flags.push("--lean", leanText(settings.lean));
  const limit = settings.convWorkspaceLimitBytes;
  if (limit !== undefined) flags.push("--conv-workspace-limit", limit % MiB === 0 ? `${limit / MiB}MiB` : `${limit}B`);
  const { cropSize, evalSize, useEma, dataFormat, prefetch, opts } = given;
  if (cropSize !== undefined) flags.push("--crop-size", settings.cropSize.join("x"));
  if (estimate.evaluation === undefined) flags.push("--no-do-eval");
  else if (evalSize !== undefined) flags.push("--eval-size", `${evalSize.width}x${evalSize.height}`);
  if (useEma === true) flags.push("--use-ema");
  if (dataFormat !== undefined) flags.push("--data-format", dataFormat);
  if (prefetch !== undefined) flags.push("--prefetch", String(prefetch));
  for (const item of opts ?? []) flags.push("--opts", item);
  return flags;
}

/** Lines for the end of a written config, each a comment. */
export function recordLines(source: string, card: string, plan: Plan, given: CommandOptions): string {
  const flags = planFlags(plan, given);
  const lines = [`${header} to ${card}, from ${source}.`];
  if (flags.length > 0) lines.push(`${flagsLine} ${join(flags)}`);
  if (plan.launch !== "") lines.push(`# ${plan.launch}`);
  return `${lines.map((line) => line.replace(/[\r\n]+/g, " ")).join("\n")}\n`;
}

/** A text with the lines of an earlier plan taken off its end. */
export function withoutRecord(text: string): string {
  const at = text.lastIndexOf(`\n${header}`);
  return at < 0 ? text : text.slice(0, at + 1);
}

/** The flags that a text records, or undefined. */
export function recordedFlags(text: string): string | undefined {
  const at = text.lastIndexOf(`\n${header}`);
  if (at < 0) return undefined;
  const line = text
    .slice(at)
    .split("\n")
    .find((one) => one.startsWith(flagsLine));
  return line?.slice(flagsLine.length).trim();
}

/** Recorded flags as options. What was mistyped by hand is refused as on the command line. */
export function parseRecorded(line: string, writeErr: (text: string) => void): CommandOptions {
  const command = addRunOptions(new Command("the flags that the config records"));
  command.exitOverride().configureOutput({ writeErr, writeOut: writeErr });
  command.parse([...split(line)], { from: "user" });
  return command.opts<CommandOptions>();
}

/** The card and the source of the plan that a text records, or undefined. */
export function recordedPlan(text: string): { readonly card: string; readonly source: string } | undefined {
  const at = text.lastIndexOf(`\n${header}`);
  const [, card, source] =
    at < 0 ? [] : (/^\n# Fitted by vram-plan to (.*?), from (.*)\.$/m.exec(text.slice(at)) ?? []);
  return card === undefined || source === undefined ? undefined : { card, source };
}
