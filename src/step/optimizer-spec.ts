/** @file Optimizers as PaddleSeg's configs name them (`paddleseg/optimizers`): what each keeps and how it regularises. */
import { type Args, ArgumentError, ownValue, type Plain } from "../nn/args.ts";
import { NotModelled } from "../nn/not-modelled.ts";
import { phrase } from "../words/phrase.ts";
import { type Clip, readClip } from "./clip.ts";

/** How an optimizer regularises: `fused` and `decoupled` take no memory, `l2` makes a second set of gradients. */
type Decay = "fused" | "decoupled" | "l2";

/** Parameters whose names have `name` in them, with their own options (`custom_cfg`). */
export interface Group {
  readonly name: string;
  /** Factor on the learning rate. */
  readonly learningRate: number;
}

export interface OptimizerSpec {
  readonly type: string;
  /** Float32 tensors of the parameter's shape. Adam's powers of beta lie in host memory. */
  readonly states: number;
  readonly decay: Decay;
  /** Whether the optimizer itself has a `weight_decay`. */
  readonly decays: boolean;
  readonly clip: Clip | undefined;
  /** Undefined: all parameters in one list. */
  readonly groups: readonly Group[] | undefined;
  /** The update's kernel casts the learning rate to the parameter's dtype. */
  readonly castsRate: boolean;
  /** Layers near the input learn slower: a factor of its own for each parameter of a block or an embedding. */
  readonly layerwise: boolean;
}

interface Kind {
  readonly states: number;
  readonly decay: Decay;
  /** Its own arguments, which change no memory. */
  readonly ignored: readonly string[];
  /** PaddleSeg's default of `weight_decay`. */
  readonly weightDecay?: number;
}

const adam = ["beta1", "beta2", "epsilon", "lazy_mode"];

const kinds: Readonly<Record<string, Kind>> = {
  SGD: { states: 0, decay: "l2", ignored: [] },
  Momentum: { states: 1, decay: "fused", ignored: ["momentum", "use_nesterov"] },
  Adam: { states: 2, decay: "l2", ignored: adam },
  AdamW: { states: 2, decay: "decoupled", ignored: adam, weightDecay: 0.01 },
  AdamWDL_CAE: { states: 2, decay: "decoupled", ignored: ["beta1", "beta2", "lazy_mode"], weightDecay: 0.01 },
};

/** PaddleSeg's default of `layerwise_decay`. */
const defaultLayerwiseDecay = 0.65;

/** Lower-case names that PaddleSeg's builder still takes. */
const oldNames: Readonly<Record<string, string>> = { sgd: "SGD", adam: "Adam" };

/** Reads an optimizer component as PaddleSeg's builder does: SGD with momentum is Momentum. */
export function readOptimizer(args: Args): OptimizerSpec {
  const named = oldNames[args.type] ?? args.type;
  const type = named === "SGD" && args.optional("momentum") !== undefined ? "Momentum" : named;
  if (type === "AdamWDL") {
    const reason =
      "AdamWDL fails at its first step in PaddleSeg, which gives it no parameter names; AdamWDL_CAE gets them";
    throw new ArgumentError("AdamWDL", "type", reason);
  }
  const kind = ownValue(kinds, type);
  if (kind === undefined) throw new NotModelled("optimizer", args.type, Object.keys(kinds), "src/step/optimizer.ts");
  args.ignore(...kind.ignored);
  const layerwise = type === "AdamWDL_CAE" && args.number("layerwise_decay", defaultLayerwiseDecay) !== 1;
  const decays = (args.optionalNumber("weight_decay") ?? kind.weightDecay) !== undefined;
  const clip = readClip(args.optional("grad_clip_cfg"));
  const groups = readGroups(args.optional("custom_cfg"));
  args.finish();
  return { type, states: kind.states, decay: kind.decay, decays, clip, groups, layerwise, castsRate: type === "SGD" };
}

/** `custom_cfg`: keys that PaddleSeg does not look at change nothing. An empty list is none. */
function readGroups(value: Plain | undefined): readonly Group[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new ArgumentError("optimizer", "custom_cfg", phrase("custom-cfg-list", {}));
  if (value.length === 0) return undefined;
  return value.map((item: Plain) => {
    if (typeof item !== "object" || item === null || !("name" in item) || typeof item.name !== "string") {
      throw new ArgumentError("optimizer", "custom_cfg", "each item of custom_cfg needs a name");
    }
    const rate = "lr_mult" in item ? item.lr_mult : 1;
    return { name: item.name, learningRate: typeof rate === "number" ? rate : 1 };
  });
}
