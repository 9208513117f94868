/** @file What `gpus` finds: the smallest card that a config fits as it is, and with a plan that changes time only. */

import { formatBytes, formatMiB } from "../units.ts";
import type { CardFit, GpusResult } from "./answers.ts";
import type { View } from "./paint.ts";
import { table, wrap } from "./table.ts";
import { count, describeRun } from "./words.ts";

/** The two answers and the cards between them. */
export function renderSmallestCards(result: GpusResult, { paint, width }: View): string {
  const { config, run, asItIs, withPlan, cards } = result;
  const spare = (bytes: number) => `${formatBytes(bytes)} spare`;
  const first =
    asItIs === undefined
      ? "as it is: no card that vram-plan knows"
      : `as it is: ${asItIs.name} (--gpu ${asItIs.id}), ${spare(asItIs.headroomBytes)}`;
  const second =
    withPlan === undefined
      ? "with a plan of class 1 or 2: no card that vram-plan knows"
      : `with a plan of class 1 or 2 (only time changes): ${withPlan.name} (--gpu ${withPlan.id}), ${spare(withPlan.headroomBytes)}; ${withPlan.changes.length === 0 ? "nothing to change" : `${withPlan.changes.join(", ")}, about ${withPlan.time.expected.toFixed(2)} times the time`}`;
  const word = (card: CardFit) => (card.asItIs ? "as it is" : card.withPlan ? "with a plan" : "-");
  const rows = cards.map((card) => [card.id, card.name, formatMiB(card.usableBytes), word(card)]);
  const columns = [
    { title: "--gpu" },
    { title: "card", flexible: true },
    { title: "usable", align: "right" as const },
    { title: "fits" },
  ];
  const [head = "", ...body] = table(columns, rows, width);
  return `${[
    ...wrap(config, width).map(paint.strong),
    paint.faint(describeRun(run)),
    "",
    ...wrap(`Smallest card ${first}`, width, "  ").map(paint.strong),
    ...wrap(`Smallest card ${second}`, width, "  ").map(paint.strong),
    ...(rows.length === 0 ? [] : ["", paint.faint(head), ...body]),
    "",
    paint.faint(`  ${count(result.simulated, "run")} simulated`),
  ].join("\n")}\n`;
}
