/** @file The gate's results and differences between configs, in Chinese. */
import type { Words } from "../words.ts";

const number = (n: number): string => n.toLocaleString("en-US");

/** A blank between Latin and Chinese. */
const before = (name: string): string => (/[\u4e00-\u9fff]$/.test(name) ? name : `${name} `);

export const gate: Words["gate"] = {
  marks: { fits: "通过", tight: "勉强", "does-not-fit": "失败" },
  fail: "失败",
  known: "已知",
  over: "超出",
  new: "新增",
  spare: (size) => `余 ${size}`,
  short: (size) => `差 ${size}`,
  share: (text, percent) => `${text}（${percent}）`,
  error: "错误  ",
  warning: "警告  ",
  finding: (place, whose, message, card, hint) =>
    `${place}：${whose}${card === undefined ? "" : `在 ${card} 上`}${message}。${hint}`,
  sentence: (config, card, message, hint) =>
    `${config}${card === undefined ? "" : ` 在 ${card} 上`}${message}。${hint}`,
  failure: (place, message) => `${place}：${message}`,
  theCard: "显卡",
  cards: (n) => `${n} 种显卡`,
  doNotFit: (over, configs, card) => `${number(configs)} 个配置中有 ${over} 个在 ${before(card)}上放不下`,
  failOn: (failed, configs, card) => `${number(configs)} 个改动的配置中有 ${failed} 个在 ${before(card)}上未通过`,
  failing: (n) => `${n} 个未通过`,
  tight: (n) => `${n} 个勉强放得下`,
  notEstimated: (n) => `${n} 个无法估计`,
  warnings: (n) => `${number(n)} 个警告`,
  knownFrom: (n, ref) => `${number(n)} 个问题在 ${ref} 中已有`,
  theBase: "基准",
  hidden: (n) => `${n} 个被基线文件隐藏`,
  unchanged: (n) => `${n} 个未改动`,
  skipped: (n) => `跳过 ${number(n)} 个 YAML 文件（不是训练配置）`,
  separator: "，",
  notEstimatedTitle: "无法估计",
  more: (n) => `…… 还有 ${n} 项`,
  annotationsLeft: (n, most) => `另有 ${n} 条标注未列出：每个步骤最多 ${most} 条`,
  fails: "**未通过**",
  warns: "警告",
  at: (place) => `（${place}）`,
  on: (card) => `，${card}`,
  listed: (mark, config, card, place, title, words) => `- ${mark}：${config}${card}${place}：${title}。${words}`,
  changeIn: (change, configs) => `- ${change}，涉及 ${configs}`,
  configs: (n) => `${number(n)} 个配置`,
  findings: (n) => `${number(n)} 个问题`,
  changedSettings: (n) => `${number(n)} 处设置改动`,
  noChange: (configs, known) =>
    `**vram-plan：** 显存没有变化（${number(configs)} 个配置${known > 0 ? `；${number(known)} 个已知问题` : ""}）。`,
  verdicts: { failed: "未通过", passed: "通过", notRun: "无法运行" },
  heading: (verdict) => `### vram-plan：${verdict}`,
  stop: "。",
  columns: ["配置", "显卡", "需要", "余量"],
  columnsWithBase: ["配置", "显卡", "需要", "变化", "余量"],
  notEstimatedItem: (config, message) => `- **无法估计**：${config}：${message}`,
  settings: "设置",
  peaks: "峰值",
  kinds: "训练峰值时存活",
  layers: "为反向保存的字节，按层",
  levels: {
    "training, allocated": "训练，已分配",
    "training, reserved": "训练，已保留",
    "evaluation, allocated": "评估，已分配",
    "evaluation, reserved": "评估，已保留",
    "process, expected": "进程，预期",
    "process, high end": "进程，上限",
    parameters: "参数",
  },
  moreLayers: (n) => `另有 ${number(n)} 层；--json 给出全部`,
  side: (name, run) => `${name}（${run}）`,
  asBefore: (settings, layers, size) => `差异：${number(settings)} 处设置、${number(layers)} 层有改动。仍为 ${size}。`,
  difference: (settings, layers, from, to, by, share) =>
    `差异：${number(settings)} 处设置、${number(layers)} 层有改动。${from} → ${to}，${by}（${share}）。`,
};
