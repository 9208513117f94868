/** @file The base of a change: the commit that both sides share, and its files as if they lay in the working folder. */
import { join, normalize, relative, resolve } from "node:path";
import { suggest, UserError } from "../../errors.ts";
import { asIs } from "../../words/phrase.ts";
import type { Host } from "../host.ts";

/** The working folder as it was in the base. */
export interface BaseTree {
  readonly ref: string;
  /** The merge base. */
  readonly commit: string;
  /** From the top of the repository to the working folder, with a slash at its end, or empty. */
  readonly prefix: string;
  /** Whether a file is not what it was, or was not there. */
  isChanged(path: string): boolean;
  /** The name that a file had; its own where it was not renamed. Undefined: it is new. */
  nameBefore(path: string): string | undefined;
  /** As node:fs does, it throws ENOENT where there was no such file. */
  readText(path: string): string;
  exists(path: string): boolean;
}

const listed = (text: string): readonly string[] => text.split("\0").filter((name) => name !== "");
const firstLine = (text: string): string => (text.trim().split("\n")[0] ?? "").replace(/^fatal: /, "");

/** Folders from the top of the repository to here; undefined where this is no working tree of git. */
export function gitPrefix(host: Host): string | undefined {
  const { code, out } = host.git(["rev-parse", "--show-prefix"]);
  return code === 0 ? out.trim() : undefined;
}

/** The merge base of HEAD and a ref. Throws `base-no-git`, `base-not-known`, `base-shallow` or `base-unrelated`. */
export function findMergeBase(host: Host, ref: string): string {
  const inside = host.git(["rev-parse", "--is-inside-work-tree"]);
  if (inside.code !== 0) throw new UserError("base-no-git", { ref, reason: asIs(firstLine(inside.err)) });
  const isShallow = (): boolean => host.git(["rev-parse", "--is-shallow-repository"]).out.trim() === "true";
  const found = host.git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
  if (found.code !== 0) {
    if (isShallow()) throw new UserError("base-shallow", { ref });
    const refs = host.git(["for-each-ref", "--format=%(refname:short)"]).out.trim().split("\n");
    throw new UserError("base-not-known", { ref, near: suggest(ref, refs) });
  }
  const shared = host.git(["merge-base", "HEAD", found.out.trim()]);
  if (shared.code === 0) return shared.out.trim();
  if (isShallow()) throw new UserError("base-shallow", { ref });
  throw new UserError("base-unrelated", { ref });
}

function missing(path: string): Error {
  return Object.assign(new Error(`${path} is not in the base`), { code: "ENOENT" });
}

/** Names that changed since a commit, and what renamed files were called; both from the top of the repository. */
function changesSince(host: Host, commit: string): { changed: Set<string>; renamed: Map<string, string> } {
  const diff = host.git(["diff", "--name-status", "-z", "-M", "--no-ext-diff", "--no-relative", commit, "--"]);
  const words = listed(diff.out);
  const changed = new Set<string>();
  const renamed = new Map<string, string>();
  for (let i = 0; i < words.length; ) {
    const status = words[i] ?? "";
    const [first = "", second = ""] = [words[i + 1], words[i + 2]];
    changed.add(first);
    if (/^[RC]/.test(status)) {
      changed.add(second);
      renamed.set(second, first);
    }
    i += /^[RC]/.test(status) ? 3 : 2;
  }
  return { changed, renamed };
}

/** The tree of the merge base; files that did not change are read from disk. */
export function openBase(host: Host, ref: string): BaseTree {
  const commit = findMergeBase(host, ref);
  const prefix = gitPrefix(host) ?? "";
  const names = new Set(listed(host.git(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit]).out));
  const { changed, renamed } = changesSince(host, commit);
  const texts = new Map<string, string>();
  const inRepository = (path: string): string =>
    normalize(join(prefix, relative(host.cwd, resolve(host.cwd, path)))).replaceAll("\\", "/");
  const isOutside = (name: string): boolean => name.startsWith("../");
  const show = (name: string): string => {
    const known = texts.get(name);
    if (known !== undefined) return known;
    const { code, out, err } = host.git(["show", `${commit}:${name}`]);
    if (code !== 0) throw new Error(`git show ${commit}:${name} failed: ${err}`);
    texts.set(name, out);
    return out;
  };
  return {
    ref,
    commit,
    prefix,
    isChanged: (path) => {
      const name = inRepository(path);
      return !isOutside(name) && (changed.has(name) || !names.has(name));
    },
    nameBefore: (path) => {
      const name = inRepository(path);
      if (isOutside(name) || names.has(name)) return path;
      const before = renamed.get(name);
      // Back from the top of the repository to a path from the working folder.
      return before === undefined ? undefined : join(prefix.replace(/[^/]+/g, ".."), before);
    },
    readText: (path) => {
      const name = inRepository(path);
      if (isOutside(name)) return host.readText(path);
      if (!names.has(name)) throw missing(path);
      return changed.has(name) ? show(name) : host.readText(path);
    },
    exists: (path) => {
      const name = inRepository(path);
      return isOutside(name) ? host.exists(path) : names.has(name);
    },
  };
}

/** `REF:path` as files of that commit. Undefined where the text has no such form or git knows no such commit. */
export function resolveRef(
  host: Host,
  text: string,
): { readonly path: string; readonly files: Pick<Host, "readText" | "exists"> } | undefined {
  const [, ref = "", path = ""] = /^([^:]+):(.+)$/.exec(text) ?? [];
  if (ref === "") return undefined;
  const found = host.git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
  if (found.code !== 0) {
    const refs = host.git(["for-each-ref", "--format=%(refname:short)"]).out.trim().split("\n");
    throw new UserError("base-not-known", { ref, near: suggest(ref, refs) });
  }
  const prefix = gitPrefix(host) ?? "";
  const show = (file: string) => host.git(["show", `${found.out.trim()}:${normalize(join(prefix, file))}`]);
  return {
    path,
    files: {
      readText: (file) => {
        const { code, out } = show(file);
        if (code !== 0) throw missing(file);
        return out;
      },
      exists: (file) => show(file).code === 0,
    },
  };
}
