/** @file Which language a run speaks: `--lang`, which every command takes, else the locale of the environment. */
import { suggest, UserError } from "../errors.ts";
import { isLanguage, type Language, languages } from "../words/language.ts";
import type { Host } from "./host.ts";

/** Its flag; `takeLanguage` reads it, commander only shows it. */
export const languageFlag = "--lang";

/** The first of the variables that POSIX looks at which says something. */
export function locale(env: Host["env"], category: "LC_CTYPE" | "LC_MESSAGES"): string {
  return [env.LC_ALL, env[category], env.LANG].find((value) => value !== undefined && value !== "") ?? "";
}

/** The last `--lang` that names a language; else Chinese where the messages of the system are, and English. */
export function chooseLanguage(args: readonly string[], env: Host["env"]): Language {
  return readLanguage(args).asked.findLast(isLanguage) ?? (/^zh/i.test(locale(env, "LC_MESSAGES")) ? "zh-CN" : "en");
}

/** The arguments without `--lang`, which may stand anywhere among them. Throws `language-not-known`. */
export function takeLanguage(args: readonly string[]): readonly string[] {
  const { asked, rest } = readLanguage(args);
  const name = asked.find((one) => !isLanguage(one));
  if (name !== undefined) {
    throw new UserError("language-not-known", { name, known: languages, near: suggest(name, languages) });
  }
  return rest;
}

interface Asked {
  readonly asked: readonly string[];
  readonly rest: readonly string[];
}

function readLanguage(args: readonly string[]): Asked {
  if (!args.some((one) => one.startsWith(languageFlag))) return { asked: [], rest: args };
  const [asked, rest]: [string[], string[]] = [[], []];
  for (let i = 0; i < args.length; i++) {
    const one = args[i] ?? "";
    if (one === languageFlag) asked.push(args[++i] ?? "");
    else if (one.startsWith(`${languageFlag}=`)) asked.push(one.slice(languageFlag.length + 1));
    else rest.push(one);
  }
  return { asked, rest };
}
