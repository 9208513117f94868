/** @file `vram-plan calibrate train.log`: a log measured against the estimate of its run, and a receipt for the estimates to come. */
import { calibrate } from "../../calibrate/calibrate.ts";
import { cardNames } from "../../calibrate/card-name.ts";
import { parseLog, type TrainingLog } from "../../calibrate/log.ts";
import { receiptsName } from "../../calibrate/receipts.ts";
import { configDifferences } from "../../calibrate/same-config.ts";
import { UserError } from "../../errors.ts";
import { createContext, describeSettings } from "../../index.ts";
import { renderCalibrate } from "../../report/calibrate.ts";
import { renderJson } from "../../report/json.ts";
import { describeRun } from "../../report/words.ts";
import type { Host } from "../host.ts";
import { type LoadedRun, load, tellNotes } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { readReceipts, storeReceipt } from "../receipts.ts";
import { createView } from "../view.ts";

/** What commander hands over. */
export interface CalibrateOptions extends CommandOptions {
  readonly config?: string | undefined;
}

/** Exit 1 where the log is no measure of its config: a leak, out of memory, another run. */
export async function calibrateCommand(host: Host, file: string, given: CalibrateOptions): Promise<number> {
  const log = parseLog(host.readText(file));
  if (log.memory.length === 0 && log.outOfMemory === undefined) throw new UserError("log-no-memory", { log: file });
  const options: CommandOptions =
    log.ampLevel === undefined ? given : { ...given, precision: "fp16", ampLevel: log.ampLevel };
  const { run } = loadLogged(host, file, log, options, given.config);
  const context = cardOf(file, log, given.gpu);
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
  tellNotes(host, [...run.notes, ...cardsNote(log)]);
  host.stdout.write(given.json ? renderJson(result) : renderCalibrate(result, await createView(host, given.color)));
  return receipt === undefined ? 1 : 0;
}

function cardsNote({ gpuCount }: TrainingLog): readonly string[] {
  return gpuCount === undefined || gpuCount === 1
    ? []
    : [`the log is of ${gpuCount} cards; it is compared as one of them, without what exchanging gradients takes`];
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

/** The card as given, or as the log names it. */
function cardOf(file: string, { gpus }: TrainingLog, given: string | undefined) {
  if (given !== undefined) return createContext(given);
  const [name] = gpus;
  if (name === undefined) throw new UserError("log-gpu-missing", { log: file });
  let near: readonly string[] = [];
  for (const known of cardNames(name)) {
    try {
      return createContext(known);
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== "gpu-not-known") throw error;
      if ("near" in error.data) near = error.data.near;
    }
  }
  throw new UserError("log-gpu-not-known", { log: file, name, near });
}
