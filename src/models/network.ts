/** @file What the training program asks of a network. */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Layer } from "../nn/layer.ts";
import type { Logit, Logits } from "../nn/logit.ts";

/** One term of the config's loss, as a network's own `loss_computation` gets it. */
export interface LossTerm {
  readonly loss: Layer<readonly [Logit, Logit], Tensor | PyList> & { readonly usesInstances: boolean };
  readonly coefficient: number;
}

/** Image in, list of logits out; `dataFormat` is NHWC where the network wants its input so. */
export interface Network extends Layer<readonly [Tensor], Logits> {
  readonly dataFormat?: "NCHW" | "NHWC";
  /** What `infer.inference` makes of this network's result before it is brought to the image's size (STFPM). */
  postTransform?(logit: Tensor): Tensor;
  /** The network's own `loss_computation(logits_list, losses, data)`: a list of losses. `data` is the whole batch. */
  lossComputation?(logits: Logits, losses: readonly LossTerm[], data: Readonly<Record<string, Tensor>>): PyList;
}
