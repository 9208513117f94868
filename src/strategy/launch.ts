/** @file The command that runs a point: tools/train.py, or the launcher where PaddleSeg lacks the knob. */
import type { LaunchCommand } from "../report/report.ts";
import { MiB } from "../units.ts";
import { leanText } from "./knobs/lean.ts";
import type { Point } from "./point.ts";
import type { SearchContext } from "./space.ts";

/** A word as a POSIX shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Environment, script and flags of a point; the config is the one that `--out` writes, else the one that was read. */
export function launchCommand(context: SearchContext, point: Point): LaunchCommand {
  const { config, settings, outFile, opts = [] } = context;
  const environment =
    point.workspaceLimitBytes === undefined
      ? {}
      : { FLAGS_conv_workspace_size_limit: String(point.workspaceLimitBytes / MiB) };
  const launcher = [
    ...(point.accumulation > 1 ? ["--accumulate", String(point.accumulation)] : []),
    ...(point.lean !== undefined && point.lean.length > 0 ? ["--lean", leanText(point.lean)] : []),
    ...(point.recompute.length > 0 ? ["--recompute", point.recompute.join(",")] : []),
  ];
  const flags = [
    ...(opts.length > 0 ? ["--opts", ...opts] : []),
    ...(point.format === "fp32" ? [] : ["--precision", "fp16", "--amp_level", point.format]),
    ...(settings.dataFormat === "NHWC" ? ["--data_format", "NHWC"] : []),
    ...(settings.doEval && point.evaluation !== "off" ? ["--do_eval"] : []),
    ...(settings.useEma ? ["--use_ema"] : []),
  ];
  const gpus = point.gpus ?? settings.gpus;
  const devices = Array.from({ length: gpus }, (_, i) => i).join(",");
  return {
    environment,
    ...(gpus > 1 ? { distributed: ["--devices", devices] } : {}),
    script: launcher.length > 0 ? "vram_train.py" : "tools/train.py",
    config: outFile ?? config.file,
    flags: [...flags, ...launcher],
  };
}

/** One line for a shell. */
export function launchLine({ environment, script, config, flags, distributed }: LaunchCommand): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${shellWord(value)}`);
  const starter = distributed === undefined ? [] : ["-m", "paddle.distributed.launch", ...distributed];
  return [...variables, "python", ...starter, script, "--config", ...[config, ...flags].map(shellWord)].join(" ");
}
