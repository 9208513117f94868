/** @file Errors of files in Chinese: configs, their bases, presets, saved reports, what is written. */
import type { ErrorTable } from "../../error-data.ts";
import type { FilesErrors } from "../../errors/files.ts";
import { didYouMean } from "../near.ts";

export const filesErrors: ErrorTable<FilesErrors> = {
  "file-not-found": {
    message: (d) => `文件 ${d.file} 不存在。`,
    hint: (d) => didYouMean(d.near, "请检查路径；路径以当前目录为起点。"),
  },
  "file-not-readable": {
    message: (d, say) => `无法读取 ${d.file}：${say(d.reason)}。`,
    hint: () => "请给出一个有权限读取的文本文件。",
  },
  "file-not-yaml-name": {
    message: (d) => `${d.file} 不以 .yml 或 .yaml 结尾，PaddleSeg 不接受这样的配置文件。`,
    hint: () => "请给出训练配置文件，例如 configs/quick_start/pp_liteseg_optic_disc_512x512_1k.yml。",
  },
  "yaml-invalid": {
    message: (d, say) => `这不是有效的 YAML：${say(d.reason)}。`,
    hint: () => "请修改所示的行；缩进使用空格，键后面是冒号加空格。",
  },
  "yaml-too-large": {
    message: (d, say) => `此 YAML 无法处理：${say(d.what)}。`,
    hint: () => "训练配置不会是这样；请检查给出的文件是否正确。",
  },
  "config-not-training": {
    message: (d, say) => `${d.file} 不是训练配置：${say(d.found)}。`,
    hint: () =>
      "PaddleSeg 的训练配置是一个 YAML 映射，含有 model、loss、optimizer、train_dataset、batch_size、iters 等键。",
  },
  "config-key-missing": {
    message: (d) => `${d.inside} 中没有 ${d.key}。`,
    hint: (d) => `请添加 ${d.key}，或用 _base_ 指向一个含有它的文件。`,
  },
  "base-not-found": {
    message: (d) => `_base_ 文件 ${d.base} 不存在。`,
    hint: (d) => didYouMean(d.near, "_base_ 的路径以写有它的文件所在的目录为起点。"),
  },
  "base-loop": {
    message: (d) => `这些文件互为 _base_：${d.chain.join(" -> ")}。`,
    hint: () => "请去掉其中一个 _base_。",
  },
  "base-wrong": {
    message: (d, say) => `_base_ 必须是一个路径或路径的列表，而不是${say(d.found)}。`,
    hint: () => "请写成 _base_: '../_base_/cityscapes.yml'，或这样的路径的列表。",
  },
  "merge-clash": {
    message: (d, say) => `${d.key} 在这里是映射，在 _base_ 文件中却是${say(d.found)}，两者无法合并。`,
    hint: () => "请写成与 _base_ 文件中相同的形式。",
  },
  "preset-invalid": {
    message: (d, say) => `预设文件 ${d.file} 无效：${say(d.reason)}。`,
    hint: () => "请修正该文件，或重新安装 vram-plan。",
  },
  "report-invalid": {
    message: (d, say) => `${d.file} 不是已保存的报告：${say(d.reason)}。`,
    hint: () => "可用 vram-plan estimate CONFIG --json > report.json 保存一份报告。",
  },
  "out-is-input": {
    message: (d) => `--out ${d.out} 是组成该配置的文件之一；vram-plan 从不修改这些文件。`,
    hint: () => "请换一个文件名，放在配置文件旁边。",
  },
  "out-exists": {
    message: (d) => `${d.out} 已存在，且不是 vram-plan 写的。`,
    hint: () => "请换一个文件名，或先删除该文件。",
  },
  "out-differs": {
    message: (d) => `${d.out} 已存在，且与此版本 vram-plan 自带的文件不同。`,
    hint: () => "请删除它以便重新写入，或让 --out 指向另一个目录。",
  },
  "out-impossible": {
    message: (d, say) => `无法写入 ${d.out}：${say(d.reason)}。`,
    hint: () => "请给出一个所在目录已存在且有写权限的文件名。",
  },
};
