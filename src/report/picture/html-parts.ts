/** @file Small pieces of HTML: sizes that keep their exact bytes, tables, sections. */
import { formatBytes } from "../../units.ts";
import { escapeText } from "./escape.ts";

/** Safe text. */
export const t = escapeText;

/** A size as a person reads it, with its exact bytes and its path in the JSON. */
export function size(bytes: number, path: string): string {
  return `<data value="${bytes}" data-path="${t(path)}">${t(formatBytes(bytes))}</data>`;
}

/** A section with its heading; nothing where there is no content. */
export function section(id: string, title: string, body: string): string {
  if (body === "") return "";
  return `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${t(title)}</h2>\n${body}\n</section>`;
}

/** Cells are HTML already; columns named in `numbers` stand to the right. The first cell of a row is its head. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = [],
  label = "",
): string {
  const className = (i: number): string => (numbers.includes(i) ? ' class="number"' : "");
  const head = heads
    .map((text, i) => (text === "" ? "<td></td>" : `<th scope="col"${className(i)}>${t(text)}</th>`))
    .join("");
  const body = rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === 0 ? `<th scope="row"${className(i)}>${cell}</th>` : `<td${className(i)}>${cell}</td>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  const name = label === "" ? "" : ` aria-label="${t(label)}"`;
  return `<div class="scroll" tabindex="0" role="group"${name}><table><thead><tr>${head}</tr></thead><tbody>
${body.join("\n")}
</tbody></table></div>`;
}

/** A bar of a share of the whole; decoration, as the number stands beside it. */
export function bar(part: number, whole: number, className: string): string {
  const percent = whole > 0 ? Math.max(0, Math.min(100, (100 * part) / whole)) : 0;
  return `<span class="bar" aria-hidden="true"><span class="${className}" style="width:${percent.toFixed(2)}%"></span></span>`;
}
