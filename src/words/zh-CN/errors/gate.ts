/** @file Errors of the gate in Chinese: budgets, baselines, git. */
import type { ErrorTable } from "../../error-data.ts";
import type { GateErrors } from "../../errors/gate.ts";
import { didYouMean } from "../near.ts";

/** What stands in the place of a key where the whole file is meant. */
const keyOf = (key: string): string => (key === "the file" ? "整个文件" : key);

export const gateErrors: ErrorTable<GateErrors> = {
  "check-card-missing": {
    message: (d) => `没有给出用来检查 ${d.config} 的显卡。`,
    hint: () =>
      "请加上 --gpu，例如 --gpu rtx4070 或 --gpu 12GiB，或在 vram-plan.yaml 中写 gpu:（vram-plan init 可生成该文件）。",
  },
  "check-nothing": {
    message: (d) =>
      `在 ${d.paths.join("、")} 中没有找到训练配置${d.skipped === 0 ? "" : `；有 ${d.skipped} 个 YAML 文件不是训练配置`}。`,
    hint: () => "请给出配置文件、含有配置文件的目录，或带引号的通配符，例如 'configs/**/*.yml'。",
  },
  "check-name-not-known": {
    message: (d) => `--fail-on ${d.name}：这既不是级别，也不是检查项。`,
    hint: (d) => didYouMean(d.near, `请给出 warn、error 或检查项的名称：${d.known.join("、")}。`),
  },
  "budget-invalid": {
    message: (d, say) => `预算文件 ${d.file} 无效：${keyOf(d.key)}：${say(d.reason)}。`,
    hint: () => "vram-plan schema 会打印它可以包含的内容；vram-plan init 可生成第一份。",
  },
  "baseline-missing": {
    message: () => "--update-baseline 需要指定要写入的文件。",
    hint: () => "请用 --baseline vram-baseline.json 给出。",
  },
  "baseline-invalid": {
    message: (d, say) => `基线文件 ${d.file} 无效：${say(d.reason)}。`,
    hint: () => "请用 --update-baseline 生成它。",
  },
  "base-no-git": {
    message: (d, say) => `--base ${d.ref} 需要 git，而 git 提示：${say(d.reason)}。`,
    hint: () => "请在 git 工作区中运行，或去掉 --base。",
  },
  "base-shallow": {
    message: (d) => `这是浅克隆：其中没有 ${d.ref} 与 HEAD 的共同提交。`,
    hint: () =>
      "在 GitHub Actions 中请为 actions/checkout 设置 `fetch-depth: 0`；其他环境请运行 git fetch --unshallow。",
  },
  "base-not-known": {
    message: (d) => `git 中没有提交 ${d.ref}。`,
    hint: (d) => didYouMean(d.near, "请先获取它，例如 git fetch origin main，然后写作 origin/main。"),
  },
  "base-unrelated": {
    message: (d) => `${d.ref} 与 HEAD 没有共同的提交。`,
    hint: () => "请给出此改动将要合并到的分支。",
  },
};
