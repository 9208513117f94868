/** @file Errors of the gate: budgets, baselines, git: the facts that each carries. */
import type { Phrase } from "../phrase.ts";

export interface GateErrors {
  "check-card-missing": { readonly config: string };
  "check-nothing": { readonly paths: readonly string[]; readonly skipped: number };
  "check-name-not-known": {
    readonly name: string;
    readonly known: readonly string[];
    readonly near: readonly string[];
  };
  "budget-invalid": { readonly file: string; readonly key: string; readonly reason: Phrase };
  "baseline-missing": Readonly<Record<never, never>>;
  "baseline-invalid": { readonly file: string; readonly reason: Phrase };
  "base-no-git": { readonly ref: string; readonly reason: Phrase };
  "base-shallow": { readonly ref: string };
  "base-not-known": { readonly ref: string; readonly near: readonly string[] };
  "base-unrelated": { readonly ref: string };
}
