/** @file Completion of the command line in bash, zsh and fish, written from the commander tree. */
import type { Command, Option } from "commander";

/** Shells that are known. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** Values that commander does not know, by option: cards. */
export type Values = Readonly<Record<string, readonly string[]>>;

interface Flag {
  readonly name: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly values: readonly string[];
}

interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
}

/** The script that a shell is to source. */
export function completionScript(program: Command, shell: Shell, values: Values): string {
  const verbs = program.commands.map((command): Verb => {
    const flags = command.options.map((option) => flagOf(option, values));
    return { name: command.name(), summary: command.summary() || command.description(), flags };
  });
  return { bash, zsh, fish }[shell](verbs);
}

function flagOf(option: Option, values: Values): Flag {
  const name = option.long ?? option.short ?? "";
  return {
    name,
    description: option.description,
    takesValue: option.required || option.optional,
    values: option.argChoices ?? values[name] ?? [],
  };
}

/** The verb that is meant where none is named. */
const defaultVerb = "plan";

function bash(verbs: readonly Verb[]): string {
  const names = verbs.map(({ name }) => name);
  const lists = verbs.map(({ name, flags }) => `    ${name}) flags="${flags.map((flag) => flag.name).join(" ")}" ;;`);
  const known = new Map(verbs.flatMap(({ flags }) => flags).map((flag) => [flag.name, flag]));
  const choices = [...known.values()]
    .filter(({ takesValue }) => takesValue)
    .map(({ name, values }) =>
      values.length === 0
        ? `    ${name}) return ;;`
        : `    ${name}) COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$cur")); return ;;`,
    );
  return `# bash completion of vram-plan: eval "$(vram-plan completion bash)"
_vram_plan() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb=${defaultVerb} flags="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${names.join("|")}) verb=$word; break ;; esac
  done
  COMPREPLY=()
  case $prev in
${choices.join("\n")}
  esac
  case $verb in
${lists.join("\n")}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${names.join(" ")}" -- "$cur") $(compgen -f -- "$cur"))
  fi
}
complete -o filenames -o default -F _vram_plan vram-plan
`;
}

/** Inside quotes of zsh and fish; zsh's own signs in a description are kept from it. */
function quoted(text: string): string {
  return text.replaceAll("'", "’").replaceAll("\\", "").replaceAll("[", "(").replaceAll("]", ")").replaceAll(":", " ");
}

function zsh(verbs: readonly Verb[]): string {
  const described = verbs.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`);
  const cases = verbs.map(({ name, flags }) => {
    const lines = flags.map(({ name: flag, description, takesValue, values }) => {
      const value = takesValue ? `:value:${values.length > 0 ? `(${values.join(" ")})` : "_files"}` : "";
      return `      '*${flag}[${quoted(description)}]${value}'`;
    });
    return `    ${name}) _arguments \\\n${lines.map((line) => `${line} \\\n`).join("")}      '*:file:_files' ;;`;
  });
  return `#compdef vram-plan
# zsh completion of vram-plan: eval "$(vram-plan completion zsh)"
_vram_plan() {
  local -a verbs
  local verb=${defaultVerb} word
  verbs=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command verbs
    _files
    return
  fi
  for word in \${words[2,CURRENT-1]}; do
    case $word in (${verbs.map(({ name }) => name).join("|")}) verb=$word; break ;; esac
  done
  case $verb in
${cases.join("\n")}
  esac
}
compdef _vram_plan vram-plan
`;
}

function fish(verbs: readonly Verb[]): string {
  const others = verbs.map(({ name }) => name).filter((name) => name !== defaultVerb);
  const lines = verbs.flatMap(({ name, summary, flags }) => {
    const isHere =
      name === defaultVerb
        ? `not __fish_seen_subcommand_from ${others.join(" ")}`
        : `__fish_seen_subcommand_from ${name}`;
    const verb = `complete -c vram-plan -n __fish_use_subcommand -a ${name} -d '${quoted(summary)}'`;
    const options = flags.map(({ name: flag, description, takesValue, values }) => {
      const value = values.length > 0 ? ` -x -a '${values.join(" ")}'` : takesValue ? " -r" : "";
      return `complete -c vram-plan -n '${isHere}' -l ${flag.slice(2)}${value} -d '${quoted(description)}'`;
    });
    return [verb, ...options];
  });
  return `# fish completion of vram-plan: vram-plan completion fish | source\n${lines.join("\n")}\n`;
}
