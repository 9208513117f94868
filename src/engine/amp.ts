/** @file AMP as Paddle's eager dispatcher does it: which dtype an op runs in (paddle/fluid/eager/amp_utils.h). */
import type { DType } from "../ops/types.ts";

export interface AmpState {
  readonly level: "O1" | "O2";
  readonly white: ReadonlySet<string>;
  readonly black: ReadonlySet<string>;
}

/**
 * The dtype an op's float inputs are cast to. White list: half. Black list: float32. Else (grey): float32 if any float32
 * tensor comes in, half otherwise. Under O2 the same, with O2's shorter black list and promotion on.
 */
export function ampDType(amp: AmpState, name: string, inputs: readonly (DType | undefined)[]): DType {
  if (amp.black.has(name)) return "float32";
  if (amp.white.has(name)) return "float16";
  return inputs.includes("float32") ? "float32" : "float16";
}
