/** @file The workspace of each convolution by rule: what cuDNN may ask for while a kernel runs. The least certain bytes of all. */
import type { Convolution, EventLog } from "../engine/events.ts";
import { MiB } from "../units.ts";

/** A workspace taken when the events before `at` had happened, and given back before the next one. */
export interface Workspace {
  readonly at: number;
  readonly expectedBytes: number;
  readonly highBytes: number;
}

/** FLAGS_conv_workspace_size_limit of Paddle 2.6 and 3.x: 512 MB (Paddle PR #19780, cudnn_workspace_helper.h). */
export const defaultConvWorkspaceLimitBytes = 512 * MiB;

/** One 32-bit offset for each filter tap: the table that an implicit GEMM with precomputed indices reads. */
const offsetBytes = 4;

function elements(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Bytes of an element that cuDNN convolves; other types have no cuDNN convolution. */
function elementBytes(dtype: string): number {
  switch (dtype) {
    case "float16":
    case "bfloat16":
      return 2;
    case "float32":
      return 4; // IEEE 754 single precision
    case "float64":
      return 8; // IEEE 754 double precision
    default:
      throw new Error(`workspace: no convolution in ${dtype}`);
  }
}

/**
 * First rules, as Paddle 2.6 picks the first of cuDNN's ranked algorithms whose workspace is within the limit (conv_cudnn_v7.h):
 * - half precision in NCHW: tensor-core kernels work in NHWC, so cuDNN transposes input and output (the note in Paddle's
 *   conv_kernel.cu; size inferred): expected input + output, high also the filter.
 * - half precision in NHWC, and single precision: expected the offsets of an implicit GEMM with precomputed indices, one for each
 *   tap of a filter; high what a transformed algorithm (Winograd, FFT, TF32 in NHWC) asks for: of the order of input + output
 *   (mmsegmentation#321: 1.4 times the memory of a whole run with freely chosen algorithms; size inferred).
 * Both are capped by the limit. A negative limit means "whatever is free" to Paddle: no cap.
 * Left out: that the limit is soft (with no algorithm within it, Paddle takes the first anyway).
 */
export function convolutionWorkspace(conv: Convolution, limitBytes: number): Workspace {
  const unit = elementBytes(conv.dtype);
  const ends = (elements(conv.input) + elements(conv.output)) * unit;
  const filter = elements(conv.filter) * unit;
  const taps = elements(conv.filter.slice(1));
  const transposes = unit === 2 && conv.layout !== "NHWC";
  const cap = limitBytes < 0 ? Number.POSITIVE_INFINITY : limitBytes;
  const expectedBytes = Math.min(cap, transposes ? ends : taps * offsetBytes);
  const highBytes = Math.min(cap, transposes ? ends + filter : ends);
  return { at: conv.at, expectedBytes, highBytes: Math.max(expectedBytes, highBytes) };
}

/** The workspaces of a log by the rules, in event order; those without bytes left out. */
export function listWorkspaces(log: EventLog, limitBytes = defaultConvWorkspaceLimitBytes): readonly Workspace[] {
  return workspacesOf(log, (conv) => convolutionWorkspace(conv, limitBytes)).filter((w) => w.highBytes > 0);
}

/** The same workspace for every convolution, as a measurement with a fixed one has it. */
export function fixedWorkspaces(log: EventLog, bytes: number): readonly Workspace[] {
  return workspacesOf(log, ({ at }) => ({ at, expectedBytes: bytes, highBytes: bytes }));
}

/**
 * One workspace a kernel: the two gradients of a convolution are one kernel, which takes the larger of what they ask for
 * (`ConvCudnnGradKernelImplV7`, and the same for transposed ones).
 */
function workspacesOf(log: EventLog, rule: (conv: Convolution) => Workspace): readonly Workspace[] {
  const found: Workspace[] = [];
  for (const conv of log.convolutions) {
    const one = rule(conv);
    const before = found.at(-1);
    if (before?.at !== one.at) {
      found.push(one);
      continue;
    }
    found[found.length - 1] = {
      at: one.at,
      expectedBytes: Math.max(before.expectedBytes, one.expectedBytes),
      highBytes: Math.max(before.highBytes, one.highBytes),
    };
  }
  return found;
}
