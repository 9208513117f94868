/** @file Two reports side by side: settings, bytes and layers that differ. */

import type { PlanSettings, Report } from "../report.ts";
import type { SavedReport } from "../schema.ts";
import { describeRun, worstProcess } from "../words.ts";
import type { SettingChange } from "./result.ts";

/** A report of this run or one that was saved: where one has undefined, the other has null. */
export interface DiffSide {
  readonly name: string;
  readonly report: Report | SavedReport;
}

/** One number before and after. */
export interface ByteChange {
  readonly name: string;
  readonly fromBytes: number;
  readonly toBytes: number;
}

/** One layer; bytes it saves for backward, parameters included in neither. */
export interface LayerChange {
  readonly mark: "~" | "+" | "-";
  readonly layer: string;
  readonly type: string;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly fromParameterCount: number;
  readonly toParameterCount: number;
}

/** One of the two: its run in English words, and as settings. */
export interface ComparedRun {
  readonly name: string;
  readonly run: string;
  readonly runSettings: PlanSettings;
}

/** What differs. */
export interface Diff {
  readonly version: 1;
  readonly before: ComparedRun;
  readonly after: ComparedRun;
  readonly settings: readonly SettingChange[];
  /** Every level, also where it is the same. */
  readonly levels: readonly ByteChange[];
  readonly kinds: readonly ByteChange[];
  /** Largest change first. */
  readonly layers: readonly LayerChange[];
}

/** `settings` are those of the configs, where both are at hand; runs given by flags or saved are compared here. */
export function compareReports(a: DiffSide, b: DiffSide, settings: readonly SettingChange[]): Diff {
  return {
    version: 1,
    before: comparedRun(a),
    after: comparedRun(b),
    settings: settings.length > 0 ? settings : runChanges(a.report, b.report),
    levels: levelsOf(a.report, b.report),
    kinds: kindsOf(a.report, b.report).filter(({ fromBytes, toBytes }) => fromBytes !== toBytes),
    layers: layersOf(a.report, b.report),
  };
}

function comparedRun({ name, report }: DiffSide): ComparedRun {
  const runSettings = withoutNull(report.run);
  return { name, run: describeRun(runSettings), runSettings };
}

type Side = DiffSide["report"];

function withoutNull(run: Side["run"]): Report["run"] {
  return { ...run, convWorkspaceLimitBytes: run.convWorkspaceLimitBytes ?? undefined };
}

/** Settings of the run that differ. */
function runChanges(a: Side, b: Side): readonly SettingChange[] {
  const text = (value: unknown): string => JSON.stringify(value ?? null);
  const after = new Map<string, unknown>(Object.entries(b.run));
  return Object.entries(a.run).flatMap(([key, value]): readonly SettingChange[] => {
    const [from, to] = [text(value), text(after.get(key))];
    return from === to ? [] : [{ mark: "~", key, from, to }];
  });
}

function levelsOf(a: Side, b: Side): readonly ByteChange[] {
  const level = (name: string, pick: (side: Side) => number): ByteChange => ({
    name,
    fromBytes: pick(a),
    toBytes: pick(b),
  });
  return [
    level("training, allocated", ({ training }) => training.allocated.lowBytes),
    level("training, reserved", ({ training }) => training.reserved.lowBytes),
    level("evaluation, allocated", ({ evaluation }) => evaluation?.allocated.lowBytes ?? 0),
    level("evaluation, reserved", ({ evaluation }) => evaluation?.reserved.lowBytes ?? 0),
    level("process, expected", (side) => worstProcess(side).expected),
    level("process, high end", (side) => worstProcess(side).high),
    level("parameters", ({ parameters }) => parameters.bytes),
  ];
}

function kindsOf(a: Side, b: Side): readonly ByteChange[] {
  const after = new Map(Object.entries(b.training.byKind));
  return Object.entries(a.training.byKind).map(([name, fromBytes]) => ({
    name,
    fromBytes,
    toBytes: after.get(name) ?? 0,
  }));
}

function layersOf(a: Side, b: Side): readonly LayerChange[] {
  const before = new Map(a.layers.map((row) => [row.layer, row]));
  const after = new Map(b.layers.map((row) => [row.layer, row]));
  const changes: LayerChange[] = [];
  for (const layer of new Set([...before.keys(), ...after.keys()])) {
    const [from, to] = [before.get(layer), after.get(layer)];
    const [fromBytes, toBytes] = [from?.savedBytes ?? 0, to?.savedBytes ?? 0];
    const [fromParameterCount, toParameterCount] = [from?.parameterCount ?? 0, to?.parameterCount ?? 0];
    const mark = from === undefined ? "+" : to === undefined ? "-" : "~";
    const isSame = mark === "~" && fromBytes === toBytes && fromParameterCount === toParameterCount;
    if (isSame) continue;
    const type = to?.type ?? from?.type ?? "";
    changes.push({ mark, layer, type, fromBytes, toBytes, fromParameterCount, toParameterCount });
  }
  const size = ({ fromBytes, toBytes }: LayerChange): number => Math.abs(toBytes - fromBytes);
  return changes.sort((x, y) => size(y) - size(x));
}
