/** @file `vram-plan calibrate train.log`: a log measured against the estimate of its run, and a receipt for the estimates to come. */
import { dirname, join } from "node:path";
import { calibrate } from "../../calibrate/calibrate.ts";
import { cardNames } from "../../calibrate/card-name.ts";
import { parseLog, type TrainingLog } from "../../calibrate/log.ts";
import { minorVersion, receiptsName } from "../../calibrate/receipts.ts";
import { configDifferences } from "../../calibrate/same-config.ts";
import { suggest, UserError } from "../../errors.ts";
import { type Context, createContext, describeSettings } from "../../index.ts";
import { renderCalibrate } from "../../report/calibrate.ts";
import { renderJson } from "../../report/json.ts";
import { describeRun } from "../../report/words.ts";
import { type Phrase, phrase } from "../../words/phrase.ts";
import type { Host } from "../host.ts";
import { type LoadedRun, load, tellNotes } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { reasonOf } from "../out.ts";
import { placeOf } from "../place.ts";
import { readReceipts, storeReceipt } from "../receipts.ts";
import { createView } from "../view.ts";

/** What commander hands over. */
export interface CalibrateOptions extends CommandOptions {
  readonly config?: string | undefined;
}

/** Exit 1 where the log is no measure of its config: a leak, out of memory, another run. */
export async function calibrateCommand(host: Host, file: string, given: CalibrateOptions): Promise<number> {
  const log = parseLog(readLog(host, file));
  if (log.memory.length === 0 && log.outOfMemory === undefined) throw new UserError("log-no-memory", { log: file });
  const options: CommandOptions =
    log.ampLevel === undefined ? given : { ...given, precision: "fp16", ampLevel: log.ampLevel };
  const { run } = loadLogged(host, file, log, options, given.config);
  const { context, notes } = placeOfLog(host, file, log, options);
  const receipts = readReceipts(host);
  const words = describeSettings(run.config, run.settings);
  const { result, receipt } = calibrate({
    logFile: file,
    log,
    config: run.config,
    configName: given.config ?? file,
    settings: run.settings,
    run: words,
    runName: describeRun(words),
    ...context,
    receipts,
    receiptsFile: receiptsName,
  });
  if (receipt !== undefined) storeReceipt(host, receipt);
  tellNotes(host, [...run.notes, ...notes, ...cardsNote(log)]);
  host.stdout.write(given.json ? renderJson(result) : renderCalibrate(result, await createView(host, given.color)));
  return receipt === undefined ? 1 : 0;
}

/** Throws `file-not-found` with the logs beside it, or `file-not-readable`. */
function readLog(host: Host, file: string): string {
  if (!host.exists(file)) {
    const folder = dirname(file);
    const beside = host.exists(folder) ? host.list(folder) : [];
    throw new UserError("file-not-found", {
      file,
      near: suggest(
        file,
        beside.map((name) => join(folder, name)),
      ),
    });
  }
  try {
    return host.readText(file);
  } catch (error) {
    throw new UserError("file-not-readable", { file, reason: reasonOf(error) });
  }
}

function cardsNote({ gpuCount }: TrainingLog): readonly Phrase[] {
  return gpuCount === undefined || gpuCount === 1 ? [] : [phrase("several-cards-logged", { cards: gpuCount })];
}

/** The config that the log dumps, as a file of its own; `--config` has to be the same where both are there. */
function loadLogged(
  host: Host,
  file: string,
  { configText }: TrainingLog,
  options: CommandOptions,
  config: string | undefined,
): LoadedRun {
  const name = `${file}.config.yml`;
  const from = (): LoadedRun => {
    const readText = (path: string) => (path === name ? (configText ?? "") : host.readText(path));
    return load({ ...host, readText, exists: (path) => path === name || host.exists(path) }, name, options);
  };
  if (config === undefined) {
    if (configText === undefined) throw new UserError("log-config-missing", { log: file });
    return from();
  }
  const loaded = load(host, config, options);
  if (configText === undefined) return loaded;
  const differences = configDifferences(from().run.config, loaded.run.config);
  if (differences.length > 0) throw new UserError("log-other-config", { log: file, config, differences });
  return loaded;
}

/** The card as given, or as the log names it, with the log's Paddle where it is known. */
function placeOfLog(host: Host, file: string, log: TrainingLog, options: CommandOptions): Place {
  const { runtime, notes } = runtimeOf(log);
  if (options.gpu !== undefined) {
    const [gpu, around] = placeOf(host, { ...options, runtime });
    return { context: createContext(gpu, around), notes };
  }
  const [name] = log.gpus;
  if (name === undefined) throw new UserError("log-gpu-missing", { log: file });
  let near: readonly string[] = [];
  for (const known of cardNames(name)) {
    try {
      return { context: createContext(known, { runtime }), notes };
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== "gpu-not-known") throw error;
      if ("near" in error.data) near = error.data.near;
    }
  }
  throw new UserError("log-gpu-not-known", { log: file, name, near });
}

interface Place {
  readonly context: Context;
  readonly notes: readonly Phrase[];
}

/** `2.6` of `2.6.2`, where there is a runtime of that name. */
function runtimeOf({ paddle }: TrainingLog): {
  readonly runtime: string | undefined;
  readonly notes: readonly Phrase[];
} {
  if (paddle === undefined) return { runtime: undefined, notes: [] };
  const runtime = minorVersion(paddle);
  try {
    createContext(undefined, { runtime });
    return { runtime, notes: [] };
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "runtime-not-known") throw error;
    const { memory } = createContext(undefined);
    return { runtime: undefined, notes: [phrase("other-paddle-logged", { paddle, runtime: memory.name })] };
  }
}
