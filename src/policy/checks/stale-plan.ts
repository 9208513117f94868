/** @file A config that vram-plan wrote, and that no longer is what it was written for. */
import { defineCheck } from "./define.ts";

export const stalePlan = defineCheck({
  name: "stale-plan",
  run: ({ config, loaded }) => {
    const plan = loaded?.plan;
    if (plan === undefined) return [];
    const { verdict, headroomBytes = 0 } = plan.report ?? {};
    const shortBytes = verdict === "does-not-fit" ? -headroomBytes : undefined;
    if (shortBytes === undefined && plan.changedKeys.length === 0) return [];
    return [
      {
        code: "stale-plan",
        config,
        gpu: plan.card,
        key: undefined,
        location: { file: config, line: 1, column: 1 },
        size: shortBytes ?? 0,
        facts: { card: plan.card, shortBytes, changedKeys: plan.changedKeys },
      },
    ];
  },
});
