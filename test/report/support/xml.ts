/** @file Whether a text is well-formed XML, as far as these pictures go: tags that match, attributes in quotes, no stray signs. */

/** Throws with the place of the first fault. */
export function checkXml(text: string): void {
  const open: string[] = [];
  const token = /<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let end = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    end = token.lastIndex;
    const [, closing, name = "", attributes = "", empty, words] = match;
    const stray = /&(?!(?:amp|lt|gt|quot|#39);)/.exec(words ?? attributes);
    if (stray !== null) throw new Error(`a bare & near ${(words ?? attributes).slice(stray.index, stray.index + 30)}`);
    if (words !== undefined) continue;
    if (closing === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else if (empty !== "/") open.push(name);
  }
  if (end !== text.length) throw new Error(`no XML at ${text.slice(end, end + 60)}`);
  if (open.length > 0) throw new Error(`not closed: ${open.join(", ")}`);
}
