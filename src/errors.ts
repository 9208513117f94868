/** @file What a user can get wrong: the error that carries a code with its facts. The words are in words/. */
import { englishErrors } from "./words/en/errors.ts";
import type { ErrorData } from "./words/error-data.ts";
import { errorWords } from "./words/error-words.ts";

export { suggest } from "./suggest.ts";
export type { ErrorData };

/** Where the mistake was written; line and column count from 1. */
export interface ErrorLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A code of the table. */
export type Code = keyof ErrorData;

/** Every code, for tests. */
export const codes: readonly string[] = Object.keys(englishErrors);

/** A user's mistake. Anything else that is thrown is a bug and keeps its stack. Message and hint are in English. */
export class UserError<C extends Code = Code> extends Error {
  readonly code: C;
  readonly data: ErrorData[C];
  readonly hint: string;
  readonly location: ErrorLocation | undefined;

  constructor(code: C, data: ErrorData[C], location?: ErrorLocation) {
    const { message, hint } = errorWords({ code, data }, "en");
    super(message);
    this.name = "UserError";
    this.code = code;
    this.data = data;
    this.hint = hint;
    this.location = location;
  }
}
