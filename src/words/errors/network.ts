/** @file Errors of what a network, loss or run cannot do: the facts that each carries. */
import type { Phrase } from "../phrase.ts";

export interface NetworkErrors {
  "not-modelled": {
    readonly kind: string;
    readonly name: string;
    readonly near: readonly string[];
    readonly folder: string;
  };
  "argument-wrong": {
    readonly component: string;
    readonly argument: string;
    readonly reason: Phrase;
    readonly near: readonly string[];
  };
  "shape-refused": {
    readonly layer: string;
    readonly op: string;
    readonly reason: Phrase;
    readonly shapes: readonly string[];
  };
  /** `shape`: undefined where there are too many tensors. */
  "tensor-impossible": { readonly layer: string; readonly op: string; readonly shape: string | undefined };
  "list-too-short": { readonly layer: string; readonly index: number; readonly length: number };
  "dtype-refused": { readonly layer: string; readonly reason: Phrase; readonly when: Phrase };
  "single-precision-only": { readonly op: string; readonly dtype: string };
  "data-parallel-stops": { readonly reason: Phrase };
  "paddle-refuses": { readonly kind: string; readonly component: string; readonly reason: Phrase };
  "logits-losses-differ": { readonly logits: number; readonly losses: number };
  "recompute-not-known": { readonly layer: string; readonly near: readonly string[] };
  "run-not-modelled": { readonly what: Phrase; readonly reason: Phrase; readonly instead: Phrase };
}
