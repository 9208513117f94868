/** @file Recompute (checkpointing): blocks run forward again in backward instead of keeping their activations. */
import type { Knob, KnobContext } from "./knob.ts";

/** Backward takes about two forwards' operations, so a step is three. */
const forwardsPerStep = 3;

/** Time of a step with these blocks recomputed, relative to one without: recomputed operations over a step's. */
export function recomputeSlowdown(blocks: readonly string[], { flops }: Pick<KnobContext, "flops">): number {
  const again = blocks.reduce((sum, block) => sum + flops.of(block), 0);
  return 1 + again / (forwardsPerStep * Math.max(1, flops.forward));
}

export const recompute: Knob = {
  name: "recompute",
  summary: "run blocks forward again in backward instead of keeping their activations",
  harm: 2,
  change: (from, to, context) => {
    const added = to.recompute.filter((block) => !from.recompute.includes(block));
    if (added.length === 0) return undefined;
    const more = recomputeSlowdown(to.recompute, context) - recomputeSlowdown(from.recompute, context);
    return {
      knob: "recompute",
      from: from.recompute.length === 0 ? "none" : from.recompute.join(","),
      to: to.recompute.join(","),
      via: [{ kind: "launcher", flag: `--recompute ${to.recompute.join(",")}` }],
      cost: `same result; about ${Math.max(1, Math.round(more * 100))} % more operations a step`,
      harm: 2,
    };
  },
  apply: (point, to) => ({ ...point, recompute: to.recompute }),
};
