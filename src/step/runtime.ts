/** @file The op lists of a runtime as auto-cast wants them. */
import type { AmpState } from "../engine/amp.ts";

/** AMP lists as a runtime preset has them. */
export interface AmpLists {
  readonly white: Readonly<Record<"O1" | "O2", readonly string[]>>;
  readonly black: Readonly<Record<"O1" | "O2", readonly string[]>>;
  /** What PaddleSeg adds: a name on one list leaves the other. */
  readonly customWhite: readonly string[];
  readonly customBlack: readonly string[];
}

/** The op lists of a runtime, by AMP level. */
export interface StepRuntime {
  cast(level: "O1" | "O2"): AmpState;
}

/** Puts a runtime's lists and PaddleSeg's own together, as `auto_cast.py` does. */
export function stepRuntime({ amp }: { readonly amp: AmpLists }): StepRuntime {
  return {
    cast(level) {
      const white = new Set([...amp.white[level], ...amp.customWhite]);
      const black = new Set([...amp.black[level], ...amp.customBlack]);
      for (const name of amp.customWhite) black.delete(name);
      for (const name of amp.customBlack) white.delete(name);
      return { level, white, black };
    },
  };
}
