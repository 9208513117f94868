/** @file ESPNetV2's blocks (`paddleseg/models/espnet.py`): EESP, its down-sampler, pyramid pooling. */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Pool2D, PReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { sameShape } from "../../ops/types.ts";
import { Activation } from "./activation.ts";
import { ConvBN, ConvBNPReLU } from "./conv.ts";

/** Branches of every block of the network. */
const branches = 4;

export class BNPReLU extends Layer {
  readonly _batch_norm: BatchNorm2D;
  readonly _prelu: Activation;

  constructor(channels: number) {
    super();
    this._batch_norm = new BatchNorm2D(channels);
    this._prelu = new Activation("prelu");
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this._batch_norm.call(x);
    f.x = this._prelu.call(f.x);
    return f.x;
  }
}

/** Dilations of the branches: receptive fields of 3, 5, 7, 9 pixels; those over the limit become 3. Sorted. */
function dilations(largest: number): number[] {
  const kernels = Array.from({ length: branches }, (_, i) => 3 + 2 * i).map((k) => (k <= largest ? k : 3));
  return kernels.sort((a, b) => a - b).map((k) => (k - 1) / 2);
}

interface EESPLocals {
  group_out: Tensor;
  output: PyList;
  output_k: Tensor;
  group_merge: Tensor;
  out: Tensor;
}

/** Reduce, split, transform, merge. `averaged`: the down-sampler adds its own shortcut and activation. */
export class EESP extends Layer {
  readonly group_conv_in: ConvBNPReLU;
  readonly spp_modules: LayerList<Conv2D>;
  readonly group_conv_out: ConvBN;
  readonly bn_act: BNPReLU;
  readonly _act: PReLU;
  private readonly averaged: boolean;

  constructor(inChannels: number, outChannels: number, stride: number, largest: number, averaged = false) {
    super();
    this.averaged = stride === 2 && averaged;
    const middle = Math.trunc(outChannels / branches);
    this.group_conv_in = new ConvBNPReLU(inChannels, middle, 1, { stride: 1, groups: branches, bias: false });
    this.spp_modules = new LayerList(
      dilations(largest).map(
        (dilation) => new Conv2D(middle, middle, 3, { padding: "SAME", stride, dilation, groups: middle, bias: false }),
      ),
    );
    this.group_conv_out = new ConvBN(outChannels, outChannels, 1, { stride: 1, groups: branches, bias: false });
    this.bn_act = new BNPReLU(outChannels);
    this._act = new PReLU();
  }

  forward(f: EESPLocals, x: Tensor): Tensor {
    f.group_out = this.group_conv_in.call(x);
    f.output = new PyList();
    f.output.append(this.spp_modules.at(0).call(f.group_out));
    for (let k = 1; k < this.spp_modules.length; k++) {
      f.output_k = this.spp_modules.at(k).call(f.group_out);
      f.output_k = t.add(f.output_k, f.output.at(k - 1));
      f.output.append(f.output_k);
    }
    f.group_merge = this.group_conv_out.call(this.bn_act.call(t.concat(f.output, 1)));
    if (this.averaged) return f.group_merge;
    if (sameShape(x.shape, f.group_merge.shape)) f.group_merge = t.add(f.group_merge, x);
    f.out = this._act.call(f.group_merge);
    return f.out;
  }
}

/** Four pooled levels, each half the size of the one before, brought back and concatenated. */
export class PSPModule extends Layer {
  readonly stages: LayerList<Conv2D>;
  readonly project: ConvBNPReLU;

  constructor(inChannels: number, outChannels: number) {
    super();
    const levels = 4;
    this.stages = new LayerList(
      Array.from(
        { length: levels },
        () => new Conv2D(inChannels, inChannels, 3, { padding: "SAME", groups: inChannels, bias: false }),
      ),
    );
    this.project = new ConvBNPReLU(inChannels * (levels + 1), outChannels, 1, { stride: 1, bias: false });
  }

  forward(f: { feats: Tensor; out: PyList; upsampled: Tensor }, feats: Tensor): Tensor {
    f.feats = feats;
    f.out = new PyList();
    f.out.append(feats);
    for (const stage of this.stages) {
      f.feats = F.pool2d(f.feats, { kernel: 3, stride: 2, padding: "SAME" });
      f.upsampled = F.interpolate(stage.call(f.feats), feats.hw, { mode: "bilinear" });
      f.out.append(f.upsampled);
    }
    return this.project.call(t.concat(f.out, 1));
  }
}

/** The image pooled until it is as high as `height`. */
function pooledTo(image: Tensor, height: number): Tensor {
  return scope({ image }, (f: { image: Tensor }) => {
    f.image = t.reshape(f.image, f.image.shape);
    while (f.image.dim(2) !== height) f.image = F.pool2d(f.image, { kernel: 3, stride: 2, padding: 1 });
    return f.image;
  });
}

interface DownLocals {
  avg_out: Tensor;
  eesp_out: Tensor;
  output: Tensor;
  inputs: Tensor;
}

/** Half the size: pooled and convolved, and the image of the same size added. */
export class DownSampler extends Layer<readonly [Tensor, Tensor]> {
  readonly eesp: EESP;
  readonly avg: Pool2D;
  readonly shortcut_layer: Sequential;
  readonly _act: PReLU;

  constructor(inChannels: number, outChannels: number, largest: number) {
    super();
    this.eesp = new EESP(inChannels, outChannels - inChannels, 2, largest, true);
    this.avg = new Pool2D(3, { padding: 1, stride: 2 });
    this.shortcut_layer = new Sequential(
      new ConvBNPReLU(3, 3, 3, { stride: 1, bias: false }),
      new ConvBN(3, outChannels, 1, { stride: 1, bias: false }),
    );
    this._act = new PReLU();
  }

  forward(f: DownLocals, x: Tensor, inputs: Tensor): Tensor {
    f.avg_out = this.avg.call(x);
    f.eesp_out = this.eesp.call(x);
    f.output = t.concat([f.avg_out, f.eesp_out], 1);
    f.inputs = pooledTo(inputs, f.avg_out.dim(2));
    f.output = t.add(f.output, this.shortcut_layer.call(f.inputs));
    return this._act.call(f.output);
  }
}
