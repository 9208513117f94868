/** @file Takes more than the base does, by more than the budget allows. */

import { worstProcess } from "../../report/words.ts";
import { formatBytes } from "../../units.ts";
import type { Increase } from "../subject.ts";
import { batchPlace, defineCheck } from "./define.ts";

function limitOf(increase: Increase, fromBytes: number): { readonly bytes: number; readonly text: string } {
  if (increase.kind === "bytes") return { bytes: increase.bytes, text: formatBytes(increase.bytes) };
  return { bytes: Math.floor((fromBytes * increase.percent) / 100), text: `${increase.percent} %` };
}

export const increase = defineCheck({
  name: "increase",
  run: (subject, { base, maxIncrease }) => {
    if (base === undefined || maxIncrease === undefined) return [];
    return subject.cards.flatMap(({ gpu, report }) => {
      const before = base.cards.find((card) => card.gpu.name === gpu.name);
      if (before === undefined) return [];
      const [fromBytes, toBytes] = [worstProcess(before.report).high, worstProcess(report).high];
      const limit = limitOf(maxIncrease, fromBytes);
      if (toBytes - fromBytes <= limit.bytes) return [];
      return [
        {
          code: "increase",
          config: subject.config,
          gpu: gpu.name,
          key: undefined,
          location: batchPlace(subject),
          size: toBytes - fromBytes,
          facts: { fromBytes, toBytes, limitBytes: limit.bytes, limit: limit.text },
        },
      ];
    });
  },
});
