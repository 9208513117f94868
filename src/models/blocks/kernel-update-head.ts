/** @file One stage of K-Net: features gathered by the masks update the kernels, which make new masks. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList } from "../../nn/layer.ts";
import { Conv2D, LayerNorm, Linear, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { FFN, KernelUpdator, updatorOptions } from "./kernel-updator.ts";
import { MultiHeadAttention } from "./multi-head-attention.ts";

interface Locals {
  x: Tensor;
  proposal_feat: Tensor;
  gather_mask: Tensor;
  sigmoid_masks: Tensor;
  x_feat: Tensor;
  obj_feat: Tensor;
  mask_feat: Tensor;
  mask_x: Tensor;
  preds?: PyList;
  new_mask_preds: Tensor;
}

/** Features [N, C, H, W], kernels [N, P, C, K, K], masks [N, P, H, W] to new masks and kernels. */
export class KernelUpdateHead extends Layer<readonly [Tensor, Tensor, Tensor], readonly [Tensor, Tensor]> {
  readonly attention: MultiHeadAttention;
  readonly attention_norm: LayerNorm;
  readonly kernel_update_conv: KernelUpdator;
  readonly feat_transform: Conv2D;
  readonly ffn: FFN | undefined;
  readonly ffn_norm: LayerNorm | undefined;
  readonly mask_fcs: LayerList;
  readonly fc_mask: Linear;
  private readonly inChannels: number;
  private readonly kernel: number;
  private readonly halvesMasks: boolean;
  private readonly doublesMasks: boolean;

  constructor(args: Args) {
    super();
    const dim = args.int("in_channels", 256);
    const kernel = args.int("conv_kernel_size", 3);
    const dropout = args.number("dropout", 0);
    const gather = args.int("feat_gather_stride", 1);
    const transform = args.int("mask_transform_stride", 1);
    const cfg = args.optional("kernel_updator_cfg") === undefined ? undefined : args.group("kernel_updator_cfg");
    args.ignore("num_classes", "num_ffn_fcs", "kernel_init", "feat_transform");
    this.inChannels = dim;
    this.kernel = kernel;
    this.doublesMasks = transform === 2;
    this.halvesMasks = transform === 2 && gather === 1;
    const width = dim * kernel ** 2;
    this.attention = new MultiHeadAttention(width, args.count("num_heads", 8), dropout);
    this.attention_norm = new LayerNorm(width);
    this.kernel_update_conv = new KernelUpdator(updatorOptions(cfg));
    this.feat_transform = new Conv2D(dim, dim, 1, { stride: gather, padding: Math.floor(gather / 2) });
    if (args.boolean("with_ffn", true)) {
      this.ffn = new FFN(dim, args.int("feedforward_channels", 2048), dropout);
      this.ffn_norm = new LayerNorm(dim);
    } else args.ignore("feedforward_channels");
    this.mask_fcs = new LayerList();
    for (let i = args.count("num_mask_fcs", 3); i > 0; i--) {
      this.mask_fcs.append(new Linear(dim, dim, { bias: false }));
      this.mask_fcs.append(new LayerNorm(dim));
      this.mask_fcs.append(new ReLU());
    }
    this.fc_mask = new Linear(dim, args.int("out_channels", 256));
    args.finish();
  }

  forward(f: Locals, x: Tensor, kernels: Tensor, masks: Tensor): readonly [Tensor, Tensor] {
    const [n, proposals] = [kernels.dim(0), kernels.dim(1)];
    f.x = this.feat_transform.call(x);
    const [channels, ...size] = f.x.shape.slice(-3);
    const resized = masks.dim(-2) !== size[0] || masks.dim(-1) !== size[1];
    f.gather_mask = resized ? F.interpolate(masks, size, { mode: "bilinear" }) : masks;
    f.sigmoid_masks = F.softmax(f.gather_mask);
    f.x_feat = t.einsum("bnhw,bchw->bnc", f.sigmoid_masks, f.x);
    const flat = t.reshape(kernels, [n, proposals, this.inChannels, -1]);
    f.proposal_feat = t.transpose(flat, [0, 1, 3, 2]);
    f.obj_feat = this.kernel_update_conv.call(f.x_feat, f.proposal_feat);
    f.obj_feat = t.transpose(t.reshape(f.obj_feat, [n, proposals, -1]), [1, 0, 2]);
    f.obj_feat = this.attention_norm.call(this.attention.call(f.obj_feat, f.obj_feat, f.obj_feat));
    f.obj_feat = t.transpose(f.obj_feat, [1, 0, 2]);
    f.obj_feat = t.reshape(f.obj_feat, [n, proposals, -1, this.inChannels]);
    if (this.ffn && this.ffn_norm) f.obj_feat = this.ffn_norm.call(this.ffn.call(f.obj_feat));
    f.mask_feat = f.obj_feat;
    for (const layer of this.mask_fcs) f.mask_feat = layer.call(f.mask_feat);
    f.mask_feat = t.transpose(this.fc_mask.call(f.mask_feat), [0, 1, 3, 2]);
    this.predict(f, n, [proposals, channels!, this.kernel, this.kernel]);
    const turned = t.transpose(f.obj_feat, [0, 1, 3, 2]);
    return [f.new_mask_preds, t.reshape(turned, [n, proposals, this.inChannels, this.kernel, this.kernel])];
  }

  /** Each image is convolved with its own kernels. */
  private predict(f: Locals, n: number, kernels: readonly [number, number, number, number]): void {
    f.mask_x = this.halvesMasks ? F.interpolateBy(f.x, 0.5, { mode: "bilinear" }) : f.x;
    const size = f.mask_x.hw;
    f.mask_feat = t.reshape(f.mask_feat, [n, ...kernels]);
    const preds = new PyList();
    f.preds = preds;
    for (let i = 0; i < n; i++) {
      const image = t.slice(f.mask_x, 0, i, i + 1);
      const weight = t.select(f.mask_feat, 0, i);
      preds.append(F.conv2d(image, weight, undefined, { padding: Math.floor(this.kernel / 2) }));
    }
    // One name in Python: the list dies when the joined masks are bound.
    f.new_mask_preds = t.concat(preds, 0);
    delete f.preds;
    f.new_mask_preds = t.reshape(f.new_mask_preds, [n, kernels[0], ...size]);
    if (this.doublesMasks) f.new_mask_preds = F.interpolateBy(f.new_mask_preds, 2, { mode: "bilinear" });
  }
}
