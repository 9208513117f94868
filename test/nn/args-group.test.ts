/** @file `Args.group`: a nested map without a type, as arguments of their own. */
import { describe, expect, it } from "vitest";
import { Args, ArgumentError } from "../../src/nn/args.ts";

describe("Args.group", () => {
  it("reads a map, refuses what nobody asked for in it, and takes none for an absent one", () => {
    const args = new Args("SegNeXt", { decoder_cfg: { channels: 256, chanels: 1 } });
    const group = args.group("decoder_cfg");
    expect(group.int("channels", 512)).toBe(256);
    expect(() => group.finish()).toThrow(ArgumentError);
    expect(args.group("other").int("channels", 512)).toBe(512);
    args.finish();
  });

  it("refuses another kind of value by name", () => {
    expect(() => new Args("SegNeXt", { decoder_cfg: [1] }).group("decoder_cfg")).toThrow("decoder_cfg of SegNeXt");
  });
});
