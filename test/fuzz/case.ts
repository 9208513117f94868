/** @file One fuzzed run: a seed gives a command line and its files; the run gives an outcome; the outcome is right or not. */
import { filesIn, type Host } from "../../src/cli/host.ts";
import { run } from "../../src/cli/run.ts";
import type { Base } from "./bases.ts";
import { damage } from "./mutate.ts";
import { chance } from "./random.ts";

/** A command line with the files that it sees. */
export interface Case {
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly stdin: string | undefined;
  /** What was done to which config. */
  readonly told: string;
}

/** Bases that lead nowhere good; damaged configs name them. */
const traps: Readonly<Record<string, string>> = {
  "a.yml": "batch_size: 2\nmodel: {align_corners: true}\n",
  "b.yml": "_base_: a.yml\niters: 7\n",
  "loop-a.yml": "_base_: loop-b.yml\n",
  "loop-b.yml": "_base_: [a.yml, loop-a.yml]\n",
  ...Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [
      `doubles-${i}.yml`,
      `_base_: [doubles-${i + 1}.yml, doubles-${i + 1}.yml]\n`,
    ]),
  ),
  "doubles-20.yml": "iters: 1\n",
};

/** Command lines by how much they do; most cases ask for an estimate. */
const commands: readonly (readonly string[])[] = [
  ["estimate", "c.yml"],
  ["estimate", "c.yml"],
  ["estimate", "c.yml"],
  ["estimate", "c.yml", "--json"],
  ["estimate", "c.yml", "--gpu", "rtx4070", "--depth", "2", "--top", "3"],
  ["estimate", "c.yml", "--precision", "fp16", "--amp-level", "O2"],
  ["estimate", "-", "--chart"],
  ["explain", "c.yml"],
  ["check", "c.yml", "--gpu", "rtx4070", "--no-budget"],
];

/** The case of a seed. */
export function makeCase(seed: number, bases: readonly Base[]): Case {
  const luck = chance(seed);
  const base = luck.pick(bases);
  const { text, how } = damage(base.text, luck);
  const args = luck.pick(commands);
  const stdin = args.includes("-") ? text : undefined;
  return { args, stdin, files: { ...base.files, ...traps, "c.yml": text }, told: `${base.name}: ${how.join(", ")}` };
}

/** What a run left behind. */
export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly written: readonly string[];
  /** Of the processor: other programs may have it meanwhile. */
  readonly milliseconds: number;
}

/** Runs a case in this process. */
export async function runCase({ args, files, stdin }: Case): Promise<Result> {
  const [out, err, written]: [string[], string[], string[]] = [[], [], []];
  const { readText: _read, exists: _exists, ...disk } = filesIn("/nowhere");
  const missing = (path: string): never => {
    throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: "ENOENT" });
  };
  const host: Host = {
    ...disk,
    args,
    env: {},
    language: "en",
    stdout: { write: (text) => void out.push(text), isTTY: false, columns: 80 },
    stderr: { write: (text) => void err.push(text), isTTY: false, columns: 80 },
    exists: (path) => Object.hasOwn(files, path),
    readText: (path) => (Object.hasOwn(files, path) ? files[path]! : missing(path)),
    list: () => Object.keys(files),
    isFolder: () => false,
    walk: () => [],
    writeText: (path) => void written.push(path),
    appendText: (path) => void written.push(path),
    makeFolder: (path) => void written.push(path),
    git: () => ({ code: 127, out: "", err: "there is no program git" }),
    nvidiaSmi: undefined,
    watchFiles: undefined,
    readStdin: stdin === undefined ? undefined : () => stdin,
  };
  const start = process.cpuUsage();
  const code = await run(host);
  const { user, system } = process.cpuUsage(start);
  return { code, out: out.join(""), err: err.join(""), written, milliseconds: (user + system) / 1000 };
}

/** Longest that a run may take: issue 8's 2 s. */
export const longest = 2000;

/** What is wrong with an outcome; undefined: nothing. */
export function complaint({ args }: Case, { code, out, err, written, milliseconds }: Result): string | undefined {
  if (written.length > 0) return `wrote ${written.join(", ")}`;
  if (/^\s+at .*[(/]/m.test(err) || err.includes("this is a bug")) return `stack trace: ${err.slice(0, 600)}`;
  if (milliseconds > longest) return `took ${Math.round(milliseconds)} ms`;
  if (code === 2) {
    // `check` goes on with the other configs: what is wrong with one of them is a line of its report.
    const text = args[0] === "check" && out !== "" ? out : err;
    if (text === err && out !== "") return "failed and printed a report";
    const errors = text.match(/^error:? .*$/gm) ?? [];
    if (errors.length !== 1) return `${errors.length} error messages: ${text.slice(0, 300)}`;
    const [first = ""] = errors;
    return first.length > 400 && !args.some((word) => word.length > 300)
      ? `a message of ${first.length} characters: ${first.slice(0, 80)}`
      : undefined;
  }
  if (code !== 0 && code !== 1) return `exit code ${code}`;
  if (out === "") return "no report and no error";
  const odd = /\b(NaN|undefined|Infinity|\[object)|-\d[\d.]* [KMGT]iB|\d e?e\+\d\d/.exec(out);
  if (odd !== null) return `printed ${out.slice(Math.max(0, odd.index - 60), odd.index + 60)}`;
  return undefined;
}
