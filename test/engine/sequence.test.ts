import { describe, expect, it } from "vitest";
import { sequence } from "../../src/engine/sequence.ts";
import { GradNode } from "../../src/engine/tape.ts";

const node = () => new GradNode("SyncBatchNormGradNode", undefined, [], [], [], "");

describe("sequence", () => {
  it("holds a node back until those made after it have run", () => {
    const [first, second, third] = [node(), node(), node()];
    const inOrder = sequence([first, second, third]);
    expect(inOrder(second)).toEqual([]);
    expect(inOrder(first)).toEqual([]);
    expect(inOrder(third)).toEqual([third, second, first]);
  });

  it("lets a node pass whose turn it is", () => {
    const [first, second] = [node(), node()];
    const inOrder = sequence([first, second]);
    expect(inOrder(second)).toEqual([second]);
    expect(inOrder(first)).toEqual([first]);
  });

  it("lets nodes of other ops pass at any time", () => {
    const [first, second, other] = [node(), node(), node()];
    const inOrder = sequence([first, second]);
    expect(inOrder(first)).toEqual([]);
    expect(inOrder(other)).toEqual([other]);
  });
});
