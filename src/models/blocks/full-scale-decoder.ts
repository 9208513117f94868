/** @file The decoder of UNet 3+: every level joins features of all five scales. */
import type { Tensor } from "../../engine/tensor.ts";
import { type AnyLayer, Layer, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Pool2D, ReLU, Upsample } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

function convBnRelu(inChannels: number, outChannels: number): Sequential {
  return new Sequential(
    new Conv2D(inChannels, outChannels, 3, { padding: 1 }),
    new BatchNorm2D(outChannels),
    new ReLU(),
  );
}

/** One of the five features that a level joins: brought to its size, then a convolution. */
interface Source {
  /** Name of the joined feature, e.g. `h1_PT_hd4`. */
  readonly name: string;
  /** Name of the feature it is made from, e.g. `h1`. */
  readonly from: string;
  readonly resize: Layer | undefined;
  readonly conv: Sequential;
}

interface Level {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly fuse: Sequential;
}

/** Inputs: h1 … h4, hd5, finest first; the same order out: hd1 … hd4, hd5. */
export class UNet3PlusDecoder extends Layer<readonly [readonly Tensor[]], readonly Tensor[]> {
  /** Channels of hd1 … hd4. */
  readonly upChannels: number;
  private readonly levels: Level[] = [];
  private readonly named: (readonly [string, AnyLayer])[] = [];

  constructor(filters: readonly number[]) {
    super();
    const cat = filters[0]!;
    const deepest = filters.length;
    this.upChannels = cat * deepest;
    for (let level = deepest - 1; level >= 1; level--) {
      const sources = filters.map((channels, i) => this.source(i + 1, level, deepest, channels, cat));
      const fuse = convBnRelu(this.upChannels, this.upChannels);
      this.named.push([`cbr${level}d_1`, fuse]);
      this.levels.push({ name: `hd${level}`, sources, fuse });
    }
  }

  /** Finer features are pooled, those of the level are taken as they are, deeper ones are enlarged. */
  private source(scale: number, level: number, deepest: number, channels: number, cat: number): Source {
    const from = scale > level ? `hd${scale}` : `h${scale}`;
    const how = scale < level ? "PT" : scale === level ? "Cat" : "UT";
    const name = `${from}_${how}_hd${level}`;
    const factor = 2 ** Math.abs(scale - level);
    let resize: Layer | undefined;
    if (scale < level) resize = new Pool2D(factor, { stride: factor, ceilMode: true });
    else if (scale > level) resize = new Upsample({ scaleFactor: factor }, { mode: "bilinear" });
    if (resize) this.named.push([name, resize]);
    const decoded = scale > level && scale < deepest;
    const conv = convBnRelu(decoded ? this.upChannels : channels, cat);
    this.named.push([`${name}_cbr`, conv]);
    return { name, from, resize, conv };
  }

  override children(): Iterable<readonly [string, AnyLayer]> {
    return this.named;
  }

  forward(f: Record<string, Tensor>, inputs: readonly Tensor[]): readonly Tensor[] {
    for (const [i, x] of inputs.entries()) f[i === inputs.length - 1 ? `hd${i + 1}` : `h${i + 1}`] = x;
    for (const { name, sources, fuse } of this.levels) {
      for (const { name: joined, from, resize, conv } of sources) {
        f[joined] = resize ? conv.call(resize.call(f[from]!)) : conv.call(f[from]!);
      }
      f[name] = fuse.call(
        t.concat(
          sources.map((source) => f[source.name]!),
          1,
        ),
      );
    }
    return inputs.map((_, i) => f[`hd${i + 1}`]!);
  }
}
