/** @file `paddle.amp.decorate(level="O2")`: parameters become float16, but for those of normalisation layers. */
import { current } from "../engine/engine.ts";
import { type AnyLayer, layersOf } from "../nn/layer.ts";
import { isFloat, numel, sizeOf } from "../ops/types.ts";

/** Casts in the order of the layers: the new buffer is made before the old one goes. */
export function decorate(model: AnyLayer): void {
  const e = current();
  for (const layer of layersOf(model)) {
    if (layer.keepsFloat32) continue;
    for (const [, p] of layer.ownParameters()) {
      if (!isFloat(p.dtype) || p.dtype === "float16") continue;
      const storage = e.allocate(numel(p.shape) * sizeOf("float16"), "cast", p.trainable ? "parameter" : "buffer");
      storage.references++;
      const old = p.storage;
      p.storage = storage;
      p.dtype = "float16";
      e.release(old, "");
    }
  }
}
