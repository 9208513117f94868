/** @file A line on stderr while a search takes longer than a person waits without asking. */
import type { Host } from "./host.ts";

/** A second: from then on a person wants to know that something is going on. */
const patienceMs = 1000;

/** What to call after each run, and when all is done. A terminal gets one line that is taken away again, a log one line that stays. */
export interface Progress {
  readonly onRun: (simulated: number) => void;
  readonly done: () => void;
}

/** A Host without a clock stays silent. */
export function createProgress(host: Pick<Host, "stderr" | "now">): Progress {
  const { now, stderr } = host;
  if (now === undefined) return { onRun: () => {}, done: () => {} };
  const start = now();
  let shown = 0;
  return {
    onRun: (simulated) => {
      if (now() - start < patienceMs) return;
      const text = `searching: ${simulated} runs simulated`;
      if (stderr.isTTY) stderr.write(`\r${text}`);
      else if (shown === 0) stderr.write(`${text} so far\n`);
      shown = text.length;
    },
    done: () => {
      if (shown > 0 && stderr.isTTY) stderr.write(`\r${" ".repeat(shown)}\r`);
    },
  };
}
