/** @file What an op is: data. Shapes in, shapes out, what the tape keeps, what backward makes, how AMP treats it. */
import { type Phrase, phrase } from "../words/phrase.ts";

export type DType = "float32" | "float16" | "float64" | "int64" | "int32" | "uint8" | "bool";

const sizes: Readonly<Record<DType, number>> = {
  float32: 4,
  float16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  uint8: 1,
  bool: 1,
};

/** Bytes of one element. */
export function sizeOf(dtype: DType): number {
  return sizes[dtype];
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float16" || dtype === "float64";
}

export type Shape = readonly number[];

export function numel(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/**
 * 4 TiB, more than ten times what the largest card holds. Sums of two thousand such tensors are still whole numbers that a
 * double holds (2^53).
 */
const mostBytes = 2 ** 42;

/** Bytes of a new tensor. Throws SizeError on sizes that no tensor has, and on tensors that no card holds. */
export function bytesOf(shape: Shape, dtype: DType, op: string): number {
  let n = sizes[dtype];
  for (const d of shape) {
    if (!(d >= 0) || !Number.isInteger(d)) throw new SizeError(op, "a size has to be a whole number from 0 on", shape);
    n *= d;
  }
  if (n > mostBytes) throw new SizeError(op, "it would take more than 4 TiB, beyond any card", shape);
  return n;
}

/** Strides in elements of a contiguous tensor of this shape. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Shape, dtype and layout of a tensor; `strides` is undefined where the tensor is contiguous. */
export interface TensorMeta {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly strides?: readonly number[] | undefined;
}

/** One output of an op. `view`: shares the storage of that input. `host`: lies in host memory, 0 bytes on the card. */
export interface OutSpec extends TensorMeta {
  readonly view?: number | undefined;
  readonly host?: boolean | undefined;
}

/**
 * How the gradient of one input comes about: a `new` buffer of the input's shape and dtype, `inplace` in the buffer of the first
 * output's gradient, in the first output that the tape kept (`saved`), a contiguous `copy` that the node itself makes of a strided
 * gradient, a view of the gradient's buffer with the given strides (undefined: contiguous), or nothing.
 */
export type GradSpec =
  | "new"
  | "inplace"
  | "saved"
  | "copy"
  | { readonly strides: readonly number[] | undefined }
  | undefined;

/** What a kernel asks of the card: it decides how a reduction is split. */
export interface Device {
  readonly multiprocessors: number;
  readonly threadsPerMultiprocessor: number;
}

export interface GradContext<A> {
  readonly device: Device;
  readonly inputs: readonly TensorMeta[];
  readonly outputs: readonly TensorMeta[];
  readonly attrs: A;
  /** Which inputs need a gradient. */
  readonly needs: readonly boolean[];
  /** Shape of the arriving gradients by output; undefined where none arrived. */
  readonly grads: readonly (TensorMeta | undefined)[];
}

/** Convolution geometry, for cuDNN workspaces and FLOPs. */
export interface ConvGeometry {
  readonly groups: number;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly transposed: boolean;
  readonly channelsLast: boolean;
}

export interface Op<A = void> {
  /** Name of the forward kernel as Paddle's traces print it. */
  readonly name: string;
  /** Name of the grad node class, e.g. `ReluGradNode`; absent: not differentiable. See `gradNode`. */
  readonly gradNode?: string;
  /** Name of the backward kernel; default `${name}_grad`. */
  readonly gradName?: string;
  /** Name looked up in the AMP lists; absent: the op has no AMP code (in-place ops, cast, creation). */
  readonly amp?: string;
  /** `first`: AMP looks at and casts the first input only (batch_norm, layer_norm). */
  readonly ampInputs?: "first";
  /** The GPU has no float16 kernel (`core.op_supported_infos("GPU", FP16)`): AMP casts half inputs to float32. */
  readonly floatOnly?: true;
  /** Shape and dtype rule; throws ShapeError. */
  infer(inputs: readonly TensorMeta[], attrs: A): readonly OutSpec[];
  /** Inputs (by index) that the tape keeps with their buffer. */
  readonly saves?: readonly number[];
  /** Outputs (by index) that the tape keeps. */
  readonly savesOut?: readonly number[];
  /** Inputs that the grad node takes without buffer: nothing kept, but a strided input is still made contiguous first. */
  readonly meta?: readonly number[];
  /** A saved input is kept only if this other input needs a gradient (`multiply` on the GPU). */
  readonly savesIf?: Readonly<Record<number, number>>;
  /** The kernel takes strided inputs as they are (view ops). */
  readonly strided?: boolean;
  /** Hand-written forward function: strided inputs are copied inside the kernel only, the tape keeps the view (`multiply`). */
  readonly copyInKernel?: boolean;
  /** Gradients by input; default: `new` for every input that needs one. */
  grads?(context: GradContext<A>): readonly GradSpec[];
  /** Bytes that the forward kernel takes and frees inside itself, after its outputs. */
  temporaries?(
    inputs: readonly TensorMeta[],
    outputs: readonly TensorMeta[],
    attrs: A,
    device: Device,
  ): readonly number[];
  /** Each of `temporaries` is freed before the next is taken. */
  readonly temporariesInTurn?: true;
  /** Bytes that the forward kernel takes before its outputs (whose size it has to find out) and frees after them. */
  temporariesBefore?(inputs: readonly TensorMeta[], attrs: A): readonly number[];
  /** Bytes that the forward kernel takes after its first output and frees after the last. */
  temporariesAmid?(inputs: readonly TensorMeta[], attrs: A): readonly number[];
  /** Bytes that a library (thrust) asks of the driver past Paddle's allocator, after the outputs, and gives back at once. */
  libraryScratch?(inputs: readonly TensorMeta[]): number;
  /** Bytes that the backward kernel takes before its outputs and frees at its end. */
  gradTemporariesBefore?(context: GradContext<A>): readonly number[];
  /** Of a kernel that makes one gradient after the other: bytes taken before each input's gradient and freed right after it. */
  gradTemporariesAround?(context: GradContext<A>): readonly (readonly number[])[];
  /** The inputs are one list: backward makes the gradient of an item that nothing marks as `stop_gradient`, and drops it. */
  readonly listed?: true;
  /** The backward kernel makes the gradient of every input; one that is not needed is freed at its end. */
  readonly gradMakesAll?: true;
  /** Bytes that the backward kernel takes and frees inside itself, after its outputs. */
  gradTemporaries?(context: GradContext<A>): readonly number[];
  /** Two float inputs of different widths: the narrower one is cast up first (`PromoteTypes` in the generated functions). */
  readonly promotes?: boolean;
  /** A missing gradient of any output is made as zeros of full shape before the node runs (list outputs). */
  readonly fillsMissing?: boolean;
  /** Backward runs the nodes of these ops in the reverse of forward's order, whichever is ready first (`sync_batch_norm_`). */
  readonly sequential?: true;
  /** Multiply-adds times two of the forward kernel; default: number of output elements. */
  flops?(inputs: readonly TensorMeta[], outputs: readonly TensorMeta[], attrs: A): number;
  /** Of a convolution that cuDNN runs (not Paddle's own depthwise kernels): what it is asked for. */
  readonly conv?: (attrs: A) => ConvGeometry;
}

/** A shape that Paddle's own infer-meta would refuse. */
export class ShapeError extends Error {
  readonly op: string;
  readonly reason: Phrase;
  readonly shapes: readonly Shape[];

  constructor(op: string, reason: Phrase, shapes: readonly Shape[]) {
    super(reason.text);
    this.name = "ShapeError";
    this.reason = reason;
    this.op = op;
    this.shapes = shapes;
  }
}

/** A tensor that cannot be: a size that is none, or more bytes or tensors than any training has. `shape`: undefined for the latter. */
export class SizeError extends Error {
  readonly op: string;
  readonly shape: Shape | undefined;

  constructor(op: string, reason: string, shape?: Shape) {
    super(reason);
    this.name = "SizeError";
    this.op = op;
    this.shape = shape;
  }
}

/** Operands of two dtypes where a kernel of Paddle takes only one. */
export class DTypeError extends Error {
  readonly op: string;
  readonly dtypes: readonly DType[];

  constructor(op: string, dtypes: readonly DType[]) {
    super(`${op} takes operands of one dtype, not ${dtypes.join(" and ")}`);
    this.name = "DTypeError";
    this.op = op;
    this.dtypes = dtypes;
  }
}

/** Paddle's class name of an op's grad node: `batch_norm` → `BatchNormGradNode`. */
export function gradNode(op: string): string {
  return `${op.replace(/(^|_)([a-z0-9])/g, (_, _bar, letter: string) => letter.toUpperCase())}GradNode`;
}

/** Types an op's attributes and nothing else. */
export function defineOp<A = void>(op: Op<A>): Op<A> {
  return op;
}

/** Shape of an elementwise op on two inputs, by the usual broadcasting; Paddle's message shape on failure. */
export function broadcast(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(op, phrase("no-broadcast", { dimension: i, sizes: [x, y] }), [a, b]);
    }
    out[i] = x === 1 ? y : x;
  }
  return out;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}
