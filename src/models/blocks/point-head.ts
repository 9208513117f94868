/** @file PointRend's head: samples points, classifies them one by one, and in evaluation puts them back. */
import { current, noGrad } from "../../engine/engine.ts";
import { scope } from "../../engine/frame.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { buffer } from "../../nn/held.ts";
import { Layer, LayerList } from "../../nn/layer.ts";
import { Conv1D, type Conv2D, Dropout } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { pointSample, sampled, uncertainty } from "./point-sample.ts";

/** A convolution and ReLU. */
export class ConvModule extends Layer {
  readonly _conv: Conv1D | Conv2D;

  constructor(conv: Conv1D | Conv2D) {
    super();
    this._conv = conv;
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this._conv.call(x);
    f.x = F.relu(f.x);
    return f.x;
  }
}

interface TrainPointLocals {
  logits: Tensor;
  point_coords: Tensor;
  point_logits: Tensor;
  point_uncertainties: Tensor;
  idx: Tensor;
  shift: Tensor;
  rand_point_coords: Tensor;
}

interface TestPointLocals {
  logits: Tensor;
  uncertainty_map: Tensor;
  h_step: Tensor;
  w_step: Tensor;
  point_indices: Tensor;
  point_coords: Tensor;
}

interface ScatterLocals {
  refined: Tensor;
  point_indices: Tensor;
  point_logits: Tensor;
  flat: Tensor;
  offsets: Tensor;
  new_point_indices: Tensor;
}

interface Locals {
  prev_output: Tensor;
  x: readonly Tensor[];
  refined: Tensor;
  point_indices: Tensor;
  points: Tensor;
  fine: Tensor;
  coarse: Tensor;
  fusion: Tensor;
  point_logits: Tensor;
}

export class PointHead extends Layer<readonly [Iterable<Tensor>, readonly Tensor[]], readonly Tensor[]> {
  readonly fcs: LayerList<ConvModule>;
  readonly fc_seg: Conv1D;
  readonly dropout: Dropout | undefined;
  private readonly indices: readonly number[];
  private readonly numPoints: number;
  private readonly oversample: number;
  private readonly importance: number;
  private readonly factor: number;
  private readonly steps: number;
  private readonly testPoints: number;
  private readonly coarseEach: boolean;

  constructor(args: Args, classes: number) {
    super();
    const from = args.numbers("point_in_channels", [256]);
    const channels = args.int("point_out_channels", 256);
    this.indices = args.numbers("point_in_index", [0]);
    this.numPoints = args.int("point_num_points", 2048);
    this.oversample = args.number("point_oversample_ratio", 3);
    this.importance = args.number("point_importance_sample_ratio", 0.75);
    this.factor = args.number("point_scale_factor", 2);
    this.steps = args.count("point_subdivision_steps", 2);
    this.testPoints = args.int("point_subdivision_num_points", 8196);
    this.coarseEach = args.boolean("point_coarse_pred_each_layer", true);
    const rate = args.number("point_dropout_ratio", 0);
    args.string("point_conv_cfg", "Conv1D", ["Conv1D"]);
    args.string("point_input_transform", "multiple_select", ["multiple_select"]);
    if (this.oversample < 1 || this.importance < 0 || this.importance > 1) {
      const name = this.oversample < 1 ? "point_oversample_ratio" : "point_importance_sample_ratio";
      throw new ArgumentError(args.type, name, `${name} is out of its range`);
    }
    // PaddleSeg keeps this number as a tensor.
    buffer(t.toTensor([1], "int32"));
    let width = from.reduce((a, b) => a + b) + classes;
    this.fcs = new LayerList();
    for (let k = 0; k < args.int("point_num_fcs", 3); k++) {
      this.fcs.append(new ConvModule(new Conv1D(width, channels)));
      width = channels + (this.coarseEach ? classes : 0);
    }
    this.fc_seg = new Conv1D(width, classes);
    if (rate > 0) this.dropout = new Dropout(rate);
  }

  forward(f: Locals, inputs: Iterable<Tensor>, previous: readonly Tensor[]): readonly Tensor[] {
    f.prev_output = previous[0]!;
    const all = [...inputs];
    f.x = this.indices.map((i) => all.at(i)!);
    if (this.training) return this.forwardTrain(f.x, f.prev_output);
    f.refined = t.assign(f.prev_output);
    for (let step = 0; step < this.steps; step++) {
      f.refined = F.interpolateBy(f.refined, this.factor, { mode: "bilinear" });
      const shape = f.refined.shape;
      const [places, points] = this.testPlaces(f.refined);
      f.point_indices = places;
      f.points = points;
      this.classifyPoints(f);
      f.point_indices = t.unsqueeze(f.point_indices, 1);
      f.point_indices = t.expand(f.point_indices, [-1, shape[1]!, -1]);
      f.refined = t.flatten(f.refined, 2);
      f.refined = scattered(f.refined, f.point_indices, f.point_logits);
      f.refined = t.reshape(f.refined, shape);
    }
    return [f.refined];
  }

  private forwardTrain(x: readonly Tensor[], previous: Tensor): readonly Tensor[] {
    return scope({ x, prev_output: previous }, (f: Locals) => {
      f.points = noGrad(() => this.trainPoints(f.prev_output));
      this.classifyPoints(f);
      return [f.point_logits, f.points];
    });
  }

  /** Fine and coarse features of the points through the pointwise layers. */
  private classifyPoints(f: Locals): void {
    f.fine = sampled(f.x, f.points);
    f.coarse = pointSample(f.prev_output, f.points);
    f.fusion = t.concat([f.fine, f.coarse], 1);
    for (const fc of this.fcs) {
      f.fusion = fc.call(f.fusion);
      if (this.coarseEach) f.fusion = t.concat([f.fusion, f.coarse], 1);
    }
    f.point_logits = this.classify(f.fusion);
  }

  private classify(feat: Tensor): Tensor {
    return scope({ feat }, (f: { feat: Tensor; output: Tensor }) => {
      if (this.dropout) f.feat = this.dropout.call(f.feat);
      f.output = this.fc_seg.call(f.feat);
      return f.output;
    });
  }

  /** More points than wanted at random; the most uncertain of them, and some more at random. */
  private trainPoints(logits: Tensor): Tensor {
    return scope({ logits }, (f: TrainPointLocals) => {
      const n = f.logits.dim(0);
      const sampledPoints = Math.trunc(this.numPoints * this.oversample);
      const uncertain = Math.trunc(this.importance * this.numPoints);
      f.point_coords = t.uniform([n, sampledPoints, 2]);
      f.point_logits = pointSample(f.logits, f.point_coords);
      f.point_uncertainties = uncertainty(f.point_logits);
      const [values, places] = t.topk(t.select(f.point_uncertainties, 1, 0), uncertain, 1);
      f.idx = places;
      drop(values);
      f.shift = t.scale(t.arange(n));
      f.idx = t.add(f.idx, t.unsqueeze(f.shift, -1));
      f.idx = t.reshape(f.idx, [-1]);
      f.point_coords = t.indexSelect(t.reshape(f.point_coords, [-1, 2]), f.idx, 0);
      f.point_coords = t.reshape(f.point_coords, [n, uncertain, 2]);
      if (this.numPoints > uncertain) {
        f.rand_point_coords = t.uniform([n, this.numPoints - uncertain, 2]);
        f.point_coords = t.concat([f.point_coords, f.rand_point_coords], 1);
      }
      return f.point_coords;
    });
  }

  /** The most uncertain pixels: their places [N, P] and coordinates [N, P, 2]. Sizes come from tensors in host memory. */
  private testPlaces(logits: Tensor): readonly [Tensor, Tensor] {
    return scope({ logits }, (f: TestPointLocals) => {
      f.uncertainty_map = uncertainty(f.logits);
      const [n, h, w] = [f.uncertainty_map.dim(0), f.uncertainty_map.dim(2), f.uncertainty_map.dim(3)];
      const size = () => current().hostTensor([1], "float32");
      f.h_step = t.divide(t.full([1]), size());
      f.w_step = t.divide(t.full([1]), size());
      f.uncertainty_map = t.reshape(f.uncertainty_map, [n, h * w]);
      const count = Math.min(h * w, this.testPoints);
      const [values, places] = t.topk(f.uncertainty_map, count, 1);
      f.point_indices = places;
      drop(values);
      f.point_coords = t.zeros([n, count, 2]);
      for (const step of [f.w_step, f.h_step]) {
        const half = t.scale(step);
        const index = t.cast(f.point_indices, "float32");
        const cell = step === f.w_step ? t.remainder(index, size()) : t.floorDivide(index, size());
        const value = t.add(half, t.multiply(cell, step));
        t.setValue(f.point_coords, value);
      }
      return [f.point_indices, f.point_coords] as const;
    });
  }
}

/** Puts the points' logits back: one flat scatter over batch, classes and pixels. */
function scattered(refined: Tensor, places: Tensor, logits: Tensor): Tensor {
  return scope({ refined, point_indices: places, point_logits: logits }, (f: ScatterLocals) => {
    const shape = f.refined.shape;
    f.flat = t.flatten(f.refined, 0, 1);
    f.offsets = t.unsqueeze(t.scale(t.arange(f.flat.dim(0))), -1);
    f.point_indices = t.flatten(f.point_indices, 0, 1);
    f.new_point_indices = t.flatten(t.add(f.point_indices, f.offsets));
    f.point_logits = t.flatten(f.point_logits);
    f.refined = t.scatter(t.flatten(f.refined), f.new_point_indices, f.point_logits);
    return t.reshape(f.refined, shape);
  });
}
