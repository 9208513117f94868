/** @file Errors of the command line: commands, cards, lists, formats: the facts that each carries. */
import type { Phrase } from "../phrase.ts";

export interface CommandErrors {
  "gpu-not-known": { readonly name: string; readonly near: readonly string[] };
  "gpu-auto-failed": { readonly reason: Phrase };
  "runtime-not-known": { readonly name: string; readonly known: readonly string[] };
  "command-not-known": { readonly name: string; readonly near: readonly string[] };
  "language-not-known": { readonly name: string; readonly known: readonly string[]; readonly near: readonly string[] };
  "gpu-missing": { readonly config: string };
  "list-not-known": { readonly name: string; readonly known: readonly string[]; readonly near: readonly string[] };
  "format-not-known": { readonly name: string; readonly known: readonly string[]; readonly near: readonly string[] };
  "schema-not-known": { readonly name: string; readonly known: readonly string[]; readonly near: readonly string[] };
}
