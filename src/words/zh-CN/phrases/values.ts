/** @file What a value is and has to be, in Chinese. */
import type { PhraseTable } from "../../phrase.ts";
import type { ValuePhrases } from "../../phrases/values.ts";

export const valuePhrases: PhraseTable<ValuePhrases> = {
  "value-missing": () => "缺失",
  "value-null": () => "空值（null）",
  "value-list": () => "一个列表",
  "value-mapping": () => "一个映射",
  "value-items": (d, say) => `[${d.items.map(say).join(", ")}]`,
  "value-text": (d) => `文本 "${d.text}"`,
  "value-float": (d) => `浮点数 ${d.value}.0`,
  "value-as-is": (d) => d.text,
  "a-mapping": () => "映射",
  "a-list": () => "列表",
  "a-text": () => "文本",
  "a-number": () => "数字",
  "a-truth-value": () => "true 或 false",
  "a-class-name": () => "类名",
  "one-value": () => "单个值",
  "whole-number": (d) => `不小于 ${d.least} 的整数`,
  "whole-number-to": (d) => `${d.least} 到 ${d.most} 之间的整数`,
  "whole-number-of-bytes": () => "整数字节数",
  "pair-of-sizes": () => "一对正整数 [宽, 高]",
  "exactly-1": () => "1",
  places: (d) => d.names.join("、"),
  "model-and-loss": () => "model 和 loss（与数据集一致）",
};
