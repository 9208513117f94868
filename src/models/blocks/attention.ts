/** @file Self-attention over places and channels (`paddleseg/models/layers/attention.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Parameter, Sequential } from "../../nn/layer.ts";
import { Conv2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "./conv.ts";

export interface AttentionOptions {
  readonly keyChannels: number;
  readonly queryChannels: number;
  readonly channels: number;
  readonly outChannels: number;
  /** One projection for key and query. */
  readonly shared: boolean;
  readonly queryDownsample?: Layer | undefined;
  readonly keyDownsample?: Layer | undefined;
  readonly keyConvs: number;
  readonly valueConvs: number;
  /** Batch norm in the projections of key and query, and of value and result. */
  readonly keyNorm: boolean;
  readonly valueNorm: boolean;
  /** Divides the scores by the root of the channels. */
  readonly scaled: boolean;
  /** A projection of the result. */
  readonly withOut: boolean;
}

function projection(inChannels: number, channels: number, count: number, normed: boolean): Layer {
  const convs = Array.from({ length: count }, (_, i) => {
    const from = i === 0 ? inChannels : channels;
    return normed ? new ConvBNReLU(from, channels, 1, { bias: false }) : new Conv2D(from, channels, 1);
  });
  return count > 1 ? new Sequential(...convs) : convs[0]!;
}

/** General self-attention: query and key-value features in, as large as the query out. */
export class AttentionBlock extends Layer<readonly [Tensor, Tensor]> {
  readonly key_project: Layer;
  readonly query_project: Layer;
  readonly value_project: Layer;
  readonly out_project: Layer | undefined;
  readonly query_downsample: Layer | undefined;
  readonly key_downsample: Layer | undefined;
  private readonly scaled: boolean;
  private readonly outChannels: number;

  constructor(o: AttentionOptions) {
    super();
    this.scaled = o.scaled;
    this.outChannels = o.outChannels;
    this.key_project = projection(o.keyChannels, o.channels, o.keyConvs, o.keyNorm);
    this.query_project = o.shared ? this.key_project : projection(o.queryChannels, o.channels, o.keyConvs, o.keyNorm);
    const value = o.withOut ? o.channels : o.outChannels;
    this.value_project = projection(o.keyChannels, value, o.valueConvs, o.valueNorm);
    if (o.withOut) this.out_project = projection(o.channels, o.outChannels, o.valueConvs, o.valueNorm);
    this.query_downsample = o.queryDownsample;
    this.key_downsample = o.keyDownsample;
  }

  /** A shared projection has one name only: the first, as Paddle's traversal meets it. */
  override *children(): Iterable<readonly [string, Layer<never, unknown>]> {
    for (const [name, child] of super.children()) {
      if (name !== "query_project" || child !== this.key_project) yield [name, child];
    }
  }

  forward(
    f: { query: Tensor; key: Tensor; value: Tensor; sim_map: Tensor; context: Tensor },
    queryFeats: Tensor,
    keyFeats: Tensor,
  ): Tensor {
    const [h, w] = queryFeats.hw;
    f.query = this.query_project.call(queryFeats);
    if (this.query_downsample) f.query = this.query_downsample.call(f.query);
    f.query = t.transpose(t.flatten(f.query, 2), [0, 2, 1]);
    f.key = this.key_project.call(keyFeats);
    f.value = this.value_project.call(keyFeats);
    if (this.key_downsample) {
      f.key = this.key_downsample.call(f.key);
      f.value = this.key_downsample.call(f.value);
    }
    f.key = t.flatten(f.key, 2);
    f.value = t.transpose(t.flatten(f.value, 2), [0, 2, 1]);
    f.sim_map = t.matmul(f.query, f.key);
    if (this.scaled) f.sim_map = t.scale(f.sim_map);
    f.sim_map = F.softmax(f.sim_map);
    f.context = t.matmul(f.sim_map, f.value);
    f.context = t.transpose(f.context, [0, 2, 1]);
    f.context = t.reshape(f.context, [0, this.outChannels, h, w]);
    if (this.out_project) f.context = this.out_project.call(f.context);
    return f.context;
  }
}

/** Position attention: every pixel looks at every other, a map of (H·W)². */
export class PAM extends Layer {
  readonly query_conv: Conv2D;
  readonly key_conv: Conv2D;
  readonly value_conv: Conv2D;
  readonly gamma: Parameter;
  private readonly channels: number;
  private readonly mid: number;

  constructor(channels: number) {
    super();
    this.channels = channels;
    // An eighth of the channels, as in the paper (Fu et al. 2019, 3.2).
    this.mid = Math.floor(channels / 8);
    this.query_conv = new Conv2D(channels, this.mid, 1);
    this.key_conv = new Conv2D(channels, this.mid, 1);
    this.value_conv = new Conv2D(channels, channels, 1);
    this.gamma = new Parameter([1], { initializer: "full" });
  }

  forward(f: { query: Tensor; key: Tensor; sim: Tensor; value: Tensor; feat: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.query = this.query_conv.call(x);
    f.query = t.reshape(f.query, [0, this.mid, -1]);
    f.query = t.transpose(f.query, [0, 2, 1]);
    f.key = this.key_conv.call(x);
    f.key = t.reshape(f.key, [0, this.mid, -1]);
    f.sim = t.bmm(f.query, f.key);
    f.sim = F.softmax(f.sim);
    f.value = this.value_conv.call(x);
    f.value = t.reshape(f.value, [0, this.channels, -1]);
    f.sim = t.transpose(f.sim, [0, 2, 1]);
    f.feat = t.bmm(f.value, f.sim);
    f.feat = t.reshape(f.feat, [0, this.channels, ...x.hw]);
    f.out = t.add(t.multiply(this.gamma, f.feat), x);
    return f.out;
  }
}

/** Channel attention: every channel looks at every other. */
export class CAM extends Layer {
  readonly gamma: Parameter;
  private readonly channels: number;

  constructor(channels: number) {
    super();
    this.channels = channels;
    this.gamma = new Parameter([1], { initializer: "full" });
  }

  forward(f: { query: Tensor; key: Tensor; sim: Tensor; value: Tensor; feat: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.query = t.reshape(x, [0, this.channels, -1]);
    f.key = t.reshape(x, [0, this.channels, -1]);
    f.key = t.transpose(f.key, [0, 2, 1]);
    f.sim = t.bmm(f.query, f.key);
    f.sim = t.subtract(t.tile(t.max(f.sim, -1, true), [1, 1, this.channels]), f.sim);
    f.sim = F.softmax(f.sim);
    f.value = t.reshape(x, [0, this.channels, -1]);
    f.feat = t.bmm(f.sim, f.value);
    f.feat = t.reshape(f.feat, [0, this.channels, ...x.hw]);
    f.out = t.add(t.multiply(this.gamma, f.feat), x);
    return f.out;
  }
}
