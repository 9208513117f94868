/** @file Multi-scale deformable attention (`paddleseg/models/layers/ms_deformable_attention.py`), and the places it looks from. */
import { scope } from "../../engine/frame.ts";
import { drop, PyList, release } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Parameter, refill } from "../../nn/layer.ts";
import { Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

/** Reference points [1, Q, 1, 2], the levels' sizes [levels, 2], where each level starts [levels]. */
export type DeformInputs = readonly [points: Tensor, shapes: Tensor, starts: Tensor];

/** Height and width of one level. */
type Size = readonly [number, number];

/** `get_reference_points`: the middle of every pixel of every level, from 0 to 1. */
function referencePoints(sizes: readonly Size[]): Tensor {
  interface Locals {
    list: PyList;
    ref_y: Tensor;
    ref_x: Tensor;
    ref: Tensor;
    points: Tensor;
  }
  return scope({}, (f: Locals) => {
    f.list = new PyList();
    for (const [height, width] of sizes) {
      const [y, x] = t.meshgrid(t.linspace(height), t.linspace(width));
      f.ref_y = y;
      f.ref_x = x;
      f.ref_y = t.scale(t.reshape(f.ref_y, [1, -1]));
      f.ref_x = t.scale(t.reshape(f.ref_x, [1, -1]));
      f.ref = t.stack([f.ref_x, f.ref_y], -1);
      f.list.append(f.ref);
    }
    f.points = t.concat(f.list, 1);
    return t.unsqueeze(f.points, 2);
  });
}

/** `deform_inputs` of an image: for the injector, which looks at three levels, and for the extractor, which looks at one. */
export function deformInputs(height: number, width: number): readonly [DeformInputs, DeformInputs] {
  interface Locals {
    shapes: Tensor;
    starts: Tensor;
    points: Tensor;
    first: DeformInputs;
    second: DeformInputs;
  }
  const at = (stride: number): Size => [Math.floor(height / stride), Math.floor(width / stride)];
  const levels = [at(8), at(16), at(32)];
  return scope({}, (f: Locals) => {
    const inputs = (looked: number, from: readonly Size[]): DeformInputs => {
      f.shapes = t.toTensor([looked, 2], "int64");
      const zero = t.zeros([1], "int64");
      f.starts = t.concat([zero, t.slice(t.cumsum(t.prod(f.shapes, 1)), 0, 0, -1)]);
      f.points = referencePoints(from);
      return [f.points, f.shapes, f.starts];
    };
    f.first = inputs(levels.length, [at(16)]);
    f.second = inputs(1, levels);
    return [f.first, f.second] as const;
  });
}

/** A linear layer whose bias is made anew, not trained, from given offsets. */
export class SamplingOffsets extends Layer {
  readonly weight: Parameter;
  bias: Parameter;

  constructor(from: number, to: number) {
    super();
    this.weight = new Parameter([from, to], { initializer: "uniform" });
    this.bias = new Parameter([to], { initializer: "full" });
  }

  /** `sampling_offsets.bias = create_parameter(Assign(…))`: the new one is there before the old one goes. */
  replaceBias(): void {
    const old = this.bias;
    this.bias = new Parameter(old.shape, { initializer: "assign_value", trainable: false });
    release(old);
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.linear(x, this.weight, this.bias);
  }
}

interface Locals {
  value: Tensor;
  sampling_offsets: Tensor;
  attention_weights: Tensor;
  offset_normalizer: Tensor;
  sampling_locations: Tensor;
  output: Tensor;
}

export interface DeformOptions {
  readonly levels: number;
  readonly heads: number;
  readonly points: number;
  /** Width of the value against the model's. */
  readonly ratio: number;
}

/** Query [N, Q, C] and the features it looks at [N, S, C] to [N, Q, C]. */
export class MSDeformAttn extends Layer<readonly [Tensor, DeformInputs, Tensor]> {
  readonly sampling_offsets: SamplingOffsets;
  readonly attention_weights: Linear;
  readonly value_proj: Linear;
  readonly output_proj: Linear;
  private readonly options: DeformOptions;
  private readonly width: number;

  constructor(dim: number, options: DeformOptions) {
    super();
    this.options = options;
    const { levels, heads, points, ratio } = options;
    this.width = Math.floor(dim * ratio);
    this.sampling_offsets = new SamplingOffsets(dim, heads * levels * points * 2);
    this.attention_weights = new Linear(dim, heads * levels * points);
    this.value_proj = new Linear(dim, this.width);
    this.output_proj = new Linear(this.width, dim);
    this.reset();
  }

  /** `_reset_parameters`: offsets in a circle around each place, farther with each point. */
  reset(): void {
    const { levels, heads, points } = this.options;
    scope({}, (f: { thetas: Tensor; grid: Tensor }) => {
      f.thetas = t.scale(t.arange(heads, "float32"));
      const cosine = t.cos(f.thetas);
      f.grid = t.stack([cosine, t.sin(f.thetas)], -1);
      const largest = t.max(t.abs(f.grid), -1, true);
      const unit = t.divide(f.grid, t.select(largest, 0, 0));
      f.grid = t.tile(t.reshape(unit, [heads, 1, 1, 2]), [1, levels, points, 1]);
      for (let i = 0; i < points; i++) t.setValue(f.grid, t.scale(t.select(f.grid, 2, i)));
      f.grid = t.reshape(f.grid, [-1]);
      this.sampling_offsets.replaceBias();
      refill(this.value_proj.weight, "uniform");
      refill(this.output_proj.weight, "uniform");
    });
  }

  forward(f: Locals, query: Tensor, [points, shapes, starts]: DeformInputs, features: Tensor): Tensor {
    const { levels, heads, points: count } = this.options;
    const [batch, length, size] = [query.dim(0), query.dim(1), features.dim(1)];
    const areas = t.multiply(t.select(shapes, 1, 0), t.select(shapes, 1, 1));
    drop(t.equal(t.sum(areas), size));
    f.value = this.value_proj.call(features);
    f.value = t.reshape(f.value, [batch, size, heads, Math.floor(this.width / heads)]);
    f.sampling_offsets = t.reshape(this.sampling_offsets.call(query), [batch, length, heads, levels, count, 2]);
    f.attention_weights = t.reshape(this.attention_weights.call(query), [batch, length, heads, levels * count]);
    f.attention_weights = t.reshape(F.softmax(f.attention_weights), [batch, length, heads, levels, count]);
    const [width, height] = [t.select(shapes, 1, 1), t.select(shapes, 1, 0)];
    f.offset_normalizer = t.cast(t.stack([width, height], -1), "float32");
    const middles = t.unsqueeze(t.unsqueeze(points, 2), 4);
    const normalizer = t.unsqueeze(t.unsqueeze(f.offset_normalizer, [0, 1, 2]), 4);
    f.sampling_locations = t.add(middles, t.divide(f.sampling_offsets, normalizer));
    f.output = t.msDeformAttn(f.value, shapes, starts, f.sampling_locations, f.attention_weights);
    f.output = this.output_proj.call(f.output);
    return f.output;
  }
}
