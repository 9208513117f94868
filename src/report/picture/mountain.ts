/** @file The mountain as shapes: live bytes stacked by kind, in a box of 1000 by 1000 with its origin at the upper left. */
import type { StorageKind } from "../../engine/events.ts";
import { GiB } from "../../units.ts";
import type { Report } from "../report.ts";
import type { TimelinePart, TimelineSite, TimelineSpan } from "../timeline.ts";
import { worstProcess } from "../words.ts";

/** Both sides of the box that shapes are drawn in. */
export const box = 1000;

/** From the ground up: what stays lies at the bottom, what comes and goes on top. */
export const stack: readonly StorageKind[] = [
  "parameter",
  "buffer",
  "optimizer-state",
  "gradient",
  "input",
  "activation",
  "temporary",
  "workspace",
];

/** A stretch of the axis; `from` and `width` in the box's units. */
export interface Band {
  readonly name: TimelineSpan["name"];
  readonly from: number;
  readonly width: number;
}

export interface MountainPart {
  readonly part: TimelinePart["part"];
  readonly index: number;
  readonly from: number;
  readonly width: number;
  readonly bands: readonly Band[];
  readonly peak: { readonly x: number; readonly y: number; readonly bytes: number; readonly site: TimelineSite };
}

export interface Mountain {
  /** Bytes at the upper edge. */
  readonly topBytes: number;
  /** Closed paths, to be painted in this order: each covers the lower part of the one before. */
  readonly areas: readonly { readonly kind: StorageKind; readonly path: string }[];
  readonly parts: readonly MountainPart[];
  readonly ticks: readonly { readonly bytes: number; readonly y: number }[];
  /** The card's usable bytes; `y` undefined where they are above the picture. */
  readonly limit: { readonly bytes: number; readonly name: string; readonly y: number | undefined } | undefined;
  /** The process's range: the top of what lies above the mountain. */
  readonly process: { readonly low: number; readonly high: number; readonly lowY: number; readonly highY: number };
}

/** Evaluation has few events but is half of the question. */
const leastShare = 0.22;
/** Between two parts, in units of the box. */
const gap = 12;
/** A card that is larger than this many times the process would make the mountain flat. */
const mostEmpty = 2;
/** Room above the highest line. */
const headSpace = 1.1;
/** Stretches below this share of their part are shown with their neighbour. */
const leastBand = 0.02;

/** The mountain of a report; undefined where it has no timeline. */
export function mountainOf(report: Report): Mountain | undefined {
  const { timeline, gpu } = report;
  if (timeline === undefined || timeline.parts.length === 0) return undefined;
  const { low, high } = worstProcess(report);
  const isInside = gpu !== undefined && gpu.usableBytes <= mostEmpty * high;
  const topBytes = headSpace * Math.max(high, isInside ? gpu.usableBytes : 0);
  const y = (bytes: number): number => rounded(box - (box * bytes) / topBytes);
  const places = placesOf(timeline.parts);
  const parts = timeline.parts.map((part, i) => {
    const { from, width } = places[i] ?? { from: 0, width: box };
    const x = rounded(from + (width * (part.at[part.peakPoint] ?? 0)) / part.eventCount);
    const site = timeline.sites[part.site[part.peakPoint] ?? 0] ?? nowhere;
    const peak = { x, y: y(part.peakBytes), bytes: part.peakBytes, site };
    return { part: part.part, index: part.index, from, width, bands: bandsOf(part, from, width), peak };
  });
  return {
    topBytes,
    areas: areasOf(timeline.parts, places, y),
    parts,
    ticks: ticksOf(topBytes).map((bytes) => ({ bytes, y: y(bytes) })),
    limit: gpu && { bytes: gpu.usableBytes, name: gpu.name, y: isInside ? y(gpu.usableBytes) : undefined },
    process: { low, high, lowY: y(low), highY: y(high) },
  };
}

const nowhere: TimelineSite = { phase: "other", stage: "build", layer: "", op: "" };

/** Tenths of a unit: a tenth of a pixel on a screen of 1000. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

interface Place {
  readonly from: number;
  readonly width: number;
}

function placesOf(parts: readonly TimelinePart[]): readonly Place[] {
  const all = parts.reduce((sum, part) => sum + part.eventCount, 0);
  const shares = parts.map((part) => Math.max(leastShare, part.eventCount / all));
  const sum = shares.reduce((total, share) => total + share, 0);
  const room = box - gap * (parts.length - 1);
  let from = 0;
  return shares.map((share) => {
    const place = { from: rounded(from), width: rounded((room * share) / sum) };
    from += place.width + gap;
    return place;
  });
}

function bandsOf(part: TimelinePart, from: number, width: number): readonly Band[] {
  const scale = width / part.eventCount;
  const bands: { name: TimelineSpan["name"]; from: number; to: number }[] = [];
  for (const span of part.spans) {
    const last = bands.at(-1);
    const isShort = span.to - span.from < leastBand * part.eventCount;
    if (last !== undefined && (isShort || last.name === span.name)) last.to = span.to;
    // A short stretch at the start goes to the one that follows it.
    else if (last !== undefined && last.to - last.from < leastBand * part.eventCount) {
      last.name = span.name;
      last.to = span.to;
    } else bands.push({ ...span });
  }
  return bands.map((band) => ({
    name: band.name,
    from: rounded(from + band.from * scale),
    width: rounded((band.to - band.from) * scale),
  }));
}

/** Each kind with all below it, so that only the upper edge needs points. */
function areasOf(
  parts: readonly TimelinePart[],
  places: readonly Place[],
  y: (bytes: number) => number,
): Mountain["areas"] {
  const used = stack.filter((kind) => parts.some((part) => part.bytes[kind] !== undefined));
  const sums = parts.map((part) => part.at.map(() => 0));
  const areas = used.map((kind) => {
    const paths = parts.map((part, i) => {
      const sum = sums[i] ?? [];
      for (const [point, bytes] of (part.bytes[kind] ?? []).entries()) sum[point] = (sum[point] ?? 0) + bytes;
      const { from, width } = places[i] ?? { from: 0, width: box };
      const edge = part.at.map((event, point): Corner => {
        return [rounded(from + (width * event) / part.eventCount), y(sum[point] ?? 0)];
      });
      return closedPath(edge, from, rounded(from + width));
    });
    return { kind, path: paths.join("") };
  });
  return areas.toReversed();
}

type Corner = readonly [number, number];

/** From the ground, along the edge, to the ground; corners in the middle of a level stretch say nothing. */
function closedPath(edge: readonly Corner[], from: number, to: number): string {
  const told = edge.filter(([, y], i) => i === 0 || y !== edge[i - 1]?.[1] || y !== edge[i + 1]?.[1]);
  const last = told.at(-1)?.[1] ?? box;
  const corners = told.map(([x, y]) => `L${x} ${y}`).join("");
  return `M${from} ${box}V${told[0]?.[1] ?? box}${corners}L${to} ${last}V${box}Z`;
}

/** Three to six even steps, each a power of two: people count memory so. */
function ticksOf(topBytes: number): readonly number[] {
  const step = GiB * 2 ** Math.floor(Math.log2(topBytes / GiB / 3));
  return Array.from({ length: Math.floor(topBytes / step) + 1 }, (_, i) => i * step);
}
