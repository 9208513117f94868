/** @file Activations and other pointwise functions of one tensor: a table of what backward takes. */
import { reduceScratch } from "./reduce-kernel.ts";
import { defineOp, type GradContext, gradNode, numel, type Op, sizeOf } from "./types.ts";

type Row = readonly [saves: "x" | "out" | "both" | "none", grad: "inplace" | "new", amp?: string, gradName?: string];

/** Kernel name → what the tape keeps, where dx goes, the name in the AMP lists (facts/paddle-ops.json). */
const table = {
  abs: ["x", "new"],
  atan: ["x", "inplace"],
  ceil: ["none", "inplace"],
  celu: ["x", "inplace"],
  clip: ["x", "inplace"],
  cos: ["x", "inplace"],
  elu: ["both", "inplace"],
  erf: ["x", "new"],
  exp: ["out", "inplace"],
  floor: ["none", "inplace"],
  gelu: ["x", "new"],
  hardsigmoid: ["out", "inplace", "hard_sigmoid"],
  hardswish: ["x", "inplace", "hard_swish"],
  hardtanh: ["x", "inplace"],
  leaky_relu: ["x", "inplace"],
  log: ["x", "inplace"],
  log10: ["x", "inplace"],
  log1p: ["x", "inplace"],
  log2: ["x", "inplace"],
  logsigmoid: ["x", "inplace"],
  mish: ["x", "inplace"],
  pow: ["x", "inplace"],
  reciprocal: ["out", "inplace"],
  relu: ["out", "inplace"],
  relu6: ["out", "inplace"],
  round: ["none", "inplace"],
  rsqrt: ["out", "inplace"],
  selu: ["out", "new"],
  sigmoid: ["out", "inplace"],
  sign: ["none", "new", "sign", "scale"],
  silu: ["both", "inplace"],
  sin: ["x", "inplace"],
  softplus: ["x", "inplace"],
  softsign: ["x", "inplace"],
  sqrt: ["out", "inplace"],
  square: ["x", "inplace"],
  swish: ["x", "inplace"],
  tan: ["x", "inplace"],
  tanh: ["out", "inplace"],
  tanh_shrink: ["x", "inplace"],
} as const satisfies Record<string, Row>;

export type Pointwise = keyof typeof table;

function pointwise(name: string, [saves, grad, amp, gradName]: Row): Op {
  return defineOp({
    name,
    gradNode: gradNode(name),
    ...(gradName === undefined ? {} : { gradName }),
    amp: amp ?? name,
    saves: saves === "x" || saves === "both" ? [0] : [],
    savesOut: saves === "out" || saves === "both" ? [0] : [],
    infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
    grads: () => [grad],
  });
}

const ops = new Map<string, Op>(Object.entries(table).map(([name, row]) => [name, pointwise(name, row)]));

/** The op of a pointwise function. */
export function pointwiseOp(name: Pointwise): Op {
  return ops.get(name)!;
}

/** `x * a + b` with Python numbers: nothing kept, dx new. */
export const scaleOp = defineOp({
  name: "scale",
  gradNode: gradNode("scale"),
  gradName: "scale",
  amp: "scale",
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
});

/** Softmax along one axis; the tape keeps the result. */
export const softmaxOp = defineOp({
  name: "softmax",
  gradNode: gradNode("softmax"),
  amp: "softmax",
  savesOut: [0],
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
});

export const logSoftmaxOp = defineOp({
  name: "log_softmax",
  gradNode: gradNode("log_softmax"),
  amp: "log_softmax",
  savesOut: [0],
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
});

/** PReLU: x and the slopes. */
export const preluOp = defineOp({
  name: "prelu",
  gradNode: gradNode("prelu"),
  amp: "prelu",
  saves: [0, 1],
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  gradTemporaries: slopeTemporaries,
});

/** The slopes' gradient is made as large as x, then summed up: over everything, or for each channel (prelu_grad_kernel.cu). */
function slopeTemporaries({ inputs: [x, slopes], needs, device }: GradContext<void>): number[] {
  if (!needs[1]) return [];
  const size = sizeOf(x!.dtype);
  const axes = [...x!.shape.keys()].filter((i) => numel(slopes!.shape) === 1 || i !== 1);
  return [numel(x!.shape) * size, reduceScratch(x!.shape, axes, size, device)];
}

/** Dropout with p > 0. The kernel makes a mask of one byte an element also in evaluation, where the tape does not keep it. */
export const dropoutOp = defineOp({
  name: "dropout",
  gradNode: gradNode("dropout"),
  amp: "dropout",
  savesOut: [1],
  infer: ([x]) => [
    { shape: x!.shape, dtype: x!.dtype },
    { shape: x!.shape, dtype: "uint8" },
  ],
});
