/** @file Image sizes through PaddleSeg's transforms (paddleseg/transforms/transforms.py and functional.py). */
import type { Component, ConfigMap, ConfigValue, Size } from "./types.ts";

/** One transform: the size after it, `undefined` where it varies or is not known. Sizes before it may be unknown too. */
type SizeRule = (args: ConfigMap, before: Size | undefined) => Size | undefined;

/** Python's round(): halves go to the even neighbour. */
function round(value: number): number {
  const floor = Math.floor(value);
  const half = value - floor === 0.5;
  return half ? floor + (floor % 2) : Math.round(value);
}

/** A number of the arguments, or the default of the transform's signature. */
function num(value: ConfigValue | undefined, fallback: number): number {
  return typeof value === "number" ? value : fallback;
}

/** A [width, height] pair of positive integers; undefined for anything else. */
export function readSize(value: ConfigValue | undefined): Size | undefined {
  if (!isList(value) || value.length !== 2) return undefined;
  const [width, height] = value;
  const whole = (v: unknown): v is number => typeof v === "number" && Number.isSafeInteger(v) && v > 0;
  return whole(width) && whole(height) ? { width, height } : undefined;
}

/** Narrowing that also holds for readonly arrays. */
export function isList(value: ConfigValue | undefined): value is readonly ConfigValue[] {
  return Array.isArray(value);
}

/** Narrowing of a mapping. */
export function isMapping(value: ConfigValue | undefined): value is ConfigMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function scaled(size: Size, scale: number): Size {
  return { width: round(size.width * scale), height: round(size.height * scale) };
}

/** resize_long: the long side becomes `long`. */
function resizeLong(size: Size, long: number): Size {
  return scaled(size, long / Math.max(size.width, size.height));
}

/** A size argument with the default of the signature. */
function fixed(value: ConfigValue | undefined, side: number): Size | undefined {
  return value === undefined ? { width: side, height: side } : readSize(value);
}

const keep: SizeRule = (_args, before) => before;

const resize: SizeRule = (args, before) => {
  let target = fixed(args.target_size, 512); // Resize.__init__
  if (target === undefined) return undefined;
  if (args.keep_ratio === true) {
    if (before === undefined) return undefined;
    // functional.rescale_size: as large as fits long side in long side, short in short.
    const long = Math.max(target.width, target.height) / Math.max(before.width, before.height);
    const short = Math.min(target.width, target.height) / Math.min(before.width, before.height);
    target = scaled(before, Math.min(long, short));
  }
  const divisor = num(args.size_divisor, 0);
  if (divisor === 0) return target;
  return { width: Math.ceil(target.width / divisor) * divisor, height: Math.ceil(target.height / divisor) * divisor };
};

const resizeByShort: SizeRule = (args, before) => {
  if (before === undefined || typeof args.short_size !== "number") return undefined;
  const short = Math.min(before.width, before.height);
  const long = Math.max(before.width, before.height);
  const limit = num(args.max_size, 1e10); // ResizeByShort.__init__
  const wanted = (args.short_size / short) * long > limit ? Math.trunc((limit / long) * short) : args.short_size;
  return scaled(before, wanted / short);
};

const limitLong: SizeRule = (args, before) => {
  if (before === undefined) return undefined;
  const long = Math.max(before.width, before.height);
  if (typeof args.max_long === "number" && long > args.max_long) return resizeLong(before, args.max_long);
  if (typeof args.min_long === "number" && long < args.min_long) return resizeLong(before, args.min_long);
  return before;
};

/** Defaults are those of the signatures: ResizeRangeScaling(400, 600), ResizeStepScaling(0.75, 1.25). */
const resizeRange: SizeRule = (args, before) => {
  const low = num(args.min_value, 400);
  return before !== undefined && low === num(args.max_value, 600) ? resizeLong(before, low) : undefined;
};

const resizeStep: SizeRule = (args, before) => {
  const low = num(args.min_scale_factor, 0.75);
  return before !== undefined && low === num(args.max_scale_factor, 1.25) ? scaled(before, low) : undefined;
};

const padByAspect: SizeRule = (args, before) => {
  if (before === undefined) return undefined;
  const aspect = num(args.aspect_ratio, 1);
  const ratio = before.width / before.height;
  if (ratio > aspect) return { width: before.width, height: Math.trunc(before.width / aspect) };
  return ratio < aspect ? { width: Math.trunc(before.height * aspect), height: before.height } : before;
};

const centerCrop: SizeRule = (args, before) => {
  const ratio = isList(args.retain_ratio) ? args.retain_ratio : [];
  return ratio[0] === 1 && ratio[1] === 1 ? before : undefined;
};

/** Padding refuses an image larger than its target. */
const padding: SizeRule = (args) => readSize(args.target_size);

/** Rotates onto a canvas as large as the angle asks for. */
const rotation: SizeRule = (args, before) => (num(args.max_rotation, 15) > 0 ? undefined : before);

/** Every transform of PaddleSeg. */
const rules: ReadonlyMap<string, SizeRule> = new Map([
  ["Resize", resize],
  ["ResizeByLong", (args, before) => before && resizeLong(before, num(args.long_size, 0))],
  ["ResizeByShort", resizeByShort],
  ["LimitLong", limitLong],
  ["ResizeRangeScaling", resizeRange],
  ["ResizeStepScaling", resizeStep],
  ["Padding", padding],
  ["PaddingByAspectRatio", padByAspect],
  ["RandomPaddingCrop", (args) => fixed(args.crop_size, 512)],
  ["RandomCenterCrop", centerCrop],
  ["ScalePadding", (args) => fixed(args.target_size, 512)],
  ["RandomRotation", rotation],
  ["RandomAffine", (args) => fixed(args.size, 224)],
  ["RandomHorizontalFlip", keep],
  ["RandomVerticalFlip", keep],
  ["Normalize", keep],
  ["RandomNoise", keep],
  ["RandomBlur", keep],
  ["RandomScaleAspect", keep],
  ["RandomDistort", keep],
  ["GenerateInstanceTargets", keep],
  ["AddMultiLabelAuxiliaryCategory", keep],
  ["AddEdgeLabel", keep],
]);

/** Transforms that take the size as an argument, with that argument's name; true of the last one unless a later one changes it again. */
export const sizeArguments: ReadonlyMap<string, string> = new Map([
  ["Resize", "target_size"],
  ["Padding", "target_size"],
  ["ScalePadding", "target_size"],
  ["RandomPaddingCrop", "crop_size"],
  ["RandomAffine", "size"],
]);

/** The size after a list of transforms; undefined where it varies from image to image or a transform is not known. */
export function sizeAfter(transforms: ConfigValue | undefined, before: Size | undefined): Size | undefined {
  if (!isList(transforms)) return before;
  let size = before;
  for (const transform of transforms) {
    if (!isMapping(transform) || typeof transform.type !== "string") return undefined;
    size = rules.get(transform.type)?.(transform, size);
  }
  return size;
}

/** Keys under which PaddleSeg's data sets take transforms; EG1800 and SUPERVISELY run a common list and then one of two more. */
export const transformKeys = ["transforms", "common_transforms", "transforms1"] as const;

/** The lists that an image goes through, in order (datasets/eg1800.py and supervisely.py for the three lists). */
export function transformLists(dataset: Component): readonly (ConfigValue | undefined)[] {
  return transformKeys.map((key) => dataset.args[key]);
}
