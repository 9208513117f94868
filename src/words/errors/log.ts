/** @file Errors of training logs and receipts: the facts that each carries. */
import type { Phrase } from "../phrase.ts";

export interface LogErrors {
  "log-no-memory": { readonly log: string };
  "log-config-missing": { readonly log: string };
  "log-other-config": { readonly log: string; readonly config: string; readonly differences: readonly Phrase[] };
  "log-gpu-missing": { readonly log: string };
  "log-gpu-not-known": { readonly log: string; readonly name: string; readonly near: readonly string[] };
  "receipts-invalid": { readonly file: string; readonly key: string; readonly reason: Phrase };
}
