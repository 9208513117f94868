/** @file `paddle.amp.decorate(level="O2")`: parameters and buffers become float16, but for those of normalisation layers. */
import { current, type Engine } from "../engine/engine.ts";
import type { StorageKind } from "../engine/events.ts";
import type { Tensor } from "../engine/tensor.ts";
import { heldBuffers } from "../nn/held.ts";
import { type AnyLayer, layersOf } from "../nn/layer.ts";
import { isFloat, numel, sizeOf } from "../ops/types.ts";

/** Casts in the order of the layers: the new buffer is made before the old one goes. */
export function decorate(model: AnyLayer): void {
  const e = current();
  for (const { layer, parameters } of layersOf(model)) {
    if (layer.keepsFloat32) continue;
    for (const p of parameters) halve(e, p, p.trainable ? "parameter" : "buffer");
    for (const held of heldBuffers(layer)) halve(e, held, "buffer");
  }
}

function halve(e: Engine, tensor: Tensor, kind: StorageKind): void {
  if (!isFloat(tensor.dtype) || tensor.dtype === "float16") return;
  const storage = e.allocate(numel(tensor.shape) * sizeOf("float16"), "cast", kind);
  storage.references++;
  const old = tensor.storage;
  tensor.storage = storage;
  tensor.dtype = "float16";
  e.release(old, "");
}
