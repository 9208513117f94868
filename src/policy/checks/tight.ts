/** @file Fits with the expected workspaces, but not with the largest. */
import { batchPlace, defineCheck, shortfall } from "./define.ts";

export const tight = defineCheck({
  name: "tight",
  run: (subject) =>
    subject.cards.flatMap(({ gpu, report }) => {
      if (report.verdict !== "tight") return [];
      const facts = shortfall(report, gpu);
      return [
        {
          code: "tight",
          config: subject.config,
          gpu: gpu.name,
          key: undefined,
          location: batchPlace(subject),
          size: facts.neededBytes,
          facts,
        },
      ];
    }),
});
