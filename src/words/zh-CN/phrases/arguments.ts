/** @file Arguments in Chinese. */
import type { PhraseTable } from "../../phrase.ts";
import type { ArgumentPhrases } from "../../phrases/arguments.ts";

export const argumentPhrases: PhraseTable<ArgumentPhrases> = {
  "has-no-argument": (d) => `${d.type} 没有参数 ${d.name}`,
  "nhwc-for-one-network": (d) => `PaddleSeg 只允许 ${d.network} 使用 --data_format NHWC，${d.type} 不行`,
  "custom-cfg-list": () => "custom_cfg 必须是列表",
};
