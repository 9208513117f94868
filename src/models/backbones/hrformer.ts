/** @file HRFormer (`paddleseg/models/backbones/hrformer.py`): registered under four names, but Paddle 2.6 cannot run it. */
import type { Args } from "../../nn/args.ts";
import { PaddleRefusal } from "../../nn/refusal.ts";
import { phrase } from "../../words/phrase.ts";

/** The registered names. */
export const hrformers = ["HRFormer_small", "HRFormer_base", "HRFormer_base_win_13", "HRFormer_base_win_15"] as const;

/**
 * Every attention of HRFormer pads its windows by `paddle.ceil(h / size)` with a Python float, which Paddle refuses at the first
 * forward (measured with 2.6.2), so there is no memory to plan. Throws PaddleRefusal.
 */
export function refuseHRFormer(args: Args): never {
  throw new PaddleRefusal("backbone", args.type, phrase("ceil-of-float", {}));
}
