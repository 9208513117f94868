/** @file Which layer and op asks for the size that an out-of-memory message names: our run's requests of exactly that size. */
import type { EventLog, Site } from "../engine/events.ts";
import { humanReadableSize } from "../memory/message.ts";
import { placeOf } from "../memory/place.ts";
import { roundRequest } from "../memory/rounding.ts";
import { listWorkspaces } from "../memory/workspace.ts";
import type { MatchedRequest } from "../report/calibrate.ts";

interface Options {
  readonly chunkFloorBytes: number;
  readonly convWorkspaceLimitBytes: number;
  /** Put those of the evaluation first. */
  readonly isInEvaluation: boolean;
}

/** One request, in the order of the run. `at`: events that had happened. */
interface Request {
  readonly at: number;
  readonly site: Site | undefined;
  readonly bytes: number;
  readonly asked: MatchedRequest["asked"];
}

function* requests(log: EventLog, { chunkFloorBytes, convWorkspaceLimitBytes }: Options): Generator<Request> {
  const chunk = (bytes: number): number => Math.max(chunkFloorBytes, roundRequest(bytes));
  const siteAt = (event: number): Site | undefined => log.sites[log.site[event] ?? -1];
  for (let i = 0; i < log.length; i++) {
    const bytes = log.bytes[log.storage[i] ?? -1] ?? 0;
    if ((log.sign[i] ?? 0) > 0) yield { at: i, site: siteAt(i), bytes: chunk(bytes), asked: "tensor" };
  }
  for (const { at, expectedBytes, highBytes } of listWorkspaces(log, convWorkspaceLimitBytes)) {
    for (const bytes of new Set([expectedBytes, highBytes]))
      yield { at: at - 1, site: siteAt(at - 1), bytes: chunk(bytes), asked: "workspace" };
  }
}

/**
 * The requests whose size Paddle would print as `asked`, grouped by part, layer and op, most likely first: the part that the log was
 * in, a tensor before a workspace by rule, then the order of the run. Sizes have six decimals, so in GB some neighbours of 256 bytes match.
 */
export function matchRequests(log: EventLog, asked: string, options: Options): readonly MatchedRequest[] {
  const found = new Map<string, MatchedRequest>();
  for (const { at, site, bytes, asked: kind } of requests(log, options)) {
    if (humanReadableSize(bytes) !== asked) continue;
    const { part, index } = placeOf(log, at);
    const [phase, layer, op] = [site?.phase ?? "other", site?.layer ?? "", site?.op ?? ""];
    const key = [part, phase, layer, op, kind].join("\n");
    const before = found.get(key);
    found.set(key, {
      asked: kind,
      part,
      index: before?.index ?? index,
      phase,
      layer,
      op,
      bytes,
      count: (before?.count ?? 0) + 1,
    });
  }
  const wanted = options.isInEvaluation ? "evaluation" : "training";
  const rank = (one: MatchedRequest): number => (one.part === wanted ? 0 : 2) + (one.asked === "tensor" ? 0 : 1);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

/** The sizes of our run nearest to one that it does not have, below and above. */
export function nearestSizes(log: EventLog, askedBytes: number, options: Options): readonly number[] {
  let [below, above] = [0, Number.POSITIVE_INFINITY];
  for (const { bytes } of requests(log, options)) {
    if (bytes <= askedBytes) below = Math.max(below, bytes);
    else above = Math.min(above, bytes);
  }
  return [below, above].filter((bytes) => bytes > 0 && Number.isFinite(bytes));
}

const unitPower: Readonly<Record<string, number>> = { B: 0, kB: 1, KB: 1, MB: 2, GB: 3, TB: 4 };

/** Bytes of a size as Paddle prints it, to its six decimals: `33.910150GB`. Units are powers of 1024 (HumanReadableSize). */
export function bytesOfSize(text: string): number {
  const [, number = "0", unit = "B"] = /^([\d.]+)([kKMGT]?B)$/.exec(text) ?? [];
  return Math.round(Number(number) * 1024 ** (unitPower[unit] ?? 0));
}
