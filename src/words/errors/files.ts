/** @file Errors of files: configs, their bases, presets, saved reports, what is written: the facts that each carries. */
import type { Phrase } from "../phrase.ts";

export interface FilesErrors {
  "file-not-found": { readonly file: string; readonly near: readonly string[] };
  "file-not-readable": { readonly file: string; readonly reason: Phrase };
  "file-not-yaml-name": { readonly file: string };
  "yaml-invalid": { readonly reason: Phrase };
  "yaml-too-large": { readonly what: Phrase };
  "config-not-training": { readonly file: string; readonly found: Phrase };
  "config-key-missing": { readonly key: string; readonly inside: string };
  "base-not-found": { readonly base: string; readonly near: readonly string[] };
  "base-loop": { readonly chain: readonly string[] };
  "base-wrong": { readonly found: Phrase };
  "merge-clash": { readonly key: string; readonly found: Phrase };
  "preset-invalid": { readonly file: string; readonly reason: Phrase };
  "report-invalid": { readonly file: string; readonly reason: Phrase };
  "out-is-input": { readonly out: string };
  "out-exists": { readonly out: string };
  "out-differs": { readonly out: string };
  "out-impossible": { readonly out: string; readonly reason: Phrase };
}
