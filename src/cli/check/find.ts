/** @file Paths as people give them (files, folders, globs) to config files. */
import { normalize } from "node:path";
import { globExpression, globRoot, isGlob } from "../../policy/glob.ts";
import type { Host } from "../host.ts";

/** A file to look at; `isNamed`: the user wrote its name, so it has to be a config. */
export interface FoundFile {
  readonly file: string;
  readonly isNamed: boolean;
}

const yaml = /\.ya?ml$/;

function* filesOf(host: Host, path: string): Generator<FoundFile> {
  if (host.isFolder(path)) {
    const folder = normalize(path).replace(/(.)\/$/, "$1");
    for (const file of host.walk(folder)) if (yaml.test(file)) yield { file, isNamed: false };
  } else if (isGlob(path) && !host.exists(path)) {
    const root = globRoot(path);
    const wanted = path.includes("/") ? globExpression(path) : globExpression(`./${path}`);
    if (!host.isFolder(root)) return;
    for (const file of host.walk(root)) if (yaml.test(file) && wanted.test(file)) yield { file, isNamed: false };
  } else yield { file: path, isNamed: true };
}

/** Every file once, in the order of the paths; named where one of the paths is its name. */
export function findFiles(host: Host, paths: readonly string[]): readonly FoundFile[] {
  const found = new Map<string, FoundFile>();
  for (const one of paths.flatMap((path) => [...filesOf(host, path)])) {
    const key = normalize(one.file);
    const known = found.get(key);
    if (known === undefined || (one.isNamed && !known.isNamed)) found.set(key, one);
  }
  return [...found.values()];
}
