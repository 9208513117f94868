/** @file One pass over a stretch of events: the running sum of allocated bytes and the highest it reaches, by site. */
import type { EventLog } from "../engine/events.ts";
import { roundRequest } from "./allocator.ts";
import type { Workspace } from "./workspace.ts";

/** A stretch of the log, in event numbers: from `from` up to and without `to`. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface Scan {
  /** Allocated bytes after the last event of the window. */
  readonly endBytes: number;
  readonly peakBytes: number;
  /** The first event after which the peak is reached; -1 if the window is empty. */
  readonly peakAt: number;
  /** The same peak with the expected or the highest workspace of each convolution in it. */
  readonly expectedPeakBytes: number;
  readonly highPeakBytes: number;
  /** Highest allocated bytes after an event of each site; 0 for a site that has none in the window. */
  readonly peakBySite: Float64Array;
}

/** Sums up the events of `window`, `startBytes` being allocated before it. Each storage counts as the allocator rounds it. */
export function scan(log: EventLog, window: Window, startBytes: number, workspaces: readonly Workspace[]): Scan {
  const { storage, sign, site, bytes } = log;
  const peakBySite = new Float64Array(log.sites.length);
  let running = startBytes;
  let peakBytes = -1;
  let peakAt = -1;
  let expectedPeakBytes = 0;
  let highPeakBytes = 0;
  let next = workspaces.findIndex((w) => w.at > window.from);
  let nextAt = next < 0 ? Number.POSITIVE_INFINITY : workspaces[next]!.at;
  for (let i = window.from; i < window.to; i++) {
    running += sign[i]! * roundRequest(bytes[storage[i]!]!);
    if (running > peakBytes) {
      peakBytes = running;
      peakAt = i;
    }
    const at = site[i]!;
    if (running > peakBySite[at]!) peakBySite[at] = running;
    while (nextAt === i + 1) {
      const { expectedBytes, highBytes } = workspaces[next]!;
      expectedPeakBytes = Math.max(expectedPeakBytes, running + roundRequest(expectedBytes));
      highPeakBytes = Math.max(highPeakBytes, running + roundRequest(highBytes));
      nextAt = workspaces[++next]?.at ?? Number.POSITIVE_INFINITY;
    }
  }
  peakBytes = Math.max(peakBytes, 0);
  expectedPeakBytes = Math.max(peakBytes, expectedPeakBytes);
  highPeakBytes = Math.max(expectedPeakBytes, highPeakBytes);
  return { endBytes: running, peakBytes, peakAt, expectedPeakBytes, highPeakBytes, peakBySite };
}
