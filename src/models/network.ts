/** @file What the training program asks of a network. */
import type { Tensor } from "../engine/tensor.ts";
import type { Layer } from "../nn/layer.ts";
import type { Logits } from "../nn/logit.ts";

/** Image in, list of logits out; `dataFormat` is NHWC where the network wants its input so. */
export interface Network extends Layer<readonly [Tensor], Logits> {
  readonly dataFormat?: "NCHW" | "NHWC";
}
