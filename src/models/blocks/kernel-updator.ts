/** @file K-Net's kernel updator and feed-forward network (`paddleseg/models/knet.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Sequential } from "../../nn/layer.ts";
import { Dropout, Identity, LayerNorm, Linear, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

/** Two linear layers and a residual. */
export class FFN extends Layer {
  readonly activate: ReLU;
  readonly layers: Sequential;
  readonly dropout_layer: Identity;

  constructor(dim: number, hidden: number, dropout: number) {
    super();
    this.activate = new ReLU();
    this.layers = new Sequential(
      new Sequential(new Linear(dim, hidden), this.activate, new Dropout(dropout)),
      new Linear(hidden, dim),
      new Dropout(dropout),
    );
    this.dropout_layer = new Identity();
  }

  forward(f: { out: Tensor; identity: Tensor }, x: Tensor): Tensor {
    f.out = this.layers.call(x);
    f.identity = x;
    return t.add(f.identity, this.dropout_layer.call(f.out));
  }
}

export interface UpdatorOptions {
  readonly inChannels: number;
  readonly featChannels: number;
  readonly outChannels: number;
  readonly gateSigmoid: boolean;
  readonly gateNormAct: boolean;
  readonly activateOut: boolean;
}

/** `kernel_updator_cfg`; without it, 256 channels whatever the head has. */
export function updatorOptions(args: Args | undefined): UpdatorOptions {
  const channels = 256;
  if (args === undefined) {
    const plain = { gateSigmoid: true, gateNormAct: false, activateOut: false };
    return { inChannels: channels, featChannels: channels, outChannels: channels, ...plain };
  }
  const inChannels = args.int("in_channels", channels);
  const options = {
    inChannels,
    featChannels: args.int("feat_channels", 64),
    outChannels: args.optionalNumber("out_channels") ?? inChannels,
    gateSigmoid: args.boolean("gate_sigmoid", true),
    gateNormAct: args.boolean("gate_norm_act", false),
    activateOut: args.boolean("activate_out", false),
  };
  args.ignore("input_feat_shape");
  args.finish();
  return options;
}

interface Locals {
  update_feature: Tensor;
  parameters: Tensor;
  param_in: Tensor;
  param_out: Tensor;
  input_feats: Tensor;
  input_in: Tensor;
  input_out: Tensor;
  gate_feats: Tensor;
  input_gate: Tensor;
  update_gate: Tensor;
  features: Tensor;
}

/** Assembled features [N, P, C] and kernels [N, P, K·K, C] to new kernels. */
export class KernelUpdator extends Layer<readonly [Tensor, Tensor]> {
  readonly dynamic_layer: Linear;
  readonly input_layer: Linear;
  readonly input_gate: Linear;
  readonly update_gate: Linear;
  readonly gate_norm: LayerNorm | undefined;
  readonly norm_in: LayerNorm;
  readonly norm_out: LayerNorm;
  readonly input_norm_in: LayerNorm;
  readonly input_norm_out: LayerNorm;
  readonly activation: ReLU;
  readonly fc_layer: Linear;
  readonly fc_norm: LayerNorm;
  private readonly options: UpdatorOptions;

  constructor(options: UpdatorOptions) {
    super();
    this.options = options;
    const { inChannels, featChannels, outChannels } = options;
    this.dynamic_layer = new Linear(inChannels, featChannels * 2);
    this.input_layer = new Linear(inChannels, featChannels * 2);
    this.input_gate = new Linear(inChannels, featChannels);
    this.update_gate = new Linear(inChannels, featChannels);
    if (options.gateNormAct) this.gate_norm = new LayerNorm(featChannels);
    this.norm_in = new LayerNorm(featChannels);
    this.norm_out = new LayerNorm(featChannels);
    this.input_norm_in = new LayerNorm(featChannels);
    this.input_norm_out = new LayerNorm(featChannels);
    this.activation = new ReLU();
    this.fc_layer = new Linear(featChannels, outChannels);
    this.fc_norm = new LayerNorm(outChannels);
  }

  forward(f: Locals, update: Tensor, input: Tensor): Tensor {
    const { inChannels, featChannels: channels, gateSigmoid, activateOut } = this.options;
    f.update_feature = t.reshape(update, [-1, inChannels]);
    const proposals = f.update_feature.dim(0);
    f.parameters = this.dynamic_layer.call(f.update_feature);
    f.param_in = t.reshape(t.slice(f.parameters, 1, 0, channels), [-1, channels]);
    f.param_out = t.reshape(t.slice(f.parameters, 1, channels, 2 * channels), [-1, channels]);
    f.input_feats = this.input_layer.call(t.reshape(input, [proposals, -1, channels]));
    f.input_in = t.slice(f.input_feats, 2, 0, channels);
    f.input_out = t.slice(f.input_feats, 2, channels, 2 * channels);
    f.gate_feats = t.multiply(f.input_in, t.unsqueeze(f.param_in, -2));
    if (this.gate_norm) f.gate_feats = this.activation.call(this.gate_norm.call(f.gate_feats));
    f.input_gate = this.input_norm_in.call(this.input_gate.call(f.gate_feats));
    f.update_gate = this.norm_in.call(this.update_gate.call(f.gate_feats));
    if (gateSigmoid) {
      f.input_gate = F.sigmoid(f.input_gate);
      f.update_gate = F.sigmoid(f.update_gate);
    }
    f.param_out = this.norm_out.call(f.param_out);
    f.input_out = this.input_norm_out.call(f.input_out);
    if (activateOut) {
      f.param_out = this.activation.call(f.param_out);
      f.input_out = this.activation.call(f.input_out);
    }
    const updated = t.multiply(f.update_gate, t.unsqueeze(f.param_out, -2));
    f.features = t.add(updated, t.multiply(f.input_gate, f.input_out));
    f.features = this.fc_layer.call(f.features);
    f.features = this.fc_norm.call(f.features);
    f.features = this.activation.call(f.features);
    return f.features;
  }
}
