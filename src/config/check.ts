/** @file What PaddleSeg fills in before it builds: cvlibs/config_checker.py, and for its data set classes cvlibs/builder.py. */
import { suggest, UserError } from "../errors.ts";
import { asIs, type Phrase, phrase } from "../words/phrase.ts";
import { datasetClasses } from "./dataset-classes.ts";
import { describe, get, locate, type MapNode, map, type Node, type ScalarNode, type SeqNode, scalar } from "./node.ts";
import type { Location } from "./types.ts";

/** A merged config with the place of its first line. */
export interface Draft {
  readonly root: MapNode;
  readonly start: Location;
}

/** The place of a path, for a message. */
export function placeOf(draft: Draft, path: readonly string[]): Location | undefined {
  return locate(draft.root, path, draft.start);
}

function wrong(draft: Draft, path: readonly string[], wanted: Phrase, node: Node | undefined): never {
  throw new UserError("value-wrong", { key: path.join("."), wanted, found: describe(node) }, placeOf(draft, path));
}

/** The mapping at a path. Throws `config-key-missing` or `value-wrong`. */
export function needMap(draft: Draft, path: readonly string[]): MapNode {
  const node = path.reduce<Node | undefined>(get, draft.root);
  if (node?.kind === "map") return node;
  if (node !== undefined) return wrong(draft, path, phrase("a-mapping", {}), node);
  const inside = path.slice(0, -1).join(".") || draft.start.file;
  throw new UserError("config-key-missing", { key: path.at(-1) ?? "", inside }, placeOf(draft, path));
}

/** The list at a path. */
export function needSeq(draft: Draft, path: readonly string[]): SeqNode {
  const node = path.reduce<Node | undefined>(get, draft.root);
  return node?.kind === "seq" ? node : wrong(draft, path, phrase("a-list", {}), node);
}

/** The text of `type:` in a mapping. */
export function needType(draft: Draft, path: readonly string[]): string {
  const node = get(needMap(draft, path), "type");
  if (node?.kind === "scalar" && typeof node.value === "string") return node.value;
  if (node !== undefined) return wrong(draft, [...path, "type"], phrase("a-class-name", {}), node);
  throw new UserError("config-key-missing", { key: "type", inside: path.join(".") }, placeOf(draft, path));
}

/** Keys without which PaddleSeg does not start (DefaultPrimaryRule). */
const primary = ["model", "train_dataset", "batch_size", "iters", "optimizer", "lr_scheduler", "loss"] as const;

function checkPrimary({ root, start }: Draft): void {
  for (const key of primary) {
    if (root.entries.has(key)) continue;
    const found = phrase("it-has-no", { key });
    if (key === "model" || key === "train_dataset")
      throw new UserError("config-not-training", { file: start.file, found }, start);
    throw new UserError("config-key-missing", { key, inside: start.file }, start);
  }
}

/** One loss type stands for all logits: repeated once for each coef (DefaultLossRule). */
function repeatLosses(draft: Draft, name: "loss" | "distill_loss"): void {
  if (!draft.root.entries.has(name)) return;
  const loss = needMap(draft, [name]);
  for (const key of ["types", "coef"]) {
    if (!loss.entries.has(key))
      throw new UserError("config-key-missing", { key, inside: name }, placeOf(draft, [name]));
  }
  const types = needSeq(draft, [name, "types"]);
  const coefficients = needSeq(draft, [name, "coef"]).items.length;
  const [only] = types.items;
  if (types.items.length === coefficients) return;
  if (types.items.length !== 1 || only === undefined) {
    throw new UserError("loss-count", { types: types.items.length, coefficients }, placeOf(draft, [name, "types"]));
  }
  const items = Array.from({ length: coefficients }, () => only);
  loss.entries.set("types", { ...loss.entries.get("types"), node: { ...types, items } });
}

/** The values of one key in several mappings, which have to agree; undefined where none has it. */
function oneValue(
  draft: Draft,
  what: string,
  places: readonly (readonly string[])[],
  known?: number,
): ScalarNode | undefined {
  const found = new Map<ScalarNode["value"], ScalarNode>();
  if (known !== undefined) found.set(known, scalar(known));
  let last: readonly string[] = [];
  for (const path of places) {
    const node = path.reduce<Node | undefined>(get, draft.root);
    if (node === undefined) continue;
    if (node.kind !== "scalar") return wrong(draft, path, phrase("one-value", {}), node);
    if (known === undefined || node.value !== null || what !== "in_channels") found.set(node.value, node);
    last = path;
    if (found.size > 1) break;
  }
  if (found.size > 1) {
    const where =
      known === undefined
        ? phrase("places", { names: ["model", "train_dataset", "val_dataset"] })
        : phrase("model-and-loss", {});
    const values = [...found.keys()].map((value) => asIs(String(value)));
    throw new UserError("values-differ", { what, found: values, where }, placeOf(draft, last));
  }
  return [...found.values()][0];
}

/** The mappings of all loss terms, a MixedLoss's parts in its place. */
function lossTerms(draft: Draft, name: "loss" | "distill_loss"): readonly (readonly string[])[] {
  return needSeq(draft, [name, "types"]).items.flatMap((_, index) => {
    const path = [name, "types", String(index)];
    if (needType(draft, path) !== "MixedLoss") return [path];
    return needSeq(draft, [...path, "losses"]).items.map((_, part) => [...path, "losses", String(part)]);
  });
}

/** Gives every loss the data set's ignore_index, and refuses one that has another. */
function fillIgnoreIndex(
  draft: Draft,
  ignoreIndex: ScalarNode["value"],
  names: readonly ("loss" | "distill_loss")[],
): void {
  for (const name of names) {
    if (!draft.root.entries.has(name)) continue;
    for (const path of lossTerms(draft, name)) {
      const loss = needMap(draft, path);
      const own = get(loss, "ignore_index");
      if (own === undefined) loss.entries.set("ignore_index", { node: scalar(ignoreIndex) });
      else if (own.kind !== "scalar" || own.value !== ignoreIndex) {
        const found = [describe(own), asIs(String(ignoreIndex))];
        const where = phrase("places", { names: [path.join("."), "train_dataset"] });
        throw new UserError(
          "values-differ",
          { what: "ignore_index", found, where },
          placeOf(draft, [...path, "ignore_index"]),
        );
      }
    }
  }
}

/** The model on a copy, with num_classes and in_channels where it lacks them; a shared backbone is changed itself, as in Python. */
function fillModel(draft: Draft, numClasses: ScalarNode | undefined, channels: ScalarNode | undefined): void {
  const model = map(needMap(draft, ["model"]).entries);
  draft.root.entries.set("model", { ...draft.root.entries.get("model"), node: model });
  if (numClasses !== undefined && !model.entries.has("num_classes"))
    model.entries.set("num_classes", { node: numClasses });
  const target = model.entries.has("backbone") ? needMap(draft, ["model", "backbone"]) : model;
  const own = get(target, "in_channels");
  if (channels !== undefined && (own === undefined || (own.kind === "scalar" && own.value === null))) {
    target.entries.set("in_channels", { node: channels });
  }
}

/** Where the checker looks for a key of the data sets. */
const datasets = ["train_dataset", "val_dataset"] as const;

/** `type: Dataset`: numbers come from its own keys (DefaultSyncNumClassesRule, -ImgChannelsRule, -IgnoreIndexRule). */
function fillFromKeys(draft: Draft, channelPath: readonly string[]): void {
  for (const name of datasets) {
    if (!draft.root.entries.has(name)) continue;
    const dataset = needMap(draft, [name]);
    if (name === "val_dataset" && dataset.entries.size > 0 && needType(draft, [name]) !== "Dataset") {
      const found = ["Dataset", needType(draft, [name])].map(asIs);
      throw new UserError(
        "values-differ",
        { what: "type", found, where: phrase("places", { names: datasets }) },
        placeOf(draft, [name, "type"]),
      );
    }
    if (dataset.entries.size > 0 && !dataset.entries.has("num_classes")) {
      throw new UserError("config-key-missing", { key: "num_classes", inside: name }, placeOf(draft, [name]));
    }
  }
  const classes = oneValue(draft, "num_classes", [
    ["model", "num_classes"],
    ...datasets.map((name) => [name, "num_classes"]),
  ]);
  const channels = oneValue(draft, "in_channels", [channelPath, ...datasets.map((name) => [name, "img_channels"])]);
  fillModel(draft, classes, channels);
  const ignored = oneValue(
    draft,
    "ignore_index",
    datasets.map((name) => [name, "ignore_index"]),
  );
  if (ignored !== undefined) fillIgnoreIndex(draft, ignored.value, ["loss", "distill_loss"]);
}

/** One of PaddleSeg's own data sets: numbers come from its class, when the model and losses are built. */
function fillFromClass(draft: Draft, type: string, channelPath: readonly string[]): void {
  const known = datasetClasses.get(type);
  // A class of the user's own: the model has to say what the data set would.
  if (known === undefined && get(get(draft.root, "model"), "num_classes") !== undefined) return;
  if (known === undefined) {
    throw new UserError(
      "dataset-not-known",
      { type, near: suggest(type, datasetClasses.keys()) },
      placeOf(draft, ["train_dataset", "type"]),
    );
  }
  const classes = oneValue(draft, "num_classes", [["model", "num_classes"]], known.numClasses);
  const channels = oneValue(draft, "in_channels", [channelPath], known.imgChannels);
  fillModel(draft, classes, channels);
  fillIgnoreIndex(draft, known.ignoreIndex, ["loss"]);
}

/** Checks and completes a merged config in place. */
export function checkAndFill(draft: Draft): void {
  checkPrimary(draft);
  const model = needMap(draft, ["model"]);
  repeatLosses(draft, "loss");
  repeatLosses(draft, "distill_loss");
  const channelPath = model.entries.has("backbone") ? ["model", "backbone", "in_channels"] : ["model", "in_channels"];
  if (model.entries.has("backbone")) needMap(draft, ["model", "backbone"]);
  const type = needType(draft, ["train_dataset"]);
  if (type === "Dataset") fillFromKeys(draft, channelPath);
  else if (type !== "SegDataset") fillFromClass(draft, type, channelPath);
}
