/** @file The `init_weight` that most PaddleSeg parts share. */
import { type AnyLayer, refill, sublayers } from "../../nn/layer.ts";
import { Conv2D } from "../../nn/layers.ts";

/**
 * Fills the weight of every convolution again from a normal distribution. BatchNorm2D, which PaddleSeg uses on one card, is
 * none of the normalisation classes that `init_weight` looks for.
 */
export function normalConvolutions(root: AnyLayer): void {
  for (const layer of sublayers(root)) if (layer instanceof Conv2D) refill(layer.weight, "gaussian");
}
