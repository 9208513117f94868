/** @file Batches as PaddleSeg's loader hands them over: images float32, labels and edges uint8, on the card. */
import type { Size } from "../config/types.ts";
import { current } from "../engine/engine.ts";
import type { Tensor } from "../engine/tensor.ts";

/** `data` of the loops: a dict of tensors. */
export interface Batch {
  readonly [key: string]: Tensor;
  readonly img: Tensor;
  readonly label: Tensor;
}

/** A training batch: images [N, C, H, W], labels [N, H, W], edges too where the data set makes them. */
export function trainingBatch(count: number, channels: number, { width, height }: Size, edge: boolean): Batch {
  const e = current();
  const img = e.tensor([count, channels, height, width], "float32", "", "input");
  const label = e.tensor([count, height, width], "uint8", "", "input");
  return edge ? { img, label, edge: e.tensor([count, height, width], "uint8", "", "input") } : { img, label };
}

/** One validation image: label [1, 1, H, W] in the original size. */
export function validationBatch(channels: number, network: Size, original: Size): Batch {
  const e = current();
  const img = e.tensor([1, channels, network.height, network.width], "float32", "", "input");
  return { img, label: e.tensor([1, 1, original.height, original.width], "uint8", "", "input") };
}

/** The loader: hands over one batch at a time and makes `ahead` more before it does, as a buffered reader. */
export function* loader(make: () => Batch, count: number, ahead: number): Iterable<Batch> {
  const queue: Batch[] = [];
  let made = 0;
  const next = (): Batch => {
    made++;
    const batch = make();
    for (const tensor of Object.values(batch)) tensor.references++;
    return batch;
  };
  for (let i = 0; i < count; i++) {
    while (made < count && queue.length <= ahead) queue.push(next());
    const batch = queue.shift();
    if (batch === undefined) return;
    for (const tensor of Object.values(batch)) tensor.references--;
    yield batch;
  }
}
