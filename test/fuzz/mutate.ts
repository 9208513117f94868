/** @file Damage to a config: bytes, lines, values, shape, anchors, bases. Each is a function of the text and of chance. */
import { parse, stringify } from "yaml";
import { lossNames, networkNames } from "../../src/catalog.ts";
import { backbones } from "../../src/models/backbones/index.ts";
import type { Chance } from "./random.ts";

/** One way to damage a text. */
export type Mutation = (text: string, chance: Chance) => string;

/** Values where another was: of every type, and numbers at every limit that a program may have. */
export const nasty: readonly string[] = [
  ..."0 1 2 3 7 -1 -2147483648 65536 1000000000 2147483647 2147483648 4294967296 9007199254740991".split(" "),
  ..."9007199254740993 1000000000000000000000000000000 1.0e+308 1.0e+999 -1.0e+308 1.0e-320 .inf -.inf .nan".split(" "),
  ..."0.5 -0.5 1.0 -0.0 1e5 1e-5 1_000 0x7fffffff 0o17 017 0b1 1:30 2001-01-01 ~ null true no off".split(" "),
  ..."[] {} [[]] [{}] [0] [-1] [1] [1,2] [1,2,3] [0,0] [1000000000,1000000000] [1024,-512] [1024,512.0] ['a','b']".split(
    " ",
  ),
  ..."'' ' ' text '1024' \"\\0\" \"\\u2028\" __proto__ constructor toString hasOwnProperty *nothing &a &a[*a] <<".split(
    " ",
  ),
  ..."!!python/object/apply:os.system !!float !!int !!str !!binary !!set {type:null} {type:[]} {type:''}".split(" "),
  "{type: X}",
  "[null, null]",
  "{a: {a: {a: {a: 1}}}}",
  "!!python/tuple [1, 2]",
  "{type: PPLiteSeg}",

  "|\n  a\n  b",
  "'\u{1F600}'",
  "x".repeat(5000),
  "9".repeat(400),
];

const lines = (text: string): string[] => text.split("\n");

/** Indices of lines that set a value. */
const setting = (all: readonly string[]): number[] => all.flatMap((line, i) => (/^[^#]*:\s*\S/.test(line) ? [i] : []));

const flipBytes: Mutation = (text, { below }) => {
  const bytes = Buffer.from(text);
  for (let n = 1 + below(8); n > 0; n--) bytes[below(bytes.length)] = below(256);
  return bytes.toString("utf8");
};

const dropBytes: Mutation = (text, { below }) => {
  const at = below(text.length);
  return text.slice(0, at) + text.slice(at + 1 + below(40));
};

const cutOff: Mutation = (text, { below }) => text.slice(0, below(text.length));

const dropLine: Mutation = (text, { below }) => {
  const all = lines(text);
  all.splice(below(all.length), 1 + below(3));
  return all.join("\n");
};

const doubleLine: Mutation = (text, { below }) => {
  const all = lines(text);
  const [from, to] = [below(all.length), below(all.length)];
  all.splice(to, 0, all[from] ?? "");
  return all.join("\n");
};

const indentLine: Mutation = (text, chance) => {
  const all = lines(text);
  const at = chance.below(all.length);
  all[at] = chance.pick([" ", "  ", "\t", "\u00a0", "- ", "? ", ": "]) + (all[at] ?? "");
  return all.join("\n");
};

const nastyValue: Mutation = (text, chance) => {
  const all = lines(text);
  const at = chance.pick(setting(all)) ?? 0;
  all[at] = (all[at] ?? "").replace(/:\s.*$/, () => `: ${chance.pick(nasty)}`);
  return all.join("\n");
};

const strangeText: Mutation = (text, chance) => {
  const at = chance.below(text.length);
  const piece = chance.pick([
    "\t",
    "\r",
    "\0",
    "\u2028",
    "\ufeff",
    "\ufffd",
    "\ud800",
    "%YAML 9.9\n",
    "\n---\n",
    "\n...\n",
    "&a ",
    "*a ",
    "!!x ",
    "{",
    "[",
    "'",
    '"',
    "#",
    "|",
    ">",
    "`",
    "@",
  ]);
  return text.slice(0, at) + piece + text.slice(at);
};

const lineEnds: Mutation = (text, chance) =>
  chance.pick<(text: string) => string>([
    (t) => t.replaceAll("\n", "\r\n"),
    (t) => t.replaceAll("\n", "\r"),
    (t) => `\ufeff${t}`,
    (t) => t.replaceAll("  ", "\t"),
    (t) => t.trimEnd(),
    (t) => `%YAML 1.2\n---\n${t}`,
    (t) => `${t}\n---\n${t}`,
  ])(text);

const deepNest: Mutation = (text, chance) => {
  const depth = chance.pick([10, 200, 300, 3000, 50_000]);
  const [open, close] = chance.pick([
    ["[", "]"],
    ["{a: ", "}"],
    ["- ", ""],
    ["? ", ""],
    ["[{a: ", "}]"],
  ] as const);
  return `${text}\nx: ${chance.pick(["", "\n"])}${open.repeat(depth)}1${close.repeat(chance.pick([depth, 0]))}\n`;
};

const deepBlock: Mutation = (text, chance) => {
  const depth = chance.pick([20, 200, 600]);
  return `${text}\n${Array.from({ length: depth }, (_, i) => `${" ".repeat(i)}a:`).join("\n")}\n`;
};

const laughs: Mutation = (text, chance) => {
  const [width, levels] = [2 + chance.below(9), 5 + chance.below(30)];
  const rows = Array.from({ length: levels }, (_, i) => {
    const of = i === 0 ? "lol" : `*l${i - 1}`;
    const items = Array.from({ length: width }, () => of).join(", ");
    return chance.below(2) === 0 || i === 0
      ? `l${i}: &l${i} [${items}]`
      : `l${i}: &l${i} {<<: [${items}], k${i}: ${of}}`;
  });
  return `${rows.join("\n")}\n${text}\n${chance.pick(["", "model: ", "batch_size: "])}${chance.pick(["", `*l${levels - 1}`])}\n`;
};

const aliased: Mutation = (text, chance) => {
  const all = lines(text);
  const [a, b] = [chance.pick(setting(all)) ?? 0, chance.pick(setting(all)) ?? 0];
  all[a] = (all[a] ?? "").replace(/: */, ": &z ");
  all[b] = (all[b] ?? "").replace(/:\s.*$/, ": *z");
  return all.join("\n");
};

const bases: Mutation = (text, chance) => {
  const base = chance.pick([
    "c.yml",
    "[c.yml]",
    "a.yml",
    "[a.yml, b.yml, a.yml]",
    "[]",
    "{}",
    "''",
    "nothing.yml",
    "..",
    ".",
    "/",
    "/dev/null",
    "5",
    "~",
    "[~]",
    "doubles-0.yml",
    "loop-a.yml",
    "'a.yml\\0'",
    "[[a.yml]]",
    "*x",
  ]);
  return chance.below(2) === 0 ? `_base_: ${base}\n${text}` : `${text.replace(/^_base_.*$/gm, "")}\n_base_: ${base}\n`;
};

/** A value somewhere in the tree of the text is replaced, removed, moved or repeated. */
const tree: Mutation = (text, chance) => {
  let root: unknown;
  try {
    root = parse(text, { version: "1.1", logLevel: "error" });
  } catch {
    return nastyValue(text, chance);
  }
  const spots: { holder: Record<string, unknown>; key: string }[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    for (const key of Object.keys(value)) {
      const holder = value as Record<string, unknown>;
      spots.push({ holder, key });
      visit(holder[key]);
    }
  };
  visit(root);
  if (spots.length === 0) return text;
  for (let n = 1 + chance.below(3); n > 0; n--) {
    const { holder, key } = chance.pick(spots);
    const old = holder[key];
    holder[key] = chance.pick<() => unknown>([
      () => undefined,
      () => chance.pick(spots).holder,
      () => chance.pick(spots).holder[chance.pick(spots).key],
      () => (Array.isArray(old) ? [...old, ...old] : [old]),
      () => (Array.isArray(old) ? old.slice(1) : [old, old]),
      () => (typeof old === "number" ? old * chance.pick([0, -1, 10, 1000, 1e6, 1e9, 0.5, 1.5]) : String(old)),
      () => (typeof old === "number" ? chance.below(20) - 4 : null),
      () => ({ type: old }),
    ])();
    if (Array.isArray(holder) && holder[Number(key)] === undefined) holder.splice(Number(key), 1);
  }
  try {
    return stringify(root, { version: "1.1", aliasDuplicateObjects: chance.below(2) === 0 });
  } catch {
    return text;
  }
};

/** Another network, backbone or loss in its place. */
const otherType: Mutation = (text, chance) => {
  const types = text.match(/type: *['"]?\w+/g) ?? [];
  if (types.length === 0) return text;
  const names = [
    networkNames(),
    Object.keys(backbones),
    lossNames(),
    ["SGD", "Adam", "AdamW", "Momentum", "RMSProp", "Dataset"],
  ];
  return text.replace(chance.pick(types), `type: ${chance.pick(chance.pick(names))}`);
};

/** All mutations, by name. */
export const mutations: Readonly<Record<string, Mutation>> = {
  flipBytes,
  dropBytes,
  cutOff,
  dropLine,
  doubleLine,
  indentLine,
  nastyValue,
  strangeText,
  lineEnds,
  deepNest,
  deepBlock,
  laughs,
  aliased,
  bases,
  tree,
  otherType,
};

/** How often each is taken: those that reach past the parser more often. */
const weighted: readonly string[] = [
  ...Object.keys(mutations),
  ..."nastyValue nastyValue nastyValue tree tree tree tree otherType otherType".split(" "),
];

/** A text damaged one to three times. */
export function damage(text: string, chance: Chance): { readonly text: string; readonly how: readonly string[] } {
  const how = Array.from({ length: chance.pick([1, 1, 2, 3]) }, () => chance.pick(weighted));
  return { text: how.reduce((t, name) => mutations[name]!(t === "" ? "a: 1\n" : t, chance), text), how };
}
