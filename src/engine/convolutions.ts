/** @file Convolutions as cuDNN sees them, for the memory model: a transposed one is another's gradient by its data. */
import type { ConvGeometry, TensorMeta } from "../ops/types.ts";
import type { Convolution } from "./events.ts";

/** Input, filter and output of an op, in that order. */
type Operands = readonly [x: TensorMeta, w: TensorMeta, out: TensorMeta];

/** The kernel that the forward op runs when the events before `at` had happened. */
export function forwardConvolution(geometry: ConvGeometry, operands: Operands, at: number): Convolution {
  return convolution(geometry, operands, at, geometry.transposed ? "backward-data" : "forward");
}

/** The kernels of its backward: the data's gradient where it is needed, then the filter's; they share one workspace. */
export function backwardConvolutions(
  geometry: ConvGeometry,
  operands: Operands,
  needs: readonly boolean[],
  at: number,
): readonly Convolution[] {
  const found: Convolution[] = [];
  const data = geometry.transposed ? "forward" : "backward-data";
  if (needs[0]) found.push(convolution(geometry, operands, at, data));
  if (needs[1]) found.push(convolution(geometry, operands, at, "backward-filter"));
  return found;
}

function convolution(
  { transposed, groups, stride, dilation, channelsLast }: ConvGeometry,
  [x, w, out]: Operands,
  at: number,
  direction: Convolution["direction"],
): Convolution {
  const [input, output] = transposed ? [out, x] : [x, out];
  return {
    at,
    direction,
    input: input.shape,
    filter: w.shape,
    output: output.shape,
    dtype: x.dtype,
    groups,
    stride,
    dilation,
    layout: channelsLast ? "NHWC" : "NCHW",
  };
}
