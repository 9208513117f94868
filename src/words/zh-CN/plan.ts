/** @file A plan in Chinese. */
import type { Words } from "../words.ts";

export const plan: Words["plan"] = {
  classes: "1 无其他变化，2 耗时，3 数值，4 统计量，5 数据，6 模型",
  launcher: "（vram_train.py 在 vram-plan 的 presets/launcher 中；--out FILE 会把它复制到 FILE 旁边）",
  harms: {
    1: "无其他变化",
    2: "耗时改变",
    3: "数值改变",
    4: "统计量改变",
    5: "数据改变",
    6: "模型改变",
  },
  flag: (flag) => `train.py ${flag}`,
  leaveOut: (flag, then) => `train.py 去掉 ${flag}${then === undefined ? "" : `；之后再运行 ${then}`}`,
  environment: (variable) => `环境变量 ${variable}`,
  launcherFlag: (flag) => `启动器 ${flag}`,
  layers: (n) => `${n} 层`,
  saves: (size) => `节省 ${size}`,
  takes: (size) => `多占 ${size}`,
  withHarm: (cost, harm) => `${cost}（${harm}）`,
  costSeparator: "；",
  counts: (edits, flags, variables, options) =>
    [
      `修改配置 ${edits} 处`,
      `命令行参数 ${flags} 个`,
      ...(variables > 0 ? [`环境变量 ${variables} 个`] : []),
      ...(options > 0 ? [`启动器选项 ${options} 个`] : []),
    ].join("，"),
  theCard: "显卡",
  fits: (card, spare, share) => `${card} 放得下，余 ${spare}（${share}）。`,
  shortOf: (card, short) => `距 ${card} 还差 ${short}。`,
  nothingWritten: "未写入文件。",
  nothingWrittenYet: "未写入文件；--out FILE 可写出修改后的配置。",
  written: (files) => `已写入：${files}。`,
  summary: (counts, now, then, fit, file) => `${counts}。${now} → ${then}，${fit}${file}`,
  title: "方案：",
  nothingToChange: "方案：无需更改。",
  fitsAsItIs: "方案：无需更改，原样即可放下。",
  noPlan: (runs, candidates, short) =>
    `没有方案：没有已知的更改能让它放得下；在 ${candidates.toLocaleString("en-US")} 个候选中模拟了 ${runs.toLocaleString("en-US")} 次。最接近的还差 ${short}：`,
  runWith: "运行命令",
  timeExactly: (factor) => `耗时为原来的 ${factor} 倍`,
  timeAbout: (factor, low, high) => `耗时约为原来的 ${factor} 倍（${low} 至 ${high}）`,
  classLine: (harm, classes, time) => `按影响程度为第 ${harm} 级（${classes}）；${time}`,
  or: (harm, words) => `或者，第 ${harm} 级（${words}）：`,
  alternative: (title, changes, needs, spare, share, time) =>
    `${title}${changes}。需要 ${needs}，余 ${spare}（${share}）；${time}。`,
};
