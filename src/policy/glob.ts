/** @file Globs over paths with forward slashes: `*`, `?`, `**`, `{a,b}`, `[ab]`. */

/** Whether a text is a pattern and not a plain path. */
export function isGlob(text: string): boolean {
  return /[*?{[]/.test(text);
}

/** The folder above the first pattern: where a walk has to start. */
export function globRoot(pattern: string): string {
  const parts = pattern.split("/");
  const first = parts.findIndex(isGlob);
  const root = parts.slice(0, first < 0 ? -1 : first).join("/");
  return root === "" ? (pattern.startsWith("/") ? "/" : ".") : root;
}

const literal = (text: string): string => text.replace(/[.+^$()|\\{}[\]]/g, "\\$&");

/** One pattern as a regular expression over a whole path. A pattern without a slash is one of names, in any folder. */
export function globExpression(pattern: string): RegExp {
  const plain = pattern.replace(/^\.\//, "");
  const body = translate(plain);
  return new RegExp(`^${pattern.includes("/") ? "" : "(?:.*/)?"}${body}$`);
}

function translate(pattern: string): string {
  let out = "";
  for (let i = 0; i < pattern.length; i++) {
    const rest = pattern.slice(i);
    const [token = "", group] = /^\*\*\/|^\*+|^\?|^\{([^{}]*)\}|^\[[^\]/]+\]/.exec(rest) ?? [];
    if (token === "") out += literal(rest[0] ?? "");
    else if (token === "**/") out += "(?:[^/]+/)*";
    else if (token === "*") out += "[^/]*";
    else if (token === "?") out += "[^/]";
    else if (token.startsWith("*")) out += ".*";
    else if (group !== undefined) out += `(?:${group.split(",").map(translate).join("|")})`;
    else out += token.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    i += Math.max(0, token.length - 1);
  }
  return out;
}
