/** @file Errors of the command line in Chinese: commands, cards, lists, formats. */
import type { ErrorTable } from "../../error-data.ts";
import type { CommandErrors } from "../../errors/command.ts";
import { didYouMean } from "../near.ts";

export const commandErrors: ErrorTable<CommandErrors> = {
  "gpu-not-known": {
    message: (d) => `没有名为 "${d.name}" 的显卡。`,
    hint: (d) => didYouMean(d.near, "请查看 vram-plan list gpus，或直接给出显存大小，例如 --gpu 12GiB。"),
  },
  "gpu-auto-failed": {
    message: (d, say) => `--gpu auto 没有找到显卡：${say(d.reason)}。`,
    hint: () => "请给出显卡名，例如 --gpu rtx4070，或显存大小，例如 --gpu 12GiB；其中空闲多少用 --gpu-free 说明。",
  },
  "runtime-not-known": {
    message: (d) => `没有名为 "${d.name}" 的 Paddle 运行时。`,
    hint: (d) => `已知的有：${d.known.join("、")}。`,
  },
  "command-not-known": {
    message: (d) => `"${d.name}" 既不是命令，也不是配置文件。`,
    hint: (d) => didYouMean(d.near, "请查看 vram-plan --help。"),
  },
  "language-not-known": {
    message: (d) => `没有语言 "${d.name}"。`,
    hint: (d) => didYouMean(d.near, `可选：${d.known.join("、")}。`),
  },
  "gpu-missing": {
    message: () => "方案是针对显卡制定的，但没有给出显卡。",
    hint: (d) => `请加上 --gpu，例如 --gpu rtx4070 或 --gpu 12GiB；vram-plan estimate ${d.config} 不需要显卡。`,
  },
  "list-not-known": {
    message: (d) => `没有 ${d.name} 的列表。`,
    hint: (d) => didYouMean(d.near, `可列出：${d.known.join("、")}。`),
  },
  "format-not-known": {
    message: (d) => `没有格式 ${d.name}。`,
    hint: (d) => didYouMean(d.near, `可选：${d.known.join("、")}；每种格式都可以写入文件：json=report.json。`),
  },
  "schema-not-known": {
    message: (d) => `没有 schema ${d.name}。`,
    hint: (d) => didYouMean(d.near, `可选：${d.known.join("、")}。`),
  },
};
