/** @file Errors of what a network, loss or run cannot do, in English. */
import type { ErrorTable } from "../../error-data.ts";
import type { NetworkErrors } from "../../errors/network.ts";
import { shortly } from "../../shortly.ts";
import { didYouMean } from "../near.ts";

export const networkErrors: ErrorTable<NetworkErrors> = {
  "not-modelled": {
    message: (d) => `The ${d.kind} ${shortly(d.name)} is not modelled; nothing is guessed.`,
    hint: (d) => didYouMean(d.near, `It would be added as one file in ${d.folder}, with one line in the index there.`),
  },
  "argument-wrong": {
    message: (d, say) => `${say(d.reason)}.`,
    hint: (d) => didYouMean(d.near, `Correct ${d.argument} of ${d.component}.`),
  },
  "shape-refused": {
    message: (d, say) =>
      `The network fails at this size: ${d.op} in ${d.layer || "the training loop"} got ${d.shapes.join(" and ")}; ${say(d.reason)}.`,
    hint: () => "Choose a size on the network's stride, as Paddle itself would refuse this one.",
  },
  "tensor-impossible": {
    message: (d) =>
      d.shape === undefined
        ? `${d.op} in ${d.layer || "the training loop"} makes more tensors than any training has.`
        : `${d.op} in ${d.layer || "the training loop"} would make a tensor of [${d.shape}], which cannot be: sizes are whole numbers from 0 on, and no card holds 4 TiB.`,
    hint: () => "Correct the argument, batch or size that this comes from.",
  },
  "list-too-short": {
    message: (d) =>
      `The network fails in ${d.layer || "the training loop"}: it asks for item ${d.index} of a list of ${d.length} tensors.`,
    hint: () => "backbone_indices and the like count the backbone's feature maps from 0.",
  },
  "dtype-refused": {
    message: (d, say) => `Paddle refuses ${d.layer || "the training loop"} ${say(d.when)}: ${say(d.reason)}.`,
    hint: () => "Train it in fp32, or under AMP O2: --precision fp32, --amp-level O2.",
  },
  "single-precision-only": {
    message: (d) => `The op ${d.op} takes float32 only, but is given ${d.dtype}.`,
    hint: () => "Train it in fp32: --precision fp32.",
  },
  "data-parallel-stops": {
    message: (d, say) => `Paddle's DataParallel stops in this run: ${say(d.reason)}.`,
    hint: () =>
      "Train on one card (--gpus 1). With several, leave out --recompute: its PyLayer hides parameters from the reducer.",
  },
  "paddle-refuses": {
    message: (d, say) => `Paddle cannot run the ${d.kind} ${d.component}: ${say(d.reason)}.`,
    hint: (d) => `Choose another ${d.kind}; this one stops at its first forward, whatever the size.`,
  },
  "logits-losses-differ": {
    message: (d) => `The network returns ${d.logits} logits, but loss has ${d.losses} terms.`,
    hint: () => "Give loss as many types and coef as the network returns logits.",
  },
  "recompute-not-known": {
    message: (d) => `There is no layer ${d.layer} to recompute.`,
    hint: (d) => didYouMean(d.near, "See the layers in vram-plan estimate CONFIG --depth 3."),
  },
  "run-not-modelled": {
    message: (d, say) => `A run with ${say(d.what)} is not modelled: ${say(d.reason)}.`,
    hint: (d, say) => say(d.instead),
  },
};
