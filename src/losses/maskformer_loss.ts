/** @file MaskFormerLoss (`paddleseg/models/losses/maskformer_loss.py`): classes and masks of matched queries, for each decoder layer. */
import { assume } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop, PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { phrase } from "../words/phrase.ts";
import { constant, Loss } from "./loss.ts";
import {
  diceLoss,
  HungarianMatcher,
  type Outputs,
  type Pairs,
  sigmoidFocalLoss,
  type Target,
} from "./maskformer_loss-parts.ts";

interface Locals {
  targets: readonly Tensor[] | PyList<Target>;
  targets_cpt: PyList<Target>;
  gt_masks: Tensor;
  padded_masks: Tensor;
  item: Target;
  invalid_indices: Tensor;
  index: Tensor;
  indices: Pairs;
  num_masks: Tensor;
  losses: PyList;
  l_dict: readonly Tensor[];
}

type Places = readonly [Tensor, Tensor];

/** `_get_src_permutation_idx`, `_get_tgt_permutation_idx`: image and place of every pair, in two vectors. */
function places(of: readonly Tensor[]): Places {
  return scope({}, (f: { batch_idx: Tensor; idx: Tensor }) => {
    f.batch_idx = t.concat(of.map((x) => t.fullLike(x)));
    f.idx = t.concat(of);
    return [f.batch_idx, f.idx];
  });
}

/** `nested_tensor_from_tensor_list` of masks of one size: a copy of all, [N, K, H, W], and which pixels are filler. */
function nested(masks: readonly Tensor[]): readonly [Tensor, Tensor] {
  return scope({}, (f: { tensor: Tensor; mask: Tensor }) => {
    const shape = masks[0]!.shape;
    f.tensor = t.zeros([masks.length, ...shape], "bool");
    f.mask = t.ones([masks.length, ...shape.slice(1)], "bool");
    for (const image of masks) {
      t.setValue(f.tensor, t.toTensor(image.shape, image.dtype));
      t.setNumber(f.mask, image.shape.slice(1));
    }
    return [f.tensor, f.mask];
  });
}

/** `loss_masks`: focal and dice loss of the matched masks, in the size of the labels. */
function lossMasks([, masks]: Outputs, targets: PyList<Target>, pairs: Pairs): readonly Tensor[] {
  interface MaskLocals {
    src_idx: Places;
    tgt_idx: Places;
    src_masks: Tensor;
    target_masks: Tensor;
    valid: Tensor;
  }
  return scope({}, (f: MaskLocals) => {
    f.src_idx = places(pairs.map(([queries]) => queries));
    f.tgt_idx = places(pairs.map(([, instances]) => instances));
    f.src_masks = masks;
    f.src_masks = t.gatherPairs(f.src_masks, ...f.src_idx);
    [f.target_masks, f.valid] = nested([...targets].map((item) => item.at(1)));
    f.target_masks = t.cast(f.target_masks, f.src_masks.dtype);
    f.target_masks = t.gatherPairs(f.target_masks, ...f.tgt_idx);
    const size = f.target_masks.shape.slice(-2);
    f.src_masks = F.interpolate(t.unsqueeze(f.src_masks, 1), size, { mode: "bilinear" });
    f.src_masks = t.flatten(t.select(f.src_masks, 1, 0), 1);
    f.target_masks = t.flatten(f.target_masks, 1);
    f.target_masks = t.reshape(f.target_masks, f.src_masks.shape);
    return [sigmoidFocalLoss(f.src_masks, f.target_masks), diceLoss(f.src_masks, f.target_masks)];
  });
}

/**
 * Outputs of the network: classes and masks of the last decoder layer, then those of each other one. Targets: classes [N, K] and
 * masks [N, K, H, W]. How many of the K there are depends on the labels; the worst case is taken: every image shows every class.
 */
export class MaskFormerLoss extends Loss<Tensor, readonly Tensor[], readonly Tensor[]> {
  readonly type = "MaskFormerLoss";
  override readonly takes = 0;
  override readonly usesInstances = true;
  readonly matcher = new HungarianMatcher();
  private readonly emptyWeight: Tensor;

  constructor(args: Args) {
    super();
    args.ignore("eos_coef", "losses", "ignore_index");
    this.emptyWeight = constant([args.int("num_classes", 150) + 1]);
    t.setNumber(this.emptyWeight, [1]);
    args.finish();
  }

  forward(f: Locals, outputs: readonly Tensor[], given: readonly Tensor[]): Tensor {
    const [classes, masks] = Array.isArray(given) ? given : [];
    if (classes === undefined || masks === undefined || !Array.isArray(outputs)) {
      throw new ArgumentError(this.type, "loss", "MaskFormerLoss takes the outputs of MaskFormer and its instances");
    }
    assume(phrase("loss-maskformer", {}));
    f.targets = given;
    f.targets_cpt = new PyList();
    for (let i = 0; i < masks.dim(0); i++) {
      f.gt_masks = t.select(masks, 0, i);
      f.padded_masks = t.zeros(f.gt_masks.shape, f.gt_masks.dtype);
      t.setValue(f.padded_masks, f.gt_masks);
      const target: Target = new PyList();
      target.append(t.select(classes, 0, i));
      target.append(f.padded_masks);
      f.targets_cpt.append(target);
    }
    const targets = this.present(f);
    f.losses = new PyList();
    const layers = Math.floor(outputs.length / 2);
    for (let i = 0; i < layers; i++) this.layer(f, [outputs[2 * i]!, outputs[2 * i + 1]!], targets, i === 0);
    for (let i = 0; i < f.losses.length; i++) f.losses.set(i, t.scale(f.losses.at(i)));
    return this.total(f.losses);
  }

  /** Only what an image shows is kept of its list of all classes; here that is all. */
  private present(f: Locals): PyList<Target> {
    const targets = new PyList<Target>();
    f.targets = targets;
    for (const item of f.targets_cpt) {
      f.item = item;
      item.set(1, t.cast(item.at(1), "bool"));
      f.invalid_indices = t.nonzero(t.cast(t.equal(item.at(0), 255), "int64"), 0);
      f.index = t.cast(t.toTensor([item.at(0).dim(0)], "int64"), "int64");
      item.set(0, t.gather(item.at(0), f.index));
      item.set(1, t.gather(item.at(1), f.index));
      targets.append(item);
    }
    return targets;
  }

  /** The losses of one decoder layer. The last one's come first; then the number of masks is counted. */
  private layer(f: Locals, outputs: Outputs, targets: PyList<Target>, last: boolean): void {
    f.indices = this.matcher.call(outputs, targets);
    if (last) {
      f.num_masks = t.toTensor([1], "float32");
      drop(t.clip(t.scale(f.num_masks)));
      // From here on `num_masks` is a number in host memory.
      Reflect.deleteProperty(f, "num_masks");
      f.losses.extend(this.lossLabels(outputs, targets, f.indices));
      f.losses.extend(lossMasks(outputs, targets, f.indices));
      return;
    }
    f.l_dict = this.lossLabels(outputs, targets, f.indices);
    f.losses.extend(f.l_dict);
    f.l_dict = lossMasks(outputs, targets, f.indices);
    f.losses.extend(f.l_dict);
  }

  /** `loss_labels`: cross entropy of each query's class; a query that is not matched is of the class "no object". */
  private lossLabels([logits]: Outputs, targets: PyList<Target>, pairs: Pairs): readonly Tensor[] {
    interface LabelLocals {
      idx: Places;
      target_classes_o: Tensor;
      target_classes: Tensor;
      loss_ce: Tensor;
    }
    return scope({}, (f: LabelLocals) => {
      f.idx = places(pairs.map(([queries]) => queries));
      const labels = [...targets].map((item, i) => t.gatherNd(item.at(0), t.unsqueeze(pairs[i]![1], -1)));
      f.target_classes_o = t.concat(labels);
      f.target_classes = t.full(logits.shape.slice(0, 2), "int64");
      t.indexPut(f.target_classes, f.idx, f.target_classes_o);
      const scores = t.cast(t.transpose(logits, [0, 2, 1]), "float32");
      f.loss_ce = F.crossEntropy(scores, f.target_classes, { weight: this.emptyWeight, axis: 1 });
      return [f.loss_ce];
    });
  }

  /** Python's `sum`: starts at 0. */
  private total(losses: PyList): Tensor {
    return scope({ losses }, (f: { losses: PyList; result: Tensor }) => {
      for (const loss of f.losses) f.result = f.result === undefined ? t.scale(loss) : t.add(f.result, loss);
      return f.result;
    });
  }
}
