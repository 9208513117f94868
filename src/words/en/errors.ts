/** @file All errors in English. */
import type { ErrorData, ErrorTable } from "../error-data.ts";
import { commandErrors } from "./errors/command.ts";
import { filesErrors } from "./errors/files.ts";
import { gateErrors } from "./errors/gate.ts";
import { logErrors } from "./errors/log.ts";
import { networkErrors } from "./errors/network.ts";
import { valuesErrors } from "./errors/values.ts";

export const englishErrors: ErrorTable<ErrorData> = {
  ...filesErrors,
  ...valuesErrors,
  ...networkErrors,
  ...commandErrors,
  ...gateErrors,
  ...logErrors,
};
