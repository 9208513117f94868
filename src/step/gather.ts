/** @file Evaluation on several cards: the areas that each card counted, gathered on all of them (`paddleseg/core/val.py`). */
import { current } from "../engine/engine.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as t from "../nn/tensor.ts";
import { numel, sizeOf } from "../ops/types.ts";

/** Sums over all images, those of the image at hand, and those of all cards. */
export interface Areas {
  intersect_area_all: Tensor;
  pred_area_all: Tensor;
  label_area_all: Tensor;
  intersect_area: Tensor;
  pred_area: Tensor;
  label_area: Tensor;
  intersect_area_list: PyList;
  pred_area_list: PyList;
  label_area_list: PyList;
}

/** Each card has evaluated an image of its own; the areas of all are added up on every card. */
export function addGathered(f: Areas, gpus: number): void {
  f.intersect_area_list = new PyList();
  f.pred_area_list = new PyList();
  f.label_area_list = new PyList();
  gather(f.intersect_area_list, f.intersect_area, gpus);
  gather(f.pred_area_list, f.pred_area, gpus);
  gather(f.label_area_list, f.label_area, gpus);
  for (let i = 0; i < gpus; i++) {
    f.intersect_area_all = t.add(f.intersect_area_all, f.intersect_area_list.at(i));
    f.pred_area_all = t.add(f.pred_area_all, f.pred_area_list.at(i));
    f.label_area_all = t.add(f.label_area_all, f.label_area_list.at(i));
  }
}

/** `all_gather`: a tensor of each card, and for the time of the call one that holds them all. */
function gather(list: PyList, x: Tensor, gpus: number): void {
  const e = current();
  for (let i = 0; i < gpus; i++) list.append(e.tensor(x.shape, x.dtype, "empty"));
  const all = e.allocate(gpus * numel(x.shape) * sizeOf(x.dtype), "stack");
  all.references++;
  e.release(all, "");
}
