/** @file One config, in head or base, as what the checks look at: loaded, and run on every card. */
import { dirname, join } from "node:path";
import { UserError } from "../../errors.ts";
import { type Around, type CardContext, type Context, createContext } from "../../index.ts";
import { type BudgetRule, bytesOf } from "../../policy/budget.ts";
import { changedSettings } from "../../policy/setting-changes.ts";
import type { Loaded, RecordedPlan, Subject } from "../../policy/subject.ts";
import type { Report } from "../../report/report.ts";
import type { Reporter } from "../../report-cache.ts";
import type { Prepared } from "../../run-settings.ts";
import type { Host } from "../host.ts";
import { type LoadedRun, load } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { recordedPlan } from "../recorded.ts";

/** Cards by name, each looked up once; `--gpu-free` and `--display` are taken for each of them. */
export function createCards(around: Around): (name: string, headroom: BudgetRule["headroom"]) => CardContext {
  const known = new Map<string, Context>();
  return (name, headroom) => {
    const context = known.get(name) ?? createContext(name, around);
    known.set(name, context);
    const { budget } = context;
    if (budget === undefined) throw new Error(`no budget for ${name}`);
    const kept = headroom === undefined ? 0 : bytesOf(headroom, budget.usableBytes);
    return { ...context, budget: { ...budget, usableBytes: Math.max(0, budget.usableBytes - kept) } };
  };
}

/** A config that was read: the run, or what is wrong with it. */
export type Read = { readonly loaded: LoadedRun } | { readonly error: UserError };

/** Reads a config. Only a user's mistake is caught. */
export function read(host: Host, file: string, options: CommandOptions): Read {
  try {
    return { loaded: load(host, file, options) };
  } catch (error) {
    if (error instanceof UserError) return { error };
    throw error;
  }
}

/** A Host that says nothing. */
export function silent(host: Host): Host {
  const nowhere = { write: () => undefined, isTTY: false, columns: undefined };
  return { ...host, stdout: nowhere, stderr: nowhere };
}

/** Runs a config on its cards. */
export function subjectOf(
  host: Host,
  config: string,
  given: CommandOptions,
  from: Read,
  cards: readonly CardContext[],
  reporter: Reporter,
): Subject {
  if ("error" in from) return { config, loaded: undefined, error: from.error, cards: [] };
  const { run } = from.loaded;
  const loaded = describe(host, config, given, from.loaded, reporter);
  try {
    const reports = reportsOf(run, cards, reporter);
    return { config, loaded, error: undefined, cards: reports };
  } catch (error) {
    if (error instanceof UserError) return { config, loaded, error, cards: [] };
    throw error;
  }
}

function reportsOf(run: Prepared, cards: readonly CardContext[], reporter: Reporter): Subject["cards"] {
  return reporter(run, cards).flatMap((report) => (report.gpu === undefined ? [] : [{ gpu: report.gpu, report }]));
}

function describe(
  host: Host,
  config: string,
  given: CommandOptions,
  { run, options }: LoadedRun,
  reporter: Reporter,
): Loaded {
  return {
    train: run.config,
    batchSize: run.config.batchSize,
    crop: run.settings.cropSize ?? run.config.cropSize,
    precision: run.settings.precision,
    ampLevelGiven: options.ampLevel,
    plan: planOf(host, config, given, run, reporter),
  };
}

/** What a plan may change in a config; all else is the user's. */
const plannedKeys = /^batch_size$|\.(?:crop_size|target_size)$|\.min_kept$|^test_config\b/;

function planOf(
  host: Host,
  config: string,
  given: CommandOptions,
  run: Prepared,
  reporter: Reporter,
): RecordedPlan | undefined {
  let text: string;
  try {
    text = host.readText(config);
  } catch {
    return undefined;
  }
  const plan = recordedPlan(text);
  if (plan === undefined) return undefined;
  return {
    card: plan.card,
    report: reportOn(plan.card, run, reporter),
    changedKeys: changedKeys(host, [plan.source, join(dirname(config), plan.source)], given, run),
  };
}

function reportOn(card: string, run: Prepared, reporter: Reporter): Report | undefined {
  try {
    const context = createContext(card);
    const { budget } = context;
    return budget === undefined ? undefined : reportsOf(run, [{ ...context, budget }], reporter)[0]?.report;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function changedKeys(host: Host, sources: readonly string[], given: CommandOptions, run: Prepared): readonly string[] {
  const source = sources.find((path) => host.exists(path));
  if (source === undefined) return [];
  const before = read(silent(host), source, given);
  if ("error" in before) return [];
  const changes = changedSettings(before.loaded.run.config.resolved, run.config.resolved);
  return changes.map(({ key }) => key).filter((key) => !plannedKeys.test(key));
}
