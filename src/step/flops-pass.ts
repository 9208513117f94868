/** @file The pass with which PaddleSeg ends a training: it counts FLOPs on one image (`core/train.py`, `paddle.flops`). */
import { current, Engine, noGrad, withEngine } from "../engine/engine.ts";
import { drop } from "../engine/references.ts";
import type { Network } from "../models/network.ts";
import { heldBuffers } from "../nn/held.ts";
import { layersOf, setTraining } from "../nn/layer.ts";
import { DTypeError, type Shape } from "../ops/types.ts";
import type { Cast } from "./autocast.ts";

/** The layer at which the pass fails. */
export class FlopsPassError extends DTypeError {
  readonly layer: string;

  constructor({ op, dtypes }: DTypeError, layer: string) {
    super(op, dtypes);
    this.name = "FlopsPassError";
    this.layer = layer;
  }
}

/** Whether training left a buffer in float16 that was float32 when it was made. */
function holdsHalf(model: Network): boolean {
  for (const { layer } of layersOf(model)) {
    for (const value of heldBuffers(layer)) if (value.dtype === "float16") return true;
  }
  return false;
}

/**
 * Under O1 this pass runs in float32 without auto-cast, so a buffer that training left in float16 meets float32 features, and an op
 * that takes one dtype only fails. Throws FlopsPassError where Paddle fails. The pass comes after everything that is measured, and its
 * events are not logged; without such a buffer nothing can fail, and nothing is run.
 */
export function checkFlopsPass(model: Network, images: Shape, cast: Cast | undefined): void {
  if (cast?.level !== "O1" || !holdsHalf(model)) return;
  const pass = new Engine(current().device);
  try {
    withEngine(pass, () => {
      setTraining(model, false);
      noGrad(() => drop(model.call(pass.tensor([1, ...images.slice(1)], "float32", ""))));
    });
  } catch (error) {
    if (!(error instanceof DTypeError)) throw error;
    throw new FlopsPassError(error, pass.currentLayer);
  }
}
