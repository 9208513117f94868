/** @file For reviews: the largest batch that fits, as the new text of the line that sets it in the config itself. */
import { UserError } from "../../errors.ts";
import type { CardContext } from "../../index.ts";
import type { Judged } from "../../report/finding.ts";
import type { Reporter } from "../../report-cache.ts";
import type { Prepared } from "../../run-settings.ts";

/** The largest batch below the run's own that fits, by bisection with real runs; undefined where not even one image does. */
function batchThatFits(run: Prepared, card: CardContext, reporter: Reporter): number | undefined {
  const fits = (batchSize: number): boolean => {
    try {
      const [report] = reporter({ ...run, config: { ...run.config, batchSize } }, [card]);
      return report?.verdict === "fits";
    } catch (error) {
      // What Paddle refuses at this batch fits no card.
      if (error instanceof UserError) return false;
      throw error;
    }
  };
  let [low, high] = [0, run.config.batchSize];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low === 0 ? undefined : low;
}

/** Adds the suggestion to a failing `does-not-fit`; a batch that a shared base sets is not one config's to change. */
export function withBatch(judged: Judged, run: Prepared, cards: readonly CardContext[], reporter: Reporter): Judged {
  const { finding, fails } = judged;
  const card = cards.find(({ budget }) => budget.name === finding.gpu);
  const place = run.config.locate(["batch_size"]);
  if (!fails || finding.code !== "does-not-fit" || card === undefined || place?.file !== finding.config) return judged;
  const batch = batchThatFits(run, card, reporter);
  if (batch === undefined) return judged;
  const endColumn = place.column + String(run.config.batchSize).length;
  return { ...judged, finding: { ...finding, suggestion: { ...place, endColumn, text: String(batch) } } };
}
