/** @file One pass over a stretch of events: the running sum of allocated bytes and the highest it reaches, by site. */
import type { EventLog } from "../engine/events.ts";
import { allocatorAlignment, toUnits } from "./rounding.ts";
import type { Workspace } from "./workspace.ts";

/** A stretch of the log, in event numbers: from `from` up to and without `to`. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface Scan {
  /** Allocated bytes after the last event of the window. */
  readonly endBytes: number;
  /** Allocated bytes before event `probe`; those before the window if it is not inside. */
  readonly probedBytes: number;
  readonly peakBytes: number;
  /** The first event after which the peak is reached; -1 if the window is empty. */
  readonly peakAt: number;
  /** The same peak with the expected or the highest workspace of each convolution in it. */
  readonly expectedPeakBytes: number;
  readonly highPeakBytes: number;
  /** Highest allocated bytes after an event of each site; 0 for a site that has none in the window. */
  readonly peakBySite: readonly number[];
}

/** The request of each storage in units of the alignment, as the allocator rounds it. Small integers: see BlockPool. */
export function requestUnits(log: EventLog): readonly number[] {
  return log.bytes.map(toUnits);
}

/** Sums up the events of `window`, `startBytes` being allocated before it. `units` are the log's `requestUnits`. */
export function scan(
  log: EventLog,
  units: readonly number[],
  window: Window,
  startBytes = 0,
  workspaces: readonly Workspace[] = [],
  probe = -1,
): Scan {
  const { storage, sign, site } = log;
  const peaks: number[] = log.sites.map(() => 0);
  let running = startBytes / allocatorAlignment;
  let probed = running;
  let peak = -1;
  let peakAt = -1;
  let expectedPeak = 0;
  let highPeak = 0;
  let next = workspaces.findIndex((w) => w.at > window.from);
  let nextAt = next < 0 ? log.length + 1 : workspaces[next]!.at;
  for (let i = window.from; i < window.to; i++) {
    if (i === probe) probed = running;
    const size = units[storage[i]!]!;
    running += sign[i]! < 0 ? -size : size;
    if (running > peak) {
      peak = running;
      peakAt = i;
    }
    const at = site[i]!;
    if (running > peaks[at]!) peaks[at] = running;
    while (nextAt === i + 1) {
      const { expectedBytes, highBytes } = workspaces[next]!;
      expectedPeak = Math.max(expectedPeak, running + toUnits(expectedBytes));
      highPeak = Math.max(highPeak, running + toUnits(highBytes));
      next++;
      nextAt = next < workspaces.length ? workspaces[next]!.at : log.length + 1;
    }
  }
  if (probe === window.to) probed = running;
  peak = Math.max(peak, 0);
  expectedPeak = Math.max(peak, expectedPeak);
  highPeak = Math.max(expectedPeak, highPeak);
  return {
    endBytes: running * allocatorAlignment,
    probedBytes: probed * allocatorAlignment,
    peakBytes: peak * allocatorAlignment,
    peakAt,
    expectedPeakBytes: expectedPeak * allocatorAlignment,
    highPeakBytes: highPeak * allocatorAlignment,
    peakBySite: peaks.map((bytes) => bytes * allocatorAlignment),
  };
}
