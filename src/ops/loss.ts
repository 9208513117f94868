/** @file Kernels that losses are made of. */

import { phrase } from "../words/phrase.ts";
import { defineOp, gradNode, numel, ShapeError, sizeOf, type TensorMeta } from "./types.ts";

/**
 * Softmax with cross entropy on logits and int64 labels: softmax and label are kept, and the gradient is written into the
 * softmax. `axis` is the class axis.
 */
export const crossEntropyWithSoftmaxOp = defineOp<{ readonly axis: number; readonly softLabel: boolean }>({
  name: "cross_entropy_with_softmax",
  gradNode: gradNode("cross_entropy_with_softmax"),
  amp: "softmax_with_cross_entropy",
  saves: [1],
  savesOut: [0],
  infer: ([logits, label], { axis, softLabel }) => {
    const at = axis < 0 ? axis + logits!.shape.length : axis;
    const one = logits!.shape.map((d, i) => (i === at ? 1 : d));
    const want = softLabel ? logits!.shape : one;
    if (label!.shape.length !== want.length || label!.shape.some((d, i) => d !== want[i])) {
      throw new ShapeError("cross_entropy", phrase("label-of-one-class", {}), [logits!.shape, label!.shape]);
    }
    return [
      { shape: logits!.shape, dtype: logits!.dtype },
      { shape: one, dtype: logits!.dtype },
    ];
  },
  grads: () => ["saved", undefined],
});

/**
 * Counts of valid elements: as many bytes for each element as it has, and that times its size again
 * (`counts_tensor` in sigmoid_cross_entropy_with_logits_kernel.cu).
 */
function countScratch(x: TensorMeta): number[] {
  return [numel(x.shape) * sizeOf(x.dtype) * sizeOf(x.dtype)];
}

/** `sigmoid_cross_entropy_with_logits`: x, label and pos_weight are kept; dx takes dout's buffer. */
export const sigmoidCrossEntropyOp = defineOp({
  name: "sigmoid_cross_entropy_with_logits",
  gradNode: gradNode("sigmoid_cross_entropy_with_logits"),
  amp: "sigmoid_cross_entropy_with_logits",
  floatOnly: true,
  saves: [0, 1, 2],
  infer: ([x, label]) => {
    if (x!.shape.some((d, i) => d !== label!.shape[i])) {
      throw new ShapeError("sigmoid_cross_entropy_with_logits", phrase("logits-and-labels-differ", {}), [
        x!.shape,
        label!.shape,
      ]);
    }
    return [{ shape: x!.shape, dtype: x!.dtype }];
  },
  grads: () => ["inplace", undefined, undefined],
  temporaries: ([x]) => countScratch(x!),
  gradTemporaries: ({ inputs: [x] }) => countScratch(x!),
});

export const nllLossOp = defineOp({
  name: "nll_loss",
  gradNode: gradNode("nll_loss"),
  amp: "nll_loss",
  saves: [0, 1],
  savesOut: [1],
  infer: ([x]) => [
    { shape: [x!.shape[0]!, ...x!.shape.slice(2)], dtype: x!.dtype },
    { shape: [], dtype: x!.dtype },
  ],
  grads: () => ["new", undefined],
});

export const kldivLossOp = defineOp({
  name: "kldiv_loss",
  gradNode: gradNode("kldiv_loss"),
  amp: "kldiv_loss",
  floatOnly: true,
  saves: [1],
  meta: [0],
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grads: () => ["new", undefined],
});

export const huberLossOp = defineOp({
  name: "huber_loss",
  gradNode: gradNode("huber_loss"),
  amp: "huber_loss",
  savesOut: [1],
  infer: ([x]) => [
    { shape: x!.shape, dtype: x!.dtype },
    { shape: x!.shape, dtype: x!.dtype },
  ],
});
