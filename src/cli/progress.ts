/** @file A line on stderr while a search takes longer than a person waits without asking. */

import type { ByLanguage } from "../words/language.ts";
import { displayWidth } from "../words/width.ts";
import type { Host } from "./host.ts";

/** A second: from then on a person wants to know that something is going on. */
const patienceMs = 1000;

/** What to call after each run, and when all is done. A terminal gets one line that is taken away again, a log one line that stays. */
export interface Progress {
  readonly onRun: (simulated: number) => void;
  readonly done: () => void;
}

const progressWords: ByLanguage<{ readonly searching: (runs: number) => string; readonly soFar: string }> = {
  en: { searching: (runs) => `searching: ${runs} runs simulated`, soFar: " so far" },
  "zh-CN": { searching: (runs) => `正在搜索：已模拟 ${runs} 次`, soFar: "" },
};

/** A Host without a clock stays silent. */
export function createProgress(host: Pick<Host, "language" | "stderr" | "now">): Progress {
  const { now, stderr } = host;
  if (now === undefined) return { onRun: () => {}, done: () => {} };
  const start = now();
  let shown = 0;
  return {
    onRun: (simulated) => {
      if (now() - start < patienceMs) return;
      const { searching, soFar } = progressWords[host.language];
      const text = searching(simulated);
      if (stderr.isTTY) stderr.write(`\r${text}`);
      else if (shown === 0) stderr.write(`${text}${soFar}\n`);
      shown = displayWidth(text);
    },
    done: () => {
      if (shown > 0 && stderr.isTTY) stderr.write(`\r${" ".repeat(shown)}\r`);
    },
  };
}
