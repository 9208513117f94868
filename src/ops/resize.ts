/** @file Interpolation, padding, grid sampling, unfold: ops that move pixels. */

import { phrase } from "../words/phrase.ts";
import { defineOp, gradNode, type Op, type Shape, ShapeError, type TensorMeta } from "./types.ts";

export type ResizeMode = "bilinear" | "nearest" | "bicubic" | "linear" | "trilinear";

export interface ResizeAttrs {
  /** Output height and width. */
  readonly size: readonly number[];
  readonly channelsLast?: boolean;
}

function interpolation(mode: ResizeMode): Op<ResizeAttrs> {
  const name = `${mode}_interp`;
  return defineOp<ResizeAttrs>({
    name,
    gradNode: gradNode(name),
    amp: `${name}_v2`,
    meta: [0],
    infer: ([x], { size, channelsLast }) => {
      if (size.some((d) => !(d > 0))) throw new ShapeError(name, phrase("size-not-positive", { size }), [x!.shape]);
      const [n, c] = [x!.shape[0]!, channelsLast ? x!.shape.at(-1)! : x!.shape[1]!];
      return [{ shape: channelsLast ? [n, ...size, c] : [n, c, ...size], dtype: x!.dtype }];
    },
  });
}

const interpolations: Readonly<Record<ResizeMode, Op<ResizeAttrs>>> = {
  bilinear: interpolation("bilinear"),
  nearest: interpolation("nearest"),
  bicubic: interpolation("bicubic"),
  linear: interpolation("linear"),
  trilinear: interpolation("trilinear"),
};

/** The op of an interpolation mode. Nothing is kept. */
export function resizeOp(mode: ResizeMode): Op<ResizeAttrs> {
  return interpolations[mode];
}

/** `F.pad` on NCDHW or NDHWC. `pads`: left, right, top, bottom. */
export const pad3dOp = defineOp<{
  readonly pads: readonly [number, number, number, number];
  readonly channelsLast?: boolean;
}>({
  name: "pad3d",
  gradNode: gradNode("pad3d"),
  amp: "pad3d",
  meta: [0],
  infer: ([x], { pads: [left, right, top, bottom], channelsLast }) => {
    const shape = [...x!.shape];
    const h = channelsLast ? 2 : 3;
    shape[h] = shape[h]! + top + bottom;
    shape[h + 1] = shape[h + 1]! + left + right;
    return [{ shape, dtype: x!.dtype }];
  },
});

/** Constant padding of any rank; `paddings` before and after for each axis. */
export const padOp = defineOp<{ readonly paddings: readonly number[] }>({
  name: "pad",
  gradNode: gradNode("pad"),
  amp: "pad",
  meta: [0],
  infer: ([x], { paddings }) => [
    { shape: x!.shape.map((d, i) => d + (paddings[2 * i] ?? 0) + (paddings[2 * i + 1] ?? 0)), dtype: x!.dtype },
  ],
});

/** `F.grid_sample`: x [N,C,H,W], grid [N,h,w,2]; both kept. */
export const gridSampleOp = defineOp({
  name: "grid_sample",
  gradNode: gradNode("grid_sample"),
  amp: "grid_sampler",
  floatOnly: true,
  saves: [0, 1],
  infer: ([x, grid]) => [{ shape: [x!.shape[0]!, x!.shape[1]!, grid!.shape[1]!, grid!.shape[2]!], dtype: x!.dtype }],
});

/** `F.affine_grid`: theta [N,2,3]. */
export const affineGridOp = defineOp<{ readonly size: Shape }>({
  name: "affine_grid",
  gradNode: gradNode("affine_grid"),
  amp: "affine_grid",
  floatOnly: true,
  saves: [0],
  infer: ([theta], { size }) => [{ shape: [size[0]!, size[2]!, size[3]!, 2], dtype: theta!.dtype }],
});

export interface UnfoldAttrs {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
}

/** `F.unfold`: [N, C·kh·kw, L]. */
export const unfoldOp = defineOp<UnfoldAttrs>({
  name: "unfold",
  gradNode: gradNode("unfold"),
  amp: "unfold",
  meta: [0],
  infer: ([x], a) => {
    const [n, c, h, w] = x!.shape;
    const one = (size: number, axis: 0 | 1) => {
      const span = size + a.padding[axis]! + a.padding[axis + 2]! - (a.dilation[axis] * (a.kernel[axis] - 1) + 1);
      return Math.floor(span / a.stride[axis]) + 1;
    };
    return [{ shape: [n!, c! * a.kernel[0] * a.kernel[1], one(h!, 0) * one(w!, 1)], dtype: x!.dtype }];
  },
});

/** Pixel shuffle: channels to space by `factor`. */
export const pixelShuffleOp = defineOp<{ readonly factor: number }>({
  name: "pixel_shuffle",
  gradNode: gradNode("pixel_shuffle"),
  amp: "pixel_shuffle",
  infer: ([x], { factor }) => {
    const [n, c, h, w] = x!.shape;
    return [{ shape: [n!, c! / (factor * factor), h! * factor, w! * factor], dtype: x!.dtype }];
  },
});

function keepsShape(name: string): Op {
  return defineOp({
    name,
    gradNode: gradNode(name),
    amp: name,
    meta: [0],
    infer: ([x]: readonly TensorMeta[]) => [{ shape: x!.shape, dtype: x!.dtype }],
  });
}

export const rollOp = keepsShape("roll");
export const flipOp = keepsShape("flip");
export const channelShuffleOp = keepsShape("channel_shuffle");
export const trilOp = keepsShape("tril");
