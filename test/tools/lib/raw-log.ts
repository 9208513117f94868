/** @file A raw trace as an event log, so that the memory model can be tried on what Paddle itself did. */
import { EventLog, type Mark, type Phase, type StorageKind, storageKinds } from "../../../src/engine/events.ts";

/** `[phase, fqn, op, ±bytes, allocated after, address, kernel temporary]` */
type RawRow = readonly [string, string, string, number, number, number | string, number];

const phases: readonly Phase[] = ["forward", "loss", "backward", "other"];
const activation = storageKinds.indexOf("activation" satisfies StorageKind);

/** Marks of a raw trace by their names (`step 3`) as those of our log; the evaluation begins with the first image. */
function addMarks(log: EventLog, marks: Readonly<Record<string, number>>, rowCount: number): void {
  const list: Mark[] = Object.entries(marks).map(([text, at]) => {
    const [name, index] = text.split(" ");
    return { name: name as Mark["name"], index: Number(index ?? 0), at };
  });
  if (marks["image 1"] !== undefined) list.push({ name: "evaluation", index: 0, at: marks["image 1"] });
  list.push({ name: "end", index: 0, at: marks["image-end 2"] ?? marks["step 3"] ?? rowCount });
  log.marks.push(...list.sort((a, b) => a.at - b.at));
}

/** Builds the log. Releases find their storage by the address; kinds are not known and all count as activations. */
export function rawLog(text: string, marks: Readonly<Record<string, number>>): EventLog {
  const log = new EventLog();
  const sites = new Map<string, number>();
  const open = new Map<number | string, number>();
  const rows = text.split("\n").filter((line) => line !== "");
  for (const line of rows) {
    const [phase, layer, op, bytes, , address, kernel] = JSON.parse(line) as RawRow;
    const name = `${phase}|${layer}|${op}`;
    let site = sites.get(name);
    if (site === undefined) {
      site = log.sites.length;
      sites.set(name, site);
      const known = phases.find((p) => p === phase) ?? "other";
      log.sites.push({ phase: known, stage: known === "other" ? "data" : known, layer, op });
    }
    const storage = bytes > 0 ? log.bytes.length : open.get(address);
    if (storage === undefined) throw new Error(`a release of something that was never allocated: ${line}`);
    if (bytes > 0) {
      log.bytes.push(bytes);
      log.kind.push(activation);
      log.kernel.push(kernel);
      open.set(address, storage);
    } else open.delete(address);
    log.storage.push(storage);
    log.sign.push(Math.sign(bytes));
    log.site.push(site);
  }
  addMarks(log, marks, rows.length);
  return log;
}
