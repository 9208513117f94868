/** @file What the training program asks of a loss. */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import type { Logit } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import type { DType, Shape } from "../ops/types.ts";

/**
 * Logits [N, C, H, W] and int64 labels [N, H, W] (or [N, 1, H, W]) to a scalar, or to a list of them (MixedLoss).
 * `L` is `readonly Tensor[]` where the network hands it several tensors, `Y` where the data set does (instances).
 */
export abstract class Loss<
  R extends Tensor | PyList = Tensor,
  L extends Logit = Tensor,
  Y extends Logit = Tensor,
> extends Layer<readonly [L, Y], R> {
  /** PaddleSeg's class name. */
  abstract readonly type: string;
  /** Takes the edge map in place of the labels (`BCELoss(edge_label=True)`). */
  readonly usesEdges: boolean = false;
  /** Takes the instances of the batch in place of the labels. */
  readonly usesInstances: boolean = false;
  /** Takes the network's first two logits in place of one and the labels (`KLLoss`). */
  readonly comparesLogits: boolean = false;
  /** Tensors that the network has to hand it together; 0: any, for its parts to say. */
  readonly takes: number = 1;

  /** Throws ArgumentError for a network whose logits are of another form, at which Python would fail. */
  override call(logits: L, labels: Y): R {
    const [one, given] = Array.isArray(logits) ? [false, logits.length] : [true, 1];
    if (this.takes > 0 && (given < this.takes || one !== (this.takes === 1))) {
      const maps = (count: number) => (count === 1 ? "one map of logits" : `${count} tensors together`);
      const reason = `${this.type} takes ${maps(this.takes)}, but the network hands it ${one ? maps(1) : maps(given)}`;
      throw new ArgumentError(this.type, "type", reason);
    }
    return super.call(logits, labels);
  }
}

/** A loss of either kind. */
export type AnyLoss = Loss<Tensor | PyList, Logit, Logit>;

/** A tensor that a loss's constructor puts on the card (`paddle.to_tensor(weight)`): it lives as long as the loss. */
export function constant(shape: Shape, dtype: DType = "float32"): Tensor {
  const out = t.toTensor(shape, dtype);
  out.references++;
  return out;
}

/** The `weight` argument: one number for each class, or none. */
export function classWeights(args: Args): Tensor | undefined {
  const weights = args.optionalNumbers("weight");
  return weights === undefined ? undefined : constant([weights.length]);
}
