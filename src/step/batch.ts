/** @file Batches as PaddleSeg's loader hands them over: images float32, labels and edges uint8, on the card. */
import type { Size } from "../config/types.ts";
import { current, releaseTensor } from "../engine/engine.ts";
import type { Chain } from "../engine/repeat.ts";
import type { Tensor } from "../engine/tensor.ts";

/** `data` of the loops: a dict of tensors. */
export interface Batch {
  readonly [key: string]: Tensor;
  readonly img: Tensor;
  readonly label: Tensor;
}

/** What a training batch holds. */
export interface BatchPlan {
  readonly batch: number;
  readonly channels: number;
  readonly crop: Size;
  readonly edge: boolean;
  /** Classes of GenerateInstanceTargets, where the data set has that transform. */
  readonly instances?: number | undefined;
}

/** A training batch: images [N, C, H, W], labels [N, H, W], edges and instances too where the data set makes them. */
export function trainingBatch(plan: BatchPlan): Batch {
  const { batch, channels, crop, edge, instances } = plan;
  const e = current();
  const img = e.tensor([batch, channels, crop.height, crop.width], "float32", "", "input");
  const map = () => e.tensor([batch, crop.height, crop.width], "uint8", "", "input");
  const label = map();
  if (edge) return { img, label, edge: map() };
  return instances === undefined ? { img, label } : { img, label, ...instanceTargets(plan, instances) };
}

/**
 * `data["instances"]` of GenerateInstanceTargets, one key for each tensor: two sizes of each image, its classes [N, K] and their
 * masks [N, K, H, W]. float32 masks are filled up with int64 ones, so numpy makes them float64.
 */
function instanceTargets({ batch, crop }: BatchPlan, classes: number): Readonly<Record<string, Tensor>> {
  const e = current();
  const size = () => e.tensor([batch], "int64", "", "input");
  return {
    "instances.image_shape.0": size(),
    "instances.image_shape.1": size(),
    "instances.gt_classes": e.tensor([batch, classes], "int64", "", "input"),
    "instances.gt_masks": e.tensor([batch, classes, crop.height, crop.width], "float64", "", "input"),
  };
}

/** One validation image: label [1, 1, H, W] in the original size. */
export function validationBatch(channels: number, network: Size, original: Size): Batch {
  const e = current();
  const img = e.tensor([1, channels, network.height, network.width], "float32", "", "input");
  return { img, label: e.tensor([1, 1, original.height, original.width], "uint8", "", "input") };
}

/**
 * The loader: hands over one batch at a time and makes `ahead` more before it does, as a buffered reader. `count` is how many the data
 * set has; where it has more than are taken, what was made ahead stays on the card until `close`.
 */
export class Loader {
  private readonly make: () => Batch;
  private readonly count: number;
  private readonly ahead: number;
  private readonly queue: Batch[] = [];
  /** All that were made, the queue's last; the one before the queue was taken last. */
  private readonly made: Batch[] = [];

  constructor(make: () => Batch, count: number, ahead: number) {
    this.make = make;
    this.count = count;
    this.ahead = ahead;
  }

  /** The next batch, held by nobody. Throws where the data set has no more. */
  next(): Batch {
    while (this.made.length < this.count && this.queue.length <= this.ahead) {
      const batch = this.make();
      for (const tensor of Object.values(batch)) tensor.references++;
      this.queue.push(batch);
      this.made.push(batch);
    }
    const batch = this.queue.shift();
    if (batch === undefined) throw new RangeError("the data set has no more batches");
    for (const tensor of Object.values(batch)) tensor.references--;
    return batch;
  }

  /**
   * Storages that live for longer than the round of the loop that has just ended and took `count` batches. The round found one batch in
   * the loop's `data` and `ahead` more behind it; those among them that it let go head a chain each, of every `count`th batch from there on.
   */
  chains(count: number): Chain[] {
    const found = this.made.length - this.queue.length - count - 1;
    const chains: Chain[] = [];
    for (let head = found; head <= found + Math.min(count - 1, this.ahead); head++) {
      const batches = this.made.filter((_, i) => i >= head && (i - head) % count === 0);
      for (const key of Object.keys(batches[0] ?? {})) {
        chains.push(batches.flatMap((batch) => batch[key]?.storage.id ?? []));
      }
    }
    return chains;
  }

  /** Lets go of what was made ahead. */
  close(): void {
    for (const batch of this.queue.splice(0)) {
      for (const tensor of Object.values(batch)) if (--tensor.references === 0) releaseTensor(tensor);
    }
  }
}
