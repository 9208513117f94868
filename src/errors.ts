/** @file What a user can get wrong: one table of codes with their words, the error that carries one, and how it is shown. */

/** Where the mistake was written; line and column count from 1. */
export interface ErrorLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * The facts that each code carries. To add a code: one line here, one entry in `infos` (leaving that out does not compile).
 * `near` lists what the user may have meant, best first; it may be empty.
 */
export interface ErrorData {
  "file-not-found": { readonly file: string; readonly near: readonly string[] };
  "file-not-readable": { readonly file: string; readonly reason: string };
  "file-not-yaml-name": { readonly file: string };
  "yaml-invalid": { readonly reason: string };
  "yaml-too-large": { readonly what: string };
  "config-not-training": { readonly file: string; readonly found: string };
  "config-key-missing": { readonly key: string; readonly inside: string };
  "base-not-found": { readonly base: string; readonly near: readonly string[] };
  "base-loop": { readonly chain: readonly string[] };
  "base-wrong": { readonly found: string };
  "merge-clash": { readonly key: string; readonly found: string };
  "value-wrong": { readonly key: string; readonly wanted: string; readonly found: string };
  "value-text-number": { readonly key: string; readonly text: string; readonly write: string };
  "values-differ": { readonly what: string; readonly found: readonly string[]; readonly where: string };
  "loss-count": { readonly types: number; readonly coefficients: number };
  "dataset-not-known": { readonly type: string; readonly near: readonly string[] };
  "opts-form": { readonly item: string };
  "opts-path": { readonly key: string; readonly missing: string; readonly near: readonly string[] };
  "opts-json-word": { readonly item: string; readonly word: string; readonly write: string };
  "gpu-not-known": { readonly name: string; readonly near: readonly string[] };
  "gpu-auto-failed": { readonly reason: string };
  "run-not-modelled": { readonly what: string; readonly reason: string; readonly instead: string };
  "runtime-not-known": { readonly name: string; readonly known: readonly string[] };
  "preset-invalid": { readonly file: string; readonly reason: string };
  "edit-impossible": { readonly key: string; readonly reason: string };
  "not-modelled": {
    readonly kind: string;
    readonly name: string;
    readonly near: readonly string[];
    readonly folder: string;
  };
  "argument-wrong": {
    readonly component: string;
    readonly argument: string;
    readonly reason: string;
    readonly near: readonly string[];
  };
  "shape-refused": {
    readonly layer: string;
    readonly op: string;
    readonly reason: string;
    readonly shapes: readonly string[];
  };
  "dtype-refused": { readonly layer: string; readonly reason: string; readonly when: string };
  "single-precision-only": { readonly op: string; readonly dtype: string };
  "paddle-refuses": { readonly kind: string; readonly component: string; readonly reason: string };
  "data-parallel-stops": { readonly reason: string };
  "crop-not-known": { readonly config: string };
  "eval-size-not-known": { readonly dataset: string };
  "logits-losses-differ": { readonly logits: number; readonly losses: number };
  "recompute-not-known": { readonly layer: string; readonly near: readonly string[] };
  "command-not-known": { readonly name: string; readonly near: readonly string[] };
  "gpu-missing": { readonly config: string };
  "list-not-known": { readonly name: string; readonly known: readonly string[]; readonly near: readonly string[] };
  "check-card-missing": { readonly config: string };
  "check-nothing": { readonly paths: readonly string[]; readonly skipped: number };
  "format-not-known": { readonly name: string; readonly known: readonly string[]; readonly near: readonly string[] };
  "check-name-not-known": {
    readonly name: string;
    readonly known: readonly string[];
    readonly near: readonly string[];
  };
  "budget-invalid": { readonly file: string; readonly key: string; readonly reason: string };
  "baseline-missing": Readonly<Record<never, never>>;
  "baseline-invalid": { readonly file: string; readonly reason: string };
  "base-no-git": { readonly ref: string; readonly reason: string };
  "base-shallow": { readonly ref: string };
  "base-not-known": { readonly ref: string; readonly near: readonly string[] };
  "base-unrelated": { readonly ref: string };
  "report-invalid": { readonly file: string; readonly reason: string };
  "schema-not-known": { readonly name: string; readonly known: readonly string[]; readonly near: readonly string[] };
  "out-is-input": { readonly out: string };
  "out-exists": { readonly out: string };
  "out-differs": { readonly out: string };
  "out-impossible": { readonly out: string; readonly reason: string };
  "log-no-memory": { readonly log: string };
  "log-config-missing": { readonly log: string };
  "log-other-config": { readonly log: string; readonly config: string; readonly differences: readonly string[] };
  "log-gpu-missing": { readonly log: string };
  "log-gpu-not-known": { readonly log: string; readonly name: string; readonly near: readonly string[] };
  "receipts-invalid": { readonly file: string; readonly key: string; readonly reason: string };
}

/** A code of the table. */
export type Code = keyof ErrorData;

/** The words for one code: what is wrong, and the next step. */
export interface ErrorInfo<Data> {
  message(data: Data): string;
  hint(data: Data): string;
}

/** `Did you mean a or b?`, or the fallback where nothing is near. */
function didYouMean(near: readonly string[], fallback: string): string {
  return near.length === 0 ? fallback : `Did you mean ${near.map((name) => `"${name}"`).join(" or ")}?`;
}

const infos: { readonly [C in Code]: ErrorInfo<ErrorData[C]> } = {
  "file-not-found": {
    message: (d) => `There is no file ${d.file}.`,
    hint: (d) => didYouMean(d.near, "Check the path; it is taken relative to the current folder."),
  },
  "file-not-readable": {
    message: (d) => `${d.file} cannot be read: ${d.reason}.`,
    hint: () => "Give the path of a text file that you may read.",
  },
  "file-not-yaml-name": {
    message: (d) => `${d.file} does not end in .yml or .yaml; PaddleSeg refuses such a config.`,
    hint: () => "Give a training config, such as configs/quick_start/pp_liteseg_optic_disc_512x512_1k.yml.",
  },
  "yaml-invalid": {
    message: (d) => `This is not YAML: ${d.reason}.`,
    hint: () => "Correct the line shown; indentation is by spaces, and a key is followed by a colon and a space.",
  },
  "yaml-too-large": {
    message: (d) => `This YAML is ${d.what}.`,
    hint: () => "No training config looks like that; check that the right file was given.",
  },
  "config-not-training": {
    message: (d) => `${d.file} is no training config: ${d.found}.`,
    hint: () =>
      "A PaddleSeg training config is a YAML mapping with model, loss, optimizer, train_dataset, batch_size, iters.",
  },
  "config-key-missing": {
    message: (d) => `${d.inside} has no ${d.key}.`,
    hint: (d) => `Add ${d.key}, or name a _base_ that has it.`,
  },
  "base-not-found": {
    message: (d) => `The _base_ file ${d.base} does not exist.`,
    hint: (d) => didYouMean(d.near, "_base_ is taken relative to the folder of the file that names it."),
  },
  "base-loop": {
    message: (d) => `These files are each other's _base_: ${d.chain.join(" -> ")}.`,
    hint: () => "Take one _base_ line out of the loop.",
  },
  "base-wrong": {
    message: (d) => `_base_ has to be a path or a list of paths, but is ${d.found}.`,
    hint: () => "Write _base_: '../_base_/cityscapes.yml', or a list of such paths.",
  },
  "merge-clash": {
    message: (d) => `${d.key} is a mapping here, but ${d.found} in the _base_ file; the two cannot be merged.`,
    hint: () => "Give it the same form as in the _base_ file.",
  },
  "value-wrong": {
    message: (d) => `${d.key} has to be ${d.wanted}, but is ${d.found}.`,
    hint: (d) => `Set ${d.key} to ${d.wanted}.`,
  },
  "value-text-number": {
    message: (d) =>
      `${d.key} is the text "${d.text}" to PaddleSeg, not a number: PyYAML reads an exponent only after a point, with a sign.`,
    hint: (d) => `Write ${d.write}.`,
  },
  "values-differ": {
    message: (d) => `${d.what} is not the same everywhere: ${d.found.join(", ")}.`,
    hint: (d) => `Give ${d.what} one value in ${d.where}.`,
  },
  "loss-count": {
    message: (d) => `loss has ${d.types} types but ${d.coefficients} coef.`,
    hint: () => "Give one type for all, or as many types as coef.",
  },
  "dataset-not-known": {
    message: (d) => `PaddleSeg has no data set ${d.type}, so the number of classes is not known.`,
    hint: (d) => didYouMean(d.near, "Use type: Dataset with num_classes, or set num_classes in model."),
  },
  "opts-form": {
    message: (d) => `--opts takes key=value with one equals sign, but got "${d.item}".`,
    hint: () => "Write for example --opts batch_size=2 model.backbone.output_stride=16.",
  },
  "opts-path": {
    message: (d) => `--opts ${d.key}: the config has no ${d.missing}.`,
    hint: (d) => didYouMean(d.near, "Name a key that the config has; only the last part of a path may be new."),
  },
  "opts-json-word": {
    message: (d) => `--opts ${d.item}: PaddleSeg reads ${d.word} as text, which counts as true.`,
    hint: (d) => `Write ${d.write}.`,
  },
  "gpu-not-known": {
    message: (d) => `No card is called "${d.name}".`,
    hint: (d) => didYouMean(d.near, "See vram-plan list gpus, or give the memory itself, such as --gpu 12GiB."),
  },
  "not-modelled": {
    message: (d) => `The ${d.kind} ${d.name} is not modelled; nothing is guessed.`,
    hint: (d) => didYouMean(d.near, `It would be added as one file in ${d.folder}, with one line in the index there.`),
  },
  "argument-wrong": {
    message: (d) => `${d.reason}.`,
    hint: (d) => didYouMean(d.near, `Correct ${d.argument} of ${d.component}.`),
  },
  "shape-refused": {
    message: (d) =>
      `The network fails at this size: ${d.op} in ${d.layer || "the training loop"} got ${d.shapes.join(" and ")}; ${d.reason}.`,
    hint: () => "Choose a size on the network's stride, as Paddle itself would refuse this one.",
  },
  "dtype-refused": {
    message: (d) => `Paddle refuses ${d.layer || "the training loop"} ${d.when}: ${d.reason}.`,
    hint: () => "Train it in fp32, or under AMP O2: --precision fp32, --amp-level O2.",
  },
  "single-precision-only": {
    message: (d) => `The op ${d.op} takes float32 only, but is given ${d.dtype}.`,
    hint: () => "Train it in fp32: --precision fp32.",
  },
  "data-parallel-stops": {
    message: (d) => `Paddle's DataParallel stops in this run: ${d.reason}.`,
    hint: () =>
      "Train on one card (--gpus 1). With several, leave out --recompute: its PyLayer hides parameters from the reducer.",
  },
  "paddle-refuses": {
    message: (d) => `Paddle cannot run the ${d.kind} ${d.component}: ${d.reason}.`,
    hint: (d) => `Choose another ${d.kind}; this one stops at its first forward, whatever the size.`,
  },
  "crop-not-known": {
    message: (d) => `No transform of train_dataset in ${d.config} fixes the size of the training images.`,
    hint: () => "Give the size, such as --crop-size 1024x512.",
  },
  "eval-size-not-known": {
    message: (d) => `The size of the validation images of ${d.dataset} is not known.`,
    hint: () => "Give the size, such as --eval-size 2048x1024.",
  },
  "logits-losses-differ": {
    message: (d) => `The network returns ${d.logits} logits, but loss has ${d.losses} terms.`,
    hint: () => "Give loss as many types and coef as the network returns logits.",
  },
  "recompute-not-known": {
    message: (d) => `There is no layer ${d.layer} to recompute.`,
    hint: (d) => didYouMean(d.near, "See the layers in vram-plan estimate CONFIG --depth 3."),
  },
  "command-not-known": {
    message: (d) => `"${d.name}" is neither a command nor a config.`,
    hint: (d) => didYouMean(d.near, "See vram-plan --help."),
  },
  "gpu-missing": {
    message: () => "A plan is made for a card, and none is given.",
    hint: (d) => `Add --gpu, such as --gpu rtx4070 or --gpu 12GiB; vram-plan estimate ${d.config} needs no card.`,
  },
  "list-not-known": {
    message: (d) => `There is no list of ${d.name}.`,
    hint: (d) => didYouMean(d.near, `There are lists of ${d.known.join(", ")}.`),
  },
  "check-card-missing": {
    message: (d) => `No card is given to check ${d.config} against.`,
    hint: () =>
      "Add --gpu, such as --gpu rtx4070 or --gpu 12GiB, or gpu: to vram-plan.yaml (vram-plan init writes one).",
  },
  "check-nothing": {
    message: (d) =>
      `No training config was found in ${d.paths.join(", ")}${d.skipped === 0 ? "" : `; ${d.skipped} YAML files are none`}.`,
    hint: () => "Give configs, folders that hold some, or globs in quotes, such as 'configs/**/*.yml'.",
  },
  "format-not-known": {
    message: (d) => `There is no format ${d.name}.`,
    hint: (d) => didYouMean(d.near, `There are ${d.known.join(", ")}; each may be given a file: json=report.json.`),
  },
  "check-name-not-known": {
    message: (d) => `--fail-on ${d.name}: that is neither a level nor a check.`,
    hint: (d) => didYouMean(d.near, `Give warn, error, or names of checks: ${d.known.join(", ")}.`),
  },
  "budget-invalid": {
    message: (d) => `The budget file ${d.file} is not valid: ${d.key}: ${d.reason}.`,
    hint: () => "vram-plan schema prints what it may hold; vram-plan init writes a first one.",
  },
  "baseline-missing": {
    message: () => "--update-baseline needs the file that it is to write.",
    hint: () => "Give it as --baseline vram-baseline.json.",
  },
  "baseline-invalid": {
    message: (d) => `The baseline ${d.file} is not valid: ${d.reason}.`,
    hint: () => "Write it with --update-baseline.",
  },
  "base-no-git": {
    message: (d) => `--base ${d.ref} needs git, and git says: ${d.reason}.`,
    hint: () => "Run in a working tree of git, or leave --base out.",
  },
  "base-shallow": {
    message: (d) => `This clone is shallow: the commit that ${d.ref} and HEAD share is not in it.`,
    hint: () => "In GitHub Actions give actions/checkout `fetch-depth: 0`; elsewhere run git fetch --unshallow.",
  },
  "base-not-known": {
    message: (d) => `git knows no commit ${d.ref}.`,
    hint: (d) => didYouMean(d.near, "Fetch it first, such as git fetch origin main, and name it origin/main."),
  },
  "base-unrelated": {
    message: (d) => `${d.ref} and HEAD share no commit.`,
    hint: () => "Give the branch that the change is to be merged into.",
  },
  "report-invalid": {
    message: (d) => `${d.file} is no saved report: ${d.reason}.`,
    hint: () => "Save one with vram-plan estimate CONFIG --json > report.json.",
  },
  "schema-not-known": {
    message: (d) => `There is no schema ${d.name}.`,
    hint: (d) => didYouMean(d.near, `There are ${d.known.join(", ")}.`),
  },
  "out-is-input": {
    message: (d) => `--out ${d.out} is a file that the config is made of; vram-plan never changes those.`,
    hint: () => "Give another name, beside the config.",
  },
  "out-exists": {
    message: (d) => `${d.out} exists, and vram-plan did not write it.`,
    hint: () => "Give another name, or remove the file.",
  },
  "out-differs": {
    message: (d) => `${d.out} exists, and is another than the one that this vram-plan has.`,
    hint: () => "Remove it to have it written anew, or give --out another folder.",
  },
  "out-impossible": {
    message: (d) => `${d.out} cannot be written: ${d.reason}.`,
    hint: () => "Give a file name in a folder that exists and that you may write to.",
  },
  "run-not-modelled": {
    message: (d) => `A run with ${d.what} is not modelled: ${d.reason}.`,
    hint: (d) => d.instead,
  },
  "gpu-auto-failed": {
    message: (d) => `--gpu auto found no card: ${d.reason}.`,
    hint: () =>
      "Name the card, such as --gpu rtx4070, or its memory, such as --gpu 12GiB; --gpu-free says what of it is free.",
  },
  "log-no-memory": {
    message: (d) => `${d.log} has no memory line (max_mem_reserved: … MB) and no out-of-memory message.`,
    hint: () =>
      "PaddleSeg prints them from 2.9 on with a GPU build of Paddle, unless the config says print_mem_info: False.",
  },
  "log-config-missing": {
    message: (d) => `${d.log} has no dump of its config (Config Information).`,
    hint: () => "Give the config that it is of, such as --config train.yml.",
  },
  "log-other-config": {
    message: (d) => `${d.log} is of another config than ${d.config}: ${d.differences.join("; ")}.`,
    hint: () => "Leave --config out to take the config that the log holds, or give the values of that run as flags.",
  },
  "log-gpu-missing": {
    message: (d) => `${d.log} does not say which card it is of.`,
    hint: () => "Give it, such as --gpu rtx4070.",
  },
  "log-gpu-not-known": {
    message: (d) =>
      `${d.log} is of the card "${d.name}", which names no card here; PaddleSeg cuts names after two words.`,
    hint: (d) => didYouMean(d.near, "Give the card, such as --gpu rtx4070."),
  },
  "receipts-invalid": {
    message: (d) => `The receipts ${d.file} are not valid: ${d.key}: ${d.reason}.`,
    hint: () => "Correct the file or take it back from version control; vram-plan calibrate adds to it.",
  },
  "runtime-not-known": {
    message: (d) => `No runtime is called "${d.name}".`,
    hint: (d) => `These are known: ${d.known.join(", ")}.`,
  },
  "preset-invalid": {
    message: (d) => `The preset ${d.file} is not valid: ${d.reason}.`,
    hint: () => "Correct the file, or install vram-plan again.",
  },
  "edit-impossible": {
    message: (d) => `${d.key} cannot be changed in this file: ${d.reason}.`,
    hint: (d) => `Change ${d.key} by hand.`,
  },
};

/** Every code, for tests. */
export const codes: readonly string[] = Object.keys(infos);

/** A user's mistake. Anything else that is thrown is a bug and keeps its stack. */
export class UserError<C extends Code = Code> extends Error {
  readonly code: C;
  readonly data: ErrorData[C];
  readonly hint: string;
  readonly location: ErrorLocation | undefined;

  constructor(code: C, data: ErrorData[C], location?: ErrorLocation) {
    const info = infos[code];
    super(info.message(data));
    this.name = "UserError";
    this.code = code;
    this.data = data;
    this.hint = info.hint(data);
    this.location = location;
  }
}

/** Text that a terminal takes as text: tabs become one blank (columns stay), other control characters a mark. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/\t/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\u00b7");
}

/** Columns of source that a frame shows; a longer line is cut around the caret. */
const frameWidth = 100;

/** Two lines around the place, the line itself marked, and a caret under the column. */
export function codeFrame(text: string, location: ErrorLocation): string {
  const lines = text.split(/\r\n|\r|\n/);
  if (location.line < 1 || location.line > lines.length) return "";
  const first = Math.max(1, location.line - 2);
  const last = Math.min(lines.length, location.line + 2);
  const cut = Math.max(0, location.column - Math.ceil(frameWidth / 2));
  const digits = String(last).length;
  const out: string[] = [];
  for (let line = first; line <= last; line++) {
    const source = printable((lines[line - 1] ?? "").slice(cut, cut + frameWidth));
    out.push(`${line === location.line ? ">" : " "} ${String(line).padStart(digits)} | ${source}`.trimEnd());
    if (line === location.line) out.push(`  ${" ".repeat(digits)} | ${" ".repeat(location.column - 1 - cut)}^`);
  }
  return out.join("\n");
}

/** `file:line:column`, the message, a code frame where the file can be read again, and the next step. Ends without a newline. */
export function renderUserError(error: UserError, readText?: (file: string) => string): string {
  const place = error.location;
  const where = place === undefined ? "" : `${printable(place.file)}:${place.line}:${place.column}: `;
  const parts = [`error: ${where}${printable(error.message)}`];
  if (place !== undefined && readText !== undefined) {
    let text: string | undefined;
    try {
      text = readText(place.file);
    } catch {
      // The frame is a courtesy: a file that is gone by now costs only the frame.
    }
    const frame = text === undefined ? "" : codeFrame(text, place);
    if (frame !== "") parts.push(frame);
  }
  parts.push(`hint: ${printable(error.hint)}`);
  return parts.join("\n\n");
}

/** Edits between two words: insert, delete, replace, swap of neighbours. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Letters and digits only, so that `rtx-4070` is near `RTX 4070`. */
function bare(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]+/g, "");
}

/** Longest word that is compared letter by letter; a longer one is no typing slip. */
const longestWord = 120;

/** The candidates nearest to a word, best first, at most `limit`: few edits, or the word is a good part of the candidate. */
export function suggest(word: string, candidates: Iterable<string>, limit = 3): readonly string[] {
  const wanted = bare(word);
  if (wanted === "" || wanted.length > longestWord) return [];
  const scored: { name: string; score: number }[] = [];
  for (const name of new Set(candidates)) {
    const key = bare(name);
    // A third of the letters may be wrong, at least one.
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, key.length) / 3));
    const inside = wanted.length >= 3 && key.includes(wanted);
    const far = Math.abs(wanted.length - key.length) > allowed;
    const score = inside ? 0.5 : far ? Number.POSITIVE_INFINITY : editDistance(wanted, key);
    if (score <= allowed) scored.push({ name, score: score + Math.abs(wanted.length - key.length) / 1000 });
  }
  return scored
    .sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map((s) => s.name);
}
