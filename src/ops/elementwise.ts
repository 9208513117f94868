/** @file Binary elementwise ops, comparisons and `where`, with broadcasting. */
import { broadcastAxes, reduceScratch } from "./reduce-kernel.ts";
import {
  broadcast,
  type Device,
  defineOp,
  type GradContext,
  gradNode,
  numel,
  type Op,
  sameShape,
  sizeOf,
  type TensorMeta,
} from "./types.ts";

function binary(op: string) {
  return ([x, y]: readonly TensorMeta[]) => [{ shape: broadcast(op, x!.shape, y!.shape), dtype: x!.dtype }];
}

/** add, subtract: dx in dout's buffer where the shape is the same, dy a copy; a broadcast side is reduced straight from dout. */
function sumGrads({ inputs, outputs }: GradContext<void>) {
  const same = (i: number) => sameShape(inputs[i]!.shape, outputs[0]!.shape);
  return [same(0) ? ("inplace" as const) : ("new" as const), "new" as const];
}

/** Scratch of reducing the output's gradient to a broadcast operand. */
function reduction(x: TensorMeta, out: TensorMeta, device: Device): number {
  return reduceScratch(out.shape, broadcastAxes(x.shape, out.shape), sizeOf(x.dtype), device);
}

/** Sums that bring dout to the shape of a broadcast operand. */
function sumTemporaries({ inputs, outputs, needs, device }: GradContext<void>): number[] {
  const out = outputs[0]!;
  return inputs.flatMap((x, i) => (needs[i] && !sameShape(x.shape, out.shape) ? [reduction(x, out, device)] : []));
}

/** multiply, divide: one temporary of the output's size for each broadcast operand that needs a gradient (elementwise_grad.h). */
function broadcastTemporaries({ inputs, outputs, needs, device }: GradContext<void>): number[] {
  const out = outputs[0]!;
  return inputs.flatMap((x, i) =>
    needs[i] && !sameShape(x.shape, out.shape) ? [numel(out.shape) * sizeOf(out.dtype), reduction(x, out, device)] : [],
  );
}

export const addOp = defineOp({
  name: "add",
  gradNode: gradNode("add"),
  amp: "elementwise_add",
  meta: [0, 1],
  infer: binary("add"),
  grads: sumGrads,
  gradTemporaries: sumTemporaries,
  promotes: true,
});

export const subtractOp = defineOp({
  name: "subtract",
  gradNode: gradNode("subtract"),
  amp: "elementwise_sub",
  meta: [0, 1],
  infer: binary("subtract"),
  grads: sumGrads,
  gradTemporaries: sumTemporaries,
  promotes: true,
});

/** On the GPU the eager engine keeps x only if y needs a gradient, and the other way round (multiply_fwd_func.cc). */
export const multiplyOp = defineOp({
  name: "multiply",
  gradNode: gradNode("multiply"),
  amp: "elementwise_mul",
  saves: [0, 1],
  savesIf: { 0: 1, 1: 0 },
  copyInKernel: true,
  infer: binary("multiply"),
  gradTemporaries: broadcastTemporaries,
  promotes: true,
});

export const divideOp = defineOp({
  name: "divide",
  gradNode: gradNode("divide"),
  amp: "elementwise_div",
  saves: [0, 1],
  savesOut: [0],
  infer: binary("divide"),
  gradTemporaries: broadcastTemporaries,
  promotes: true,
});

function keepsBoth(name: string, amp = name): Op {
  return defineOp({
    name,
    gradNode: gradNode(name),
    amp,
    saves: [0, 1],
    infer: binary(name),
    gradTemporaries: broadcastTemporaries,
    promotes: true,
  });
}

export const maximumOp = keepsBoth("maximum", "elementwise_max");
export const minimumOp = keepsBoth("minimum", "elementwise_min");
export const fmaxOp = keepsBoth("fmax", "elementwise_fmax");
export const elementwisePowOp = keepsBoth("elementwise_pow");

const plain = (name: string): Op => defineOp({ name, amp: name, infer: binary(name) });
export const floorDivideOp = plain("floor_divide");
export const remainderOp = plain("remainder");

/** Comparisons and logic: bool of the broadcast shape, no gradient. */
const compare = (name: string): Op =>
  defineOp({
    name,
    amp: name,
    promotes: true,
    infer: ([x, y]) => [{ shape: y ? broadcast(name, x!.shape, y.shape) : x!.shape, dtype: "bool" }],
  });

export const equalOp = compare("equal");
export const notEqualOp = compare("not_equal");
export const lessThanOp = compare("less_than");
export const lessEqualOp = compare("less_equal");
export const greaterThanOp = compare("greater_than");
export const greaterEqualOp = compare("greater_equal");
export const logicalAndOp = compare("logical_and");
export const logicalOrOp = compare("logical_or");
export const logicalNotOp = compare("logical_not");
export const isnanOp = compare("isnan");
/** `~x` of a bool tensor. */
export const bitwiseNotOp = compare("bitwise_not");

/** `paddle.where(condition, x, y)` of equal shapes. */
export const whereOp = defineOp({
  name: "where",
  gradNode: gradNode("where"),
  amp: "where",
  saves: [0],
  meta: [1, 2],
  infer: ([, x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grads: ({ needs }) => [undefined, needs[1] ? "new" : undefined, needs[2] ? "new" : undefined],
});

/** `paddle.where_(condition, x, y)`: into x. */
export const whereInPlaceOp = defineOp({
  name: "where_",
  infer: ([, x]) => [{ ...x!, view: 1 }],
});

/** `x.multiply_(y)` and its like, outside autograd: into x's own storage. */
export const overwriteOp = defineOp({
  name: "multiply",
  infer: ([x]) => [{ ...x!, view: 0 }],
});
