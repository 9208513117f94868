/** @file Points that Paddle itself refuses. */
import { UserError } from "../errors.ts";

/** A point that Paddle itself refuses, for its shapes or dtypes, is no candidate. */
export function unlessRefused<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (error instanceof UserError && (error.code === "shape-refused" || error.code === "dtype-refused"))
      return undefined;
    throw error;
  }
}
