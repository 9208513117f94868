/** @file A crop whose sides are not on the network's stride. */
import { cropPath } from "../../strategy/knobs/crop.ts";
import { defineCheck } from "./define.ts";

/** PaddleSeg's networks go down to 1/32 of the image. */
const stride = 32;

/** A multiple, or one more: sizes such as 769, for align_corners. */
const isOn = (side: number): boolean => side % stride <= 1;

export const cropOffStride = defineCheck({
  name: "crop-off-stride",
  run: ({ config, loaded }) => {
    if (loaded?.crop === undefined) return [];
    const { width, height } = loaded.crop;
    if (isOn(width) && isOn(height)) return [];
    const path = cropPath(loaded.train) ?? ["train_dataset", "transforms"];
    return [
      {
        code: "crop-off-stride",
        config,
        gpu: undefined,
        key: path.join("."),
        location: loaded.train.locate(path),
        size: 0,
        facts: { width, height, stride },
      },
    ];
  },
});
