/** @file `paddle.amp.auto_cast` as PaddleSeg calls it. */
import type { AmpState } from "../engine/amp.ts";
import { current } from "../engine/engine.ts";

/** The lists of a level, PaddleSeg's own additions included. */
export type Cast = AmpState;

/** Runs `body` under auto-cast; plainly where `cast` is undefined. */
export function autocast<R>(cast: Cast | undefined, body: () => R): R {
  const e = current();
  const before = e.amp;
  e.amp = cast;
  const result = body();
  e.amp = before;
  return result;
}
