/** @file Errors of training logs and receipts, in English. */
import type { ErrorTable } from "../../error-data.ts";
import type { LogErrors } from "../../errors/log.ts";
import { didYouMean } from "../near.ts";

export const logErrors: ErrorTable<LogErrors> = {
  "log-no-memory": {
    message: (d) => `${d.log} has no memory line (max_mem_reserved: … MB) and no out-of-memory message.`,
    hint: () =>
      "PaddleSeg prints them from 2.9 on with a GPU build of Paddle, unless the config says print_mem_info: False.",
  },
  "log-config-missing": {
    message: (d) => `${d.log} has no dump of its config (Config Information).`,
    hint: () => "Give the config that it is of, such as --config train.yml.",
  },
  "log-other-config": {
    message: (d, say) => `${d.log} is of another config than ${d.config}: ${d.differences.map(say).join("; ")}.`,
    hint: () => "Leave --config out to take the config that the log holds, or give the values of that run as flags.",
  },
  "log-gpu-missing": {
    message: (d) => `${d.log} does not say which card it is of.`,
    hint: () => "Give it, such as --gpu rtx4070.",
  },
  "log-gpu-not-known": {
    message: (d) =>
      `${d.log} is of the card "${d.name}", which names no card here; PaddleSeg cuts names after two words.`,
    hint: (d) => didYouMean(d.near, "Give the card, such as --gpu rtx4070."),
  },
  "receipts-invalid": {
    message: (d, say) => `The receipts ${d.file} are not valid: ${d.key}: ${say(d.reason)}.`,
    hint: () => "Correct the file or take it back from version control; vram-plan calibrate adds to it.",
  },
};
