/** @file Knobs and what they cost, in English. */
import type { PhraseTable } from "../../phrase.ts";
import type { KnobPhrases } from "../../phrases/knobs.ts";

/** `1.05 to 1.12 times the time`. */
function times({ low, high }: KnobPhrases["times"]): string {
  const [from, to] = [low.toFixed(2), high.toFixed(2)];
  return from === to ? `${from} times the time` : `${from} to ${to} times the time`;
}

export const knobPhrases: PhraseTable<KnobPhrases> = {
  "knob-conv-workspace": () => "limit on cuDNN's scratch for a convolution (FLAGS_conv_workspace_size_limit)",
  "knob-crop": () => "smaller training crops, in the same proportions and on the network's stride",
  "knob-ema": () => "train without the moving average of the parameters (only with --allow ema)",
  "knob-evaluation": () => "evaluate by a sliding window, or in a process of its own after training",
  "knob-lean": () =>
    "losses with fewer temporaries, heads one by one, logits and gradients freed early: the same numbers with less memory",
  "knob-learning-rate": () => "restated by the linear rule where an optimizer step sees fewer images",
  "knob-micro-batch": () => "smaller forward passes, gradients accumulated to the same effective batch",
  "knob-model": () => "a lighter network of the same family (only with --allow model)",
  "knob-optimizer": () => "SGD with momentum in place of Adam or AdamW (only with --allow optimizer)",
  "knob-precision": () => "automatic mixed precision (--precision fp16 --amp_level O1 or O2)",
  "knob-recompute": () => "run blocks forward again in backward instead of keeping their activations",
  "workspace-default": () => "512 MiB (Paddle's default)",
  kept: () => "kept",
  "left-out": () => "left out",
  off: () => "off",
  none: () => "none",
  "inside-training": () => "inside training",
  "own-process": () => "in a process of its own",
  "whole-image": () => "whole image",
  "sliding-window": (d) => `sliding window ${d.crop}, stride ${d.stride}`,
  accumulated: (d) => `${d.batch} × ${d.times} accumulated`,
  "with-momentum": (d) => `${d.optimizer} with momentum`,
  "same-result": () => "same result",
  "same-result-and-time": () => "same result, same time",
  "upsampling-twice": () => "the last upsampling of each head's logits runs twice",
  "slower-algorithms": () => "a few convolutions may run a slower algorithm",
  "fewer-pixels": (d) => `the data changes: each image shows ${d.percent} % of the pixels it showed`,
  "average-not-made": () => "the averaged model is not made; the trained one stays as it is",
  "checkpoint-afterwards": () => "training is unchanged; the best checkpoint is found afterwards",
  "evaluation-longer": () => "training is unchanged; evaluation takes longer and its scores differ slightly",
  "rate-follows": (d) =>
    `a step sees ${d.images} images instead of ${d.before}: the rate follows in proportion (linear rule)`,
  "batch-kept": () => "effective batch kept",
  "fewer-images": (d) => `${d.images} images to a step instead of ${d.before}`,
  "batch-norm-sees": (d) => `batch norm sees ${d.images} images instead of ${d.before}`,
  "other-model": () => "the model changes: it has fewer parameters, and its scores are other ones",
  "other-training": () => "another way of training: the learning rate has to be found anew",
  "check-the-loss": () => "numerics change, check the loss",
  times,
  "times-without-tensor-cores": (d) => `${times(d)}: this card has no tensor cores`,
};
