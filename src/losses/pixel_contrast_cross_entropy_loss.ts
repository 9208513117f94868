/** @file PixelContrastCrossEntropyLoss (`paddleseg/models/losses/pixel_contrast_cross_entropy_loss.py`): sampled pixels of each class against all others. */
import { assume } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop, PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { phrase } from "../words/phrase.ts";
import { Loss } from "./loss.ts";

interface Locals {
  seg: Tensor;
  embedding: Tensor;
  predict: Tensor;
  loss: Tensor;
}

interface CriterionLocals {
  feats: Tensor;
  labels: Tensor;
  predict: Tensor;
  feats_: Tensor;
  labels_: Tensor;
  loss: Tensor;
}

/** What the sampling takes of a batch, as the config bounds it. */
interface Sampling {
  /** Classes sampled in each image. */
  readonly classCounts: readonly number[];
  /** Pixels sampled of each class. */
  readonly views: number;
}

/**
 * Takes (logits [N, C, h, w], features [N, D, h, w]). How many classes an image has, and where the prediction is wrong, depends on
 * values. The worst case is taken: every class is in every image with more than max_views pixels, as far as there are pixels and
 * max_samples leaves each a view. In backward each sampled class has a gradient of the image's whole features, and all of these
 * live at once. Not counted: scratch that `unique` takes inside its kernel.
 */
export class PixelContrastCrossEntropyLoss extends Loss<Tensor, readonly Tensor[]> {
  readonly type = "PixelContrastCrossEntropyLoss";
  override readonly takes = 2;
  private readonly maxSamples: number;
  private readonly maxViews: number;

  constructor(args: Args) {
    super();
    args.ignore("temperature", "base_temperature", "ignore_index");
    this.maxSamples = args.int("max_samples", 1024);
    this.maxViews = args.int("max_views", 100);
    args.finish();
  }

  forward(f: Locals, preds: readonly Tensor[], label: Tensor): Tensor {
    f.seg = preds[0]!;
    f.embedding = preds[1]!;
    const sampling = this.sampling(f.seg);
    f.predict = t.argmax(f.seg, 1);
    f.loss = criterion(f.embedding, label, f.predict, sampling);
    return f.loss;
  }

  private sampling(seg: Tensor): Sampling {
    const [images, classes, pixels] = [seg.dim(0), seg.dim(1), seg.dim(2) * seg.dim(3)];
    const inImage = Math.max(1, Math.min(classes, Math.floor(pixels / (this.maxViews + 1))));
    const all = Math.min(images * inImage, this.maxSamples);
    const classCounts = Array.from({ length: images }, (_, i) => Math.min(inImage, Math.max(0, all - i * inImage)));
    assume(phrase("loss-pixel-contrast", { classes: inImage, pixels: this.maxViews }));
    return { classCounts, views: Math.min(Math.floor(this.maxSamples / all), this.maxViews) };
  }
}

/** `contrast_criterion`: labels at the features' size, pixels as rows. */
function criterion(embedding: Tensor, label: Tensor, prediction: Tensor, sampling: Sampling): Tensor {
  return scope({ feats: embedding, labels: label, predict: prediction }, (f: CriterionLocals) => {
    f.labels = t.unsqueeze(f.labels, 1);
    f.labels = F.interpolate(f.labels, [f.feats.dim(2), f.feats.dim(3)]);
    f.labels = t.squeeze(f.labels, 1);
    const images = f.feats.dim(0);
    f.labels = t.reshape(f.labels, [images, -1]);
    f.predict = t.reshape(f.predict, [images, -1]);
    f.feats = t.transpose(f.feats, [0, 2, 3, 1]);
    f.feats = t.reshape(f.feats, [images, -1, f.feats.dim(3)]);
    const [feats, labels] = sampleAnchors(f.feats, f.labels, f.predict, sampling);
    f.feats_ = feats;
    f.labels_ = labels;
    f.loss = contrast(f.feats_, f.labels_);
    return f.loss;
  });
}

interface SamplingLocals {
  X: Tensor;
  y_hat: Tensor;
  y: Tensor;
  classes: PyList<PyList>;
  current_y: Tensor;
  current_classes: Tensor | PyList;
  this_y_hat: Tensor;
  X_: Tensor | PyList;
  y_: Tensor;
  cls_id: Tensor;
  hard_indices: Tensor;
  easy_indices: Tensor;
  perm: Tensor;
  indices: Tensor;
}

/** `_hard_anchor_sampling`: features [T, views, D] and labels [T] of the T sampled classes. */
function sampleAnchors(x: Tensor, yHat: Tensor, y: Tensor, { classCounts, views }: Sampling): [Tensor, Tensor] {
  return scope({ X: x, y_hat: yHat, y }, (f: SamplingLocals) => {
    f.classes = new PyList<PyList>();
    for (const [i, count] of classCounts.entries()) {
      f.current_y = t.select(f.y_hat, 0, i);
      f.current_classes = presentClasses(f.current_y, count);
      f.classes.append(f.current_classes);
    }
    f.X_ = new PyList();
    f.y_ = t.zeros([classCounts.reduce((sum, count) => sum + count, 0)]);
    for (const i of classCounts.keys()) {
      f.this_y_hat = t.select(f.y_hat, 0, i);
      f.current_y = t.select(f.y, 0, i);
      f.current_classes = f.classes.at(i);
      for (const id of f.current_classes) {
        f.cls_id = id;
        sampleClass(f, views);
        f.X_.append(t.indexSelect(t.select(f.X, 0, i), t.squeeze(f.indices, 1)));
        t.setNumber(f.y_, [1]);
      }
    }
    f.X_ = t.stack(f.X_);
    return [f.X_, f.y_];
  });
}

/** The values of an image's labels, without the ignored one and the rare ones. Worst case: the ignored one is there too. */
function presentClasses(labels: Tensor, count: number): PyList {
  return scope({ current_y: labels }, (f: { current_y: Tensor; values: Tensor; x: Tensor; found: PyList }) => {
    f.values = t.unique(f.current_y, count + 1);
    f.found = new PyList();
    for (let k = 0; k <= count; k++) {
      f.x = t.select(f.values, 0, k);
      drop(t.notEqual(f.x, 255));
      if (k < count) f.found.append(f.x);
    }
    // Each class has its share of the pixels; none is the ignored one's.
    const share = Math.floor(f.current_y.dim(0) / count);
    for (const x of f.found) {
      f.x = x;
      drop(t.nonzero(t.equal(f.current_y, f.x), share));
    }
    return f.found;
  });
}

/** Places of one class, half of them predicted wrong: as many of each as `views` asks for. */
function sampleClass(f: SamplingLocals, views: number): void {
  const half = Math.floor(f.this_y_hat.dim(0) / 2);
  const hard = Math.floor(views / 2);
  const places = (isRight: boolean): Tensor => {
    const ofClass = t.equal(f.this_y_hat, f.cls_id);
    const predicted = isRight ? t.equal(f.current_y, f.cls_id) : t.notEqual(f.current_y, f.cls_id);
    return t.nonzero(t.logicalAnd(ofClass, predicted), half);
  };
  const kept = (from: Tensor, count: number): Tensor => {
    const picked = t.gatherNd(from, t.unsqueeze(t.slice(f.perm, 0, 0, count), -1));
    return t.reshape(picked, [-1, 1]);
  };
  f.hard_indices = places(false);
  f.easy_indices = places(true);
  f.perm = t.randperm(half);
  f.hard_indices = kept(f.hard_indices, hard);
  f.indices = f.hard_indices;
  f.perm = t.randperm(half);
  f.easy_indices = kept(f.easy_indices, views - hard);
  f.indices = t.concat([f.indices, f.easy_indices]);
}

interface ContrastLocals {
  feats_: Tensor;
  labels_: Tensor;
  mask: Tensor;
  contrast_feature: Tensor;
  anchor_feature: Tensor;
  anchor_dot_contrast: Tensor;
  logits_max: Tensor;
  logits: Tensor;
  neg_mask: Tensor;
  logits_mask: Tensor;
  neg_logits: Tensor;
  exp_logits: Tensor;
  log_prob: Tensor;
  mean_log_prob_pos: Tensor;
  loss: Tensor;
}

/** `_contrastive`: each of T·views pixels against all. */
function contrast(feats: Tensor, labels: Tensor): Tensor {
  return scope({ feats_: feats, labels_: labels }, (f: ContrastLocals) => {
    const views = f.feats_.dim(1);
    f.labels_ = t.reshape(f.labels_, [-1, 1]);
    f.mask = t.cast(t.equal(f.labels_, t.transpose(f.labels_, [1, 0])), "float32");
    f.contrast_feature = t.concat(t.unbind(f.feats_, 1));
    f.anchor_feature = f.contrast_feature;
    f.anchor_dot_contrast = t.divide(t.matmul(f.anchor_feature, t.transpose(f.contrast_feature, [1, 0])), 1);
    f.logits_max = t.max(f.anchor_dot_contrast, 1, true);
    f.logits = t.subtract(f.anchor_dot_contrast, f.logits_max);
    f.mask = t.tile(f.mask, [views, views]);
    f.neg_mask = t.rsub(1, f.mask);
    f.logits_mask = t.rsub(1, t.cast(t.eye(f.mask.dim(0)), "float32"));
    f.mask = t.multiply(f.mask, f.logits_mask);
    f.neg_logits = t.multiply(t.exp(f.logits), f.neg_mask);
    f.neg_logits = t.sum(f.neg_logits, 1, true);
    f.exp_logits = t.exp(f.logits);
    f.log_prob = t.subtract(f.logits, t.log(t.add(f.exp_logits, f.neg_logits)));
    const positive = t.sum(t.multiply(f.mask, f.log_prob), 1);
    f.mean_log_prob_pos = t.divide(positive, t.sum(f.mask, 1));
    f.loss = t.scale(f.mean_log_prob_pos);
    f.loss = t.mean(f.loss);
    return f.loss;
  });
}
