/** @file GitHub's workflow commands: annotations at the line that set the value. A step may have ten of each kind. */
import { checkInfos, findingHint, findingMessage } from "../finding-words.ts";
import { type Place, placeOf, repositoryPath, sentence } from "./place.ts";
import { allFindings, type CheckResult } from "./result.ts";
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
function annotations(result: CheckResult): readonly Annotation[] {
  const all = new Map<string, Annotation>();
  const add = (kind: Annotation["kind"], place: Place, title: string, message: string): void => {
    const key = [kind, place.path, place.line, title].join("|");
    const known = all.get(key);
    if (known === undefined) all.set(key, { kind, place, title, messages: [message] });
    else known.messages.push(message);
  };
  for (const { config, message, location, known } of result.failures) {
    const { file, line, column } = location ?? { file: config, line: 1, column: 1 };
    if (!known)
      add(
        "error",
        { path: repositoryPath(file, result.prefix), line, column },
        "not estimated",
        `${config}: ${message}`,
      );
  }
  for (const { finding, fails, status } of allFindings(result)) {
    if (status === "known" || status === "hidden") continue;
    const text = `${sentence(finding, findingMessage(finding))}. ${findingHint(finding)}`;
    add(fails ? "error" : "warning", placeOf(finding, result.prefix), checkInfos[finding.code].title, text);
  }
  return [...all.values()];
}

/** At most ten, as GitHub drops more without a word; then the summary. */
export function renderGithub(result: CheckResult): string {
  const all = annotations(result);
  const lines = all.slice(0, mostAnnotations).map(({ kind, place, title, messages }) => {
    const more = messages.length > mostNames ? [`… and ${messages.length - mostNames} more`] : [];
    const text = data([...messages.slice(0, mostNames), ...more].join("\n"));
    const at = `file=${property(place.path)},line=${place.line},col=${place.column}`;
    return `::${kind} ${at},title=${property(`vram-plan: ${title}`)}::${text}`;
  });
  const left = all.length - lines.length;
  const note = left > 0 ? [`${left} more annotations are left out: a step may have ${mostAnnotations}`] : [];
  return `${[...lines, ...note, summary(result)].join("\n")}\n`;
}
