/** @file `-` in place of a config: its text comes from standard input, its name from --stdin-path. */
import type { Host } from "./host.ts";

/** The name that a config from standard input has in messages, where none is given. */
const defaultName = "stdin.yml";

const flag = "--stdin-path";

/** A host on which `-` is a file. The text is read once; the same host where no argument is `-`. */
export function withStdin(host: Host): Host {
  const { readStdin } = host;
  if (readStdin === undefined || !host.args.includes("-")) return host;
  const { path, args } = takePath(host.args);
  let text: string | undefined;
  return {
    ...host,
    args: args.map((argument) => (argument === "-" ? path : argument)),
    readText: (file) => {
      if (file !== path) return host.readText(file);
      text ??= readStdin();
      return text;
    },
    exists: (file) => file === path || host.exists(file),
  };
}

/** The value of --stdin-path (or --stdin_path, as PaddleSeg spells flags), and the arguments without it. */
function takePath(all: readonly string[]): { readonly path: string; readonly args: readonly string[] } {
  const args: string[] = [];
  let path = defaultName;
  for (let i = 0; i < all.length; i++) {
    const [name = "", ...value] = (all[i] ?? "").split("=");
    if (name.replaceAll("_", "-") !== flag) args.push(all[i] ?? "");
    else path = (value.length > 0 ? value.join("=") : all[++i]) ?? defaultName;
  }
  return { path, args };
}
