/** @file Bytes: parse what a person writes, format what a person reads; the only file that knows 1024. */

/** 2^10 bytes. */
export const KiB = 1024;
/** 2^20 bytes: nvidia-smi's and PaddleSeg's unit. */
export const MiB = KiB * 1024;
/** 2^30 bytes. */
export const GiB = MiB * 1024;
/** 2^40 bytes. */
export const TiB = GiB * 1024;

/** IEC 80000-13: the i means powers of two, its absence powers of ten, so 12GB is 12,000,000,000 and 12GiB 12,884,901,888. */
const unitBytes: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["tb", 1e12],
  ["kib", KiB],
  ["mib", MiB],
  ["gib", GiB],
  ["tib", TiB],
]);

/**
 * Reads `12GiB`, `512 MiB`, `11.2 GiB`, `12GB` (10^9), or plain bytes; rounds to whole bytes.
 * Undefined for anything else: negative numbers, a bare `12G` (which of the two?), fractions of a byte.
 */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*([kmgt]?i?b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const unit = unitBytes.get((match[2] ?? "").toLowerCase());
  if (unit === undefined) return undefined;
  if (unit === 1 && !/^\d+$/.test(match[1] ?? "")) return undefined;
  const bytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Three digits that count: 9.87, 12.1, 123; from 1000 on all digits. */
function threeDigits(value: number): string {
  if (Number(value.toFixed(2)) < 10) return value.toFixed(2);
  if (Number(value.toFixed(1)) < 100) return value.toFixed(1);
  return value.toFixed(0);
}

/** `512 B`, `3.50 KiB`, `742 MiB`, `11.9 GiB`: three digits in the unit that keeps the number under 1024. */
export function formatBytes(bytes: number): string {
  const sign = bytes < 0 ? "-" : "";
  const size = Math.abs(bytes);
  if (size < KiB) return `${sign}${size} B`;
  const scales: readonly (readonly [number, string])[] = [
    [KiB, "KiB"],
    [MiB, "MiB"],
    [GiB, "GiB"],
  ];
  for (const [unit, name] of scales) {
    if (Math.round(size / unit) < 1024) return `${sign}${threeDigits(size / unit)} ${name}`;
  }
  return `${sign}${threeDigits(size / TiB)} TiB`;
}

/** Whole MiB as nvidia-smi shows them: `11375 MiB`. */
export function formatMiB(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`;
}

/** GiB with a fixed number of digits, for columns: `11.91 GiB`. */
export function formatGiB(bytes: number, digits = 2): string {
  return `${(bytes / GiB).toFixed(digits)} GiB`;
}
