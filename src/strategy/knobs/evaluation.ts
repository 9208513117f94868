/** @file Evaluation in less memory: a sliding window, or a process of its own. */
import { sizeText, slidingWindow } from "../point.ts";
import { type Knob, yamlVia } from "./knob.ts";

export const evaluation: Knob = {
  name: "evaluation",
  summary: "evaluate by a sliding window, or in a process of its own after training",
  harm: 2,
  change: (from, to, { config }) => {
    if (from.evaluation === to.evaluation) return undefined;
    if (to.evaluation === "off") {
      return {
        knob: "evaluation",
        from: "inside training",
        to: "in a process of its own",
        via: [{ kind: "flag", flag: "leave out --do_eval; run tools/val.py afterwards" }],
        cost: "training is unchanged; the best checkpoint is found afterwards",
        harm: 2,
      };
    }
    const { crop, stride } = slidingWindow(to.crop);
    return {
      knob: "evaluation",
      from: "whole image",
      to: `sliding window ${sizeText(crop)}, stride ${sizeText(stride)}`,
      via: [yamlVia(config, ["test_config"])],
      cost: "training is unchanged; evaluation takes longer and its scores differ slightly",
      harm: 2,
    };
  },
  edits: (from, to) => {
    if (to.evaluation !== "slide" || from.evaluation === to.evaluation) return [];
    const { crop, stride } = slidingWindow(to.crop);
    return [
      { path: ["test_config", "is_slide"], value: true },
      { path: ["test_config", "crop_size"], value: [crop.width, crop.height] },
      { path: ["test_config", "stride"], value: [stride.width, stride.height] },
    ];
  },
  apply: (point, to) => ({ ...point, evaluation: to.evaluation }),
};
