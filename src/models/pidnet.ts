/** @file PIDNet (`paddleseg/models/pidnet.py`), with the loss computation of its own. */
import { current } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, type Sequential } from "../nn/layer.ts";
import { Conv2D, ReLU, SyncBatchNorm } from "../nn/layers.ts";
import type { Logits } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { preActivated } from "./backbones/pidnet-blocks.ts";
import { upsampled } from "./blocks/logits.ts";
import type { LossTerm, Network } from "./network.ts";

class BasePIDHead extends Layer<readonly [Tensor, Layer]> {
  readonly conv: Sequential;
  readonly norm: SyncBatchNorm;
  readonly act: ReLU;

  constructor(inChannels: number, channels: number) {
    super();
    this.conv = preActivated(inChannels, channels, 3);
    this.norm = new SyncBatchNorm(channels);
    this.act = new ReLU();
  }

  forward(f: { x: Tensor }, x: Tensor, classifier: Layer): Tensor {
    f.x = this.conv.call(x);
    f.x = this.norm.call(f.x);
    f.x = this.act.call(f.x);
    f.x = classifier.call(f.x);
    return f.x;
  }
}

/** Three heads in training, the middle one in evaluation. */
class PIDHead extends Layer<readonly [PyList], readonly Tensor[]> {
  readonly i_head: BasePIDHead;
  readonly p_head: BasePIDHead;
  readonly d_head: BasePIDHead;
  readonly p_cls_seg: Conv2D;
  readonly d_cls_seg: Conv2D;
  readonly conv_seg: Conv2D;

  constructor(inChannels: number, channels: number, classes: number) {
    super();
    const [half, quarter] = [Math.floor(inChannels / 2), Math.floor(inChannels / 4)];
    this.i_head = new BasePIDHead(inChannels, channels);
    this.p_head = new BasePIDHead(half, channels);
    this.d_head = new BasePIDHead(half, quarter);
    this.p_cls_seg = new Conv2D(channels, classes, 1);
    this.d_cls_seg = new Conv2D(quarter, 1, 1);
    this.conv_seg = new Conv2D(channels, classes, 1);
  }

  forward(f: { x_p: Tensor; x_i: Tensor; x_d: Tensor }, maps: PyList): readonly Tensor[] {
    if (!this.training) {
      f.x_i = this.i_head.call(maps.at(0), this.conv_seg);
      return [f.x_i];
    }
    f.x_p = maps.at(0);
    f.x_i = maps.at(1);
    f.x_d = maps.at(2);
    f.x_p = this.p_head.call(f.x_p, this.p_cls_seg);
    f.x_i = this.i_head.call(f.x_i, this.conv_seg);
    f.x_d = this.d_head.call(f.x_d, this.d_cls_seg);
    return [f.x_p, f.x_i, f.x_d];
  }
}

interface LossLocals {
  logits: readonly Tensor[];
  label: Tensor;
  edge: Tensor;
  bd_label: Tensor;
  loss_s: Tensor;
  loss_b: Tensor;
  loss_sb: Tensor;
}

/** One term: the loss of a logit, times its coefficient. */
function term(terms: readonly LossTerm[], i: number, logit: Tensor, target: Tensor): Tensor {
  const found = terms[i];
  if (found === undefined) throw new ArgumentError("PIDNet", "loss", `PIDNet takes four losses, not ${terms.length}`);
  const leave = current().enter("loss", "loss");
  const result = found.loss.call(logit, target);
  leave();
  if (result instanceof PyList) throw new ArgumentError("PIDNet", "loss", "PIDNet takes no MixedLoss");
  return t.scale(result);
}

export class PIDNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly decode_head: PIDHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const channels = args.int("head_channels");
    args.ignore("ignore_index");
    args.finish();
    this.decode_head = new PIDHead(this.backbone.feat_channels[0]!, channels, classes);
  }

  forward(f: { feat: PyList; logit_list: readonly Tensor[] }, x: Tensor): PyList {
    f.feat = this.backbone.call(x);
    f.logit_list = this.decode_head.call(f.feat);
    return upsampled(f.logit_list, x.hw);
  }

  /** Two losses of the labels, one of the edges, and one of the labels at the edges that were found. */
  lossComputation(logits: Logits, losses: readonly LossTerm[], data: Readonly<Record<string, Tensor>>): PyList {
    const { label, edge } = data;
    if (label === undefined || edge === undefined) {
      throw new ArgumentError("PIDNet", "train_dataset", "PIDNet needs a train_dataset with edge: True");
    }
    const tensors = [...logits].filter((logit): logit is Tensor => logit instanceof Tensor);
    const [proportional, integral, derivative] = tensors;
    return scope<LossLocals, PyList>({ logits: tensors }, (f) => {
      f.label = t.cast(label, "int64");
      f.edge = t.cast(edge, "int64");
      f.bd_label = t.whereElse(t.greaterThan(F.sigmoid(t.select(derivative!, 1, 0)), 0.8), f.label);
      f.loss_s = t.add(term(losses, 0, proportional!, f.label), term(losses, 1, integral!, f.label));
      f.loss_b = term(losses, 2, derivative!, f.edge);
      f.loss_sb = term(losses, 3, integral!, f.bd_label);
      const list = new PyList();
      list.extend([f.loss_s, f.loss_b, f.loss_sb]);
      return list;
    });
  }
}
