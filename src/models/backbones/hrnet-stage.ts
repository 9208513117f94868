/** @file Branches of different resolution and their fusion, shared by HRNet and UHRNet. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import { Identity } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBN, ConvBNReLU } from "../blocks/conv.ts";
import { BasicBlock, type Named, type Style } from "./hrnet-blocks.ts";

/** Basic blocks on each branch. */
class Branches extends Layer<readonly [PyList], PyList> {
  private readonly blocks: readonly Named[];

  constructor(counts: readonly number[], channels: readonly number[], name: string, style: Style) {
    super();
    this.blocks = channels.map((width, i) =>
      Array.from({ length: counts[i]! }, (_, j) => {
        return [`bb_${name}_branch_layer_${i + 1}_${j + 1}`, new BasicBlock(width, width, style)] as const;
      }),
    );
  }

  override children(): Iterable<readonly [string, AnyLayer]> {
    return this.blocks.flat();
  }

  forward(f: { outs: PyList; input: Tensor; conv: Tensor }, x: PyList): PyList {
    f.outs = new PyList();
    for (const [i, input] of [...x].entries()) {
      f.input = input;
      f.conv = f.input;
      for (const [, block] of this.blocks[i]!) f.conv = block.call(f.conv);
      f.outs.append(f.conv);
    }
    return f.outs;
  }
}

/** Each branch plus all others, brought to its size. */
class FuseLayers extends Layer<readonly [PyList], PyList> {
  private readonly residuals: Named;
  private readonly count: number;

  constructor(channels: readonly number[], name: string, style: Style) {
    super();
    this.count = channels.length;
    const down = { stride: 2, padding: style.padding, bias: false };
    const residuals: (readonly [string, Layer])[] = [];
    for (const [i, to] of channels.entries()) {
      for (const [j, from] of channels.entries()) {
        const key = `residual_${name}_layer_${i + 1}_${j + 1}`;
        if (j > i) residuals.push([key, new ConvBN(from, to, 1, { bias: false })]);
        for (let k = 0; k < i - j; k++) {
          const last = k === i - j - 1;
          residuals.push([
            `${key}_${k + 1}`,
            last ? new ConvBN(from, to, 3, down) : new ConvBNReLU(from, from, 3, down),
          ]);
        }
      }
    }
    if (residuals.length === 0 && style.functional) residuals.push(["identity", new Identity()]);
    this.residuals = residuals;
  }

  override children(): Iterable<readonly [string, AnyLayer]> {
    return this.residuals;
  }

  forward(f: { outs: PyList; residual: Tensor; y: Tensor }, x: PyList): PyList {
    f.outs = new PyList();
    let next = 0;
    for (let i = 0; i < this.count; i++) {
      f.residual = x.at(i);
      const size = f.residual.hw;
      for (let j = 0; j < this.count; j++) {
        if (j === i) continue;
        if (j > i) {
          f.y = this.residuals[next++]![1].call(x.at(j));
          f.y = F.interpolate(f.y, size, { mode: "bilinear" });
        } else {
          f.y = x.at(j);
          for (let k = 0; k < i - j; k++) f.y = this.residuals[next++]![1].call(f.y);
        }
        f.residual = t.add(f.residual, f.y);
      }
      f.residual = F.relu(f.residual);
      f.outs.append(f.residual);
    }
    return f.outs;
  }
}

class HighResolutionModule extends Layer<readonly [PyList], PyList> {
  readonly branches_func: Branches;
  readonly fuse_func: FuseLayers;

  constructor(counts: readonly number[], channels: readonly number[], name: string, style: Style) {
    super();
    this.branches_func = new Branches(counts, channels, name, style);
    this.fuse_func = new FuseLayers(channels, name, style);
  }

  forward(f: { out: PyList }, x: PyList): PyList {
    f.out = this.branches_func.call(x);
    f.out = this.fuse_func.call(f.out);
    return f.out;
  }
}

/** What one stage is made of: modules, and for each branch its blocks and channels. */
export interface StagePlan {
  readonly modules: number;
  readonly blocks: readonly number[];
  readonly channels: readonly number[];
}

/** A stage: modules one after the other. */
export class Stage extends Layer<readonly [PyList], PyList> {
  private readonly modules: readonly (readonly [string, HighResolutionModule])[];

  constructor(plan: StagePlan, name: string, style: Style) {
    super();
    this.modules = Array.from({ length: plan.modules }, (_, i) => {
      const module = new HighResolutionModule(plan.blocks, plan.channels, `${name}_${i + 1}`, style);
      return [`stage_${name}_${i + 1}`, module] as const;
    });
  }

  override children(): Iterable<readonly [string, AnyLayer]> {
    return this.modules;
  }

  forward(f: { out: PyList }, x: PyList): PyList {
    f.out = x;
    for (const [, module] of this.modules) f.out = module.call(f.out);
    return f.out;
  }
}
