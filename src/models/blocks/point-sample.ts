/** @file Sampling maps at points, and how uncertain a prediction is (`paddleseg/models/pointrend.py`). */
import { scope } from "../../engine/frame.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import * as t from "../../nn/tensor.ts";

/** `point_sample`: x [N, C, H, W] at points [N, P, 2] in 0 to 1; the grid wants -1 to 1. */
export function pointSample(x: Tensor, points: Tensor): Tensor {
  return scope({ x, points }, (f: { x: Tensor; points: Tensor; output: Tensor }) => {
    f.points = t.unsqueeze(f.points, 2);
    const grid = t.scale(t.scale(f.points));
    f.output = F.gridSample(f.x, grid);
    f.output = t.squeeze(f.output, 3);
    return f.output;
  });
}

/** The difference of the two largest logits, [N, 1, …]. */
export function uncertainty(logits: Tensor): Tensor {
  return scope({ logits }, (f: { logits: Tensor; top2: Tensor }) => {
    const [values, places] = t.topk(f.logits, 2, 1);
    f.top2 = values;
    drop(places);
    const [first, second] = [t.select(f.top2, 1, 1), t.select(f.top2, 1, 0)];
    return t.unsqueeze(t.subtract(first, second), 1);
  });
}

/** The points' features in each map, joined. */
export function sampled(maps: readonly Tensor[], points: Tensor): Tensor {
  return scope({ maps, points }, (f: { maps: readonly Tensor[]; points: Tensor; list: readonly Tensor[] }) => {
    f.list = f.maps.map((x) => pointSample(x, f.points));
    return f.list.length > 1 ? t.concat(f.list, 1) : f.list[0]!;
  });
}
