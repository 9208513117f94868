/** @file Every format from one result that has all kinds of findings, held against the public description of each. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Finding, Judged, Status } from "../../../src/report/finding.ts";
import { checkNames } from "../../../src/report/finding-words.ts";
import { formats } from "../../../src/report/gate/index.ts";
import { formatNames } from "../../../src/report/gate/names.ts";
import type { CheckResult, ConfigResult } from "../../../src/report/gate/result.ts";
import { plain } from "../../../src/report/paint.ts";
import { checkSchema } from "../../../src/report/schema.ts";
import { GiB } from "../../../src/units.ts";

const options = { language: "en" as const, paint: plain, width: 100, version: "0.1.0" };
const gpu = { name: "Card, 12 GiB", totalBytes: 12 * GiB, usableBytes: 12 * GiB };
const run = {
  batchSize: 4,
  accumulation: 1,
  cropSize: [1024, 512] as const,
  precision: "fp32",
  ampLevel: "O1",
  recompute: [],
};

function finding(config: string, line = 3): Finding {
  const facts = { neededBytes: 14 * GiB, expectedBytes: 13 * GiB, usableBytes: 12 * GiB };
  const location = { file: "base.yml", line, column: 5 };
  return { code: "does-not-fit", config, gpu: gpu.name, key: undefined, location, size: 14 * GiB, facts };
}

function text(config: string): Finding {
  const location = { file: config, line: 7, column: 9 };
  const suggestion = { file: config, line: 7, column: 9, endColumn: 13, text: "1.0e-5" };
  const facts = { text: "1e-5", write: "1.0e-5" };
  return { code: "number-read-as-text", config, gpu: undefined, key: "a.b", location, size: 0, facts, suggestion };
}

const judged = (one: Finding, status: Status): Judged => ({
  finding: one,
  level: "error",
  status,
  fails: status === "new" || status === "worse",
});

function config(name: string, findings: readonly Judged[], from: number, to: number): ConfigResult {
  const bytes = (high: number) => ({ low: high - 2, expected: high - 1, high });
  return {
    config: name,
    state: "changed",
    run,
    cards: [
      {
        gpu,
        verdict: to > 12 * GiB ? "does-not-fit" : "fits",
        headroomBytes: 12 * GiB - to,
        process: bytes(to),
        baseProcess: bytes(from),
      },
    ],
    changes: [{ mark: "~", key: "batch_size", from: "2", to: "4" }],
    findings,
  };
}

const result: CheckResult = {
  version: 1,
  base: { ref: "origin/main", commit: "0123abc" },
  prefix: "sub/",
  configs: [
    config("a|b`.yml", [judged(finding("a|b`.yml"), "new"), judged(text("a|b`.yml"), "new")], 8 * GiB, 14 * GiB),
    config("c.yml", [judged(finding("c.yml"), "worse")], 13 * GiB, 14 * GiB),
    config("known.yml", [judged(finding("known.yml"), "known")], 14 * GiB, 14 * GiB),
    config("hidden.yml", [judged(finding("hidden.yml"), "hidden")], 14 * GiB, 14 * GiB),
    config("fine.yml", [], 5 * GiB, 6 * GiB),
  ],
  failures: [
    { config: "bad.yml", code: "yaml-invalid", message: "Not YAML: 50 %.", location: undefined, known: false },
  ],
  skipped: ["x.yml"],
  unchangedCount: 4,
  exitCode: 2,
  reports: [],
};

const render = (name: keyof typeof formats, of: CheckResult = result): string => formats[name](of, options);
const parsed = (name: keyof typeof formats, of?: CheckResult): unknown => JSON.parse(render(name, of));

/** Paths from the repository's top, as URI references. */
const reference = z.string().regex(/^[\w%./-]+$/);
const location = z.strictObject({
  physicalLocation: z.strictObject({
    artifactLocation: z.strictObject({ uri: reference }),
    region: z.strictObject({ startLine: z.int().min(1), startColumn: z.int().min(1) }),
  }),
});
const message = z.strictObject({ text: z.string().min(1) });

/** What of SARIF 2.1.0 (OASIS standard, sections 3.13 to 3.58) is used, with the constraints given there. */
const sarif = z.strictObject({
  $schema: z.url(),
  version: z.literal("2.1.0"),
  runs: z.tuple([
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.string(),
          version: z.string(),
          rules: z.array(
            z.strictObject({
              id: z.string(),
              shortDescription: message,
              fullDescription: message,
              defaultConfiguration: z.strictObject({ level: z.enum(["none", "note", "warning", "error"]) }),
            }),
          ),
        }),
      }),
      columnKind: z.enum(["utf16CodeUnits", "unicodeCodePoints"]),
      invocations: z.array(
        z.strictObject({
          executionSuccessful: z.boolean(),
          exitCode: z.int(),
          toolExecutionNotifications: z.array(
            z.strictObject({
              level: z.enum(["none", "note", "warning", "error"]),
              message,
              descriptor: z.strictObject({ id: z.string() }),
              locations: z.array(location),
            }),
          ),
        }),
      ),
      results: z.array(
        z.strictObject({
          ruleId: z.string(),
          ruleIndex: z.int().min(0),
          level: z.enum(["none", "note", "warning", "error"]),
          message,
          locations: z.array(location).length(1),
          partialFingerprints: z.record(z.string().regex(/^[\w.]+\/v\d+$/), z.string()),
          baselineState: z.enum(["new", "unchanged", "updated", "absent"]).optional(),
          suppressions: z
            .array(z.strictObject({ kind: z.enum(["inSource", "external"]), justification: z.string() }))
            .optional(),
        }),
      ),
    }),
  ]),
});

/** GitLab, "Code Quality report format": the fields that it requires. */
const gitlab = z.array(
  z.strictObject({
    description: z.string().min(1),
    check_name: z.string().min(1),
    fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
    severity: z.enum(["info", "minor", "major", "critical", "blocker"]),
    location: z.strictObject({
      path: z.string().regex(/^(?!\.?\/)/),
      lines: z.strictObject({ begin: z.int().min(1) }),
    }),
  }),
);

/** reviewdog/proto/rdf: DiagnosticResult as JSON. */
const position = z.strictObject({ line: z.int().min(1), column: z.int().min(1) });
const rdjson = z.strictObject({
  source: z.strictObject({ name: z.string() }),
  diagnostics: z.array(
    z.strictObject({
      message: z.string().min(1),
      location: z.strictObject({ path: z.string(), range: z.strictObject({ start: position }) }),
      severity: z.enum(["ERROR", "WARNING", "INFO"]),
      code: z.strictObject({ value: z.string() }),
      suggestions: z
        .array(z.strictObject({ range: z.strictObject({ start: position, end: position }), text: z.string() }))
        .optional(),
    }),
  ),
});

describe("formats", () => {
  it("are pure, and end with one newline or none", () => {
    for (const name of formatNames) {
      expect(render(name)).toBe(render(name));
      expect(render(name)).not.toMatch(/\n\n$/);
      expect(render(name), name).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  it("json is what its schema says", () => {
    expect(() => checkSchema.parse(parsed("json"))).not.toThrow();
  });

  it("sarif keeps to SARIF 2.1.0, with rules in place and stable fingerprints", () => {
    const log = sarif.parse(parsed("sarif"));
    const [{ results, tool, invocations }] = log.runs;
    for (const one of results) expect(tool.driver.rules[one.ruleIndex]?.id).toBe(one.ruleId);
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(checkNames);
    expect(results.map(({ baselineState }) => baselineState).sort()).toEqual(
      ["new", "new", "unchanged", "unchanged", "updated"].sort(),
    );
    expect(results.filter(({ suppressions }) => suppressions)).toHaveLength(1);
    expect(invocations[0]?.executionSuccessful).toBe(false);
    const moved = { ...result, configs: [config("c.yml", [judged(finding("c.yml", 99), "new")], 1, 99)] };
    const print = (of: CheckResult) =>
      sarif
        .parse(parsed("sarif", of))
        .runs[0].results.map(({ partialFingerprints }) => partialFingerprints["vramPlan/v1"]);
    expect(print(result)).toContain(print(moved)[0]);
    expect(new Set(print(result)).size).toBe(5);
    expect(sarif.parse(parsed("sarif", { ...result, base: undefined })).runs[0].results[0]).not.toHaveProperty(
      "baselineState",
    );
  });

  it("gitlab has the required fields, paths from the top, one fingerprint each", () => {
    const issues = gitlab.parse(parsed("gitlab"));
    expect(new Set(issues.map((one) => one.fingerprint)).size).toBe(issues.length);
    expect(issues.map(({ severity }) => severity)).toEqual(["critical", "major", "major", "major", "info"]);
    expect(issues[1]?.location.path).toBe("sub/base.yml");
  });

  it("rdjson suggests the number, in its place", () => {
    const { diagnostics } = rdjson.parse(parsed("rdjson"));
    const suggested = diagnostics.flatMap(({ suggestions }) => suggestions ?? []);
    expect(suggested).toEqual([
      { range: { start: { line: 7, column: 9 }, end: { line: 7, column: 13 } }, text: "1.0e-5" },
    ]);
    expect(JSON.stringify(diagnostics)).not.toMatch(/known\.yml|hidden\.yml/);
  });

  it("github: one annotation for what one line does, ten at most, escaped", () => {
    const lines = render("github").trimEnd().split("\n");
    expect(lines[0]).toBe(
      "::error file=sub/bad.yml,line=1,col=1,title=vram-plan%3A not estimated::bad.yml: Not YAML: 50 %25.",
    );
    expect(lines.filter((line) => line.startsWith("::error"))).toHaveLength(3);
    expect(lines[1]).toMatch(
      /^::error file=sub\/base\.yml,line=3,col=5,title=vram-plan%3A does not fit::a\|b`\.yml on/,
    );
    expect(lines[1]).toContain("%0Ac.yml on");
    const configs = Array.from({ length: 14 }, (_, i) =>
      config(`${i}.yml`, [judged(finding(`${i}.yml`, i + 1), "new")], 1, 13 * GiB),
    );
    const many = render("github", { ...result, failures: [], configs });
    expect(many.match(/^::error/gm)).toHaveLength(10);
    expect(many).toContain("4 more annotations are left out");
    const same = Array.from({ length: 9 }, (_, i) =>
      config(`${i}.yml`, [judged(finding(`${i}.yml`), "new")], 1, 13 * GiB),
    );
    expect(render("github", { ...result, failures: [], configs: same })).toContain("… and 4 more");
  });

  it("markdown: marker, verdict, table, folded details; text that is not markup", () => {
    const text = render("markdown");
    expect(text.split("\n").slice(0, 2)).toEqual(["<!-- vram-plan -->", "### vram-plan: could not run"]);
    expect(text).toContain(
      "| ❌ | `a\\|b'.yml` | Card, 12 GiB | 14.00 GiB | +6.00 GiB (+75 %) | 2.00 GiB short (17 %) |",
    );
    expect(text).toContain("<details><summary>3 findings</summary>");
    expect(text).toContain("`batch_size` `2` → `4` in 5 configs");
    for (const line of text.split("\n").filter((one) => one.startsWith("| "))) {
      expect(line.replaceAll("\\|", "").split("|")).toHaveLength(8);
    }
  });

  it("markdown: one line where nothing changed, under the limit where much did", () => {
    const same = config("a.yml", [judged(finding("a.yml"), "known")], 14 * GiB, 14 * GiB);
    const quiet = render("markdown", { ...result, failures: [], configs: [same], exitCode: 0 });
    expect(quiet).toBe("<!-- vram-plan -->\n**vram-plan:** no change in GPU memory (5 configs; 1 finding known).\n");
    const configs = Array.from({ length: 2000 }, (_, i) => {
      const name = `configs/some/long/folder/name/of_a_config_${i}.yml`;
      return config(name, [judged(finding(name), "new")], 1, 13 * GiB);
    });
    const long = render("markdown", { ...result, configs, exitCode: 1 });
    expect(new TextEncoder().encode(long).length).toBeLessThan(65_536);
    expect(long).toMatch(/… and \d+ more/);
    expect(long.match(/<details>/g)).toHaveLength(long.match(/<\/details>/g)?.length ?? 0);
  });

  it("csv has one row a config and card, quoted by RFC 4180", () => {
    const odd = config('a,"b".yml', [], 1, 2);
    const rows = render("csv", { ...result, configs: [odd, ...result.configs] }).split("\r\n");
    expect(rows).toHaveLength(result.configs.length + 3);
    expect(rows[1]).toMatch(/^"a,""b""\.yml",changed,"Card, 12 GiB",fits,false,0,1,2,/);
    expect(rows[3]).toContain("does-not-fit:worse");
  });

  it("terminal counts aloud what is known, hidden, skipped and unchanged", () => {
    const text = render("terminal");
    for (const word of [
      "2 of 5 changed configs fail",
      "1 finding known from origin/main",
      "1 hidden by the baseline",
      "4 unchanged",
      "1 YAML file skipped",
    ])
      expect(text.replace(/\s+/g, " ")).toContain(word);
  });
});
