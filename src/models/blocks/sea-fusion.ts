/** @file The fusion of a fine and a coarse feature, as SeaFormer and StrideFormer have it. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import * as t from "../../nn/tensor.ts";

/** The fine feature weighed by the coarse one's gate. */
export class SeaFusion extends Layer<readonly [Tensor, Tensor]> {
  readonly local_embedding: Layer;
  readonly global_act: Layer;
  readonly act: Layer;

  constructor(local: Layer, global: Layer, act: Layer) {
    super();
    this.local_embedding = local;
    this.global_act = global;
    this.act = act;
  }

  forward(
    f: { local_feat: Tensor; global_act: Tensor; sig_act: Tensor; out: Tensor },
    low: Tensor,
    high: Tensor,
  ): Tensor {
    f.local_feat = this.local_embedding.call(low);
    f.global_act = this.global_act.call(high);
    f.sig_act = F.interpolate(this.act.call(f.global_act), low.hw, { mode: "bilinear" });
    f.out = t.multiply(f.local_feat, f.sig_act);
    return f.out;
  }
}
