/** @file `paddle.amp.auto_cast` as PaddleSeg calls it. */
import type { AmpState } from "../engine/amp.ts";
import { withAmp } from "../engine/engine.ts";

/** The lists of a level, PaddleSeg's own additions included. */
export type Cast = AmpState;

/** Runs `body` under auto-cast; plainly where `cast` is undefined. */
export const autocast = withAmp;
