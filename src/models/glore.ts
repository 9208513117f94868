/** @file GloRe (`paddleseg/models/glore.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import { BatchNorm2D, Conv1D, Conv2D, Dropout, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer, ConvBNReLU } from "./blocks/conv.ts";
import { type Features, features } from "./blocks/features.ts";
import { BackboneAndHead } from "./encoder-decoder.ts";

/** A graph convolution: along the nodes, then along the states of [N, states, nodes]. */
class GCN extends Layer {
  readonly conv1: Conv1D;
  readonly relu: ReLU;
  readonly conv2: Conv1D;

  constructor(states: number, nodes: number) {
    super();
    this.conv1 = new Conv1D(nodes, nodes);
    this.relu = new ReLU();
    this.conv2 = new Conv1D(states, states, { bias: false });
  }

  forward(f: { h: Tensor }, x: Tensor): Tensor {
    f.h = this.conv1.call(t.transpose(x, [0, 2, 1]));
    f.h = t.transpose(f.h, [0, 2, 1]);
    f.h = t.add(f.h, x);
    f.h = this.relu.call(this.conv2.call(f.h));
    return f.h;
  }
}

interface UnitLocals {
  reduction_dim: Tensor;
  mat_B: Tensor;
  reshaped_reduction: Tensor;
  reshaped_B: Tensor;
  reproject: Tensor;
  node_state_V: Tensor;
  gcn_out: Tensor;
  Y: Tensor;
  Y_extend: Tensor;
  out: Tensor;
}

/** Pixels projected to nodes, reasoned over, projected back. */
class GruModule extends Layer {
  readonly reduction_dim: Conv2D;
  readonly projection_mat: Conv2D;
  readonly gcn: GCN;
  readonly extend_dim: Conv2D;
  readonly extend_bn: BatchNorm2D;
  private readonly states: number;
  private readonly nodes: number;

  constructor(channels: number, states: number, nodes: number) {
    super();
    this.states = states;
    this.nodes = nodes;
    this.reduction_dim = new Conv2D(channels, states, 1);
    this.projection_mat = new Conv2D(channels, nodes, 1);
    this.gcn = new GCN(states, nodes);
    this.extend_dim = new Conv2D(states, channels, 1, { bias: false });
    this.extend_bn = new BatchNorm2D(channels);
  }

  forward(f: UnitLocals, input: Tensor): Tensor {
    const n = input.dim(0);
    const [h, w] = input.hw;
    f.reduction_dim = this.reduction_dim.call(input);
    f.mat_B = this.projection_mat.call(input);
    f.reshaped_reduction = t.reshape(f.reduction_dim, [n, this.states, h * w]);
    f.reshaped_B = t.reshape(f.mat_B, [n, this.nodes, h * w]);
    f.reproject = f.reshaped_B;
    f.node_state_V = t.matmul(f.reshaped_reduction, t.transpose(f.reshaped_B, [0, 2, 1]));
    f.gcn_out = this.gcn.call(f.node_state_V);
    f.Y = t.matmul(f.gcn_out, f.reproject);
    f.Y = t.reshape(f.Y, [n, this.states, h, w]);
    f.Y_extend = this.extend_dim.call(f.Y);
    f.Y_extend = this.extend_bn.call(f.Y_extend);
    f.out = t.add(input, f.Y_extend);
    return f.out;
  }
}

interface HeadLocals {
  logit_list: PyList;
  x: Tensor;
  feature: Tensor;
  gru_output: Tensor;
  output: Tensor;
  logit: Tensor;
  low_level_feat: Tensor;
  auxiliary_logit: Tensor;
}

class GloReHead extends Layer<readonly [PyList], PyList> {
  readonly conv_bn_relu: ConvBNReLU;
  readonly gru_module: GruModule;
  readonly dropout: Dropout;
  readonly classifier: Conv2D;
  readonly auxlayer: AuxLayer;
  private readonly indices: readonly number[];
  private readonly auxiliary: boolean;

  constructor(args: Args, classes: number, from: Features) {
    super();
    this.indices = from.indices;
    const [shallow, deep] = [from.channels[0]!, from.channels[1]!];
    const channels = args.int("gru_channels", 512);
    this.conv_bn_relu = new ConvBNReLU(deep, channels, 1, { bias: false });
    this.gru_module = new GruModule(channels, args.int("gru_num_state", 128), args.int("gru_num_node", 64));
    // PaddleSeg's own rate, and its classifier takes 512 channels whatever gru_channels says.
    this.dropout = new Dropout(0.1);
    this.classifier = new Conv2D(512, classes, 1);
    this.auxlayer = new AuxLayer(shallow, Math.floor(shallow / 4), classes);
    this.auxiliary = args.boolean("enable_auxiliary_loss", true);
  }

  forward(f: HeadLocals, feats: PyList): PyList {
    f.logit_list = new PyList();
    f.x = feats.at(this.indices[1]!);
    f.feature = this.conv_bn_relu.call(f.x);
    f.gru_output = this.gru_module.call(f.feature);
    f.output = this.dropout.call(f.gru_output);
    f.logit = this.classifier.call(f.output);
    f.logit_list.append(f.logit);
    if (this.auxiliary) {
      f.low_level_feat = feats.at(this.indices[0]!);
      f.auxiliary_logit = this.auxlayer.call(f.low_level_feat);
      f.logit_list.append(f.auxiliary_logit);
    }
    return f.logit_list;
  }
}

export class GloRe extends BackboneAndHead {
  readonly backbone: Backbone;
  readonly head: GloReHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.head = new GloReHead(args, classes, features(args, this.backbone, [2, 3], 2));
    args.ignore("align_corners");
    args.finish();
  }
}
