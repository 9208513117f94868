/** @file Arguments in Chinese. */
import type { PhraseTable } from "../../phrase.ts";
import type { ArgumentPhrases } from "../../phrases/arguments.ts";

/** What readers of arguments want. */
const wanted: Readonly<Record<string, string>> = {
  "a number": "数字",
  "a whole number": "整数",
  "true or false": "true 或 false",
  text: "文本",
  "a list of numbers": "数字列表",
  "a list of text": "文本列表",
  "a list of lists of numbers": "数字列表的列表",
  "a number or null": "数字或 null",
  "a component with a type": "带 type 的组件",
  "a map": "映射",
  "a list of components": "组件列表",
  "a list of components with a type": "带 type 的组件的列表",
};

function wantedText(text: string): string {
  return wanted[text] ?? text.replace(/^one of (.*)$/, "以下之一：$1");
}

export const argumentPhrases: PhraseTable<ArgumentPhrases> = {
  "has-no-argument": (d) => `${d.type} 没有参数 ${d.name}`,
  "nhwc-for-one-network": (d) => `PaddleSeg 只允许 ${d.network} 使用 --data_format NHWC，${d.type} 不行`,
  "argument-needed": (d) => `${d.type} 需要参数 ${d.name}（${wantedText(d.wanted)}）`,
  "argument-must-be": (d) => `${d.type} 的 ${d.name} 必须是${wantedText(d.wanted)}，而不是 ${d.found}`,
  "custom-cfg-list": () => "custom_cfg 必须是列表",
};
