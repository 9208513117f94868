/** @file From the flags of one run to its Settings: the evaluated size looked up, the data layout put into the config. */
import { type DatasetPreset, datasetPresetName, evaluationSize } from "./config/image-size.ts";
import type { Component, Size, TrainConfig } from "./config/types.ts";
import { UserError } from "./errors.ts";
import { type AmpLevel, defaultSettings, type LeanMeans, type Precision, type Settings } from "./step/settings.ts";
import { asIs, type Phrase, phrase } from "./words/phrase.ts";

/** What a person may say of a run, beside what changes the config itself; undefined: PaddleSeg's default. */
export interface RunFlags {
  readonly cropSize?: Size | undefined;
  /** Size of the image that the network is given in evaluation; its results stay in that size. */
  readonly evalSize?: Size | undefined;
  readonly precision?: Precision | undefined;
  readonly ampLevel?: AmpLevel | undefined;
  readonly recompute?: readonly string[] | undefined;
  readonly lean?: readonly LeanMeans[] | undefined;
  readonly accumulation?: number | undefined;
  readonly convWorkspaceLimitBytes?: number | undefined;
  /** True: an unknown image size is an error; undefined: evaluated where the size is known; false: not evaluated. */
  readonly doEval?: boolean | undefined;
  readonly useEma?: boolean | undefined;
  readonly dataFormat?: "NCHW" | "NHWC" | undefined;
  readonly prefetch?: number | undefined;
  /** Cards that train together. */
  readonly gpus?: number | undefined;
}

/** Settings, and what the user should know about how they came to be. */
export interface Prepared {
  readonly config: TrainConfig;
  readonly settings: Settings;
  /** For the list of assumptions. */
  readonly assumptions: readonly Phrase[];
  /** For a person to read at once: what was left out and how to have it. */
  readonly notes: readonly Phrase[];
}

type EvaluationChoice = Pick<Settings, "doEval" | "evaluation"> & Pick<Prepared, "assumptions" | "notes">;

const without: EvaluationChoice = { doEval: false, evaluation: {}, assumptions: [], notes: [] };

/** The settings of a run of `config`. `dataset` gives a public data set's preset by name. Throws `eval-size-not-known`. */
export function prepareRun(
  config: TrainConfig,
  flags: RunFlags,
  dataset: (name: string) => DatasetPreset | undefined,
): Prepared {
  refuseUnmodelled(config, flags);
  const { doEval, evaluation, assumptions, notes } = chooseEvaluation(config, flags, dataset);
  const settings: Settings = {
    cropSize: flags.cropSize,
    precision: flags.precision ?? defaultSettings.precision,
    ampLevel: flags.ampLevel ?? defaultSettings.ampLevel,
    accumulation: flags.accumulation ?? defaultSettings.accumulation,
    recompute: flags.recompute ?? defaultSettings.recompute,
    lean: flags.lean ?? defaultSettings.lean,
    convWorkspaceLimitBytes: flags.convWorkspaceLimitBytes,
    doEval,
    evaluation,
    useEma: flags.useEma ?? defaultSettings.useEma,
    prefetch: flags.prefetch ?? defaultSettings.prefetch,
    dataLeft: defaultSettings.dataLeft,
    dataFormat: flags.dataFormat ?? defaultSettings.dataFormat,
    gpus: flags.gpus ?? defaultSettings.gpus,
  };
  return { config: withDataFormat(config, settings.dataFormat), settings, assumptions, notes };
}

/** The reducer takes the parameters inside a recomputed layer for unused, and then sees their gradients (reducer.cc). */
const twice = phrase("gradient-after-unused", {});

/** What changes memory in ways that no rule here describes, or fails in Paddle. Throws `run-not-modelled`, `data-parallel-stops`. */
function refuseUnmodelled(
  config: TrainConfig,
  { useEma, precision, ampLevel, gpus = 1, recompute = [], lean = [] }: RunFlags,
): void {
  if (gpus > 1 && lean.includes("heads")) {
    throw new UserError("run-not-modelled", {
      what: phrase("heads-on-several", {}),
      reason: phrase("heads-on-several-reason", {}),
      instead: phrase("heads-on-several-instead", {}),
    });
  }
  if (gpus > 1 && recompute.length > 0) throw new UserError("data-parallel-stops", { reason: twice });
  if (config.resolved.to_static_training === true) {
    const what = "to_static_training";
    const reason = phrase("static-graph", {});
    const instead = phrase("static-graph-instead", {});
    throw new UserError("run-not-modelled", { what: asIs(what), reason, instead }, config.locate([what]));
  }
  if (useEma === true && precision === "fp16" && ampLevel === "O2") {
    throw new UserError("run-not-modelled", {
      what: phrase("ema-under-o2", {}),
      reason: phrase("ema-under-o2-reason", {}),
      instead: phrase("ema-under-o2-instead", {}),
    });
  }
}

function chooseEvaluation(
  config: TrainConfig,
  flags: RunFlags,
  dataset: (name: string) => DatasetPreset | undefined,
): EvaluationChoice {
  if (flags.doEval === false) return { ...without, assumptions: [phrase("no-evaluation", {})] };
  if (flags.evalSize !== undefined) return { ...without, doEval: true, evaluation: { size: flags.evalSize } };
  const name = datasetPresetName(config.valDataset);
  const known = evaluationSize(config, name === undefined ? undefined : dataset(name));
  if (known !== undefined) {
    const { network, original, source, varies } = known;
    const size = `${network.width}x${network.height}`;
    const assumption = phrase("evaluation-size", { size, source, varies });
    return { doEval: true, evaluation: { size: network, original }, assumptions: [assumption], notes: [] };
  }
  if (flags.doEval === true) {
    const place = config.locate(["val_dataset"]);
    throw new UserError("eval-size-not-known", { dataset: config.valDataset?.type ?? "val_dataset" }, place);
  }
  if (config.valDataset === undefined) return without;
  const note = phrase("evaluation-left-out", { dataset: config.valDataset.type });
  return { ...without, assumptions: [note], notes: [note] };
}

/** PaddleSeg's tools/train.py knows NHWC for one network, and hands the layout to it, its backbone and each loss. */
const channelsLastNetwork = "DeepLabV3P";

function withDataFormat(config: TrainConfig, dataFormat: Settings["dataFormat"]): TrainConfig {
  if (dataFormat === "NCHW") return config;
  const { model } = config;
  if (model.type !== channelsLastNetwork) {
    const reason = phrase("nhwc-for-one-network", { network: channelsLastNetwork, type: model.type });
    const data = { component: model.type, argument: "data_format", reason, near: [] };
    throw new UserError("argument-wrong", data, config.locate(["model", "type"]));
  }
  const given = (component: Component): Component => ({
    ...component,
    args: { ...component.args, data_format: dataFormat },
  });
  const { backbone } = model.args;
  const withBackbone =
    typeof backbone === "object" && backbone !== null && !Array.isArray(backbone)
      ? { ...model, args: { ...model.args, backbone: { ...backbone, data_format: dataFormat } } }
      : model;
  return {
    ...config,
    model: given(withBackbone),
    losses: config.losses.map((term) => ({ ...term, component: given(term.component) })),
  };
}
