/** @file Peaks, who holds them, and what the log's marks cut out. */
import { describe, expect, it } from "vitest";
import { storageKinds } from "../../src/engine/events.ts";
import { roundRequest } from "../../src/memory/rounding.ts";
import { tally } from "../../src/memory/tally.ts";
import { LogBuilder, networkLog } from "./logs.ts";

/** Two iterations' worth of a tiny run, worked by hand: all sizes are multiples of 256 but the third. */
function tinyLog(): LogBuilder {
  const b = new LogBuilder();
  b.at("other", "", "init").take(1024, "parameter");
  b.log.mark("built");
  b.log.mark("iteration", 1);
  const x = b.at("forward", "backbone.conv1", "conv2d").take(2048);
  const y = b.at("forward", "backbone.bn1", "batch_norm").take(1000);
  const loss = b.at("loss", "loss:CrossEntropyLoss", "softmax").take(4096, "temporary");
  b.drop(loss);
  const grad = b.at("backward", "backbone.conv1", "conv2d_grad").take(1024, "gradient");
  b.drop(y, x);
  b.at("other", "", "momentum", "optimizer").take(512, "optimizer-state");
  b.log.mark("step", 1);
  b.log.mark("iteration", 2);
  b.log.mark("step", 2);
  b.log.mark("step", 3);
  b.log.mark("evaluation");
  b.log.mark("image", 1);
  const first = b.at("forward", "backbone.conv1", "conv2d").take(65_536);
  b.drop(first);
  b.log.mark("image-end", 1);
  b.log.mark("image", 2);
  const image = b.at("other", "", "to_tensor", "data").take(8192, "input");
  const out = b.at("forward", "head", "conv2d").take(256);
  b.drop(out, image);
  b.log.mark("image-end", 2);
  b.drop(grad);
  b.log.mark("end");
  return b;
}

describe("tally", () => {
  const { training, evaluation, afterStepBytes, layerPeaks } = tally(tinyLog().log);

  it("finds the training peak and its place", () => {
    expect(training.lowBytes).toBe(1024 + 2048 + 1024 + 4096);
    expect(training.peak).toEqual({
      phase: "loss",
      stage: "loss",
      layer: "loss:CrossEntropyLoss",
      op: "softmax",
      index: 1,
    });
  });

  it("names who is alive at the peak, largest first, each rounded", () => {
    expect(training.holders.map((h) => [h.layer, h.op, h.kind, h.bytes, h.count])).toEqual([
      ["loss:CrossEntropyLoss", "softmax", "temporary", 4096, 1],
      ["backbone.conv1", "conv2d", "activation", 2048, 1],
      ["", "init", "parameter", 1024, 1],
      ["backbone.bn1", "batch_norm", "activation", 1024, 1],
    ]);
  });

  it("gives each phase its highest bytes", () => {
    expect(training.byPhase).toEqual([
      { phase: "forward", bytes: 4096, layer: "backbone.bn1", op: "batch_norm" },
      { phase: "loss", bytes: 8192, layer: "loss:CrossEntropyLoss", op: "softmax" },
      { phase: "backward", bytes: 5120, layer: "backbone.conv1", op: "conv2d_grad" },
      { phase: "other", bytes: 2560, layer: "", op: "momentum" },
    ]);
  });

  it("takes the evaluation from the second image, on top of what training left", () => {
    expect(evaluation?.lowBytes).toBe(2560 + 8192 + 256);
    expect(evaluation?.peak).toMatchObject({ layer: "head", op: "conv2d", index: 2 });
    expect(evaluation?.byKind).toMatchObject({ parameter: 1024, gradient: 1024, "optimizer-state": 512, input: 8192 });
  });

  it("reads the bytes after the third step", () => {
    expect(afterStepBytes).toBe(2560);
  });

  it("gives a layer the peak of what is inside it, in forward only", () => {
    expect(Object.fromEntries(layerPeaks)).toEqual({
      model: 4096,
      backbone: 4096,
      "backbone.conv1": 3072,
      "backbone.bn1": 4096,
    });
  });

  it("merges equal holders of several sites", () => {
    const b = new LogBuilder();
    for (const _ of [1, 2, 3]) b.at("forward", "head", "relu").take(100);
    expect(tally(b.log).training.holders).toEqual([
      { layer: "head", op: "relu", phase: "forward", kind: "activation", bytes: 768, count: 3 },
    ]);
  });

  it("has no evaluation without its mark, and answers for an empty log", () => {
    const { training: empty, evaluation: none, afterStepBytes: step } = tally(new LogBuilder().log);
    expect([empty.lowBytes, empty.highBytes, empty.holders, none, step]).toEqual([0, 0, [], undefined, 0]);
  });

  it("adds workspaces to the peak only where they fall", () => {
    const b = tinyLog();
    const small = { at: 2, expectedBytes: 100, highBytes: 1000 };
    const atPeak = { at: 4, expectedBytes: 1, highBytes: 300 };
    expect(tally(b.log, [small]).training).toMatchObject({ lowBytes: 8192, expectedBytes: 8192, highBytes: 8192 });
    expect(tally(b.log, [small, atPeak]).training).toMatchObject({ expectedBytes: 8192 + 256, highBytes: 8192 + 512 });
  });

  it("agrees with itself on a whole run", () => {
    const log = networkLog({ layers: 60, images: 2 });
    const tallies = tally(log);
    for (const part of [tallies.training, tallies.evaluation]) {
      const kinds = storageKinds.reduce((sum, kind) => sum + (part?.byKind[kind] ?? 0), 0);
      expect(kinds).toBe(part?.lowBytes);
      expect(part?.holders.reduce((sum, holder) => sum + holder.bytes, 0)).toBe(part?.lowBytes);
      expect(Math.max(...(part?.byPhase.map((phase) => phase.bytes) ?? []))).toBe(part?.lowBytes);
    }
    // The slow way: the sum of what is alive after every event.
    const alive = new Map<number, number>();
    let peak = 0;
    for (let i = 0; i < log.at("evaluation"); i++) {
      const id = log.storage[i] ?? -1;
      if (log.sign[i] === 1) alive.set(id, roundRequest(log.bytes[id] ?? 0));
      else alive.delete(id);
      peak = Math.max(
        peak,
        [...alive.values()].reduce((a, b) => a + b, 0),
      );
    }
    expect(tallies.training.lowBytes).toBe(peak);
  });
});
