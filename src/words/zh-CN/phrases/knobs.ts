/** @file Knobs and what they cost, in Chinese. */
import type { PhraseTable } from "../../phrase.ts";
import type { KnobPhrases } from "../../phrases/knobs.ts";

/** `耗时为原来的 1.05 至 1.12 倍`. */
function times({ low, high }: KnobPhrases["times"]): string {
  const [from, to] = [low.toFixed(2), high.toFixed(2)];
  return from === to ? `耗时为原来的 ${from} 倍` : `耗时为原来的 ${from} 至 ${to} 倍`;
}

export const knobPhrases: PhraseTable<KnobPhrases> = {
  "knob-conv-workspace": () => "限制 cuDNN 卷积的工作区（FLAGS_conv_workspace_size_limit）",
  "knob-crop": () => "减小训练裁剪尺寸，保持宽高比并与网络步长对齐",
  "knob-ema": () => "训练时不保留参数的滑动平均（仅当 --allow ema）",
  "knob-evaluation": () => "用滑动窗口评估，或训练后在单独的进程中评估",
  "knob-lean": () => "损失函数使用更少的临时张量，逐个处理各个头，尽早释放 logit 和梯度：数值相同，显存更少",
  "knob-learning-rate": () => "优化器每步的图像变少时，按线性规则调整学习率",
  "knob-micro-batch": () => "减小每次前向的批大小，用梯度累积保持等效批大小",
  "knob-model": () => "换成同系列中更轻的网络（仅当 --allow model）",
  "knob-optimizer": () => "用带动量的 SGD 代替 Adam 或 AdamW（仅当 --allow optimizer）",
  "knob-precision": () => "自动混合精度（--precision fp16 --amp_level O1 或 O2）",
  "knob-recompute": () => "反向时重新计算若干模块的前向，而不保留其激活",
  "workspace-default": () => "512 MiB（Paddle 默认值）",
  kept: () => "保留",
  "left-out": () => "去掉",
  off: () => "关",
  none: () => "无",
  "inside-training": () => "在训练中",
  "own-process": () => "在单独的进程中",
  "whole-image": () => "整图",
  "sliding-window": (d) => `滑动窗口 ${d.crop}，步长 ${d.stride}`,
  accumulated: (d) => `${d.batch} × 累积 ${d.times} 次`,
  "with-momentum": (d) => `带动量的 ${d.optimizer}`,
  "same-result": () => "结果相同",
  "same-result-and-time": () => "结果相同，耗时相同",
  "upsampling-twice": () => "各个头的 logit 的最后一次上采样会运行两次",
  "slower-algorithms": () => "少数卷积可能使用较慢的算法",
  "fewer-pixels": (d) => `数据改变：每张图像只显示原来 ${d.percent} % 的像素`,
  "average-not-made": () => "不再生成平均后的模型；训练得到的模型不变",
  "checkpoint-afterwards": () => "训练不变；最佳模型在训练之后选出",
  "evaluation-longer": () => "训练不变；评估耗时更长，指标略有差异",
  "rate-follows": (d) => `每步 ${d.images} 张图像，原为 ${d.before} 张：学习率按比例调整（线性规则）`,
  "batch-kept": () => "等效批大小不变",
  "fewer-images": (d) => `每步 ${d.images} 张图像，原为 ${d.before} 张`,
  "batch-norm-sees": (d) => `BatchNorm 每次统计 ${d.images} 张图像，原为 ${d.before} 张`,
  "other-model": () => "模型改变：参数更少，指标也不同",
  "other-training": () => "训练方式改变：需要重新寻找学习率",
  "check-the-loss": () => "数值改变，请检查损失",
  times,
  "times-without-tensor-cores": (d) => `${times(d)}：此显卡没有 Tensor Core`,
};
