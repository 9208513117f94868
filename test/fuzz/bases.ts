/** @file What is damaged: the recipes, the configs of every measured network, and PaddleSeg's own where they are at hand. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";

const root = process.env.VRAM_PLAN_ROOT ?? join(import.meta.dirname, "../..");
const recipes = join(root, "presets/recipes");
const paddleseg = join(root, "../shared/reference/PaddleSeg/configs");

/** Whether PaddleSeg's configs lie beside the project. */
export const hasPaddleseg = existsSync(paddleseg);

/** A config, and the files that its `_base_` may name: all by their names in one folder. */
export interface Base {
  readonly name: string;
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
}

function packed(): readonly Base[] {
  const rows = readFileSync(join(root, "test/truth/configs.jsonl"), "utf8").trim().split("\n");
  return rows.map((row) => {
    const { key, resolved }: { key: string; resolved: unknown } = JSON.parse(row);
    return { name: `measured ${key}`, text: stringify(resolved, { version: "1.1" }), files: {} };
  });
}

/** `_base_` is made to name a file of the same folder; the bases' own bases are kept in the same way. */
function ownFolder(): readonly Base[] {
  const flat = (text: string): string =>
    text.replace(/^(_base_: *['"]?)([^'"\n]+)/gm, (_, head: string, path: string) => head + flatName(path));
  const flatName = (path: string): string => path.replace(/^(?:\.\.?\/)+/, "").replaceAll("/", "-");
  const names = readdirSync(paddleseg, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yml"))
    .sort();
  const files = Object.fromEntries(
    names.flatMap((name) => {
      const text = flat(readFileSync(join(paddleseg, name), "utf8"));
      // A base is named from its own folder or from the one beside it.
      return [
        [flatName(name), text],
        [flatName(name.split("/").at(-1) ?? name), text],
      ];
    }),
  );
  return names.map((name) => ({ name, text: files[flatName(name)] ?? "", files }));
}

/** All of them. */
export function readBases(): readonly Base[] {
  const own = readdirSync(recipes).map((name) => ({
    name,
    text: readFileSync(join(recipes, name), "utf8"),
    files: {},
  }));
  return [...own, ...own, ...own, ...packed(), ...(hasPaddleseg ? ownFolder() : [])];
}
