/** @file Event logs written by hand for the tests: each step says what it takes or frees, and where. */
import {
  EventLog,
  type Phase,
  type Site,
  type Stage,
  type StorageKind,
  storageKinds,
} from "../../src/engine/events.ts";

/** Builds an EventLog; storages are numbered in the order in which they are taken. */
export class LogBuilder {
  readonly log = new EventLog();
  #site = 0;

  at(phase: Phase, layer: string, op: string, stage: Stage = phase === "other" ? "build" : phase): this {
    const site: Site = { phase, stage, layer, op };
    this.#site = this.log.sites.push(site) - 1;
    return this;
  }

  take(bytes: number, kind: StorageKind = "activation"): number {
    const id = this.log.bytes.push(bytes) - 1;
    this.log.kind.push(storageKinds.indexOf(kind));
    this.log.kernel.push(0);
    this.#event(id, 1);
    return id;
  }

  drop(...ids: readonly number[]): this {
    for (const id of ids) this.#event(id, -1);
    return this;
  }

  #event(id: number, sign: 1 | -1): void {
    this.log.storage.push(id);
    this.log.sign.push(sign);
    this.log.site.push(this.#site);
  }
}

export interface NetworkShape {
  readonly layers: number;
  readonly images: number;
  readonly scale?: number;
}

/**
 * Three training iterations and an evaluation of a made-up network: parameters, activations kept for backward, gradients with
 * temporaries, moments in the first step. About 7 × layers events an iteration; sizes vary from layer to layer.
 */
export function networkLog({ layers, images, scale = 1 }: NetworkShape): EventLog {
  const builder = new LogBuilder();
  const { log } = builder;
  const size = (i: number): number => scale * (1 + ((i * 7919) % 97)) * 4096 + ((i * 31) % 5) * 100;
  const parameter = (i: number): number => (1 + ((i * 131) % 53)) * 576;
  const names = Array.from({ length: layers }, (_, i) => `stage${i % 5}.block${i}.conv`);
  const forward = names.map(
    (name) => log.sites.push({ phase: "forward", stage: "forward", layer: name, op: "conv2d" }) - 1,
  );
  const backward = names.map(
    (name) => log.sites.push({ phase: "backward", stage: "backward", layer: name, op: "conv2d_grad" }) - 1,
  );
  const event = (id: number, sign: 1 | -1, site: number): void => {
    log.storage.push(id);
    log.sign.push(sign);
    log.site.push(site);
  };
  const take = (bytes: number, kind: StorageKind, site: number): number => {
    const id = log.bytes.push(bytes) - 1;
    log.kind.push(storageKinds.indexOf(kind));
    log.kernel.push(0);
    event(id, 1, site);
    return id;
  };
  const other = log.sites.push({ phase: "other", stage: "optimizer", layer: "", op: "momentum" }) - 1;
  for (let i = 0; i < layers; i++) take(parameter(i), "parameter", other);
  log.mark("built");
  const gradients: number[] = [];
  for (let iteration = 1; iteration <= 3; iteration++) {
    log.mark("iteration", iteration);
    const saved: number[] = [];
    for (let i = 0; i < layers; i++) {
      const temporary = take(size(i + 1), "temporary", forward[i]!);
      saved.push(take(size(i), "activation", forward[i]!));
      event(temporary, -1, forward[i]!);
    }
    let flowing = take(size(layers), "activation", backward[layers - 1]!);
    for (let i = layers - 1; i >= 0; i--) {
      const next = take(size(i), "activation", backward[i]!);
      if (iteration === 1) gradients.push(take(parameter(i), "gradient", backward[i]!));
      const temporary = take(parameter(i), "temporary", backward[i]!);
      event(flowing, -1, backward[i]!);
      event(saved[i]!, -1, backward[i]!);
      event(temporary, -1, backward[i]!);
      flowing = next;
    }
    event(flowing, -1, other);
    if (iteration === 1) for (let i = 0; i < layers; i++) take(parameter(i), "optimizer-state", other);
    log.mark("step", iteration);
  }
  if (images > 0) log.mark("evaluation");
  for (let image = 1; image <= images; image++) {
    log.mark("image", image);
    let held = take(size(0) * 2, "input", forward[0]!);
    for (let i = 0; i < layers; i++) {
      const next = take(size(i) * 2, "activation", forward[i]!);
      event(held, -1, forward[i]!);
      held = next;
    }
    event(held, -1, other);
    log.mark("image-end", image);
  }
  log.mark("end");
  return log;
}

/** Adds a convolution after each forward event of a log whose storage is an activation. */
export function withConvolutions(log: EventLog, dtype: "float32" | "float16", extent: number): EventLog {
  for (let i = 0; i < log.length; i++) {
    if (log.sign[i]! < 0 || log.sites[log.site[i]!]?.op !== "conv2d") continue;
    log.convolutions.push({
      at: i + 1,
      direction: "forward",
      input: [2, 64, extent, extent],
      filter: [64, 64, 3, 3],
      output: [2, 64, extent, extent],
      dtype,
      groups: 1,
      stride: [1, 1],
      dilation: [1, 1],
    });
  }
  return log;
}
