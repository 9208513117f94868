/** @file All errors that a user can make, by their families, and what a table of their words is. */
import type { CommandErrors } from "./errors/command.ts";
import type { FilesErrors } from "./errors/files.ts";
import type { GateErrors } from "./errors/gate.ts";
import type { LogErrors } from "./errors/log.ts";
import type { NetworkErrors } from "./errors/network.ts";
import type { ValuesErrors } from "./errors/values.ts";
import type { Say } from "./phrase.ts";

/**
 * The facts that each code carries. To add a code: one line in its family (errors/), one entry in each language (leaving one out does
 * not compile). `near` lists what the user may have meant, best first; it may be empty.
 */
export interface ErrorData extends FilesErrors, ValuesErrors, NetworkErrors, CommandErrors, GateErrors, LogErrors {}

/** The words for one code: what is wrong, and the next step. */
export interface ErrorInfo<Data> {
  readonly message: (data: Data, say: Say) => string;
  readonly hint: (data: Data, say: Say) => string;
}

/** The words for some codes in one language. */
export type ErrorTable<D> = { readonly [C in keyof D]: ErrorInfo<D[C]> };
