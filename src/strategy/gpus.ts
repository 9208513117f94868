/** @file The smallest card for a run: as it is, and with a plan that changes nothing but time. */

import { cardBudget, type Gpu } from "../memory/card.ts";
import { estimateMemory, verdict } from "../memory/estimate.ts";
import type { CardFit, GpusResult } from "../report/answers.ts";
import { mostOf } from "../report/report.ts";
import type { Simulation } from "../step/simulate.ts";
import { type Planned, plan, planSettings, startOf } from "./plan.ts";
import { type SearchContext, Space } from "./space.ts";

/** What a card of class 1 or 2 leaves as it is. Smaller micro-batches stay out: with batch norm they change statistics. */
const keep: ReadonlySet<string> = new Set(["precision", "micro-batch", "crop"]);

/** Cards that are listed; each is searched, as a card's context may take more than the next smaller one's. */
const mostCards = 8;

/** `context` without a card: each of `gpus` takes its place. One simulation serves every card. */
export function smallestCards(
  context: Omit<SearchContext, "gpu" | "budget">,
  gpus: readonly Gpu[],
): Omit<GpusResult, "version" | "config"> {
  const start = startOf(context);
  const memo = new Map<string, Simulation>();
  const cards = gpus
    .map((gpu) => ({ gpu, budget: cardBudget(gpu) }))
    .sort((a, b) => a.budget.usableBytes - b.budget.usableBytes || (a.gpu.id < b.gpu.id ? -1 : 1));
  const [some] = cards;
  if (some === undefined) throw new Error("no cards");
  const { log } = new Space({ ...context, ...some, memo }).run(start).simulation;
  const { gpus: together } = context.settings;
  const options = {
    runtime: context.memory,
    convWorkspaceLimitBytes: start.workspaceLimitBytes,
    gpus: together,
  };
  const alone = estimateMemory(log, options);
  const low = mostOf(alone, (part) => part.reserved.lowBytes);
  // Reserved bytes without any workspace are a bound on every card, so that most cards need no estimate of their own.
  const fitOn = ({ gpu, budget }: (typeof cards)[number]) =>
    budget.usableBytes < low ? undefined : verdict(estimateMemory(log, { ...options, gpu }), budget);
  const asItIs = cards.findIndex((card) => fitOn(card)?.verdict === "fits");
  const planned = new Map<number, Planned["plan"]>();
  const hasPlan = (index: number): boolean => {
    const card = cards[index];
    if (card === undefined) return false;
    let found = planned.get(index);
    if (found === undefined) {
      found = plan({ ...context, ...card, memo }, { keep }).plan;
      planned.set(index, found);
    }
    return found.feasible;
  };
  // More usable bytes never take a plan away, so bisect; a card's context differs by a few MiB, so the neighbours are tried too.
  let [fails, fits] = [-1, asItIs < 0 ? cards.length : asItIs];
  while (fits - fails > 1) {
    const middle = Math.floor((fails + fits) / 2);
    if (hasPlan(middle)) fits = middle;
    else fails = middle;
  }
  const best = hasPlan(fits) ? planned.get(fits) : undefined;
  const last = asItIs < 0 ? cards.length - 1 : asItIs;
  const first = best === undefined ? last + 1 : fits;
  const at = (index: number) => cards[index] ?? some;
  return {
    run: planSettings(start),
    asItIs: asItIs < 0 ? undefined : { ...named(at(asItIs)), headroomBytes: fitOn(at(asItIs))?.headroomBytes ?? 0 },
    withPlan: best && {
      ...named(at(fits)),
      headroomBytes: best.headroomBytes,
      changes: best.changes.map(({ knob }) => knob),
      time: best.time,
    },
    cards: cards.slice(first, Math.min(last + 1, first + mostCards)).map(
      (card, i): CardFit => ({
        ...named(card),
        usableBytes: card.budget.usableBytes,
        asItIs: fitOn(card)?.verdict === "fits",
        withPlan: hasPlan(first + i),
      }),
    ),
    simulated: memo.size,
  };
}

function named({ gpu }: { readonly gpu: Gpu }): { readonly id: string; readonly name: string } {
  return { id: gpu.id, name: gpu.name };
}
