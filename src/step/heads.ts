/** @file Lean training's heads, one after the other: Heads in presets/launcher/lean_losses.py. */
import { backward, takeGradient } from "../engine/backward.ts";
import { current } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { handOver } from "../engine/py-layer.ts";
import { drop, PyList } from "../engine/references.ts";
import { Tensor } from "../engine/tensor.ts";
import { UserError } from "../errors.ts";
import type { AnyLoss } from "../losses/loss.ts";
import { MixedLoss } from "../losses/mixed_loss.ts";
import type { Logit } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import { autocast } from "./autocast.ts";
import type { GradScaler } from "./scaler.ts";

/** What a logit was upsampled from and how, or itself. */
interface Head {
  readonly source: Logit;
  readonly again: ((leaf: Tensor) => Tensor) | undefined;
}

interface Locals {
  logits_list: PyList<Logit>;
  labels: Tensor;
  edges: Tensor | undefined;
  heads: PyList<Logit>;
  source: Logit;
  loss_list: PyList;
}

interface HeadArguments {
  readonly loss: AnyLoss;
  readonly again: Head["again"];
  readonly scaler: GradScaler | undefined;
}

/** The losses, of which the first of each head carries the gradient at what its logits were made from. */
export function headByHead(
  inputs: { readonly logits_list: PyList<Logit>; readonly labels: Tensor; readonly edges: Tensor | undefined },
  losses: readonly AnyLoss[],
  scaler: GradScaler | undefined,
): PyList {
  const { logits_list, labels, edges } = inputs;
  return scope({ logits_list, labels, edges }, (f: Locals) => {
    if (f.logits_list.length !== losses.length) {
      throw new UserError("logits-losses-differ", { logits: f.logits_list.length, losses: losses.length });
    }
    f.heads = new PyList<Logit>();
    const ways = losses.map(() => {
      const { source, again } = sourceOf(f.logits_list.pop(0));
      f.heads.append(source);
      return again;
    });
    f.loss_list = new PyList();
    for (const [i, loss] of losses.entries()) {
      const leave = current().enter("loss", "loss");
      f.source = f.heads.pop(0);
      const target = loss.usesEdges && f.edges ? f.edges : f.labels;
      const again = ways[i];
      const { source } = f;
      if (source instanceof Tensor && !source.stopGradient) {
        f.loss_list.extend(head(source, target, { loss, again, scaler }));
      } else {
        const result = loss.call(again && source instanceof Tensor ? again(source) : source, target);
        if (result instanceof PyList) for (const each of result) f.loss_list.append(t.scale(each));
        else f.loss_list.append(t.scale(result));
      }
      leave();
    }
    return f.loss_list;
  });
}

function sourceOf(logit: Logit): Head {
  const note = logit instanceof Tensor ? current().takeUpsampled(logit) : undefined;
  if (note === undefined) return { source: logit, again: undefined };
  drop(logit);
  return { source: note.from, again: note.again };
}

interface HeadLocals {
  source: Tensor;
  target: Tensor;
  leaf: Tensor;
  full?: Tensor;
  inner?: Tensor;
  result: Tensor;
  values: PyList;
  link: Tensor;
  gradient: Tensor;
}

function head(source: Tensor, target: Tensor, { loss, again, scaler }: HeadArguments): PyList {
  return scope({ source, target }, (f: HeadLocals) => {
    f.leaf = leafOf(f.source);
    f.values = new PyList();
    if (loss instanceof MixedLoss) {
      f.full = again ? again(f.leaf) : f.leaf;
      f.inner = leafOf(f.full);
      for (const one of loss.losses) {
        f.result = t.scale(tensorOf(one.call(f.inner, f.target)));
        f.values.append(backwardOf(t.scale(f.result), scaler));
      }
      const gradient = gradientOf(f.inner);
      f.link = handOver(f.full, t.assign(f.values.at(0)), gradient);
      delete f.full;
      delete f.inner;
      backward(f.link);
    } else {
      f.result = tensorOf(loss.call(again ? again(f.leaf) : f.leaf, f.target));
      f.values.append(backwardOf(t.scale(f.result), scaler));
    }
    f.gradient = gradientOf(f.leaf);
    handOver(f.source, f.values.at(0), f.gradient);
    return f.values;
  });
}

function tensorOf(value: Tensor | PyList): Tensor {
  if (value instanceof Tensor) return value;
  throw new TypeError("only MixedLoss gives a list");
}

/** `x.detach()` that collects a gradient. */
function leafOf(x: Tensor): Tensor {
  const leaf = t.detach(x);
  leaf.stopGradient = false;
  return leaf;
}

function gradientOf(leaf: Tensor): Tensor {
  const gradient = takeGradient(leaf);
  if (gradient === undefined) throw new TypeError("a loss without a gradient at its logits");
  gradient.references--;
  return gradient;
}

interface ValueLocals {
  value: Tensor;
  scaled?: Tensor;
}

/** Backward of one loss, without auto-cast; its value. */
function backwardOf(value: Tensor, scaler: GradScaler | undefined): Tensor {
  return scope({ value }, (f: ValueLocals) => {
    autocast(undefined, () => {
      if (scaler) f.scaled = scaler.scale(f.value);
      backward(f.scaled ?? f.value);
      delete f.scaled;
    });
    return t.detach(f.value);
  });
}
