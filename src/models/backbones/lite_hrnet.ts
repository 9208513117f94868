/** @file Lite-HRNet (`paddleseg/models/backbones/lite_hrnet.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import { type AnyLayer, Layer, Sequential } from "../../nn/layer.ts";
import { ReLU } from "../../nn/layers.ts";
import type { Backbone } from "./backbone.ts";
import { IterativeHead, Stem } from "./lite_hrnet-blocks.ts";
import { ListSequential, SparseList } from "./lite_hrnet-lists.ts";
import { LiteHRNetModule, separable } from "./lite_hrnet-module.ts";

/** Modules in each of three stages, channels of the finest branch, and what their blocks are. */
export interface LiteHRNetPlan {
  readonly modules: readonly [number, number, number];
  readonly width: number;
  /** Undefined: shuffle units ("naive"). */
  readonly ratio: number | undefined;
}

export const lite18: LiteHRNetPlan = { modules: [2, 4, 2], width: 40, ratio: 8 };
export const lite30: LiteHRNetPlan = { modules: [3, 8, 3], width: 40, ratio: 8 };
export const liteNaive: LiteHRNetPlan = { modules: [2, 4, 2], width: 30, ratio: undefined };
export const liteWiderNaive: LiteHRNetPlan = { modules: [2, 4, 2], width: 40, ratio: undefined };

/** Convolutions where the channels change or a new branch begins. */
function transition(before: readonly number[], now: readonly number[]): SparseList {
  return new SparseList(
    now.map((to, i) => {
      const from = before[i];
      if (from === to) return undefined;
      if (from !== undefined) return new Sequential(...separable(from, to, 1), new ReLU());
      const last = before.at(-1)!;
      return new Sequential(
        ...Array.from({ length: i + 1 - before.length }, (_, j) => {
          return new Sequential(...separable(last, j === i - before.length ? to : last, 2), new ReLU());
        }),
      );
    }),
  );
}

interface Locals {
  x: Tensor;
  y_list: PyList;
  x_list: PyList;
  res: PyList;
  layer: Tensor;
}

/** Up to four branches of halving resolution. The map at `freeze_at` hands no gradient back. */
export class LiteHRNet extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly stem: Stem;
  readonly head_layer: IterativeHead | undefined;
  private readonly transitions: SparseList[] = [];
  private readonly stages: ListSequential[] = [];
  private readonly freezeAt: number;
  private readonly returned: readonly number[];

  constructor(args: Args, plan: LiteHRNetPlan) {
    super();
    const inChannels = args.int("in_channels", 3);
    const frozen = args.boolean("freeze_norm", true);
    const head = args.boolean("use_head", false);
    this.freezeAt = args.int("freeze_at", 0);
    const one = args.optional("return_idx");
    this.returned = typeof one === "number" ? [one] : args.numbers("return_idx", [0, 1, 2, 3]);
    args.ignore("norm_decay");
    args.finish();
    // A stem of 32 channels, never frozen, and two blocks in each branch of a module (Yu et al. 2021, table 1).
    this.stem = new Stem(inChannels, 32, false);
    let before: readonly number[] = [32];
    for (const [i, count] of plan.modules.entries()) {
      const channels = Array.from({ length: i + 2 }, (_, j) => plan.width * 2 ** j);
      this.transitions.push(transition(before, channels));
      const make = () => new LiteHRNetModule({ blocks: 2, channels, ratio: plan.ratio, frozen });
      this.stages.push(new ListSequential(Array.from({ length: count }, make)));
      before = channels;
    }
    if (head) this.head_layer = new IterativeHead(before, frozen);
    this.feat_channels = head ? before.map((c, i) => (i === 0 ? c : Math.floor(c / 2))) : before;
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield ["stem", this.stem];
    for (const [i, stage] of this.stages.entries()) {
      yield [`transition${i}`, this.transitions[i]!];
      yield [`stage${i}`, stage];
    }
    if (this.head_layer) yield ["head_layer", this.head_layer];
  }

  forward(f: Locals, x: Tensor): PyList {
    f.x = this.stem.call(x);
    f.y_list = new PyList();
    f.y_list.append(f.x);
    for (const [stage, layer] of this.stages.entries()) {
      f.x_list = new PyList();
      for (let j = 0; j < stage + 2; j++) {
        const input = f.y_list.at(Math.min(j, f.y_list.length - 1));
        const conv = this.transitions[stage]!.at(j);
        f.x_list.append(conv ? conv.call(input) : input);
      }
      f.y_list = layer.call(f.x_list);
    }
    if (this.head_layer) f.y_list = this.head_layer.call(f.y_list);
    f.res = new PyList();
    for (const [i, map] of [...f.y_list].entries()) {
      f.layer = map;
      if (i === this.freezeAt) f.layer.stopGradient = true;
      if (this.returned.includes(i)) f.res.append(f.layer);
    }
    return f.res;
  }
}
