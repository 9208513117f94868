/** @file Errors of what a network, loss or run cannot do, in Chinese. */
import type { ErrorTable } from "../../error-data.ts";
import type { NetworkErrors } from "../../errors/network.ts";
import { shortly } from "../../shortly.ts";
import { didYouMean } from "../near.ts";

/** Kinds of components by their English names. */
const kinds: Readonly<Record<string, string>> = {
  model: "模型",
  backbone: "骨干网络",
  loss: "损失函数",
  optimizer: "优化器",
};

/** `骨干网络` for `backbone`. */
function kindOf(kind: string): string {
  return kinds[kind] ?? kind;
}

export const networkErrors: ErrorTable<NetworkErrors> = {
  "not-modelled": {
    message: (d) => `${kindOf(d.kind)} ${shortly(d.name)} 尚未建模；vram-plan 不做猜测。`,
    hint: (d) => didYouMean(d.near, `如需支持，可在 ${d.folder} 中添加一个文件，并在其索引中加一行。`),
  },
  "argument-wrong": {
    message: (d, say) => `${say(d.reason)}。`,
    hint: (d) => didYouMean(d.near, `请修正 ${d.component} 的 ${d.argument}。`),
  },
  "shape-refused": {
    message: (d, say) =>
      `网络在此尺寸下无法运行：${d.layer || "训练循环"} 中的 ${d.op} 得到 ${d.shapes.join(" 和 ")}；${say(d.reason)}。`,
    hint: () => "请选择与网络步长对齐的尺寸；Paddle 自己也会拒绝这个尺寸。",
  },
  "tensor-impossible": {
    message: (d) =>
      d.shape === undefined
        ? `${d.layer || "训练循环"} 中的 ${d.op} 产生的张量数量超出任何训练所需。`
        : `${d.layer || "训练循环"} 中的 ${d.op} 要创建形状为 [${d.shape}] 的张量，这不可能：各维须为非负整数，且没有显卡能容纳 4 TiB。`,
    hint: () => "请修正由此而来的参数、批大小或尺寸。",
  },
  "list-too-short": {
    message: (d) =>
      `网络在 ${d.layer || "训练循环"} 中无法运行：它要取第 ${d.index} 项，而张量列表只有 ${d.length} 项。`,
    hint: () => "backbone_indices 等参数从 0 开始对骨干网络的特征图编号。",
  },
  "dtype-refused": {
    message: (d, say) => `${say(d.when)}，Paddle 会拒绝 ${d.layer || "训练循环"}：${say(d.reason)}。`,
    hint: () => "请用 fp32 训练，或使用 AMP O2：--precision fp32，--amp-level O2。",
  },
  "single-precision-only": {
    message: (d) => `算子 ${d.op} 只接受 float32，得到的却是 ${d.dtype}。`,
    hint: () => "请用 fp32 训练：--precision fp32。",
  },
  "data-parallel-stops": {
    message: (d, say) => `Paddle 的 DataParallel 会在此训练中停下：${say(d.reason)}。`,
    hint: () => "请用单卡训练（--gpus 1）。多卡时请去掉 --recompute：它的 PyLayer 会让 reducer 看不到参数。",
  },
  "paddle-refuses": {
    message: (d, say) => `Paddle 无法运行${kindOf(d.kind)} ${d.component}：${say(d.reason)}。`,
    hint: (d) => `请换一个${kindOf(d.kind)}；无论尺寸多大，它在第一次前向时都会停下。`,
  },
  "logits-losses-differ": {
    message: (d) => `网络返回 ${d.logits} 个 logit，而 loss 有 ${d.losses} 项。`,
    hint: () => "loss 的 types 和 coef 的个数应与网络返回的 logit 个数相同。",
  },
  "recompute-not-known": {
    message: (d) => `没有可供重计算的层 ${d.layer}。`,
    hint: (d) => didYouMean(d.near, "可用 vram-plan estimate CONFIG --depth 3 查看各层。"),
  },
  "run-not-modelled": {
    message: (d, say) => `${say(d.what)} 的训练尚未建模：${say(d.reason)}。`,
    hint: (d, say) => say(d.instead),
  },
};
