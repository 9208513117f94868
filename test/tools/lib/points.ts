/** @file Public measurements on real cards beside our range: the only figures with values, workspaces and a driver in them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigMap, ConfigValue } from "../../../src/config/types.ts";
import { estimateMemory } from "../../../src/memory/estimate.ts";
import { MiB } from "../../../src/units.ts";
import { type Program, settingsOf } from "../program.ts";
import { packedTruth, readPackedCases, readPackedConfigs } from "./packed.ts";

export interface Point {
  readonly id: string;
  readonly config: string;
  readonly batch: number;
  readonly crop: readonly [number, number];
  readonly precisions: readonly ("off" | "O1" | "O2")[];
  readonly workspaceLimitMiB: number;
  readonly allocatedBytes: number;
  readonly reservedBytes: number;
  readonly source: string;
  readonly note: string;
}

interface Ends {
  readonly lowBytes: number;
  readonly highBytes: number;
}

/** A point with our ranges: over its precisions where the log does not say which. */
export interface PointResult {
  readonly point: Point;
  readonly allocated: Ends;
  readonly reserved: Ends;
}

/**
 * The config with the fewest branches that values can take: Lovász-Softmax leaves out classes that no label of the batch has, so the
 * low end has one class where the program itself takes all of them.
 */
function leastOf(value: ConfigValue): ConfigValue {
  if (Array.isArray(value)) return value.map(leastOf);
  if (typeof value !== "object" || value === null) return value;
  const map = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, leastOf(part)])) as ConfigMap;
  return map.type === "LovaszSoftmaxLoss" ? { ...map, classes: [0] } : map;
}

/** Points of truth/points.json and why the others are left out. */
export function readPoints(): { readonly points: readonly Point[]; readonly leftOut: string } {
  return JSON.parse(readFileSync(join(packedTruth(), "points.json"), "utf8")) as ReturnType<typeof readPoints>;
}

export function runPoint(program: Program, point: Point): PointResult {
  const found = readPackedCases().find((c) => c.config === point.config)!;
  const most = readPackedConfigs().get(found.resolved)!;
  const runs = [most, leastOf(most) as ConfigMap].flatMap((resolved) =>
    point.precisions.map((amp) => {
      const { batch, crop } = point;
      const settings = settingsOf({ resolved, batch, crop, amp, evalSize: undefined, prefetch: true });
      const { log } = program.simulate(program.config(resolved), settings);
      return estimateMemory(log, { convWorkspaceLimitBytes: point.workspaceLimitMiB * MiB }).training;
    }),
  );
  const ends = (level: "allocated" | "reserved"): Ends => ({
    lowBytes: Math.min(...runs.map((run) => run[level].lowBytes)),
    highBytes: Math.max(...runs.map((run) => run[level].highBytes)),
  });
  return { point, allocated: ends("allocated"), reserved: ends("reserved") };
}

/** One line for each figure of each point; the share of points that lie above our high end. */
export function pointLines(program: Program): readonly string[] {
  const { points, leftOut } = readPoints();
  const results = points.map((point) => runPoint(program, point));
  const text = (bytes: number): string => bytes.toLocaleString("en-US");
  const line = (id: string, level: string, { lowBytes, highBytes }: Ends, measured: number): string => {
    const word = measured > highBytes ? "ABOVE" : measured < lowBytes ? "below" : "in range";
    return `  ${id}  ${level}  measured ${text(measured)}  ours ${text(lowBytes)} to ${text(highBytes)}  ${word}`;
  };
  const above = results.filter((r) => r.point.reservedBytes > r.reserved.highBytes).length;
  return [
    "public points on real cards",
    ...results.flatMap(({ point, allocated, reserved }) => [
      line(point.id, "allocated", allocated, point.allocatedBytes),
      line(point.id, "reserved ", reserved, point.reservedBytes),
    ]),
    `  left out: ${leftOut}`,
    `  measured above our high end: ${above} of ${points.length}`,
  ];
}
