/** @file Answers of curve, explain, gpus, max and list, in Chinese. */
import type { Words } from "../words.ts";

const number = (n: number): string => n.toLocaleString("en-US");

export const answers: Words["answers"] = {
  none: "无",
  layers: (n) => `${n} 层`,
  curveColumns: ["耗时", "进程", "重计算"],
  noSetFits: "无论重计算哪些层都放不下。",
  fitsWithout: "不用重计算就放得下。",
  firstThatFits: (flag) => `第一个放得下的：${flag}`,
  curveBasis: (sets, runs, card, limit) =>
    `共 ${number(sets)} 组层，模拟了 ${number(runs)} 次；│ 是 ${card} 可用的显存（${limit}）。耗时：每步相对于不重计算的倍数，取其范围的中值（--json 给出两端）。`,
  others: (n) => `其余 ${n} 项`,
  all: "合计",
  explainColumns: ["算子", "阶段", "张量数", "产生", "保存", "峰值时", "所在层"],
  explainTitle: (layer, config) => `${config} 中的 ${layer}`,
  parenthesis: (text) => `（${text}）`,
  totals: (atPeak, whole, share, saved) => `峰值时 ${whole} 中的 ${atPeak}（${share}），为反向保存 ${saved}`,
  withParameters: (short, size) => `；${short} 个参数，${size}`,
  explainKey: "产生：一次前向产生的；保存：反向开始时仍存活的；峰值时：已分配字节最高时存活的",
  smallestAsItIs: (card) => `原样放得下的最小显卡：${card}`,
  smallestWithPlan: (card) => `采用第 1 或第 2 级方案（只改变耗时）时放得下的最小显卡：${card}`,
  noCardWithPlan: "采用第 1 或第 2 级方案时放得下的最小显卡：已知的显卡中没有",
  noCard: "已知的显卡中没有",
  cardWithSpare: (name, id, spare) => `${name}（--gpu ${id}），余 ${spare}`,
  withChanges: (card, changes, factor) => `${card}；${changes}，耗时约为原来的 ${factor} 倍`,
  withoutChanges: (card) => `${card}；无需更改`,
  asItIs: "原样",
  withPlan: "采用方案",
  gpuColumns: ["--gpu", "显卡", "可用", "放得下"],
  simulated: (n) => `模拟了 ${number(n)} 次`,
  noBatch: "批大小为 1 也放不下",
  largestBatch: (n) => `最大批大小 ${n}`,
  noCrop: "没有放得下的裁剪尺寸",
  largestCrop: (size) => `最大裁剪尺寸 ${size}`,
  atCrop: (size) => `裁剪尺寸为 ${size} 时`,
  atBatch: (n) => `批大小为 ${n} 时`,
  maxColumn: "最大批大小",
  maxBasis: (runs) => `模拟了 ${number(runs)} 次：列出的批大小和裁剪尺寸都放得下，再大一档已模拟过，放不下。`,
  cardColumns: ["--gpu", "显卡", "架构", "总量", "可用"],
};
