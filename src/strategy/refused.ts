/** @file Points that Paddle itself refuses. */
import { UserError } from "../errors.ts";

/** A point that Paddle itself refuses, for its shapes or dtypes, is no candidate. */
export function unlessRefused<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    const refusals: readonly string[] = ["shape-refused", "dtype-refused", "tensor-impossible"];
    if (error instanceof UserError && refusals.includes(error.code)) return undefined;
    throw error;
  }
}
