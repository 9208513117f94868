/** @file The command that runs a point: tools/train.py, or the launcher where PaddleSeg lacks the knob. */
import { MiB } from "../units.ts";
import type { Point } from "./point.ts";
import type { SearchContext } from "./space.ts";

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** One line for a shell; the config is the one that `--out` writes, else the one that was read. */
export function launchCommand({ config, settings, outFile = config.file }: SearchContext, point: Point): string {
  const environment =
    point.workspaceLimitBytes === undefined
      ? []
      : [`FLAGS_conv_workspace_size_limit=${point.workspaceLimitBytes / MiB}`];
  const launcher = [
    ...(point.accumulation > 1 ? [`--accumulate ${point.accumulation}`] : []),
    ...(point.recompute.length > 0 ? [`--recompute ${point.recompute.join(",")}`] : []),
  ];
  const script = launcher.length > 0 ? "vram_train.py" : "tools/train.py";
  const flags = [
    ...(point.format === "fp32" ? [] : [`--precision fp16 --amp_level ${point.format}`]),
    ...(settings.doEval && point.evaluation !== "off" ? ["--do_eval"] : []),
    ...(settings.useEma ? ["--use_ema"] : []),
  ];
  return [...environment, "python", script, "--config", quoted(outFile), ...flags, ...launcher].join(" ");
}
