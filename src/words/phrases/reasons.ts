/** @file Why something cannot be done: reasons inside errors. */
import type { Phrase } from "../phrase.ts";
import type { None } from "./none.ts";

export interface ReasonPhrases {
  /** Words of another program, which stay as they are. */
  "as-is": { readonly text: string };
  // Files.
  "it-is-a-folder": None;
  "no-permission": None;
  "no-folder": None;
  "folder-is-file": None;
  "read-only": None;
  "disk-full": None;
  "no-such-file": None;
  "not-json": None;
  "not-valid": None;
  // YAML and configs.
  "too-deep": None;
  "too-large-expanded": None;
  "too-many-files": { readonly most: number };
  "alias-holds-itself": { readonly anchor: string };
  "no-anchor": { readonly anchor: string };
  "anchor-twice": { readonly anchor: string };
  "tag-not-read": { readonly tag: string };
  "tagged-not-read": { readonly tag: string; readonly text: string };
  "word-not-read": { readonly text: string };
  "merge-key": None;
  "key-no-word": None;
  "it-is-empty": None;
  "it-holds": { readonly value: Phrase };
  "it-has-no": { readonly key: string };
  "no-such-place": None;
  "no-room-for-edit": None;
  "has-to-be": { readonly wanted: Phrase };
  "gradient-after-unused": None;
  "no-gradient": None;
  "gradient-twice": None;
  "ceil-of-float": None;
  "no-layer": { readonly layer: string };
  "have-to-rise": None;
  "key-wrong": { readonly key: string; readonly reason: Phrase };
  // The card and the run.
  "no-nvidia-smi": None;
  "nvidia-smi-no-card": None;
  "static-graph": None;
  "static-graph-instead": None;
  "heads-on-several": None;
  "heads-on-several-reason": None;
  "heads-on-several-instead": None;
  "ema-under-o2": None;
  "ema-under-o2-reason": None;
  "ema-under-o2-instead": None;
  "in-training-step": None;
  "in-flops-pass": None;
  "one-dtype": { readonly op: string; readonly dtypes: readonly string[] };
  /** `undefined`: not set. */
  "logged-differs": {
    readonly key: string;
    readonly logged: string | undefined;
    readonly given: string | undefined;
  };
}
