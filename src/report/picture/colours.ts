/** @file The colours of the pictures, for light and dark, as CSS: kinds are `.k-KIND`, set by the reader's own preference. */
import type { StorageKind } from "../../engine/events.ts";

/** Light, then dark. Neighbours in the stack differ in lightness too, so that they part without colour. */
const kinds: Readonly<Record<StorageKind, readonly [string, string]>> = {
  parameter: ["#33577f", "#5b8fd0"],
  buffer: ["#8a94a0", "#8a94a0"],
  "optimizer-state": ["#4fa3a0", "#3e8f8c"],
  gradient: ["#4d8b31", "#7cc35a"],
  input: ["#c9a227", "#b08d1f"],
  activation: ["#f0a35a", "#e0863a"],
  temporary: ["#c8485c", "#e2758a"],
  workspace: ["#8a5aa8", "#b58ad0"],
};

/** Ink, faint ink, paper, raised paper, lines, good, warning, bad. */
const others: Readonly<Record<string, readonly [string, string]>> = {
  ink: ["#1c2126", "#e8eaed"],
  faint: ["#59636e", "#a3adb8"],
  paper: ["#ffffff", "#14171a"],
  raised: ["#f4f6f8", "#1e2328"],
  line: ["#d5dbe1", "#363d45"],
  good: ["#1a7f37", "#57c878"],
  warning: ["#8a5a00", "#e3b341"],
  bad: ["#b42318", "#ff8577"],
  accent: ["#0b5cad", "#79b8ff"],
};

function values(scheme: 0 | 1): string {
  return [...Object.entries(others), ...Object.entries(kinds).map(([kind, pair]) => [`k-${kind}`, pair] as const)]
    .map(([name, pair]) => `--${name}:${pair[scheme]}`)
    .join(";");
}

/** Custom properties on `selector`, and a class for each kind; `print` stays light. */
export function colourStyle(selector: string): string {
  const classes = Object.keys(kinds).map((kind) => `.k-${kind}{fill:var(--k-${kind});background:var(--k-${kind})}`);
  return `${selector}{${values(0)};color-scheme:light dark}
@media screen and (prefers-color-scheme:dark){${selector}{${values(1)}}}
${classes.join("\n")}`;
}
