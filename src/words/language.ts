/** @file The languages that vram-plan speaks. English is what JSON and every other machine format is written in. */

/** By their BCP 47 names. */
export const languages = ["en", "zh-CN"] as const;
export type Language = (typeof languages)[number];

/** Whether a text names a language. */
export function isLanguage(name: string): name is Language {
  return languages.some((language) => language === name);
}

/** One entry for each language; leaving one out does not compile. */
export type ByLanguage<T> = Readonly<Record<Language, T>>;
