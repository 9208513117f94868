/** @file Why Paddle refuses the shapes of an op, in Chinese. */
import type { PhraseTable } from "../../phrase.ts";
import type { ShapePhrases } from "../../phrases/shapes.ts";

export const shapePhrases: PhraseTable<ShapePhrases> = {
  "cannot-take-shape": (d) => `${d.elements} 个元素无法变为形状 [${d.shape.join(", ")}]`,
  "no-broadcast": (d) => `两个操作数的第 ${d.dimension} 维无法广播：${d.sizes.join(" 与 ")}`,
  "permutation-off-rank": (d) => `排列 [${d.permutation.join(", ")}] 与维数不符`,
  "label-of-one-class": () => "label 的形状必须与 logits 相同，且类别维为 1",
  "logits-and-labels-differ": () => "logits 与 label 的形状必须相同",
  "logits-of-two-channels": () => "logits 必须有 2 个通道",
  "not-square": () => "最后两维必须相等",
  "inner-dimensions": (d) => `内侧维度分别为 ${d.left} 和 ${d.right}`,
  "bmm-operands": () => "操作数的形状必须是 [B, M, K] 和 [B, K, N]",
  "not-4-dimensions": () => "输入必须是 4 维",
  "filter-channels": (d) => `输入有 ${d.input} 个通道，卷积核需要 ${d.filter} 个`,
  "output-not-positive": (d) => `输出将是 ${d.width}×${d.height} 像素`,
  "size-not-positive": (d) => `尺寸 [${d.size.join(", ")}] 不是正数`,
  "labels-off-rank": (d) => `"${d.labels}" 与维数不符`,
  "label-twice": (d) => `标号 ${d.label} 同时表示 ${d.sizes.join(" 和 ")}`,
  "axes-differ": (d) => `除第 ${d.axis} 轴外，各维必须一致`,
  "sections-sum": (d) => `各段之和为 ${d.total}`,
  "dimension-asked": (d) => `需要第 ${d.index} 维，但它没有这一维`,
};
