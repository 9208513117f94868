/** @file Evaluation in less memory: a sliding window, or a process of its own. */

import { phrase } from "../../words/phrase.ts";
import { sizeText, slidingWindow } from "../point.ts";
import { type Knob, yamlVia } from "./knob.ts";

export const evaluation: Knob = {
  name: "evaluation",
  summary: phrase("knob-evaluation", {}),
  harm: 2,
  change: (from, to, { config }) => {
    if (from.evaluation === to.evaluation) return undefined;
    if (to.evaluation === "off") {
      return {
        knob: "evaluation",
        from: phrase("inside-training", {}),
        to: phrase("own-process", {}),
        via: [
          {
            kind: "flag",
            flag: "leave out --do_eval; run tools/val.py afterwards",
            leaveOut: "--do_eval",
            afterwards: "tools/val.py",
          },
        ],
        cost: [phrase("checkpoint-afterwards", {})],
        harm: 2,
      };
    }
    const { crop, stride } = slidingWindow(to.crop);
    return {
      knob: "evaluation",
      from: phrase("whole-image", {}),
      to: phrase("sliding-window", { crop: sizeText(crop), stride: sizeText(stride) }),
      via: [yamlVia(config, ["test_config"])],
      cost: [phrase("evaluation-longer", {})],
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
