/** @file GitHub's workflow commands: annotations at the line that set the value. A step may have ten of each kind. */

import type { Language } from "../../words/language.ts";
import { wordsIn } from "../../words/words.ts";
import { findingHint, findingMessage, findingTitle } from "../finding-words.ts";
import type { View } from "../paint.ts";
import { type Place, placeOf, repositoryPath } from "./place.ts";
import { allFindings, type CheckResult, failureMessage } from "./result.ts";
import { summary } from "./terminal.ts";

/** More of one kind are dropped by GitHub without a word. */
const mostAnnotations = 10;
/** Names in one annotation; more are counted. */
const mostNames = 5;

/** Escapes of the runner's command parser: percent first, then line ends; properties also colons and commas. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

interface Annotation {
  readonly kind: "error" | "warning";
  readonly place: Place;
  readonly title: string;
  readonly messages: string[];
}

/** Worst first; what one line does to many configs is one annotation. */
function annotations(result: CheckResult, language: Language): readonly Annotation[] {
  const words = wordsIn(language).gate;
  const all = new Map<string, Annotation>();
  const add = (kind: Annotation["kind"], place: Place, title: string, message: string): void => {
    const key = [kind, place.path, place.line, title].join("|");
    const known = all.get(key);
    if (known === undefined) all.set(key, { kind, place, title, messages: [message] });
    else known.messages.push(message);
  };
  for (const failure of result.failures) {
    const { config, location, known } = failure;
    const message = failureMessage(failure, language);
    const { file, line, column } = location ?? { file: config, line: 1, column: 1 };
    if (!known)
      add(
        "error",
        { path: repositoryPath(file, result.prefix), line, column },
        words.notEstimatedTitle,
        words.failure(config, message),
      );
  }
  for (const { finding, fails, status } of allFindings(result)) {
    if (status === "known" || status === "hidden") continue;
    const text = words.sentence(
      finding.config,
      finding.gpu,
      findingMessage(finding, language),
      findingHint(finding, language),
    );
    add(fails ? "error" : "warning", placeOf(finding, result.prefix), findingTitle(finding, language), text);
  }
  return [...all.values()];
}

/** At most ten, as GitHub drops more without a word; then the summary. */
export function renderGithub(result: CheckResult, { language }: Pick<View, "language">): string {
  const words = wordsIn(language).gate;
  const all = annotations(result, language);
  const lines = all.slice(0, mostAnnotations).map(({ kind, place, title, messages }) => {
    const more = messages.length > mostNames ? [words.more(messages.length - mostNames)] : [];
    const text = data([...messages.slice(0, mostNames), ...more].join("\n"));
    const at = `file=${property(place.path)},line=${place.line},col=${place.column}`;
    return `::${kind} ${at},title=${property(`vram-plan: ${title}`)}::${text}`;
  });
  const left = all.length - lines.length;
  const note = left > 0 ? [words.annotationsLeft(left, mostAnnotations)] : [];
  return `${[...lines, ...note, summary(result, language)].join("\n")}\n`;
}
