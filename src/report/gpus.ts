/** @file What `gpus` finds: the smallest card that a config fits as it is, and with a plan that changes time only. */

import { formatBytes, formatMiB } from "../units.ts";
import { type Words, wordsIn } from "../words/words.ts";
import type { CardFit, GpusResult } from "./answers.ts";
import type { View } from "./paint.ts";
import { table, wrap } from "./table.ts";
import { describeRun } from "./words.ts";

/** The card with what a plan changes. */
function planned(found: NonNullable<GpusResult["withPlan"]>, words: Words["answers"]): string {
  const card = words.cardWithSpare(found.name, found.id, formatBytes(found.headroomBytes));
  if (found.changes.length === 0) return words.withoutChanges(card);
  return words.withChanges(card, found.changes.join(", "), found.time.expected.toFixed(2));
}

/** The two answers and the cards between them. */
export function renderSmallestCards(result: GpusResult, { language, paint, width }: View): string {
  const words = wordsIn(language).answers;
  const { config, run, asItIs, withPlan, cards } = result;
  const first = words.smallestAsItIs(
    asItIs === undefined
      ? words.noCard
      : words.cardWithSpare(asItIs.name, asItIs.id, formatBytes(asItIs.headroomBytes)),
  );
  const second = withPlan === undefined ? words.noCardWithPlan : words.smallestWithPlan(planned(withPlan, words));
  const word = (card: CardFit) => (card.asItIs ? words.asItIs : card.withPlan ? words.withPlan : "-");
  const rows = cards.map((card) => [card.id, card.name, formatMiB(card.usableBytes), word(card)]);
  const [gpu = "", name = "", usable = "", fits = ""] = words.gpuColumns;
  const columns = [
    { title: gpu },
    { title: name, flexible: true },
    { title: usable, align: "right" as const },
    { title: fits },
  ];
  const [head = "", ...body] = table(columns, rows, width);
  return `${[
    ...wrap(config, width).map(paint.strong),
    paint.faint(describeRun(run, language)),
    "",
    ...wrap(first, width, "  ").map(paint.strong),
    ...wrap(second, width, "  ").map(paint.strong),
    ...(rows.length === 0 ? [] : ["", paint.faint(head), ...body]),
    "",
    paint.faint(`  ${words.simulated(result.simulated)}`),
  ].join("\n")}\n`;
}
