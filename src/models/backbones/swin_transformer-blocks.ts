/** @file Parts of the Swin Transformer: windowed attention, its relative positions, the shifted block and patch merging. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList } from "../../nn/layer.ts";
import { Conv2D, Dropout, GELU, LayerNorm, Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { type SwinOptions, WindowAttention, windowPartition, windowReverse } from "./swin_transformer-attention.ts";
import { stochasticDepth } from "./transformer_utils.ts";

interface X {
  x: Tensor;
}

class Mlp extends Layer {
  readonly fc1: Linear;
  readonly act: GELU;
  readonly fc2: Linear;
  readonly drop: Dropout;

  constructor(dim: number, hidden: number, drop: number) {
    super();
    this.fc1 = new Linear(dim, hidden);
    this.act = new GELU();
    this.fc2 = new Linear(hidden, dim);
    this.drop = new Dropout(drop);
  }

  forward(f: X, x: Tensor): Tensor {
    f.x = this.fc1.call(x);
    f.x = this.act.call(f.x);
    f.x = this.drop.call(f.x);
    f.x = this.fc2.call(f.x);
    f.x = this.drop.call(f.x);
    return f.x;
  }
}

interface BlockLocals {
  shortcut: Tensor;
  x: Tensor;
  shifted_x: Tensor;
  attn_mask: Tensor | undefined;
  x_windows: Tensor;
  attn_windows: Tensor;
}

/** Tokens [B, H·W, C], the mask of shifted windows, height and width. */
class SwinTransformerBlock extends Layer<readonly [Tensor, Tensor, number, number]> {
  readonly norm1: LayerNorm;
  readonly attn: WindowAttention;
  readonly drop_path: Layer;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  private readonly window: number;
  private readonly shifted: boolean;

  constructor(dim: number, heads: number, shifted: boolean, dropPath: number, options: SwinOptions) {
    super();
    this.window = options.window;
    this.shifted = shifted && Math.floor(options.window / 2) > 0;
    this.norm1 = new LayerNorm(dim);
    this.attn = new WindowAttention(dim, heads, options);
    this.drop_path = stochasticDepth(dropPath);
    this.norm2 = new LayerNorm(dim);
    this.mlp = new Mlp(dim, Math.floor(dim * options.mlpRatio), options.drop);
  }

  forward(f: BlockLocals, x: Tensor, mask: Tensor, height: number, width: number): Tensor {
    const [batch, channels, size] = [x.dim(0), x.dim(2), this.window];
    f.x = x;
    f.shortcut = f.x;
    f.x = this.norm1.call(f.x);
    f.x = t.reshape(f.x, [batch, height, width, channels]);
    const right = (size - (width % size)) % size;
    const bottom = (size - (height % size)) % size;
    f.x = t.transpose(f.x, [0, 3, 1, 2]);
    f.x = F.pad(f.x, [0, right, 0, bottom]);
    f.x = t.transpose(f.x, [0, 2, 3, 1]);
    const [padded, across] = [f.x.dim(1), f.x.dim(2)];
    f.shifted_x = this.shifted ? t.roll(f.x) : f.x;
    f.attn_mask = this.shifted ? mask : undefined;
    f.x_windows = windowPartition(f.shifted_x, size);
    f.x_windows = t.reshape(f.x_windows, [-1, size * size, channels]);
    f.attn_windows = this.attn.call(f.x_windows, f.attn_mask);
    f.attn_windows = t.reshape(f.attn_windows, [-1, size, size, channels]);
    f.shifted_x = windowReverse(f.attn_windows, size, padded, across);
    f.x = this.shifted ? t.roll(f.shifted_x) : f.shifted_x;
    if (right > 0 || bottom > 0) f.x = t.sliceAxes(f.x, { axes: [1, 2], starts: [0, 0], ends: [height, width] });
    f.x = t.reshape(f.x, [batch, height * width, channels]);
    f.x = t.add(f.shortcut, this.drop_path.call(f.x));
    f.x = t.add(f.x, this.drop_path.call(this.mlp.call(this.norm2.call(f.x))));
    return f.x;
  }
}

/** Four neighbours' channels side by side, projected to twice the channels: half the size. */
class PatchMerging extends Layer<readonly [Tensor, number, number]> {
  readonly reduction: Linear;
  readonly norm: LayerNorm;

  constructor(dim: number) {
    super();
    this.reduction = new Linear(4 * dim, 2 * dim, { bias: false });
    this.norm = new LayerNorm(4 * dim);
  }

  forward(f: Record<string, Tensor> & X, x: Tensor, height: number, width: number): Tensor {
    const [batch, channels] = [x.dim(0), x.dim(2)];
    f.x = t.reshape(x, [batch, height, width, channels]);
    if (height % 2 === 1 || width % 2 === 1) {
      f.x = t.transpose(f.x, [0, 3, 1, 2]);
      f.x = F.pad(f.x, [0, width % 2, 0, height % 2]);
      f.x = t.transpose(f.x, [0, 2, 3, 1]);
    }
    const ends = [f.x.dim(1), f.x.dim(2)];
    const quarter = (starts: readonly number[]) => t.sliceAxes(f.x, { axes: [1, 2], starts, ends, steps: [2, 2] });
    const quarters = [quarter([0, 0]), quarter([1, 0]), quarter([0, 1]), quarter([1, 1])];
    Object.assign(f, { x0: quarters[0], x1: quarters[1], x2: quarters[2], x3: quarters[3] });
    f.x = t.concat(quarters, -1);
    f.x = t.reshape(f.x, [batch, -1, 4 * channels]);
    f.x = this.norm.call(f.x);
    f.x = this.reduction.call(f.x);
    return f.x;
  }
}

/** Tokens, height and width of a stage, and the same for the next one. */
export type StageResult = readonly [Tensor, number, number, Tensor, number, number];

interface StageLocals extends X {
  img_mask: Tensor;
  mask_windows: Tensor;
  attn_mask: Tensor;
  huns: Tensor;
  x_down: Tensor;
}

/** One stage: its blocks, every second one with shifted windows, then merging of patches. */
export class BasicLayer extends Layer<readonly [Tensor, number, number], StageResult> {
  readonly blocks: LayerList<SwinTransformerBlock>;
  readonly downsample: PatchMerging | undefined;
  private readonly window: number;

  constructor(dim: number, heads: number, rates: readonly number[], merges: boolean, options: SwinOptions) {
    super();
    this.window = options.window;
    this.blocks = new LayerList(
      rates.map((rate, i) => new SwinTransformerBlock(dim, heads, i % 2 === 1, rate, options)),
    );
    this.downsample = merges ? new PatchMerging(dim) : undefined;
  }

  forward(f: StageLocals, x: Tensor, height: number, width: number): StageResult {
    f.x = x;
    this.makeMask(f, height, width);
    for (const block of this.blocks) f.x = block.call(f.x, f.attn_mask, height, width);
    if (this.downsample === undefined) return [f.x, height, width, f.x, height, width];
    f.x_down = this.downsample.call(f.x, height, width);
    return [f.x, height, width, f.x_down, Math.floor((height + 1) / 2), Math.floor((width + 1) / 2)];
  }

  /** `attn_mask`: [windows, N, N], −100 between tokens that the shift brought together. Nine regions get a number each. */
  private makeMask(f: StageLocals, height: number, width: number): void {
    const size = this.window;
    const shift = Math.floor(size / 2);
    const [rows, columns] = [Math.ceil(height / size) * size, Math.ceil(width / size) * size];
    f.img_mask = t.zeros([1, rows, columns, 1]);
    const spans = (length: number) => [length - size, size - shift, shift];
    for (const h of spans(rows)) for (const w of spans(columns)) t.setNumber(f.img_mask, [1, h, w, 1]);
    f.mask_windows = windowPartition(f.img_mask, size);
    f.mask_windows = t.reshape(f.mask_windows, [-1, size * size]);
    f.attn_mask = t.subtract(t.unsqueeze(f.mask_windows, 1), t.unsqueeze(f.mask_windows, 2));
    f.huns = t.scale(t.fullLike(f.attn_mask));
    f.attn_mask = t.multiply(f.huns, t.cast(t.notEqual(f.attn_mask, 0), "float32"));
  }
}

/** A convolution over patches that do not overlap. */
export class PatchEmbed extends Layer {
  readonly proj: Conv2D;
  readonly norm: LayerNorm | undefined;
  private readonly patch: number;
  private readonly dim: number;

  constructor(patch: number, channels: number, dim: number, normalised: boolean) {
    super();
    this.patch = patch;
    this.dim = dim;
    this.proj = new Conv2D(channels, dim, patch, { stride: patch });
    this.norm = normalised ? new LayerNorm(dim) : undefined;
  }

  forward(f: X, x: Tensor): Tensor {
    const [height, width] = x.hw;
    const short = (length: number) => (this.patch - (length % this.patch)) % this.patch;
    f.x = x;
    if (short(width) > 0) f.x = F.pad(f.x, [0, short(width), 0, 0]);
    if (short(height) > 0) f.x = F.pad(f.x, [0, 0, 0, short(height)]);
    f.x = this.proj.call(f.x);
    if (this.norm === undefined) return f.x;
    const [h, w] = f.x.hw;
    f.x = t.transpose(t.flatten(f.x, 2), [0, 2, 1]);
    f.x = this.norm.call(f.x);
    f.x = t.reshape(t.transpose(f.x, [0, 2, 1]), [-1, this.dim, h, w]);
    return f.x;
  }
}
