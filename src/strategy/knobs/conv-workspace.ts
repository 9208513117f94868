/** @file FLAGS_conv_workspace_size_limit: how much scratch cuDNN may take for a convolution. */
import { formatBytes, MiB } from "../../units.ts";
import { asIs, phrase } from "../../words/phrase.ts";
import type { Knob } from "./knob.ts";

/** Limits that are tried, in bytes, after Paddle's own 512 MiB: each halves what a convolution may take. */
export const workspaceLimits: readonly number[] = [256, 128, 64].map((size) => size * MiB);

export const convWorkspace: Knob = {
  name: "conv-workspace",
  summary: phrase("knob-conv-workspace", {}),
  harm: 2,
  change: (from, to) => {
    if (from.workspaceLimitBytes === to.workspaceLimitBytes) return undefined;
    const limit = (bytes: number | undefined) =>
      bytes === undefined ? phrase("workspace-default", {}) : asIs(formatBytes(bytes));
    return {
      knob: "conv-workspace",
      from: limit(from.workspaceLimitBytes),
      to: limit(to.workspaceLimitBytes),
      via: [
        {
          kind: "environment",
          variable: `FLAGS_conv_workspace_size_limit=${(to.workspaceLimitBytes ?? 512 * MiB) / MiB}`,
        },
      ],
      cost: [phrase("same-result", {}), phrase("slower-algorithms", {})],
      harm: 2,
    };
  },
  apply: (point, to) => ({ ...point, workspaceLimitBytes: to.workspaceLimitBytes }),
};
