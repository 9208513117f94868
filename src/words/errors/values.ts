/** @file Errors of values in a config, and of --opts: the facts that each carries. */
import type { Phrase } from "../phrase.ts";

export interface ValuesErrors {
  "value-wrong": { readonly key: string; readonly wanted: Phrase; readonly found: Phrase };
  "value-text-number": { readonly key: string; readonly text: string; readonly write: string };
  "values-differ": { readonly what: string; readonly found: readonly Phrase[]; readonly where: Phrase };
  "loss-count": { readonly types: number; readonly coefficients: number };
  "dataset-not-known": { readonly type: string; readonly near: readonly string[] };
  "opts-form": { readonly item: string };
  "opts-path": { readonly key: string; readonly missing: string; readonly near: readonly string[] };
  "opts-json-word": { readonly item: string; readonly word: string; readonly write: string };
  "edit-impossible": { readonly key: string; readonly reason: Phrase };
  "crop-not-known": { readonly config: string };
  "eval-size-not-known": { readonly dataset: string };
}
