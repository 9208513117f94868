/** @file Losses that PaddleSeg registers and Paddle cannot run on PaddleSeg's int64 labels. */
import { type Args, ArgumentError } from "../nn/args.ts";

/** Throws ArgumentError: `subtract` of float logits and int64 labels is refused by Paddle 2.6. */
export function refuseIntegerLabels(args: Args): never {
  const reason = `${args.type} needs labels of the logits' dtype, but PaddleSeg's loop hands over int64: Paddle stops there`;
  throw new ArgumentError(args.type, "type", reason);
}
