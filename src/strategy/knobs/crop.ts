/** @file Smaller training images, on the network's stride and in the same proportions. */
import type { ConfigEdit } from "../../config/edit.ts";
import { isMapping } from "../../config/transforms.ts";
import type { ConfigValue, Size, TrainConfig } from "../../config/types.ts";
import { asIs, phrase } from "../../words/phrase.ts";
import { sizeText } from "../point.ts";
import { type Knob, yamlVia } from "./knob.ts";

/** PaddleSeg's networks go down to 1/32 of the image; 769-style sizes are one more (align_corners). */
const stride = 32;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Smaller sizes of about the same proportions, largest first, down to half of each side. */
export function smallerCrops({ width, height }: Size): Size[] {
  const odd = width % stride === 1 && height % stride === 1 ? 1 : 0;
  const [w, h] = [width - odd, height - odd];
  const common = greatestCommonDivisor(w, h);
  const exact = { width: (w / common) * stride, height: (h / common) * stride };
  const sizes: Size[] = [];
  if (exact.width * 3 <= w) {
    for (let k = Math.ceil(w / exact.width) - 1; k * exact.width * 2 >= w; k--) {
      sizes.push({ width: k * exact.width + odd, height: k * exact.height + odd });
    }
    return sizes;
  }
  for (let x = Math.floor((w - 1) / stride) * stride; x * 2 >= w; x -= stride) {
    const y = Math.max(stride, Math.round((x * h) / w / stride) * stride);
    sizes.push({ width: x + odd, height: y + odd });
  }
  return sizes;
}

/** Transforms whose argument fixes the size of the training images. */
const sizeArguments = ["crop_size", "target_size"] as const;

/** Where the config sets the size: the last transform that has one. */
export function cropPath(config: TrainConfig): readonly string[] | undefined {
  const transforms = config.trainDataset.args.transforms;
  if (!Array.isArray(transforms)) return undefined;
  let found: readonly string[] | undefined;
  transforms.forEach((item: ConfigValue, i) => {
    if (!isMapping(item)) return;
    const key = sizeArguments.find((name) => item[name] !== undefined && item[name] !== null);
    if (key) found = ["train_dataset", "transforms", String(i), key];
  });
  return found;
}

export const crop: Knob = {
  name: "crop",
  summary: phrase("knob-crop", {}),
  harm: 5,
  change: (from, to, { config }) => {
    if (sizeText(from.crop) === sizeText(to.crop)) return undefined;
    const share = (to.crop.width * to.crop.height) / (from.crop.width * from.crop.height);
    return {
      knob: "crop",
      from: asIs(sizeText(from.crop)),
      to: asIs(sizeText(to.crop)),
      via: [yamlVia(config, cropPath(config) ?? ["train_dataset", "transforms"])],
      cost: [phrase("fewer-pixels", { percent: Math.round(share * 100) })],
      harm: 5,
    };
  },
  edits: (from, to, { config }): ConfigEdit[] => {
    const path = cropPath(config);
    if (sizeText(from.crop) === sizeText(to.crop) || !path) return [];
    return [{ path, value: [to.crop.width, to.crop.height] }];
  },
  apply: (point, to) => ({ ...point, crop: to.crop }),
};

/** PaddleSeg's largest crops are 1024 x 2048; four times that is no crop any more. */
const longestSide = 4096;

/** Sizes of the same proportions from one stride on, smallest first, with `size` among them. */
export function cropsAround(size: Size): Size[] {
  const { width, height } = size;
  const odd = width % stride === 1 && height % stride === 1 ? 1 : 0;
  const [w, h] = [width - odd, height - odd];
  const common = greatestCommonDivisor(w, h);
  const exact = { width: (w / common) * stride, height: (h / common) * stride };
  const isExact = exact.width * 3 <= w;
  const sizes: Size[] = [];
  for (let k = 1; ; k++) {
    const x = isExact ? k * exact.width : k * stride;
    const y = isExact ? k * exact.height : Math.max(stride, Math.round((x * h) / w / stride) * stride);
    if (Math.max(x, y) > longestSide) break;
    sizes.push({ width: x + odd, height: y + odd });
  }
  const others = sizes.filter((one) => one.width !== width);
  return [...others, size].sort((a, b) => a.width - b.width);
}
