/** @file Gradient clipping (`paddle/nn/clip.py`): each way makes a second set of gradients. */
import { run1 } from "../engine/dispatch.ts";
import { current } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { ArgumentError, type Plain } from "../nn/args.ts";
import * as t from "../nn/tensor.ts";
import { clipByNormOp, squaredL2NormOp } from "../ops/optimizer.ts";
import { type DType, numel, sizeOf } from "../ops/types.ts";

export type Clip = "ClipGradByGlobalNorm" | "ClipGradByNorm" | "ClipGradByValue";

const known: readonly Clip[] = ["ClipGradByGlobalNorm", "ClipGradByNorm", "ClipGradByValue"];

/** The name in `grad_clip_cfg`; its limits change no memory. */
export function readClip(value: Plain | undefined): Clip | undefined {
  if (value === undefined) return undefined;
  const name = typeof value === "object" && value !== null && "name" in value ? value.name : undefined;
  const clip = known.find((k) => k === name);
  if (clip === undefined) {
    throw new ArgumentError("optimizer", "grad_clip_cfg", `grad_clip_cfg needs a name: ${known.join(", ")}`);
  }
  return clip;
}

/** The clipped gradients, in order. */
export function clipped(clip: Clip, gradients: PyList, scratch: EigenScratch): PyList {
  if (clip === "ClipGradByGlobalNorm") return byGlobalNorm(gradients);
  const out = new PyList();
  for (const g of gradients) out.append(clip === "ClipGradByNorm" ? byNorm(g, scratch) : t.clip(g));
  return out;
}

/** Elements from which on Eigen's full reduction uses several blocks: 256 threads of 128 elements (TensorReductionGpu.h). */
const oneBlock = 256 * 128;

/** Eigen's scratch pad and its semaphore, in float32 numbers (kGpuScratchSize 1024 in TensorDeviceGpu.h). */
const scratchNumbers = 1024 / 4 + 1;

/** Eigen's scratch pad: made at the first reduction over several blocks, kept for ever. */
export class EigenScratch {
  private pad: Tensor | undefined;

  /** Takes the pad if it is not there yet. */
  need(): void {
    this.pad ??= current().tensor([scratchNumbers], "float32", "clip_by_norm");
  }
}

/** In float32 the scale is one Eigen expression with four reduced numbers (clip_by_norm_kernel_impl.h). */
function byNorm(g: Tensor, scratch: EigenScratch): Tensor {
  if (g.dtype === "float16") return run1(clipByNormOp, [g], undefined);
  const e = current();
  const out = e.tensor(g.shape, g.dtype, "clip_by_norm");
  const number = sizeOf("float32");
  const first = e.takeTemporaries([number], "clip_by_norm");
  if (numel(g.shape) > oneBlock) scratch.need();
  const others = e.takeTemporaries([number, number, number], "clip_by_norm");
  e.freeTemporaries([...first, ...others], "clip_by_norm");
  return out;
}

interface Locals {
  gradients: PyList;
  params_and_grads: PyList;
  fp16: PyList;
  fp32: PyList;
  sum_square: Tensor;
  global_norm_var: PyList | Tensor;
  global_norm_var_fp16: Tensor;
  global_norm_var_fp32: Tensor;
  max_global_norm: Tensor;
  clip_var: Tensor;
  clip_input: Tensor;
}

/** `async_add_n`. */
function total(numbers: PyList): Tensor {
  return t.sum(t.stack(numbers));
}

function byGlobalNorm(gradients: PyList): PyList {
  return scope({ gradients }, (f: Locals) => {
    if (f.gradients.length === 0) return f.gradients;
    f.params_and_grads = new PyList();
    f.fp16 = new PyList();
    f.fp32 = new PyList();
    for (const g of f.gradients) {
      f.sum_square = run1(squaredL2NormOp, [g], undefined);
      (g.dtype === "float16" ? f.fp16 : f.fp32).append(f.sum_square);
    }
    globalNorm(f);
    for (const g of f.gradients) {
      f.clip_input = inDType(f.clip_var, g.dtype);
      f.params_and_grads.append(t.multiply(g, f.clip_input));
    }
    return f.params_and_grads;
  });
}

/** The factor for all gradients. Sums of float16 gradients are added for themselves. */
function globalNorm(f: Locals): void {
  const sums = new PyList();
  f.global_norm_var = sums;
  if (f.fp16.length > 0) {
    f.global_norm_var_fp16 = total(f.fp16);
    sums.append(t.cast(f.global_norm_var_fp16, "float32"));
  }
  if (f.fp32.length > 0) {
    f.global_norm_var_fp32 = total(f.fp32);
    sums.append(f.global_norm_var_fp32);
  }
  const sum = total(sums);
  f.global_norm_var = sum;
  const norm = t.sqrt(sum);
  f.global_norm_var = norm;
  f.max_global_norm = t.full([]);
  f.clip_var = t.divide(f.max_global_norm, t.maximum(norm, f.max_global_norm));
}

function inDType(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : t.cast(x, dtype);
}
