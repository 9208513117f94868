/** @file Text made safe for HTML and SVG, and JSON for a script element. */

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
// XML 1.0 (section 2.2) has no place for these, not even as entities.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** For elements and for attributes in quotes of either kind. */
export function escapeText(text: string): string {
  return text.replace(notXml, "\ufffd").replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

/** JSON inside `<script>`: no `<` can end it, and old parsers of JavaScript take U+2028 and U+2029 for line ends. */
export function escapeJson(json: string): string {
  return json.replace(/[<\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
