/** @file The whole of a check without its output: which configs, head and base, findings, the exit code. */
import { UserError } from "../../errors.ts";
import { levelOf, matches, ruleFor } from "../../policy/budget.ts";
import { judge, type Rules } from "../../policy/judge.ts";
import { changedSettings } from "../../policy/setting-changes.ts";
import type { Subject } from "../../policy/subject.ts";
import type { CheckName, Judged } from "../../report/finding.ts";
import type { CardResult, CheckFailure, CheckResult, ConfigResult, SettingChange } from "../../report/gate/result.ts";
import type { Report } from "../../report/report.ts";
import { worstProcess } from "../../report/words.ts";
import { createReporter } from "../../report-cache.ts";
import type { Host } from "../host.ts";
import type { CommandOptions } from "../options.ts";
import { readReceipts } from "../receipts.ts";
import type { FoundBudget } from "./budget.ts";
import { type FoundFile, findFiles } from "./find.ts";
import { type BaseTree, openBase } from "./git.ts";
import { type CheckOptions, readFailOn } from "./options.ts";
import { createCards, type Read, read, silent, subjectOf } from "./subjects.ts";
import { withBatch } from "./suggest.ts";

/** What a check is given besides its flags. */
export interface CheckInput {
  readonly paths: readonly string[];
  readonly options: CheckOptions;
  readonly found: FoundBudget;
  readonly baseline: ReadonlySet<string>;
  /** Whether an output shows suggestions that take a search. */
  readonly suggests: boolean;
}

/** Configs that get a suggestion. */
const mostSuggested = 10;

interface One {
  readonly result: ConfigResult | undefined;
  readonly failure: CheckFailure | undefined;
  readonly subject: Subject;
}

/** Checks what is in the paths. Throws UserError where nothing can be checked at all. */
export function runCheck(host: Host, { paths, options, found, baseline, suggests }: CheckInput): CheckResult {
  const { gpu: _gpu, ...flags } = options;
  const { runtime, system, display, gpuFree } = options;
  const around = { runtime, system, display, gpuFree, receipts: readReceipts(host) };
  const base = options.base === undefined ? undefined : openBase(host, options.base);
  const baseHost = base && { ...silent(host), readText: base.readText, exists: base.exists, list: () => [] };
  const [cardOf, reporter, failOn] = [createCards(around), createReporter(), readFailOn(options)];
  const skipped: string[] = [];
  const all: One[] = [];
  let unchangedCount = 0;
  // A search for each: only where a review shows it, and for no more configs than a reviewer reads.
  const wantsBatch = (): boolean => suggests && all.length < mostSuggested;

  const check = ({ file, isNamed }: FoundFile): void => {
    const path = found.pathOf(file);
    if (matches(found.budget.ignore, path)) return;
    const head = read(host, file, flags);
    if (!isNamed && "error" in head && head.error.code === "config-not-training") return void skipped.push(file);
    const { state, old } = compare(head, file, flags, base, baseHost);
    if (state === "unchanged" && !isNamed) return void unchangedCount++;
    const rule = ruleFor(found.budget, path);
    const names = options.gpu ?? rule.cards;
    if (names === undefined || names.length === 0) throw new UserError("check-card-missing", { config: file });
    const cards = names.map((name) => cardOf(name, rule.headroom));
    const subject = subjectOf(host, file, flags, head, cards, reporter);
    const before =
      state === "unchanged" ? subject : old && baseHost && subjectOf(baseHost, file, flags, old, cards, reporter);
    const rules: Rules = { levelOf: (name) => levelOf(rule, name), failOn, baseline };
    const judged = judge(subject, { base: before, maxIncrease: rule.maxIncrease }, rules).map((one) =>
      "loaded" in head && wantsBatch() ? withBatch(one, head.loaded.run, cards, reporter) : one,
    );
    all.push(oneOf(subject, before, state, judged));
  };

  for (const file of findFiles(host, paths)) check(file);
  if (all.length === 0 && unchangedCount === 0)
    throw new UserError("check-nothing", { paths, skipped: skipped.length });
  return collect(all, { skipped, unchangedCount, base, exitZero: options.exitZero === true });
}

interface Compared {
  readonly state: ConfigResult["state"];
  /** The config in the base, where it was there and is not the same. */
  readonly old?: Read;
}

/** Whether a config is as it was: none of its files changed, or what they resolve to did not. */
function compare(
  head: Read,
  file: string,
  flags: CommandOptions,
  base: BaseTree | undefined,
  baseHost: Host | undefined,
): Compared {
  if (base === undefined || baseHost === undefined) return { state: "no-base" };
  const before = base.nameBefore(file);
  if (before === undefined) return { state: "new" };
  if ("loaded" in head && before === file && ![...head.loaded.files].some((one) => base.isChanged(one)))
    return { state: "unchanged" };
  const old = read(baseHost, before, flags);
  if ("error" in head || "error" in old) return { state: "changed", old };
  const [from, to] = [old.loaded.run, head.loaded.run];
  const isSame =
    changedSettings(from.config.resolved, to.config.resolved).length === 0 &&
    JSON.stringify(from.settings) === JSON.stringify(to.settings);
  return isSame ? { state: "unchanged" } : { state: "changed", old };
}

/** Settings by how likely they are what made a run larger; the first that changed is where a reader should look. */
const causes: readonly RegExp[] = [
  /^batch_size$/,
  /^train_dataset\..*size/,
  /^model\b/,
  /^loss\b/,
  /^(val_dataset|test_config)\b/,
  /./,
];

/** A finding of memory points at the change that made it; others know their place. */
function atCause(judged: Judged, { loaded }: Subject, changes: readonly SettingChange[]): Judged {
  const { finding, status } = judged;
  if (loaded === undefined || status === "known" || !isOfMemory(finding.code)) return judged;
  const present = changes.filter(({ mark }) => mark !== "-");
  const cause = causes.flatMap((one) => present.find(({ key }) => one.test(key)) ?? [])[0];
  const location = cause && loaded.train.locate(cause.key.split("."));
  return location === undefined ? judged : { ...judged, finding: { ...finding, location } };
}

function isOfMemory(code: CheckName): boolean {
  return code === "does-not-fit" || code === "tight" || code === "increase" || code === "evaluation-does-not-fit";
}

function oneOf(
  subject: Subject,
  before: Subject | undefined,
  state: ConfigResult["state"],
  judged: ConfigResult["findings"],
): One {
  const { config, error, cards, loaded } = subject;
  // What a check has words for is a finding; any other error means that the config could not be looked at.
  const isFound = judged.some(
    ({ finding }) => finding.code === "model-not-known" || finding.code === "number-read-as-text",
  );
  const failure =
    error === undefined || isFound || error.code === "not-modelled"
      ? undefined
      : {
          config,
          code: error.code,
          data: error.data,
          message: error.message,
          location: error.location,
          known: before?.error?.code === error.code,
        };
  const changes = before?.loaded && loaded ? changedSettings(before.loaded.train.resolved, loaded.train.resolved) : [];
  const results = cards.map(({ gpu, report }): CardResult => {
    const old = before?.cards.find((card) => card.gpu.name === gpu.name);
    const { verdict, headroomBytes } = report;
    return { gpu, verdict, headroomBytes, process: worstProcess(report), baseProcess: old && worstProcess(old.report) };
  });
  const run = cards[0]?.report.run;
  const findings = judged.map((one) => atCause(one, subject, changes));
  const result = failure === undefined ? { config, state, run, cards: results, changes, findings } : undefined;
  return { result, failure, subject };
}

interface Rest {
  readonly skipped: readonly string[];
  readonly unchangedCount: number;
  readonly base: BaseTree | undefined;
  readonly exitZero: boolean;
}

/** Failing ones first, then by what is left on the card that is shortest of memory. */
function byHarm(a: ConfigResult, b: ConfigResult): number {
  const failing = ({ findings }: ConfigResult): number => (findings.some((one) => one.fails) ? 0 : 1);
  const headroom = ({ cards }: ConfigResult): number =>
    Math.min(Number.MAX_SAFE_INTEGER, ...cards.map((card) => card.headroomBytes ?? Number.MAX_SAFE_INTEGER));
  return failing(a) - failing(b) || headroom(a) - headroom(b) || (a.config < b.config ? -1 : 1);
}

/** The largest of what is alive; `estimate --json` has all of one config, here there may be hundreds. */
const mostHolders = 8;

/** Without the long tail: largest holders, and layers down to the second level. */
function shortened(report: Report): Report {
  const { training, evaluation, saving, layers } = report;
  return {
    ...report,
    training: { ...training, holders: training.holders.slice(0, mostHolders) },
    evaluation: evaluation && { ...evaluation, holders: evaluation.holders.slice(0, mostHolders) },
    ...(saving && { saving: { ...saving, holders: saving.holders.slice(0, mostHolders) } }),
    layers: layers.filter(({ layer }) => layer.split(".").length <= 2),
  };
}

function collect(all: readonly One[], { skipped, unchangedCount, base, exitZero }: Rest): CheckResult {
  const configs = all.flatMap(({ result }) => result ?? []).sort(byHarm);
  const failures = all.flatMap(({ failure }) => failure ?? []);
  const fails = !exitZero && configs.some(({ findings }) => findings.some((one) => one.fails));
  const place = new Map(configs.map(({ config }, i) => [config, i]));
  const reports = all.flatMap(({ subject }) => subject.cards.map(({ report }) => shortened(report)));
  reports.sort(
    (a, b) =>
      (place.get(a.config) ?? 0) - (place.get(b.config) ?? 0) || (a.headroomBytes ?? 0) - (b.headroomBytes ?? 0),
  );
  return {
    version: 1,
    base: base && { ref: base.ref, commit: base.commit },
    prefix: base?.prefix ?? "",
    configs,
    failures,
    skipped,
    unchangedCount,
    exitCode: failures.some((one) => !one.known) ? 2 : fails ? 1 : 0,
    reports,
  };
}
