/** @file Phrases: words that travel as data (a reason inside an error, an assumption, a note) and are said in a language when they are shown. */

import { englishPhrases } from "./en/phrases.ts";
import type { Language } from "./language.ts";
import type { PhraseData } from "./phrase-data.ts";
import { chinesePhrases } from "./zh-CN/phrases.ts";

/** A code of the tables. */
export type PhraseCode = keyof PhraseData;

/** A phrase; `text` is its English, which JSON and messages of exceptions have. */
export interface PhraseOf<C extends PhraseCode> {
  readonly code: C;
  readonly data: PhraseData[C];
  readonly text: string;
}
export type Phrase = { readonly [C in PhraseCode]: PhraseOf<C> }[PhraseCode];

/** Says a phrase that lies inside another. */
export type Say = (phrase: Phrase) => string;

/** The words of some phrases in one language. */
export type PhraseTable<D> = { readonly [C in keyof D]: (data: D[C], say: Say) => string };

type Table = PhraseTable<PhraseData>;
const tables: Readonly<Record<Language, Table>> = { en: englishPhrases, "zh-CN": chinesePhrases };

function words<C extends PhraseCode>(code: C, data: PhraseData[C], language: Language): string {
  const table: Table = tables[language];
  return table[code](data, (inner) => say(inner, language));
}

/** Makes a phrase; one that carries nothing takes `{}`. */
export function phrase<C extends PhraseCode>(code: C, data: PhraseData[C]): PhraseOf<C> {
  return { code, data, text: words(code, data, "en") };
}

/** A phrase in a language. */
export function say<C extends PhraseCode>(phrase: PhraseOf<C>, language: Language): string {
  return words(phrase.code, phrase.data, language);
}

/** Words of another program. */
export function asIs(text: string): PhraseOf<"as-is"> {
  return phrase("as-is", { text });
}
