/** @file RTFormer (`paddleseg/models/rtformer.py`): two resolutions that exchange features through external attention. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";
import { BasicBlock, EABlock } from "./rtformer-blocks.ts";
import { DAPPM, SegHead } from "./rtformer-heads.ts";

interface Locals {
  x1: Tensor;
  x2: Tensor;
  x3: Tensor;
  x3_: Tensor;
  x4_: Tensor;
  x4: Tensor;
  x5_: Tensor;
  x5: Tensor;
  x6: Tensor;
  x_out: Tensor;
  logit_list: PyList;
  x_out_extra: Tensor;
}

export class RTFormer extends Layer<readonly [Tensor], PyList> implements Network {
  readonly conv1: Sequential;
  readonly relu: ReLU;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer3_: Sequential;
  readonly compression3: Sequential;
  readonly layer4: EABlock;
  readonly layer5: EABlock;
  readonly spp: DAPPM;
  readonly seghead: SegHead;
  readonly seghead_extra: SegHead | undefined;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const [d1, d2, d3] = args.numbers("layer_nums", [2, 2, 2, 2]);
    const c = args.int("base_channels", 64);
    const sppChannels = args.int("spp_channels", 128);
    const headChannels = args.int("head_channels", 128);
    const learningRate = args.number("lr_mult", 10);
    const [injects4, injects5] = switches(args, "use_injection");
    const common = {
      heads: args.count("num_heads", 8),
      dropRate: args.number("drop_rate", 0),
      dropPathRate: args.number("drop_path_rate", 0.2),
      crossSize: args.int("cross_size", 12),
    };
    this.conv1 = stem(args.int("in_channels", 3), c);
    this.relu = new ReLU();
    this.layer1 = blocks(c, c, d1 ?? 0, 1);
    this.layer2 = blocks(c, c * 2, d2 ?? 0, 2);
    this.layer3 = blocks(c * 2, c * 4, d3 ?? 0, 2);
    this.layer3_ = blocks(c * 2, c * 2, 1, 1);
    this.compression3 = new Sequential(
      new BatchNorm2D(c * 4),
      new ReLU(),
      new Conv2D(c * 4, c * 2, 1, { bias: false }),
    );
    this.layer4 = new EABlock(c * 2, c * 4, c * 8, { ...common, injects: injects4 });
    this.layer5 = new EABlock(c * 2, c * 8, c * 8, { ...common, injects: injects5 });
    this.spp = new DAPPM(c * 8, sppChannels, c * 2, learningRate);
    this.seghead = new SegHead(c * 4, Math.trunc(headChannels * 2), classes, learningRate);
    if (args.boolean("use_aux_head", true)) {
      this.seghead_extra = new SegHead(c * 2, headChannels, classes, learningRate);
    }
    args.finish();
    for (const layer of [this.conv1, this.layer1, this.layer2, this.layer3, this.layer3_, this.compression3]) {
      normalConvolutions(layer);
    }
    for (const layer of [this.spp, this.seghead, this.seghead_extra]) if (layer) normalConvolutions(layer);
  }

  forward(f: Locals, x: Tensor): PyList {
    f.x1 = this.layer1.call(this.conv1.call(x));
    f.x2 = this.layer2.call(this.relu.call(f.x1));
    f.x3 = this.layer3.call(this.relu.call(f.x2));
    f.x3_ = t.add(f.x2, F.interpolate(this.compression3.call(f.x3), f.x2.hw, { mode: "bilinear" }));
    f.x3_ = this.layer3_.call(this.relu.call(f.x3_));
    [f.x4_, f.x4] = this.layer4.call([this.relu.call(f.x3_), this.relu.call(f.x3)]);
    [f.x5_, f.x5] = this.layer5.call([this.relu.call(f.x4_), this.relu.call(f.x4)]);
    f.x6 = this.spp.call(f.x5);
    f.x6 = F.interpolate(f.x6, f.x5_.hw, { mode: "bilinear" });
    f.x_out = this.seghead.call(t.concat([f.x5_, f.x6], 1));
    f.logit_list = new PyList();
    f.logit_list.append(f.x_out);
    if (this.training && this.seghead_extra) {
      f.x_out_extra = this.seghead_extra.call(f.x3_);
      f.logit_list.append(f.x_out_extra);
    }
    f.logit_list = upsampled(f.logit_list, x.hw);
    return f.logit_list;
  }
}

/** Two switches; both on where none are given. */
function switches(args: Args, name: string): readonly [boolean, boolean] {
  const value = args.optional(name) ?? [true, true];
  const list = Array.isArray(value) ? value : [];
  const [first, second] = list;
  if (typeof first === "boolean" && typeof second === "boolean") return [first, second];
  throw new ArgumentError(args.type, name, `${name} of ${args.type} must be two of true and false`);
}

function stem(image: number, channels: number): Sequential {
  return new Sequential(
    new Conv2D(image, channels, 3, { stride: 2, padding: 1 }),
    new BatchNorm2D(channels),
    new ReLU(),
    new Conv2D(channels, channels, 3, { stride: 2, padding: 1 }),
    new BatchNorm2D(channels),
    new ReLU(),
  );
}

/** Residual blocks; the last of several leaves out its ReLU. */
function blocks(from: number, to: number, count: number, stride: number): Sequential {
  const downsample =
    stride !== 1 || from !== to
      ? new Sequential(new Conv2D(from, to, 1, { stride, bias: false }), new BatchNorm2D(to))
      : undefined;
  const layers = [new BasicBlock(from, to, stride, downsample, false)];
  for (let i = 1; i < count; i++) layers.push(new BasicBlock(to, to, 1, undefined, i === count - 1));
  return new Sequential(...layers);
}
