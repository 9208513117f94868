/** @file Every error in both languages: no English sentence is left in Chinese, and all facts are said in both. */
import { describe, expect, it } from "vitest";
import type { ErrorData } from "../../src/words/error-data.ts";
import { errorWords } from "../../src/words/error-words.ts";
import { asIs } from "../../src/words/phrase.ts";

const near: readonly string[] = [];
const [file, key, reason, name] = ["FILE.yml", "KEY", asIs("REASON"), "NAME"];
const known = ["KNOWN"];

/** Facts of each code; a new code without some does not compile. */
const samples: { readonly [C in keyof ErrorData]: ErrorData[C] } = {
  "file-not-found": { file, near },
  "file-not-readable": { file, reason },
  "file-not-yaml-name": { file },
  "yaml-invalid": { reason },
  "yaml-too-large": { what: reason },
  "config-not-training": { file, found: reason },
  "config-key-missing": { key, inside: "INSIDE" },
  "base-not-found": { base: file, near },
  "base-loop": { chain: [file, "OTHER.yml"] },
  "base-wrong": { found: reason },
  "merge-clash": { key, found: reason },
  "value-wrong": { key, wanted: asIs("WANTED"), found: reason },
  "value-text-number": { key, text: "1e-4", write: "1.0e-4" },
  "values-differ": { what: key, found: [reason], where: asIs("WHERE") },
  "loss-count": { types: 3, coefficients: 5 },
  "dataset-not-known": { type: name, near },
  "opts-form": { item: "ITEM" },
  "opts-path": { key, missing: "MISSING", near },
  "opts-json-word": { item: "ITEM", word: "WORD", write: "WRITE" },
  "gpu-not-known": { name, near },
  "gpu-auto-failed": { reason },
  "run-not-modelled": { what: asIs("WHAT"), reason, instead: asIs("INSTEAD") },
  "runtime-not-known": { name, known },
  "preset-invalid": { file, reason },
  "edit-impossible": { key, reason },
  "not-modelled": { kind: "model", name, near, folder: "FOLDER" },
  "argument-wrong": { component: "COMPONENT", argument: "ARGUMENT", reason, near },
  "shape-refused": { layer: "LAYER", op: "OP", reason, shapes: ["SHAPE"] },
  "tensor-impossible": { layer: "head", op: "conv2d", shape: "4, -1" },
  "list-too-short": { layer: "head", index: 3, length: 2 },
  "dtype-refused": { layer: "LAYER", reason, when: asIs("WHEN") },
  "single-precision-only": { op: "OP", dtype: "DTYPE" },
  "data-parallel-stops": { reason },
  "paddle-refuses": { kind: "backbone", component: "COMPONENT", reason },
  "crop-not-known": { config: file },
  "eval-size-not-known": { dataset: name },
  "logits-losses-differ": { logits: 3, losses: 5 },
  "recompute-not-known": { layer: "LAYER", near },
  "command-not-known": { name, near },
  "language-not-known": { name, known, near },
  "gpu-missing": { config: file },
  "list-not-known": { name, known, near },
  "check-card-missing": { config: file },
  "check-nothing": { paths: [file], skipped: 7 },
  "format-not-known": { name, known, near },
  "check-name-not-known": { name, known, near },
  "budget-invalid": { file, key, reason },
  "baseline-missing": {},
  "baseline-invalid": { file, reason },
  "base-no-git": { ref: "REF", reason },
  "base-shallow": { ref: "REF" },
  "base-not-known": { ref: "REF", near },
  "base-unrelated": { ref: "REF" },
  "report-invalid": { file, reason },
  "schema-not-known": { name, known, near },
  "out-is-input": { out: file },
  "out-exists": { out: file },
  "out-differs": { out: file },
  "out-impossible": { out: file, reason },
  "log-no-memory": { log: file },
  "log-config-missing": { log: file },
  "log-other-config": { log: file, config: "CONFIG.yml", differences: [reason] },
  "log-gpu-missing": { log: file },
  "log-gpu-not-known": { log: file, name, near },
  "receipts-invalid": { file, key, reason },
};

/** All texts and numbers among the facts; kinds are words of their own. */
function leaves(value: unknown, at = ""): readonly string[] {
  if (at === "kind" || at === "code") return [];
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  if (typeof value !== "object" || value === null) return [];
  if ("text" in value && "code" in value) return [String(value.text)];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, name));
}

const codes = Object.keys(samples) as (keyof ErrorData)[];

describe("every error", () => {
  it.each(codes)("%s says its facts in English and in Chinese", (code) => {
    for (const language of ["en", "zh-CN"] as const) {
      const { message, hint } = errorWords({ code, data: samples[code] }, language);
      for (const fact of leaves(samples[code])) expect(`${message}\n${hint}`, language).toContain(fact);
    }
  });

  it.each(codes)("%s has no English sentence in Chinese", (code) => {
    const { message, hint } = errorWords({ code, data: samples[code] }, "zh-CN");
    if (code !== "argument-wrong") expect(message).toMatch(/[\u4e00-\u9fff]/);
    if (code !== "run-not-modelled") expect(hint).toMatch(/[\u4e00-\u9fff]/);
    for (const text of [message, hint]) expect(text).not.toMatch(/(?:\b[a-z]{2,} ){4}/);
  });
});
