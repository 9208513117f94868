/** @file What an error says in a language. */
import { englishErrors } from "./en/errors.ts";
import type { ErrorData, ErrorTable } from "./error-data.ts";
import type { ByLanguage, Language } from "./language.ts";
import { say } from "./phrase.ts";
import { chineseErrors } from "./zh-CN/errors.ts";

const tables: ByLanguage<ErrorTable<ErrorData>> = { en: englishErrors, "zh-CN": chineseErrors };

/** What is wrong and the next step, in a language. */
export function errorWords<C extends keyof ErrorData>(
  { code, data }: { readonly code: C; readonly data: ErrorData[C] },
  language: Language,
): { readonly message: string; readonly hint: string } {
  const table: ErrorTable<ErrorData> = tables[language];
  const info = table[code];
  return {
    message: info.message(data, (phrase) => say(phrase, language)),
    hint: info.hint(data, (phrase) => say(phrase, language)),
  };
}
