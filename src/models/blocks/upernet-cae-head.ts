/** @file The head of UPerNetCAE (`paddleseg/models/upernet_cae.py`): pyramid pooling and a feature pyramid. */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm2D, Conv2D, Dropout2D, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "./conv.ts";

/** The sizes that `UPerNetHead` gives its pyramid pooling. */
const bins = [1, 2, 3, 6] as const;

/** Means over grids, at full width, joined with the input. */
class PPModuleCAE extends Layer {
  readonly stages: LayerList<Sequential>;
  readonly conv_bn_relu2: ConvBNReLU;

  constructor(from: number, to: number) {
    super();
    this.stages = new LayerList(
      bins.map((size) => new Sequential(new AdaptiveAvgPool2D(size), new ConvBNReLU(from, from, 1, { bias: false }))),
    );
    this.conv_bn_relu2 = new ConvBNReLU(from * (bins.length + 1), to, 3, { padding: 1, bias: false });
  }

  forward(f: { cat_layers: PyList | readonly Tensor[]; x: Tensor; cat: Tensor; out: Tensor }, input: Tensor): Tensor {
    const layers = new PyList();
    f.cat_layers = layers;
    for (const stage of this.stages) {
      f.x = stage.call(input);
      f.x = F.interpolate(f.x, input.hw, { mode: "bilinear" });
      layers.append(f.x);
    }
    const all = [input, ...layers];
    f.cat_layers = all;
    f.cat = t.concat(all, 1);
    f.out = this.conv_bn_relu2.call(f.cat);
    return f.out;
  }
}

export interface CaeHeadOptions {
  readonly inChannels: number;
  readonly classes: number;
  readonly planes: readonly number[];
  readonly channels: number;
  readonly dropout: number | undefined;
  readonly fpnChannels: number;
  readonly auxiliary: boolean;
}

interface Locals {
  psp_out: Tensor;
  f: Tensor;
  fpn_feature_list: PyList;
  out: PyList;
  conv_x: Tensor;
  fusion_out: Tensor;
  x: Tensor;
  dsn: Tensor;
}

/** Four maps, finest first, to the logits and, in training and evaluation alike, those of the auxiliary loss. */
export class UPerNetCAEHead extends Layer<readonly [PyList], PyList> {
  readonly psp_modules: PPModuleCAE;
  readonly lateral_convs: LayerList<Sequential>;
  readonly fpn_convs: LayerList<Sequential>;
  readonly dsn: Sequential | undefined;
  readonly dropout: Dropout2D | undefined;
  readonly fpn_bottleneck: ConvBNReLU;
  readonly conv_seg: Conv2D;

  constructor(o: CaeHeadOptions) {
    super();
    const fpn = o.fpnChannels;
    this.psp_modules = new PPModuleCAE(o.inChannels, fpn);
    const [laterals, convs]: [Sequential[], Sequential[]] = [[], []];
    for (const from of o.planes.slice(0, -1)) {
      laterals.push(new Sequential(new Conv2D(from, fpn, 1, { bias: false }), new BatchNorm2D(fpn), new ReLU()));
      convs.push(new Sequential(new ConvBNReLU(fpn, fpn, 3, { bias: false })));
    }
    this.lateral_convs = new LayerList(laterals);
    this.fpn_convs = new LayerList(convs);
    if (o.auxiliary) {
      const conv = new ConvBNReLU(o.planes[2]!, 256, 3, { padding: 1, bias: false });
      const dropouts = o.dropout === undefined ? [] : [new Dropout2D(o.dropout)];
      this.dsn = new Sequential(conv, ...dropouts, new Conv2D(256, o.classes, 1));
    }
    if (o.dropout !== undefined) this.dropout = new Dropout2D(o.dropout);
    this.fpn_bottleneck = new ConvBNReLU(o.planes.length * o.channels, o.channels, 3, { padding: 1, bias: false });
    this.conv_seg = new Conv2D(o.channels, o.classes, 1);
  }

  private classify(feat: Tensor): Tensor {
    return scope({ feat }, (f: { feat: Tensor; output: Tensor }) => {
      if (this.dropout) f.feat = this.dropout.call(f.feat);
      f.output = this.conv_seg.call(f.feat);
      return f.output;
    });
  }

  forward(f: Locals, maps: PyList): PyList {
    f.psp_out = this.psp_modules.call(maps.at(-1));
    f.f = f.psp_out;
    f.fpn_feature_list = new PyList();
    f.fpn_feature_list.append(f.psp_out);
    f.out = new PyList();
    for (let i = maps.length - 2; i >= 0; i--) {
      f.conv_x = maps.at(i);
      f.conv_x = this.lateral_convs.at(i).call(f.conv_x);
      f.f = t.add(f.conv_x, F.interpolate(f.f, f.conv_x.hw, { mode: "bilinear" }));
      f.fpn_feature_list.insert(0, this.fpn_convs.at(i).call(f.f));
    }
    const size = f.fpn_feature_list.at(0).hw;
    for (let i = maps.length - 1; i > 0; i--) {
      f.fpn_feature_list.set(i, F.interpolate(f.fpn_feature_list.at(i), size, { mode: "bilinear" }));
    }
    f.fusion_out = t.concat(f.fpn_feature_list, 1);
    f.x = this.fpn_bottleneck.call(f.fusion_out);
    f.x = this.classify(f.x);
    if (this.dsn) f.dsn = this.dsn.call(maps.at(2));
    f.out.append(f.x);
    if (this.dsn) f.out.append(f.dsn);
    return f.out;
  }
}
