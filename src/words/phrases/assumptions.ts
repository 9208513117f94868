/** @file What a report takes for granted, and notes: what a person should know of a run at once. */
import type { None } from "./none.ts";

export interface AssumptionPhrases {
  // The run.
  "pretrained-as-random": None;
  "no-evaluation": None;
  "evaluation-size": {
    readonly size: string;
    readonly source: string;
    /** Images are of several sizes. */
    readonly varies: boolean;
  };
  "evaluation-left-out": { readonly dataset: string };
  // Losses whose memory depends on values: the worst case is taken. `loss-` is how `calibrate` knows them.
  "loss-bootstrapped": None;
  "loss-semantic-connectivity": None;
  "loss-pixel-contrast": { readonly classes: number; readonly pixels: number };
  "loss-maskformer": None;
  "loss-dual-task": None;
  "loss-lovasz-softmax": { readonly classes: number };
  "loss-edge-attention": None;
  // Memory.
  "cuda-context": { readonly loading: "lazy" | "eager" };
  /** MiB a card. */
  "nccl-takes": { readonly low: number; readonly high: number; readonly link: "pcie" | "nvlink" };
  "late-returns": None;
  "driver-pages": None;
  "cudnn-workspaces": None;
  "narrowed-by-receipts": {
    readonly runs: number;
    readonly paddle: string;
    readonly cudnn: readonly string[];
    readonly file: string;
  };
  // The card.
  "cuda-total-derived": { readonly card: string };
  "desktop-keeps": None;
  "windows-withholds": None;
  "free-stays-free": None;
  // Notes.
  "fitted-for": { readonly file: string; readonly flags: string };
  "several-cards-logged": { readonly cards: number };
  "other-paddle-logged": { readonly paddle: string; readonly runtime: string };
  written: { readonly file: string };
  "no-plan-not-written": { readonly file: string };
  "findings-written": { readonly findings: number; readonly file: string };
  "nvidia-smi-shows": {
    readonly card: string;
    /** All cards that it shows. */
    readonly cards: number;
    readonly used: string;
    readonly total: string;
    readonly free: string;
  };
  watching: { readonly files: number };
}
