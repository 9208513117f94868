/** @file Training takes more than the card has. */
import { batchPlace, defineCheck, failingPart, shortfall } from "./define.ts";

export const doesNotFit = defineCheck({
  name: "does-not-fit",
  run: (subject) =>
    subject.cards.flatMap(({ gpu, report }) => {
      if (failingPart(report, gpu) !== "training") return [];
      const facts = shortfall(report, gpu);
      return [
        {
          code: "does-not-fit",
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
