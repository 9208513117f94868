/** @file Kernels of an optimizer's step that take memory: norms of gradients, clipping, regularised gradients. */
import { reduceScratch } from "./reduce-kernel.ts";
import { defineOp, sizeOf } from "./types.ts";

/** `squared_l2_norm`: one number; summed in float32 (squared_l2_norm.h). */
export const squaredL2NormOp = defineOp({
  name: "squared_l2_norm",
  infer: ([x]) => [{ shape: [1], dtype: x!.dtype }],
  temporaries: ([x], _outputs, _attrs, device) => [reduceScratch(x!.shape, [], sizeOf("float32"), device)],
});

/** `clip_by_norm` in float16: the norm is reduced into a float32 number (clip_by_norm_kernel.cu). */
export const clipByNormOp = defineOp({
  name: "clip_by_norm",
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  temporaries: ([x], _outputs, _attrs, device) => {
    const number = sizeOf("float32");
    return [number, reduceScratch(x!.shape, [], number, device)];
  },
});

/** `add_n`: a gradient and its regularisation. */
export const addNOp = defineOp({
  name: "add_n",
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
});
