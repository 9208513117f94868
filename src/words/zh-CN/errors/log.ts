/** @file Errors of training logs and receipts, in Chinese. */
import type { ErrorTable } from "../../error-data.ts";
import type { LogErrors } from "../../errors/log.ts";
import { didYouMean } from "../near.ts";

export const logErrors: ErrorTable<LogErrors> = {
  "log-no-memory": {
    message: (d) => `${d.log} 中既没有显存行（max_mem_reserved: … MB），也没有显存不足的报错。`,
    hint: () => "PaddleSeg 从 2.9 起在 GPU 版 Paddle 下会打印显存，除非配置中写了 print_mem_info: False。",
  },
  "log-config-missing": {
    message: (d) => `${d.log} 中没有打印配置（Config Information）。`,
    hint: () => "请给出该日志对应的配置文件，例如 --config train.yml。",
  },
  "log-other-config": {
    message: (d, say) => `${d.log} 对应的不是 ${d.config}：${d.differences.map(say).join("；")}。`,
    hint: () => "请去掉 --config 以使用日志中的配置，或用参数给出那次训练的取值。",
  },
  "log-gpu-missing": {
    message: (d) => `${d.log} 没有说明是在哪种显卡上运行的。`,
    hint: () => "请给出显卡，例如 --gpu rtx4070。",
  },
  "log-gpu-not-known": {
    message: (d) => `${d.log} 来自显卡 "${d.name}"，这里没有这样的显卡；PaddleSeg 只保留显卡名的前两个词。`,
    hint: (d) => didYouMean(d.near, "请给出显卡，例如 --gpu rtx4070。"),
  },
  "receipts-invalid": {
    message: (d, say) =>
      `实测记录文件 ${d.file} 无效：${d.key === "the file" ? "整个文件" : d.key}：${say(d.reason)}。`,
    hint: () => "请修正该文件，或从版本库中恢复；vram-plan calibrate 会向其中追加记录。",
  },
};
