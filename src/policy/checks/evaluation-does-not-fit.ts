/** @file Training fits, but evaluation does not: validation images are not cropped (PaddleSeg issue 3777). */
import { defineCheck, failingPart, shortfall } from "./define.ts";

export const evaluationDoesNotFit = defineCheck({
  name: "evaluation-does-not-fit",
  run: (subject) =>
    subject.cards.flatMap(({ gpu, report }) => {
      if (failingPart(report, gpu) !== "evaluation") return [];
      const facts = shortfall(report, gpu);
      return [
        {
          code: "evaluation-does-not-fit",
          config: subject.config,
          gpu: gpu.name,
          key: "val_dataset",
          location: subject.loaded?.train.locate(["val_dataset", "transforms"]),
          size: facts.neededBytes,
          facts: { ...facts, trainingBytes: report.training.process.highBytes },
        },
      ];
    }),
});
