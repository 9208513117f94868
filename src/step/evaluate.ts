/** @file Evaluation as `paddleseg/core/val.py` and `core/infer.py` run it, one image at a time, without a tape. */
import type { Size } from "../config/types.ts";
import { current, noGrad } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import { Tensor } from "../engine/tensor.ts";
import type { Network } from "../models/network.ts";
import * as F from "../nn/functional.ts";
import { setTraining } from "../nn/layer.ts";
import type { Logits } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import { autocast, type Cast } from "./autocast.ts";
import { type Batch, Loader, validationBatch } from "./batch.ts";
import { type Areas, addGathered } from "./gather.ts";

/** Images that are evaluated: the second meets what the first leaves behind. */
const images = 2;

/** `test_config` and the image. */
export interface EvaluationPlan {
  readonly classes: number;
  readonly channels: number;
  /** The image as the network gets it, after the validation transforms. */
  readonly network: Size;
  /** The image as it lies on disk; results are brought back to this size. */
  readonly original: Size;
  readonly augment: { readonly scales: readonly number[]; readonly flips: number } | undefined;
  readonly slide: { readonly crop: Size; readonly stride: Size } | undefined;
  readonly multilabel: boolean;
  readonly aucRoc: boolean;
  readonly cast: Cast | undefined;
  /** Images that the loader keeps ahead on the card. */
  readonly ahead: number;
  /** Cards, each of which evaluates its share of the images. */
  readonly gpus: number;
  /** Whether there are more images than the two that are run. */
  readonly dataLeft: boolean;
}

interface Locals extends Areas {
  label: Tensor;
  data: Batch;
  pred: Tensor;
  logits: Tensor;
}

/** Calls the network in the forward phase. */
function forward(model: Network, im: Tensor): Logits {
  const leave = current().enter("forward", "forward");
  const logits = model.call(im);
  leave();
  return logits;
}

/** Evaluates two images: the second is the steady state that is reported. */
export function evaluate(model: Network, plan: EvaluationPlan): void {
  const e = current();
  const leave = e.enter("other", "metrics");
  setTraining(model, false);
  scope<Locals, void>({}, (f) => {
    f.intersect_area_all = t.zeros([1], "int64");
    f.pred_area_all = t.zeros([1], "int64");
    f.label_area_all = t.zeros([1], "int64");
    const make = () => validationBatch(plan.channels, plan.network, plan.original);
    const data = new Loader(make, plan.dataLeft ? Number.POSITIVE_INFINITY : images, plan.ahead);
    noGrad(() => {
      for (let image = 1; image <= images; image++) {
        e.log.mark("image", image);
        f.data = data.next();
        oneImage(f, model, plan);
        if (image < images) e.log.mark("image-end", image);
      }
    });
    data.close();
  });
  e.log.mark("image-end", images);
  leave();
}

function oneImage(f: Locals, model: Network, plan: EvaluationPlan): void {
  f.label = t.cast(f.data.label, "int64");
  const [pred, logits] = autocast(plan.cast, () =>
    plan.augment ? augmented(model, f.data.img, plan) : inference(model, f.data.img, plan, true),
  );
  f.pred = pred!;
  f.logits = logits!;
  const [intersect, predArea, labelArea] = areas(f.pred, f.label, plan);
  f.intersect_area = intersect!;
  f.pred_area = predArea!;
  f.label_area = labelArea!;
  if (plan.gpus > 1) {
    addGathered(f, plan.gpus);
    return;
  }
  f.intersect_area_all = t.add(f.intersect_area_all, f.intersect_area);
  f.pred_area_all = t.add(f.pred_area_all, f.pred_area);
  f.label_area_all = t.add(f.label_area_all, f.label_area);
  if (plan.aucRoc) f.logits = F.softmax(f.logits);
}

interface InferenceLocals {
  im: Tensor;
  logits: Logits;
  logit: Tensor;
  pred: Tensor;
}

function first(logits: Logits): Tensor {
  const logit = logits instanceof PyList ? logits.at(0) : logits[0];
  if (logit instanceof Tensor) return logit;
  throw new TypeError("the first result of an evaluated network must be a tensor");
}

/** `infer.inference`: logits only, or prediction and logits brought back to the original size. */
function inference(model: Network, im: Tensor, plan: EvaluationPlan, restore: boolean): readonly Tensor[] {
  return scope({ im }, (f: InferenceLocals) => {
    const last = model.dataFormat === "NHWC";
    if (last) f.im = t.transpose(f.im, [0, 2, 3, 1]);
    if (plan.slide) f.logit = slide(model, f.im, plan);
    else {
      f.logits = forward(model, f.im);
      f.logit = first(f.logits);
    }
    if (last) f.logit = t.transpose(f.logit, [0, 3, 1, 2]);
    if (model.postTransform) f.logit = model.postTransform(f.logit);
    if (!restore) return [f.logit];
    f.logit = reversed(f.logit, plan);
    f.pred = predicted(f.logit, plan);
    return [f.pred, f.logit];
  });
}

/** `reverse_transform`: back to the original size, if the validation transforms changed it. */
function reversed(logit: Tensor, { network, original }: EvaluationPlan): Tensor {
  if (network.width === original.width && network.height === original.height) return logit;
  return F.interpolate(logit, [original.height, original.width], { mode: "bilinear" });
}

function predicted(logit: Tensor, { multilabel }: EvaluationPlan): Tensor {
  if (multilabel) return t.cast(t.greaterThan(F.sigmoid(logit), 0.5), "int32");
  return t.argmax(logit, 1, true, "int32");
}

/** `slide_inference`: one crop at a time; the sum lies in host memory as float64 and comes back as such. */
function slide(model: Network, im: Tensor, plan: EvaluationPlan): Tensor {
  const { crop, stride } = plan.slide!;
  const last = model.dataFormat === "NHWC";
  const [h, w] = last ? [im.dim(1), im.dim(2)] : [im.dim(2), im.dim(3)];
  const windows = (size: number, c: number, s: number) => (size <= c ? 1 : Math.ceil((size - c) / s) + 1);
  return scope({ im }, (f: { im: Tensor; im_crop: Tensor; logits: Logits; final_logit: Tensor }) => {
    let classes = plan.classes;
    for (let r = 0; r < windows(h, crop.height, stride.height); r++) {
      for (let c = 0; c < windows(w, crop.width, stride.width); c++) {
        const h2 = Math.min(r * stride.height + crop.height, h);
        const w2 = Math.min(c * stride.width + crop.width, w);
        const starts = [Math.max(h2 - crop.height, 0), Math.max(w2 - crop.width, 0)];
        f.im_crop = t.sliceAxes(f.im, { axes: last ? [1, 2] : [2, 3], starts, ends: [h2, w2] });
        f.logits = forward(model, f.im_crop);
        classes = first(f.logits).dim(1);
      }
    }
    f.final_logit = t.toTensor([1, classes, h, w], "float64");
    return f.final_logit;
  });
}

interface AugmentLocals {
  im: Tensor;
  final_logit: Tensor | undefined;
  im_scale: Tensor;
  im_flip: Tensor;
  logit: Tensor;
  pred: Tensor;
}

/** `infer.aug_inference`: scales and flips; the sum is out of place. */
function augmented(model: Network, im: Tensor, plan: EvaluationPlan): readonly Tensor[] {
  return scope({ im }, (f: AugmentLocals) => {
    const [h, w] = f.im.hw;
    const { scales, flips } = plan.augment!;
    for (const factor of scales) {
      const size = [Math.floor(h * factor + 0.5), Math.floor(w * factor + 0.5)];
      f.im_scale = F.interpolate(f.im, size, { mode: "bilinear" });
      for (let flip = 0; flip < flips; flip++) {
        f.im_flip = flipped(f.im_scale, flip);
        f.logit = inference(model, f.im_flip, plan, false)[0]!;
        f.logit = flipped(f.logit, flip);
        f.logit = F.interpolate(f.logit, [h, w], { mode: "bilinear" });
        f.final_logit = f.final_logit === undefined ? t.scale(f.logit) : t.add(f.final_logit, f.logit);
      }
    }
    f.final_logit = t.scale(f.final_logit!);
    f.final_logit = reversed(f.final_logit, plan);
    f.pred = predicted(f.final_logit, plan);
    return [f.pred, f.final_logit];
  });
}

/** `x[..., ::-1]`: a view with negative strides; flip 0 is x itself. */
function flipped(x: Tensor, flip: number): Tensor {
  if (flip === 0) return x;
  return t.sliceAxes(x, { axes: [3], starts: [x.dim(3)], ends: [-x.dim(3) - 1], steps: [-1] });
}

interface AreaLocals {
  pred: Tensor;
  label: Tensor;
  mask: Tensor;
  pred_i: Tensor;
  label_i: Tensor;
  intersect_i: Tensor;
  pred_area: Tensor | PyList;
  label_area: Tensor | PyList;
  intersect_area: Tensor | PyList;
}

/** `metrics.calculate_area`: class by class. */
function areas(pred: Tensor, label: Tensor, plan: EvaluationPlan): readonly Tensor[] {
  return scope({ pred, label }, (f: AreaLocals) => {
    if (plan.multilabel) return multilabelAreas(f);
    f.pred = t.squeeze(f.pred, 1);
    f.label = t.squeeze(f.label, 1);
    const [predAreas, labelAreas, intersectAreas] = [new PyList(), new PyList(), new PyList()];
    f.pred_area = predAreas;
    f.label_area = labelAreas;
    f.intersect_area = intersectAreas;
    f.mask = t.notEqual(f.label, 255);
    for (let i = 0; i < plan.classes; i++) {
      f.pred_i = t.logicalAnd(t.equal(f.pred, i), f.mask);
      f.label_i = t.equal(f.label, i);
      f.intersect_i = t.logicalAnd(f.pred_i, f.label_i);
      predAreas.append(t.sum(t.cast(f.pred_i, "int64")));
      labelAreas.append(t.sum(t.cast(f.label_i, "int64")));
      intersectAreas.append(t.sum(t.cast(f.intersect_i, "int64")));
    }
    const areas = [t.stack(predAreas)];
    f.pred_area = areas[0]!;
    areas.push(t.stack(labelAreas));
    f.label_area = areas[1]!;
    areas.push(t.stack(intersectAreas));
    f.intersect_area = areas[2]!;
    return [areas[2]!, areas[0]!, areas[1]!];
  });
}

function multilabelAreas(f: AreaLocals): readonly Tensor[] {
  const pred = t.cast(t.sum(f.pred, [0, 2, 3]), "int64");
  f.pred_area = pred;
  const label = t.cast(t.sum(f.label, [0, 2, 3]), "int64");
  f.label_area = label;
  const both = t.cast(f.pred, "int64");
  const intersect = t.cast(t.sum(t.multiply(both, t.cast(f.label, "int64")), [0, 2, 3]), "int64");
  f.intersect_area = intersect;
  return [intersect, pred, label];
}
