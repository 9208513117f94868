/** @file Who may import whom, read from every file's imports. The rules are those of src/README.md. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../src");

/** What everything but units may import: phrases are data wherever they arise. */
const everywhere = ["words"];

/** A folder, or a file at the top, may import only what is named here; all may import their own folder. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "units.ts": [],
  words: ["units.ts"],
  "suggest.ts": [],
  "errors.ts": ["suggest.ts"],
  "error-text.ts": ["errors.ts"],
  config: ["units.ts", "errors.ts"],
  ops: ["units.ts", "errors.ts"],
  engine: ["ops"],
  nn: ["engine", "ops"],
  models: ["nn", "engine", "ops"],
  losses: ["nn", "engine", "ops"],
  step: ["engine", "nn", "ops", "models", "losses", "config/types.ts", "errors.ts", "units.ts"],
  // The shapes of results are the report's; memory fills them in.
  memory: ["engine/events.ts", "report/report.ts", "report/timeline.ts", "units.ts"],
  strategy: [
    "config",
    "step",
    "memory",
    "engine/events.ts",
    "report/report.ts",
    "report/answers.ts",
    "report/timeline.ts",
    "errors.ts",
    "units.ts",
  ],
  calibrate: ["step", "memory", "engine/events.ts", "config/types.ts", "report", "errors.ts", "units.ts"],
  policy: ["strategy", "memory", "config", "report", "errors.ts", "units.ts"],
  report: ["engine/events.ts", "config/edit.ts", "config/types.ts", "units.ts"],
  "preset-files.ts": ["memory", "errors.ts", "units.ts"],
  "presets.ts": ["preset-files.ts", "config/image-size.ts", "memory", "report/report.ts", "errors.ts", "units.ts"],
  "run-settings.ts": ["config", "step", "errors.ts"],
  "run-place.ts": ["calibrate", "memory", "presets.ts", "report/report.ts", "step", "strategy", "units.ts"],
  "catalog.ts": ["losses", "models", "memory", "presets.ts", "report", "strategy"],
  "report-cache.ts": [
    "index.ts",
    "memory",
    "config/types.ts",
    "report/report.ts",
    "run-settings.ts",
    "step",
    "strategy",
  ],
  "index.ts": [
    "config",
    "memory",
    "presets.ts",
    "report",
    "run-place.ts",
    "run-settings.ts",
    "step",
    "strategy",
    "errors.ts",
    "error-text.ts",
  ],
  cli: [
    "index.ts",
    "calibrate",
    "catalog.ts",
    "report-cache.ts",
    "report",
    "policy",
    "config/types.ts",
    "config/merge.ts",
    "run-settings.ts",
    "errors.ts",
    "error-text.ts",
    "units.ts",
  ],
  "cli.ts": ["cli"],
};

/** Outside packages, and the only places that may have them. */
const outside: Readonly<Record<string, readonly string[]>> = {
  "node:path": ["cli", "config", "presets.ts", "report"],
  "node:child_process": ["cli"],
  "node:fs": ["cli", "presets.ts"],
  "node:process": ["cli.ts", "presets.ts"],
  // cli/start.ts runs the bundle from V8's code cache.
  "node:module": ["cli"],
  "node:vm": ["cli"],
  commander: ["cli"],
  chalk: ["cli"],
  yaml: ["calibrate", "config", "preset-files.ts"],
  zod: ["preset-files.ts", "policy", "report"],
};

interface Import {
  readonly file: string;
  readonly target: string;
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

/** `import … from "x"`, `export … from "x"` and `import("x")`. */
function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = [
    ...text.matchAll(/^(?:import|export)\b[^"';]*?from\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm),
  ];
  return found.map((match) => ({ file, target: match[1] ?? match[2] ?? match[3] ?? "" }));
}

const all = files.flatMap(importsOf);
const partOf = (path: string): string => path.split("/")[0] ?? "";
const resolved = ({ file, target }: Import): string => relative(root, join(root, dirname(file), target));

function wrongWay(one: Import): readonly string[] {
  if (!one.target.startsWith(".")) return [];
  const [from, to] = [partOf(one.file), resolved(one)];
  const may = [...(allowed[from] ?? []), ...(from === "units.ts" ? [] : everywhere)];
  const fine = from === partOf(to) || may.includes(to) || may.includes(partOf(to));
  return fine ? [] : [`${one.file} imports ${to}`];
}

describe("imports", () => {
  it("are found in every kind of file", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(all.length).toBeGreaterThan(files.length);
  });

  it("go one way", () => {
    expect(all.flatMap(wrongWay)).toEqual([]);
  });

  it("that go the other way are found", () => {
    const up = { file: "ops/x.ts", target: "../step/train.ts" };
    const side = { file: "report/x.ts", target: "../engine/engine.ts" };
    const top = { file: "models/backbones/x.ts", target: "../../presets.ts" };
    const own = { file: "models/backbones/x.ts", target: "../blocks/conv.ts" };
    expect([up, side, top, own].flatMap(wrongWay)).toHaveLength(3);
  });

  it("of packages stay where the outside world is", () => {
    const wrong = all
      .filter(({ target }) => !target.startsWith("."))
      .filter(({ file, target }) => !(outside[target] ?? []).includes(partOf(file)))
      .map(({ file, target }) => `${file} imports ${target}`);
    expect(wrong).toEqual([]);
  });

  it("end in .ts where they are relative", () => {
    expect(all.filter(({ target }) => target.startsWith(".") && !target.endsWith(".ts"))).toEqual([]);
  });

  it("have a rule for every folder", () => {
    expect([...new Set(files.map(partOf))].filter((part) => allowed[part] === undefined)).toEqual([]);
  });
});

describe("every file", () => {
  it("says in its first lines what it is for", () => {
    const silent = files.filter(
      (file) => !/^(#!.*\n)?\/\*\*\s*\n?\s*\*?\s*@file \S/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(silent).toEqual([]);
  });

  it("keeps the console and the process to the command line", () => {
    const loud = files.filter((file) => {
      const code = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      return (
        !["cli", "cli.ts", "presets.ts"].includes(partOf(file)) &&
        /\bconsole\.|\bprocess\.(?:std|env|argv|exit|cwd)/.test(code)
      );
    });
    expect(loud).toEqual([]);
  });
});
