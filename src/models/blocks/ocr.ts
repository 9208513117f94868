/** @file Object-contextual representation blocks (in `paddleseg/models/ocrnet.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Sequential } from "../../nn/layer.ts";
import { Dropout2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "./conv.ts";

/** Pixels [N, C, H, W] and regions [N, K, H, W] to one feature a region, [N, C, K, 1]. */
export class SpatialGatherBlock extends Layer<readonly [Tensor, Tensor]> {
  private readonly channels: number;
  private readonly regions: number;

  constructor(channels: number, regions: number) {
    super();
    this.channels = channels;
    this.regions = regions;
  }

  forward(f: { pixels: Tensor; regions: Tensor; feats: Tensor }, pixels: Tensor, regions: Tensor): Tensor {
    f.pixels = t.reshape(pixels, [0, this.channels, -1]);
    f.pixels = t.transpose(f.pixels, [0, 2, 1]);
    f.regions = t.reshape(regions, [0, this.regions, -1]);
    f.regions = F.softmax(f.regions);
    f.feats = t.bmm(f.regions, f.pixels);
    f.feats = t.transpose(f.feats, [0, 2, 1]);
    f.feats = t.unsqueeze(f.feats, -1);
    return f.feats;
  }
}

interface AttentionLocals {
  query: Tensor;
  key: Tensor;
  value: Tensor;
  sim_map: Tensor;
  context: Tensor;
}

/** Pixels attend to regions. */
class ObjectAttentionBlock extends Layer<readonly [Tensor, Tensor]> {
  readonly f_pixel: Sequential;
  readonly f_object: Sequential;
  readonly f_down: ConvBNReLU;
  readonly f_up: ConvBNReLU;
  private readonly channels: number;

  constructor(inChannels: number, keyChannels: number) {
    super();
    this.channels = keyChannels;
    const two = () =>
      new Sequential(new ConvBNReLU(inChannels, keyChannels, 1), new ConvBNReLU(keyChannels, keyChannels, 1));
    this.f_pixel = two();
    this.f_object = two();
    this.f_down = new ConvBNReLU(inChannels, keyChannels, 1);
    this.f_up = new ConvBNReLU(keyChannels, inChannels, 1);
  }

  forward(f: AttentionLocals, x: Tensor, proxy: Tensor): Tensor {
    const [h, w] = x.hw;
    f.query = this.f_pixel.call(x);
    f.query = t.reshape(f.query, [0, this.channels, -1]);
    f.query = t.transpose(f.query, [0, 2, 1]);
    f.key = this.f_object.call(proxy);
    f.key = t.reshape(f.key, [0, this.channels, -1]);
    f.value = this.f_down.call(proxy);
    f.value = t.reshape(f.value, [0, this.channels, -1]);
    f.value = t.transpose(f.value, [0, 2, 1]);
    f.sim_map = t.bmm(f.query, f.key);
    f.sim_map = t.scale(f.sim_map);
    f.sim_map = F.softmax(f.sim_map);
    f.context = t.bmm(f.sim_map, f.value);
    f.context = t.transpose(f.context, [0, 2, 1]);
    f.context = t.reshape(f.context, [0, this.channels, h, w]);
    f.context = this.f_up.call(f.context);
    return f.context;
  }
}

/** The attended regions beside the pixels. */
export class SpatialOCRModule extends Layer<readonly [Tensor, Tensor]> {
  readonly attention_block: ObjectAttentionBlock;
  readonly conv1x1: Sequential;

  constructor(inChannels: number, keyChannels: number, outChannels: number, dropout = 0.1) {
    super();
    this.attention_block = new ObjectAttentionBlock(inChannels, keyChannels);
    this.conv1x1 = new Sequential(new ConvBNReLU(2 * inChannels, outChannels, 1), new Dropout2D(dropout));
  }

  forward(f: { context: Tensor; feats: Tensor }, pixels: Tensor, regions: Tensor): Tensor {
    f.context = this.attention_block.call(pixels, regions);
    f.feats = t.concat([f.context, pixels], 1);
    f.feats = this.conv1x1.call(f.feats);
    return f.feats;
  }
}
