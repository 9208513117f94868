/** @file What a check finds: one table of codes with the facts that each carries. The words are in finding-words.ts. */
import type { Location } from "../config/types.ts";

/** How much a finding counts; `off` is never shown. */
export type Level = "off" | "warn" | "error";

/** More than a card has to give. */
export interface Shortfall {
  /** High end of the process's bytes. */
  readonly neededBytes: number;
  readonly expectedBytes: number;
  /** What the card gives, less the headroom asked for. */
  readonly usableBytes: number;
}

/** The facts of each code. To add a check: one line here, one entry of words, one file in policy/checks. */
export interface FindingFacts {
  "does-not-fit": Shortfall;
  tight: Shortfall;
  increase: {
    readonly fromBytes: number;
    readonly toBytes: number;
    readonly limitBytes: number;
    readonly limit: string;
  };
  "evaluation-does-not-fit": Shortfall & { readonly trainingBytes: number };
  "model-not-known": { readonly kind: string; readonly name: string };
  "number-read-as-text": { readonly text: string; readonly write: string };
  "batch-of-1-with-batch-norm": { readonly layerCount: number };
  "crop-off-stride": { readonly width: number; readonly height: number; readonly stride: number };
  "ohem-min-kept": {
    readonly minKept: number;
    readonly pixels: number;
    readonly wanted: number;
    /** Pixels of a pass in the base, where the change of them is what is wrong. */
    readonly pixelsBefore: number | undefined;
  };
  "amp-without-effect": {
    readonly setting: string;
    readonly reason: "PaddleSeg takes it from the command line only" | "the run is in fp32";
  };
  "stale-plan": {
    readonly card: string;
    readonly shortBytes: number | undefined;
    readonly changedKeys: readonly string[];
  };
}

/** The name of a check is the code of what it finds. */
export type CheckName = keyof FindingFacts;

/** New text for a piece of one line; columns count from 1, the end is not part of it. */
export interface Suggestion {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
  readonly text: string;
}

/** One finding of one check. */
export type FindingOf<C extends CheckName = CheckName> = {
  readonly [K in C]: {
    readonly code: K;
    readonly config: string;
    /** The card, for checks that depend on one. */
    readonly gpu: string | undefined;
    /** Path of the setting in the config, such as `batch_size`. */
    readonly key: string | undefined;
    /** Where the setting was written. */
    readonly location: Location | undefined;
    /** How bad it is, in the check's own unit; a finding is worse than the base's where this is larger. */
    readonly size: number;
    readonly facts: FindingFacts[K];
    readonly suggestion?: Suggestion | undefined;
  };
}[C];
export type Finding = FindingOf;

/** `new`: not in the base, or there is no base. `worse`: in the base, but smaller. `known`: in the base as it is. */
export type Status = "new" | "worse" | "known" | "hidden";

/** A finding with what the budget and the base make of it; `hidden` ones are in the baseline file. */
export interface Judged {
  readonly finding: Finding;
  readonly level: "warn" | "error";
  readonly status: Status;
  /** Whether it fails the run. */
  readonly fails: boolean;
}

/** What stays the same when a file is edited elsewhere: no line, no number. */
export function identity({ code, config, gpu, key }: Pick<Finding, "code" | "config" | "gpu" | "key">): string {
  return [code, config, gpu ?? "", key ?? ""].join("|");
}
