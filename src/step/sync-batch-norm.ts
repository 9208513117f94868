/** @file `convert_sync_batchnorm`: what PaddleSeg's tools/train.py does to a built network when several processes train it. */
import { current } from "../engine/engine.ts";
import type { StorageKind } from "../engine/events.ts";
import { type AnyLayer, type Parameter, sublayers } from "../nn/layer.ts";
import { BatchNorm, BatchNorm2D } from "../nn/layers.ts";
import { numel, sizeOf } from "../ops/types.ts";

/**
 * Every batch norm but `nn.BatchNorm`, whose class is another, becomes a SyncBatchNorm: a new one is made with four vectors of its own,
 * is handed those of the old one, and lets go of its own in that order. One that is a SyncBatchNorm already is made anew too.
 */
export function convertSyncBatchNorm(model: AnyLayer): void {
  for (const layer of sublayers(model)) {
    if (!(layer instanceof BatchNorm2D) || layer instanceof BatchNorm) continue;
    replaceVectors([layer.weight, layer.bias, layer._mean, layer._variance]);
    layer.synchronised = true;
  }
}

function replaceVectors(vectors: readonly Parameter[]): void {
  const e = current();
  const made = vectors.map((p) => {
    const kind: StorageKind = p.trainable ? "parameter" : "buffer";
    const storage = e.allocate(numel(p.shape) * sizeOf(p.dtype), "full_", kind);
    storage.references++;
    return storage;
  });
  for (const storage of made) e.release(storage, "");
}
