/** @file PaddleSeg's training loop (`paddleseg/core/train.py`) as a program on the engine. */
import { backward, freeGradients, zeroGradients } from "../engine/backward.ts";
import { current } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Chain } from "../engine/repeat.ts";
import { Tensor } from "../engine/tensor.ts";
import { UserError } from "../errors.ts";
import type { AnyLoss } from "../losses/loss.ts";
import type { Network } from "../models/network.ts";
import { ArgumentError } from "../nn/args.ts";
import { type Parameter, setTraining } from "../nn/layer.ts";
import type { Logit, Logits } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import { autocast, type Cast } from "./autocast.ts";
import { type Batch, type BatchPlan, Loader, trainingBatch } from "./batch.ts";
import { Reducer } from "./data-parallel.ts";
import { decorate } from "./decorate.ts";
import { MovingAverage } from "./ema.ts";
import { type EvaluationPlan, evaluate } from "./evaluate.ts";
import { checkFlopsPass } from "./flops-pass.ts";
import { headByHead } from "./heads.ts";
import type { Optimizer } from "./optimizer.ts";
import { Rounds } from "./rounds.ts";
import { save } from "./save.ts";
import { GradScaler } from "./scaler.ts";
import type { LeanMeans } from "./settings.ts";

/**
 * Iterations of a whole run: the first makes the optimizer's state, the later ones carry what the one before still holds. Two
 * show the allocated peak; reserved can still grow in the third.
 */
export const wholeRun = 3;

/**
 * Iterations that follow where training goes on, as what is reserved can still grow. Of 187 of PaddleSeg's cases twelve more iterations
 * raise it by over 1 % in 20 (11.8 % at most); after two more it still grows by over 1 % in 8 (5.5 % at most). Each costs time here.
 */
const moreRounds = 2;

export interface LossOf {
  readonly loss: AnyLoss;
  readonly coefficient: number;
}

/** Everything the loop needs. */
export interface TrainingPlan extends BatchPlan {
  readonly model: Network;
  readonly parameters: readonly Parameter[];
  readonly losses: readonly LossOf[];
  readonly optimizer: Optimizer;
  readonly ahead: number;
  /** Whether the data set has more batches than are run: then those made ahead stay on the card during evaluation. */
  readonly dataLeft: boolean;
  readonly accumulation: number;
  readonly lean?: readonly LeanMeans[];
  readonly iterations: number;
  readonly cast: Cast | undefined;
  readonly useEma: boolean;
  readonly gpus: number;
  readonly evaluation: EvaluationPlan | undefined;
  /** Whether training goes on after these iterations and the evaluation. */
  readonly resumes: boolean;
}

interface Locals {
  data: Batch;
  images: Tensor;
  labels: Tensor;
  edges: Tensor | undefined;
  logits_list: Logits;
  loss_list: PyList;
  loss: Tensor;
  scaled: Tensor;
}

/**
 * Runs three iterations, then the evaluation with training's leftovers still alive, then, where training goes on, two
 * more: every round leaves other holes in the allocator's chunks than it found.
 */
export function train(plan: TrainingPlan): void {
  const e = current();
  const leave = e.enter("other", "data");
  scope<Locals, void>({}, (f) => {
    const ema = plan.useEma ? new MovingAverage(plan.parameters) : undefined;
    setTraining(plan.model, true);
    const scaler = plan.cast ? new GradScaler() : undefined;
    if (plan.cast?.level === "O2") decorate(plan.model);
    const reducer = plan.gpus > 1 ? joinCards(plan) : undefined;
    const make = () => trainingBatch(plan);
    const count = plan.dataLeft ? Number.POSITIVE_INFINITY : plan.iterations * plan.accumulation;
    const data = new Loader(make, count, plan.ahead);
    const iterate = (iteration: number): readonly Chain[] => {
      for (let micro = 0; micro < plan.accumulation; micro++) {
        const batch = data.next();
        if (micro === 0) e.log.mark("iteration", iteration);
        f.data = batch;
        // The launcher lets the cards exchange gradients once a step (`no_sync` for the micro-batches before).
        forwardBackward(f, plan, scaler, reducer, micro === plan.accumulation - 1);
      }
      update(plan, scaler);
      e.log.mark("step", iteration);
      (plan.lean?.includes("gradients") ? freeGradients : zeroGradients)(plan.parameters);
      ema?.update();
      return data.chains(plan.accumulation);
    };
    const rounds = new Rounds(iterate, plan.gpus === 1 && (plan.dataLeft || plan.ahead === 0));
    for (let iteration = 1; iteration <= plan.iterations; iteration++) rounds.next(iteration);
    if (plan.evaluation) {
      e.log.mark("evaluation");
      evaluate(plan.model, plan.evaluation);
      // The averaged network is evaluated after the other: it is one of the same shapes.
      if (ema) evaluate(plan.model, plan.evaluation);
    }
    if (plan.cast?.level === "O2" && plan.iterations >= wholeRun) save(plan.model);
    if (plan.resumes) {
      setTraining(plan.model, true);
      e.log.mark("resumed");
      for (let more = 1; more <= moreRounds; more++) rounds.next(plan.iterations + more);
    }
    data.close();
    checkFlopsPass(plan.model, f.images.shape, plan.cast);
  });
  leave();
}

/** `fleet.init`, whose processes wait for each other with a number on the card, and `fleet.distributed_model`. */
function joinCards(plan: TrainingPlan): Reducer {
  const e = current();
  e.end(e.tensor([1], "float32", "full"), "");
  return new Reducer(plan.parameters);
}

function forwardBackward(
  f: Locals,
  plan: TrainingPlan,
  scaler: GradScaler | undefined,
  reducer: Reducer | undefined,
  exchanges: boolean,
): void {
  const e = current();
  f.images = f.data.img;
  f.labels = t.cast(f.data.label, "int64");
  f.edges = undefined;
  if (f.data.edge) f.edges = t.cast(f.data.edge, "int64");
  if (plan.model.dataFormat === "NHWC") f.images = t.transpose(f.images, [0, 2, 3, 1]);
  autocast(plan.cast, () => {
    const leave = e.enter("forward", "forward");
    const takesHeads = isSum(plan) && (plan.lean?.includes("heads") ?? false);
    if (takesHeads) e.upsampledSize = f.images.shape.slice(2);
    const logits = plan.model.call(f.images);
    e.upsampledSize = undefined;
    if (exchanges) reducer?.prepare(logits);
    leave();
    if (takesHeads) {
      const list = new PyList<Logit>(logits);
      f.logits_list = list;
      const { labels, edges } = f;
      const losses = plan.losses.map(({ loss }) => loss);
      f.loss_list = headByHead({ logits_list: list, labels, edges }, losses, scaler);
    } else {
      f.logits_list = dropsLogits(plan) ? new PyList<Logit>(logits) : logits;
      f.loss_list = plan.model.lossComputation?.(logits, plan.losses, f.data) ?? lossComputation(f, plan);
    }
    f.loss = total(f.loss_list);
  });
  if (scaler) f.scaled = scaler.scale(f.loss);
  const root = scaler ? f.scaled : f.loss;
  const run = () => backward(root);
  if (reducer === undefined) run();
  else if (exchanges) reducer.during(run);
  else reducer.withoutExchange(run);
}

/** Whether the total is a sum of losses of one logit each: not where a loss takes two or the network forms its own. */
function isSum({ model, losses }: TrainingPlan): boolean {
  return model.lossComputation === undefined && !losses.some(({ loss }) => loss.comparesLogits);
}

/** Lean training lets go of each logit when its loss is formed. */
function dropsLogits(plan: TrainingPlan): boolean {
  return (plan.lean?.includes("logits") ?? false) && isSum(plan);
}

/** Python's `sum`: starts at 0. */
function total(losses: PyList): Tensor {
  return scope({ losses }, (f: { losses: PyList; result: Tensor }) => {
    for (const loss of f.losses) f.result = f.result === undefined ? t.scale(loss) : t.add(f.result, loss);
    return f.result;
  });
}

/** The optimizer's step; GradScaler's unscaling before it. */
function update(plan: TrainingPlan, scaler: GradScaler | undefined): void {
  scaler?.unscale(plan.parameters);
  const leave = current().enter("optimizer", "optimizer");
  plan.optimizer.step();
  leave();
}

interface LossLocals {
  logits_list: Logits;
  labels: Tensor;
  edges: Tensor | undefined;
  loss_list: PyList;
  logits: Logit;
  mixed_loss_list: PyList;
}

/** `loss_computation`: one loss for each logit. */
function lossComputation({ logits_list, labels, edges }: Locals, plan: TrainingPlan): PyList {
  const { losses } = plan;
  const drops = dropsLogits(plan);
  return scope({ logits_list, labels, edges }, (f: LossLocals) => {
    const logits = [...f.logits_list];
    if (logits.length !== losses.length) {
      throw new UserError("logits-losses-differ", { logits: logits.length, losses: losses.length });
    }
    f.loss_list = new PyList();
    for (const [i, { loss }] of losses.entries()) {
      const leave = current().enter("loss", "loss");
      if (!drops) f.logits = logits[i]!;
      const result = loss.comparesLogits
        ? loss.call(logits[0]!, detached(logits[1]))
        : loss.call(drops ? taken(f.logits_list) : f.logits, loss.usesEdges && f.edges ? f.edges : f.labels);
      leave();
      if (result instanceof PyList) {
        f.mixed_loss_list = result;
        for (const mixed of f.mixed_loss_list) f.loss_list.append(t.scale(mixed));
      } else {
        f.loss_list.append(t.scale(result));
      }
    }
    return f.loss_list;
  });
}

/** The first of the logits that are left. */
function taken(logits: Logits): Logit {
  if (!(logits instanceof PyList)) throw new TypeError("logits to let go of are in a list");
  return logits.pop(0);
}

/** `logits_list[1].detach()`. */
function detached(logit: Logit | undefined): Tensor {
  if (!(logit instanceof Tensor)) {
    throw new ArgumentError("KLLoss", "type", "KLLoss compares two maps of logits, but the network hands it one");
  }
  return t.detach(logit);
}
