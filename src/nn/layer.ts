/** @file Layers: names, parameters, and a call that holds its arguments until it returns, as Paddle's `Layer.__call__` does. */
import { current } from "../engine/engine.ts";
import { call } from "../engine/frame.ts";
import { recompute } from "../engine/recompute.ts";
import { loosen, PyList, release, retain } from "../engine/references.ts";
import type { Storage } from "../engine/tensor.ts";
import { Tensor } from "../engine/tensor.ts";
import { bytesOf, type DType, type Shape } from "../ops/types.ts";
import { ArgumentError } from "./args.ts";

/** How a parameter is first filled: decides the kernel that allocates it. */
export type Initializer = "gaussian" | "uniform" | "full" | "truncated_gaussian_random" | "assign_value";

export interface ParameterOptions {
  readonly initializer?: Initializer;
  readonly trainable?: boolean;
  /** Factor on the learning rate (`ParamAttr(learning_rate=…)`): one more scalar in the optimizer step. */
  readonly learningRate?: number;
  /** `ParamAttr(regularizer=L2Decay(…))`, whatever its factor: a regularised gradient of its own in the step. */
  readonly regularized?: boolean;
  readonly dtype?: DType;
}

/** A named tensor that lives as long as the model. Running statistics are parameters that are not trained. */
export class Parameter extends Tensor {
  name = "";
  readonly trainable: boolean;
  /** `optimize_attr["learning_rate"]`: heads change it after they are built. */
  learningRate: number;
  readonly initializer: Initializer;
  readonly regularized: boolean;

  constructor(shape: Shape, options: ParameterOptions = {}) {
    const { initializer = "gaussian", trainable = true, learningRate = 1, dtype = "float32" } = options;
    super(shape, dtype, allocated(shape, dtype, initializer, trainable));
    this.references = 1;
    this.trainable = trainable;
    this.stopGradient = !trainable;
    this.learningRate = learningRate;
    this.initializer = initializer;
    this.regularized = options.regularized ?? false;
  }
}

/** Fills a parameter again, as `param_init` and `init_weight` do: a new buffer is made, then the old one is freed. */
export function refill(parameter: Parameter, initializer: Initializer): void {
  const old = parameter.storage;
  const next = allocated(parameter.shape, parameter.dtype, initializer, parameter.trainable);
  next.references++;
  parameter.storage = next;
  current().release(old, initializer);
}

function allocated(shape: Shape, dtype: DType, op: string, trainable: boolean): Storage {
  // Constants and copies fill in place: their kernels are `full_`, `assign_value_`.
  const kernel = op === "full" || op === "assign_value" ? `${op}_` : op;
  return current().allocate(bytesOf(shape, dtype, kernel), kernel, trainable ? "parameter" : "buffer");
}

/** A base for layers of any arguments; `L` is the type of the frame that `forward` gets. */
export abstract class Layer<A extends readonly unknown[] = readonly [Tensor], R = Tensor> {
  /** Paddle's structured name: `backbone.features.0.conv`; the root is `model`. */
  name = "";
  training = true;
  /** `amp.decorate` leaves the parameters of normalisation layers in float32. */
  readonly keepsFloat32: boolean = false;
  /** Run this layer's forward again in backward instead of keeping its activations. */
  recomputed = false;

  /** The body, written against a frame: `f.x = …` binds a Python local. */
  abstract forward(f: object, ...inputs: A): R;

  /** Calls the layer. */
  call(...inputs: A): R {
    const e = current();
    e.pushLayer(this.name);
    retain(inputs);
    const before = e.flops;
    const again = this.recomputed && this.training && e.gradEnabled;
    if (again && inputs.some((x) => !(x instanceof Tensor) && needsGradient(x))) {
      throw new ArgumentError(this.name, "recompute", `${this.name} cannot be recomputed: it takes a list of tensors`);
    }
    // Asked before the body runs: it may take items off a list that it was given.
    const differentiable = inputsRecomputable(inputs);
    const result = again
      ? recompute(inputs, (given) => call((f) => this.forward(f, ...same(inputs, given))))
      : call((f) => this.forward(f, ...inputs));
    if (e.gradEnabled && !e.calls.has(this.name)) {
      e.calls.set(this.name, { needsGradient: differentiable && isNew(result, inputs), flops: e.flops - before });
    }
    retain(result);
    release(inputs);
    loosen(result);
    e.popLayer();
    return result;
  }

  /** Sublayers with their attribute names, in order of creation. */
  *children(): Iterable<readonly [string, Layer<never, unknown>]> {
    for (const [name, value] of Object.entries(this)) if (value instanceof Layer) yield [name, value];
  }

  /** This layer's own parameters with their attribute names. */
  *ownParameters(): Iterable<readonly [string, Parameter]> {
    for (const [name, value] of Object.entries(this)) if (value instanceof Parameter) yield [name, value];
  }
}

function needsGradient(x: unknown): boolean {
  if (x instanceof Tensor) return !x.stopGradient;
  return (Array.isArray(x) || x instanceof PyList) && [...x].some(needsGradient);
}

/**
 * What Paddle's recompute asks of a call: a tensor argument that needs a gradient, none that needs one inside a list (lists are not
 * detached, so backward would run twice through them), and a result of new tensors only (its backward compares the counts).
 */
function inputsRecomputable(inputs: readonly unknown[]): boolean {
  if (!inputs.some((x) => x instanceof Tensor && needsGradient(x))) return false;
  return !inputs.some((x) => !(x instanceof Tensor) && needsGradient(x));
}

/** Whether a result is of tensors only, none of them an input that is handed on: a PyLayer cannot give back what it was given. */
function isNew(result: unknown, inputs: readonly unknown[]): boolean {
  const given = new Set(inputs.flatMap(items));
  return items(result).every((x) => x instanceof Tensor && !given.has(x));
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) || value instanceof PyList ? [...value] : [value];
}

/** Recompute hands back as many values of the same types. */
function same<A extends readonly unknown[]>(like: A, given: readonly unknown[]): A {
  const isSame = (values: readonly unknown[]): values is A => values.length === like.length;
  if (!isSame(given)) throw new TypeError("recompute must hand back its inputs");
  return given;
}

export type AnyLayer = Layer<never, unknown>;

/** This layer and all below it, parents first. */
export function sublayers(root: AnyLayer): AnyLayer[] {
  const found: AnyLayer[] = [];
  const walk = (layer: AnyLayer): void => {
    found.push(layer);
    for (const [, child] of layer.children()) walk(child);
  };
  walk(root);
  return found;
}

/** All parameters below a layer in Paddle's order (each once), with the trainable ones marked. */
export function parameters(root: AnyLayer): Parameter[] {
  const found = new Set<Parameter>();
  for (const layer of sublayers(root)) for (const [, p] of layer.ownParameters()) found.add(p);
  return [...found];
}

/** A layer of a network that is built, with its own parameters. */
export interface BuiltLayer {
  readonly layer: AnyLayer;
  readonly parameters: readonly Parameter[];
}

/** Lets go of a layer that another one replaces while the model is built: its parameters are freed. */
export function discard(layer: AnyLayer): void {
  for (const p of parameters(layer)) {
    p.references--;
    current().end(p, "");
  }
}

/** Gives every layer and parameter its structured name (the first, where it has several); the root is called `model`. */
export function nameLayers(root: AnyLayer): void {
  const walk = (layer: AnyLayer, prefix: string): void => {
    for (const [name, p] of layer.ownParameters()) p.name ||= prefix + name;
    for (const [name, child] of layer.children()) {
      child.name ||= prefix + name;
      walk(child, `${prefix}${name}.`);
    }
  };
  root.name = "model";
  walk(root, "");
}

const built = new WeakMap<AnyLayer, readonly BuiltLayer[]>();

/** All layers of a network that is built: its tree does not change any more, so it is walked once. */
export function layersOf(root: AnyLayer): readonly BuiltLayer[] {
  let layers = built.get(root);
  if (layers === undefined) {
    layers = sublayers(root).map((layer) => ({ layer, parameters: [...layer.ownParameters()].map(([, p]) => p) }));
    built.set(root, layers);
  }
  return layers;
}

/** `model.train()`, `model.eval()`. */
export function setTraining(root: AnyLayer, training: boolean): void {
  for (const { layer } of layersOf(root)) layer.training = training;
}

/** `nn.LayerList`: children named by their place. */
export class LayerList<T extends AnyLayer = Layer> extends Layer<never, never> implements Iterable<T> {
  private readonly items: T[];

  constructor(items: Iterable<T> = []) {
    super();
    this.items = [...items];
  }

  append(item: T): void {
    this.items.push(item);
  }

  at(index: number): T {
    const item = this.items.at(index);
    if (item === undefined) throw new RangeError(`layer list index ${index} out of range ${this.items.length}`);
    return item;
  }

  get length(): number {
    return this.items.length;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, item] of this.items.entries()) yield [String(i), item];
  }

  forward(): never {
    throw new Error("a LayerList cannot be called");
  }
}

/** `nn.Sequential`: each result is rebound to one name, so the one before dies if nothing kept it. */
export class Sequential extends Layer {
  private readonly items: (readonly [string, Layer])[];

  constructor(...items: (Layer | readonly [string, Layer])[]) {
    super();
    this.items = items.map((item, i) => (item instanceof Layer ? ([String(i), item] as const) : item));
  }

  append(item: Layer): void {
    this.items.push([String(this.items.length), item]);
  }

  at(index: number): Layer {
    const item = this.items.at(index);
    if (item === undefined) throw new RangeError(`sequential index ${index} out of range ${this.items.length}`);
    return item[1];
  }

  get length(): number {
    return this.items.length;
  }

  override children(): Iterable<readonly [string, Layer]> {
    return this.items;
  }

  forward(f: { input: Tensor }, input: Tensor): Tensor {
    f.input = input;
    for (const [, layer] of this.items) f.input = layer.call(f.input);
    return f.input;
  }
}

/** A layer of one function without parameters (`nn.ReLU`, `nn.Sigmoid`). */
export class Lambda extends Layer {
  private readonly body: (x: Tensor) => Tensor;

  constructor(body: (x: Tensor) => Tensor) {
    super();
    this.body = body;
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.body(x);
  }
}
