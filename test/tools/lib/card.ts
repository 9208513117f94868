/** @file Runs on a card as measured: a workspace for every convolution, and memory limits around the peak. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EventLog } from "../../../src/engine/events.ts";
import { replay } from "../../../src/memory/replay.ts";
import { tally } from "../../../src/memory/tally.ts";
import { fixedWorkspaces } from "../../../src/memory/workspace.ts";
import { MiB } from "../../../src/units.ts";
import { type Program, settingsOf } from "../program.ts";
import { packedTruth, readPackedConfigs } from "./packed.ts";

/** What a stored run was made of. */
export interface Case {
  readonly id: string;
  readonly resolved: string;
  readonly batch: number;
  readonly crop: readonly [number, number];
  readonly amp: "off" | "O1" | "O2";
  readonly evalSize: readonly [number, number];
  readonly prefetch?: boolean;
}

export interface WorkspaceCase extends Case {
  readonly workspaceBytes: number;
  /** Peaks allocated and reserved: of training, and with the evaluation after it. */
  readonly training: readonly [number, number];
  readonly evaluated: readonly [number, number];
}

export interface Limit {
  readonly mib: number;
  readonly survives: boolean;
  /** The request that failed, and how many allocations had gone before it; a library's has none of Paddle's. */
  readonly bytes?: number;
  readonly allocations?: number;
  readonly phase?: string;
  readonly op?: string;
  readonly library?: true;
}

export interface LimitCase extends Case {
  readonly driverPeak: number;
  readonly limits: readonly Limit[];
}

const read = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(join(packedTruth(), name), "utf8")) as readonly T[];

export const readWorkspaceCases = (): readonly WorkspaceCase[] => read("workspaces.json");
export const readLimitCases = (): readonly LimitCase[] => read("limits.json");

/** Our events of a case. */
export function cardLog(program: Program, c: Case, configs = readPackedConfigs()): EventLog {
  return program.simulate(program.config(configs.get(c.resolved)!), settingsOf({ ...c, resolved: {} })).log;
}

/** Our figures of a workspace case, in the order of the measured ones. */
export function withWorkspaces(log: EventLog, bytes: number): readonly (number | undefined)[] {
  const workspaces = fixedWorkspaces(log, bytes);
  const { training, evaluation } = tally(log, workspaces);
  const held = replay(log, { workspaces });
  const highest = Math.max(training.expectedBytes, evaluation?.expectedBytes ?? 0);
  return [training.expectedBytes, held.training.reservedBytes, highest, held.evaluation?.reservedBytes];
}

/** How a run with a limit ends with us, in the form of what was measured; a library's bytes are exact to the rounding. */
export function limited(log: EventLog, { mib, bytes = 0 }: Limit): Limit {
  const failure = replay(log, { cardBytes: mib * MiB }).outOfMemory;
  if (failure === undefined) return { mib, survives: true };
  if (failure.asked === "library") {
    // thrust's own rounding is not known: within 256 B it is the same request.
    const isSame = Math.abs(failure.chunkBytes - bytes) < 256;
    return { mib, survives: false, bytes: isSame ? bytes : failure.chunkBytes, library: true };
  }
  const allocations = log.sign.slice(0, failure.event).filter((sign) => sign > 0).length;
  const { phase, op } = failure.site ?? { phase: "", op: "" };
  return { mib, survives: false, bytes: failure.chunkBytes, allocations, phase, op };
}

const key = ({ mib, survives, bytes, allocations, phase, op, library }: Limit): string =>
  JSON.stringify([mib, survives, bytes, allocations, phase, op, library]);

/** Whether a limited run ends as measured, in the same request. */
export function isSameEnd(ours: Limit, measured: Limit): boolean {
  return key(ours) === key(measured);
}

/** Two lines: figures with workspaces, and verdicts and failing requests under limits. */
export function cardLines(program: Program): readonly string[] {
  const configs = readPackedConfigs();
  let [figures, same] = [0, 0];
  const cases = readWorkspaceCases();
  for (const c of cases) {
    const measured = [...c.training, ...c.evaluated];
    const ours = withWorkspaces(cardLog(program, c, configs), c.workspaceBytes);
    figures += measured.length;
    same += measured.filter((value, i) => value === ours[i]).length;
  }
  let [runs, verdicts, failing, requests] = [0, 0, 0, 0];
  for (const c of readLimitCases()) {
    const log = cardLog(program, c, configs);
    for (const limit of c.limits) {
      const ours = limited(log, limit);
      runs++;
      if (ours.survives === limit.survives) verdicts++;
      if (limit.survives) continue;
      failing++;
      if (isSameEnd(ours, limit)) requests++;
    }
  }
  const ahead = cases.filter((c) => c.prefetch).length;
  return [
    "on a card, as the oracle ran it",
    `  64 MiB of workspace for each convolution: ${same} of ${figures} figures of ${cases.length} runs equal, ${ahead} of them with a batch kept ahead`,
    `  memory limits around the peak: verdict equal in ${verdicts} of ${runs}, failing request in ${requests} of ${failing}`,
  ];
}
