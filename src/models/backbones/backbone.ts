/** @file What a network may ask of a backbone. */
import type { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Layer } from "../../nn/layer.ts";

/** A feature extractor: image in, list of feature maps out, finest first. */
export interface Backbone extends Layer<readonly [Tensor], PyList> {
  /** Channels of each feature map it returns. */
  readonly feat_channels: readonly number[];
  /** Of a ResNet_vd: the number of layers in its name. Others may have a list of layers under this name. */
  readonly layers?: unknown;
  /** The stem's result, where the backbone keeps it as an attribute. */
  readonly conv1_logit?: Tensor | undefined;
}
