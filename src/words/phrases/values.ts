/** @file What a value in a file is, and what it has to be. */
import type { Phrase } from "../phrase.ts";
import type { None } from "./none.ts";

export interface ValuePhrases {
  // What was found.
  "value-missing": None;
  "value-null": None;
  "value-list": None;
  "value-mapping": None;
  "value-items": { readonly items: readonly Phrase[] };
  "value-text": { readonly text: string };
  "value-float": { readonly value: number };
  "value-as-is": { readonly text: string };
  // What is wanted.
  "a-mapping": None;
  "a-list": None;
  "a-text": None;
  "a-number": None;
  "a-truth-value": None;
  "a-class-name": None;
  "one-value": None;
  "whole-number": { readonly least: number };
  "whole-number-to": { readonly least: number; readonly most: number };
  "whole-number-of-bytes": None;
  "pair-of-sizes": None;
  "exactly-1": None;
  // Where.
  places: { readonly names: readonly string[] };
  "model-and-loss": None;
}
