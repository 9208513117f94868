/** @file The words of every check in Chinese: one entry each, and leaving one out does not compile. */
import { formatBytes } from "../units.ts";
import type { CheckName, FindingFacts, Shortfall } from "./finding.ts";
import type { CheckWords } from "./finding-words.ts";
import { percent } from "./words.ts";

function short({ neededBytes, usableBytes }: Shortfall): string {
  const by = neededBytes - usableBytes;
  return `比可用的 ${formatBytes(usableBytes)} 多 ${formatBytes(by)}（${percent(by, usableBytes)}）`;
}

const sign = (bytes: number): string => `${bytes < 0 ? "-" : "+"}${formatBytes(Math.abs(bytes))}`;
const number = (value: number): string => value.toLocaleString("en-US");

const kinds: Readonly<Record<string, string>> = {
  model: "模型",
  backbone: "骨干网络",
  loss: "损失函数",
  optimizer: "优化器",
};

const withoutEffect: Readonly<Record<FindingFacts["amp-without-effect"]["reason"], string>> = {
  "PaddleSeg takes it from the command line only": "PaddleSeg 只从命令行读取它",
  "the run is in fp32": "训练使用 fp32",
};

export const chineseChecks: { readonly [C in CheckName]: CheckWords<FindingFacts[C]> } = {
  "does-not-fit": {
    title: "放不下",
    message: (f) => `需要 ${formatBytes(f.neededBytes)}，${short(f)}`,
    hint: () => "vram-plan CONFIG --gpu CARD 可找出影响最小的更改，使其放得下。",
  },
  tight: {
    title: "勉强放得下",
    message: (f) =>
      `勉强放得下：预期 ${formatBytes(f.expectedBytes)}，可用 ${formatBytes(f.usableBytes)}，最多 ${formatBytes(f.neededBytes)}`,
    hint: () => "限制工作区（--conv-workspace-limit）可降低上限。",
  },
  increase: {
    title: "比基准增加",
    message: (f) =>
      `增加 ${sign(f.toBytes - f.fromBytes)}（${formatBytes(f.fromBytes)} → ${formatBytes(f.toBytes)}，+${percent(f.toBytes - f.fromBytes, f.fromBytes)}），超过 max-increase ${f.limit}`,
    hint: () => "如果这是有意的，请在预算文件中调大 max-increase。",
  },
  "evaluation-does-not-fit": {
    title: "评估放不下",
    message: (f) => `训练需要 ${formatBytes(f.trainingBytes)}，但评估需要 ${formatBytes(f.neededBytes)}，${short(f)}`,
    hint: () => "请用 test_config 的 is_slide 评估、缩小评估图像，或不加 --do_eval。",
  },
  "model-not-known": {
    title: "模型未知",
    message: (f) => `无法估计：${kinds[f.kind] ?? f.kind} ${f.name} 尚未建模`,
    hint: () => "可在预算文件中仅对这些配置把此检查设为 warn 或 off。",
  },
  "number-read-as-text": {
    title: "数字被读成文本",
    message: (f) => `${f.text} 在 PyYAML 中是文本，不是数字`,
    hint: (f) => `请写成 ${f.write}。`,
  },
  "batch-of-1-with-batch-norm": {
    title: "批大小为 1 且使用 BatchNorm",
    message: (f) => `每张卡的批大小为 1，而有 ${number(f.layerCount)} 个 BatchNorm 层：统计量只来自一张图像`,
    hint: () => "请多卡使用 SyncBatchNorm、用更小的裁剪尺寸换取更大的批大小，或冻结统计量。",
  },
  "crop-off-stride": {
    title: "裁剪尺寸未对齐步长",
    message: (f) => `裁剪尺寸 ${f.width}x${f.height} 未对齐步长 ${f.stride}：特征图会被填充或截断`,
    hint: (f) => `请使用 ${f.stride} 的倍数；align_corners 时可再加 1。`,
  },
  "ohem-min-kept": {
    title: "OHEM 的 min_kept 与批大小 × 裁剪尺寸不符",
    message: (f) =>
      f.pixelsBefore === undefined
        ? `min_kept ${number(f.minKept)} 不小于一个批次的 ${number(f.pixels)} 个像素：不会挑选难例像素`
        : `一个批次的像素由 ${number(f.pixelsBefore)} 变为 ${number(f.pixels)}，而 min_kept 仍为 ${number(f.minKept)}`,
    hint: (f) => `保持同样的像素比例应为 min_kept: ${f.wanted}。`,
  },
  "amp-without-effect": {
    title: "AMP 设置无效",
    message: (f) => `${f.setting} 不起作用：${withoutEffect[f.reason]}`,
    hint: () => "启用 AMP 请用 tools/train.py --precision fp16 --amp_level O1（或 O2）。",
  },
  "stale-plan": {
    title: "方案已过时",
    message: (f) =>
      f.shortBytes === undefined
        ? `针对 ${f.card} 的方案已过时：其来源的 ${f.changedKeys.join("、")} 已改变`
        : `针对 ${f.card} 的方案已过时：现在还差 ${formatBytes(f.shortBytes)}`,
    hint: () => "请用 vram-plan SOURCE --gpu CARD --out CONFIG 重新生成。",
  },
};
