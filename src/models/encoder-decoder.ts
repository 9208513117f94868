/** @file What several networks share: a backbone, then one head for all logits or one for each scale. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as F from "../nn/functional.ts";
import { Layer, type LayerList } from "../nn/layer.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

/** A backbone and a head that gives all logits, each brought to the image's size. */
export abstract class BackboneAndHead extends Layer<readonly [Tensor], PyList> implements Network {
  abstract readonly backbone: Backbone;
  abstract readonly head: Layer<readonly [PyList], PyList>;

  forward(f: { feat_list: PyList; logit_list: PyList }, x: Tensor): PyList {
    f.feat_list = this.backbone.call(x);
    f.logit_list = this.head.call(f.feat_list);
    return upsampled(f.logit_list, x.hw);
  }
}

interface Locals {
  feats_backbone: PyList;
  feats_selected: readonly Tensor[];
  feats_head: PyList;
  logit_list: PyList;
  x: Tensor;
}

/** A decoder over chosen feature maps and a classifier for each scale; evaluation runs the finest alone. */
export abstract class HeadPerScale extends Layer<readonly [Tensor], PyList> implements Network {
  abstract readonly backbone: Backbone;
  abstract readonly ppseg_head: Layer<readonly [readonly Tensor[]], PyList>;
  abstract readonly seg_heads: LayerList;
  protected abstract readonly indices: readonly number[];

  forward(f: Locals, x: Tensor): PyList {
    f.feats_backbone = this.backbone.call(x);
    f.feats_selected = this.indices.map((i) => f.feats_backbone.at(i));
    f.feats_head = this.ppseg_head.call(f.feats_selected);
    f.logit_list = new PyList();
    if (!this.training) {
      f.x = this.seg_heads.at(0).call(f.feats_head.at(0));
      f.x = F.interpolate(f.x, x.hw, { mode: "bilinear" });
      f.logit_list.append(f.x);
      return f.logit_list;
    }
    for (const [i, head] of [...this.seg_heads].entries()) {
      f.x = f.feats_head.at(i);
      f.x = head.call(f.x);
      f.logit_list.append(f.x);
    }
    f.logit_list = upsampled(f.logit_list, x.hw);
    return f.logit_list;
  }
}
