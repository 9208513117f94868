/** @file From a file name to a TrainConfig: read, merge, apply flags, fill in as PaddleSeg does, check what is needed. */
import { UserError } from "../errors.ts";
import { type Phrase, phrase } from "../words/phrase.ts";
import { checkAndFill, type Draft, needType, placeOf } from "./check.ts";
import { type Files, readChain } from "./merge.ts";
import { describe, get, locate, map, type Node, toValue } from "./node.ts";
import { applyFlags, type Overrides } from "./opts.ts";
import { numberSpelling } from "./pyyaml.ts";
import { isList, isMapping, readSize, sizeAfter, sizeArguments, transformKeys, transformLists } from "./transforms.ts";
import type { Component, ConfigMap, ConfigValue, LossTerm, Size, TrainConfig } from "./types.ts";

/** What `loadConfig` needs besides the file name. It is pure in `readText`. */
export interface LoadOptions extends Files {
  /** `--opts` items, `key=value`. */
  readonly opts?: readonly string[] | undefined;
  readonly overrides?: Overrides | undefined;
}

/** Files that one config may be made of; PaddleSeg's deepest chain has four. */
const mostFiles = 64;

/** Images of a batch: a hundred times those of any card, and still few enough to go through one by one. */
const mostImages = 100_000;
/** What a label image of 16 bits can tell apart; PaddleSeg's own have 8. */
const mostClasses = 2 ** 16;

/** Counts files, so that lists of bases that double at each step end. */
function limited(files: Files, file: string): Files {
  let count = 0;
  return {
    ...files,
    readText: (path) => {
      if (++count > mostFiles)
        throw new UserError(
          "yaml-too-large",
          { what: phrase("too-many-files", { most: mostFiles }) },
          { file, line: 1, column: 1 },
        );
      return files.readText(path);
    },
  };
}

/** A positive whole number of the config's root. */
function needCount(draft: Draft, key: string, least: 0 | 1, most: number): number {
  const node = get(draft.root, key);
  if (
    node?.kind === "scalar" &&
    typeof node.value === "number" &&
    !node.float &&
    Number.isSafeInteger(node.value) &&
    node.value >= least &&
    node.value <= most
  ) {
    return node.value;
  }
  const isMore = node?.kind === "scalar" && Number(node.value) > most;
  const wanted = isMore ? phrase("whole-number-to", { least, most }) : phrase("whole-number", { least });
  return wrongNumber(draft, [key], wanted, node);
}

function wrongNumber(draft: Draft, path: readonly string[], wanted: Phrase, node: Node | undefined): never {
  const key = path.join(".");
  const place = placeOf(draft, path);
  if (node?.kind === "scalar" && typeof node.value === "string") {
    const spelling = numberSpelling(node.value);
    if (spelling !== undefined) {
      const write = wanted.code !== "a-number" ? `${key}: ${Number(node.value)}` : `${key}: ${spelling}`;
      throw new UserError("value-text-number", { key, text: node.value, write }, place);
    }
  }
  throw new UserError("value-wrong", { key, wanted, found: describe(node) }, place);
}

/** A component at a path: its type, and all else as arguments. */
function component(draft: Draft, resolved: ConfigMap, path: readonly string[]): Component {
  const type = needType(draft, path);
  let value: ConfigValue | undefined = resolved;
  for (const key of path) value = isList(value) ? value[Number(key)] : isMapping(value) ? value[key] : undefined;
  const { type: _type, ...args } = isMapping(value) ? value : {};
  return { type, args, path };
}

/** The name under which the optimizer is built: builder.py's compatibility rules. */
function optimizer(draft: Draft, resolved: ConfigMap): Component {
  const written = component(draft, resolved, ["optimizer"]);
  const names = new Map([
    ["adam", "Adam"],
    ["sgd", "SGD"],
  ]);
  const type = names.get(written.type) ?? written.type;
  return { ...written, type: type === "SGD" && "momentum" in written.args ? "Momentum" : type };
}

/** The loss list with its coefficients. */
function losses(draft: Draft, resolved: ConfigMap): readonly LossTerm[] {
  const loss = resolved.loss;
  if (!isMapping(loss) || !isList(loss.types) || !isList(loss.coef)) return [];
  return loss.types.map((_, index) => {
    const coefficient = isList(loss.coef) ? loss.coef[index] : undefined;
    if (typeof coefficient !== "number") {
      const path = ["loss", "coef", String(index)];
      return wrongNumber(draft, path, phrase("a-number", {}), path.reduce<Node | undefined>(get, draft.root));
    }
    return { component: component(draft, resolved, ["loss", "types", String(index)]), coefficient };
  });
}

/** Refuses a crop that is no pair of positive integers; PaddleSeg would fail on the first image. */
function checkSizes(draft: Draft, dataset: "train_dataset" | "val_dataset"): void {
  for (const name of transformKeys) checkList(draft, dataset, name);
}

function checkList(draft: Draft, dataset: string, name: string): void {
  const transforms = get(get(draft.root, dataset), name);
  if (transforms === undefined || (transforms.kind === "scalar" && transforms.value === null)) return;
  if (transforms.kind !== "seq") wrongNumber(draft, [dataset, name], phrase("a-list", {}), transforms);
  transforms.items.forEach((slot, index) => {
    const path = [dataset, name, String(index)];
    const key = sizeArguments.get(needType(draft, path));
    const size = key === undefined ? undefined : get(slot.node, key);
    if (key === undefined || size === undefined) return;
    const whole = size.kind === "seq" && size.items.every((item) => item.node.kind === "scalar" && !item.node.float);
    if (!whole || readSize(toValue(size)) === undefined) {
      wrongNumber(draft, [...path, key], phrase("pair-of-sizes", {}), size);
    }
  });
}

/** Size of the training images: what the transforms leave, where they fix one. */
function cropSize(dataset: Component): Size | undefined {
  const lists = transformLists(dataset);
  return lists.reduce<Size | undefined>((size, list) => (isList(list) ? sizeAfter(list, size) : size), undefined);
}

/** The class count that the model is built with; 2 is what models without one take (STFPM tells good from bad). */
function numClasses(draft: Draft): number {
  const path = ["model", "num_classes"];
  const node = path.reduce<Node | undefined>(get, draft.root);
  if (node === undefined) return 2;
  if (
    node.kind === "scalar" &&
    typeof node.value === "number" &&
    !node.float &&
    Number.isSafeInteger(node.value) &&
    node.value >= 1 &&
    node.value <= mostClasses
  ) {
    return node.value;
  }
  return wrongNumber(draft, path, phrase("whole-number-to", { least: 1, most: mostClasses }), node);
}

/** ignore_index of the data set, else of the first loss, else 255, the default of Dataset and of every loss. */
function ignoreIndex(resolved: ConfigMap, terms: readonly LossTerm[]): number {
  const dataset = resolved.train_dataset;
  const own = isMapping(dataset) ? dataset.ignore_index : undefined;
  if (typeof own === "number") return own;
  const first = terms[0]?.component.args.ignore_index;
  return typeof first === "number" ? first : 255;
}

/**
 * Reads a training config as PaddleSeg reads it: `_base_` chain, flags, filled-in values, and what the planner needs, checked.
 * Throws UserError with the place for everything that a user can get wrong.
 */
export function loadConfig(file: string, options: LoadOptions): TrainConfig {
  const start = { file, line: 1, column: 1 };
  if (!file.endsWith("yml") && !file.endsWith("yaml")) throw new UserError("file-not-yaml-name", { file });
  const merged = readChain(file, limited(options, file));
  const draft: Draft = { root: map(merged.entries), start };
  applyFlags(draft.root, options.overrides ?? {}, options.opts ?? []);
  checkAndFill(draft);
  const resolved = toValue(draft.root);
  if (!isMapping(resolved))
    throw new UserError("config-not-training", { file, found: phrase("it-is-empty", {}) }, start);
  checkSizes(draft, "train_dataset");
  const hasVal = isMapping(resolved.val_dataset) && "type" in resolved.val_dataset;
  if (hasVal) checkSizes(draft, "val_dataset");
  const terms = losses(draft, resolved);
  const trainDataset = component(draft, resolved, ["train_dataset"]);
  return {
    file,
    resolved,
    batchSize: needCount(draft, "batch_size", 1, mostImages),
    iters: needCount(draft, "iters", 0, Number.MAX_SAFE_INTEGER),
    model: component(draft, resolved, ["model"]),
    losses: terms,
    optimizer: optimizer(draft, resolved),
    learningRate: component(draft, resolved, ["lr_scheduler"]),
    trainDataset,
    valDataset: hasVal ? component(draft, resolved, ["val_dataset"]) : undefined,
    testConfig: isMapping(resolved.test_config) ? resolved.test_config : {},
    numClasses: numClasses(draft),
    ignoreIndex: ignoreIndex(resolved, terms),
    cropSize: cropSize(trainDataset),
    locate: (path) => locate(draft.root, path, start),
  };
}
