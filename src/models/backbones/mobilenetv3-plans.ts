/** @file Block by block, the published variants of MobileNetV3 (`NET_CONFIG` of `mobilenetv3.py`). */

type Block = readonly [
  kernel: number,
  middle: number,
  channels: number,
  squeezeExcitation: boolean,
  activation: "relu" | "hardswish",
  stride: number,
  dilation?: number,
];

export interface MobileNetV3Plan {
  readonly blocks: readonly Block[];
  /** Blocks whose results are returned. */
  readonly out: readonly number[];
}

export const large: MobileNetV3Plan = {
  out: [2, 5, 11, 14],
  blocks: [
    [3, 16, 16, false, "relu", 1],
    [3, 64, 24, false, "relu", 2],
    [3, 72, 24, false, "relu", 1],
    [5, 72, 40, true, "relu", 2],
    [5, 120, 40, true, "relu", 1],
    [5, 120, 40, true, "relu", 1],
    [3, 240, 80, false, "hardswish", 2],
    [3, 200, 80, false, "hardswish", 1],
    [3, 184, 80, false, "hardswish", 1],
    [3, 184, 80, false, "hardswish", 1],
    [3, 480, 112, true, "hardswish", 1],
    [3, 672, 112, true, "hardswish", 1],
    [5, 672, 160, true, "hardswish", 2],
    [5, 960, 160, true, "hardswish", 1],
    [5, 960, 160, true, "hardswish", 1],
  ],
};

export const small: MobileNetV3Plan = {
  out: [0, 2, 7, 10],
  blocks: [
    [3, 16, 16, true, "relu", 2],
    [3, 72, 24, false, "relu", 2],
    [3, 88, 24, false, "relu", 1],
    [5, 96, 40, true, "hardswish", 2],
    [5, 240, 40, true, "hardswish", 1],
    [5, 240, 40, true, "hardswish", 1],
    [5, 120, 48, true, "hardswish", 1],
    [5, 144, 48, true, "hardswish", 1],
    [5, 288, 96, true, "hardswish", 2],
    [5, 576, 96, true, "hardswish", 1],
    [5, 576, 96, true, "hardswish", 1],
  ],
};

/** The same blocks with dilation in place of strides from block `from` on: [blocks up to here, dilation of those before]. */
function dilated(
  plan: MobileNetV3Plan,
  from: number,
  dilations: readonly (readonly [number, number])[],
): MobileNetV3Plan {
  const blocks = plan.blocks.map((block, i): Block => {
    if (i < from) return block;
    const [kernel, middle, channels, se, activation] = block;
    const dilation = dilations.find(([end]) => i < end)?.[1] ?? 1;
    return [kernel, middle, channels, se, activation, 1, dilation];
  });
  return { ...plan, blocks };
}

/** Output stride 8: no stride from the seventh block on, dilation 2 after it, 4 after block 13. */
export const largeOs8 = dilated(large, 6, [
  [7, 1],
  [13, 2],
  [15, 4],
]);

/** Output stride 8: no stride from the fourth block on, dilation 2 after it, 4 after block 9. */
export const smallOs8 = dilated(small, 3, [
  [4, 1],
  [9, 2],
  [11, 4],
]);
