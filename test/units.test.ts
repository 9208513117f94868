/** @file Bytes read and written. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatBytes, formatGiB, formatMiB, GiB, KiB, MiB, parseBytes, TiB } from "../src/units.ts";

describe("parseBytes", () => {
  it.each([
    ["12GiB", 12_884_901_888],
    ["512MiB", 536_870_912],
    ["11.2 GiB", 12_025_908_429],
    ["12GB", 12_000_000_000],
    ["12 gb", 12_000_000_000],
    ["1TiB", 1_099_511_627_776],
    ["1.5 KiB", 1536],
    [".5KiB", 512],
    ["12884901888", 12_884_901_888],
    [" 7 B ", 7],
    ["0", 0],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(["", "12G", "12g", "GiB", "-1GiB", "1,5GiB", "1.5", "1.5B", "1e3", "12 GiBs", "1ib", "99999TiB", "12Gi"])(
    "%j is no size",
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );

  it("reads back the whole MiB that it writes", () => {
    fc.assert(fc.property(fc.nat(500_000), (count) => parseBytes(formatMiB(count * MiB)) === count * MiB));
  });
});

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [KiB, "1.00 KiB"],
    [10.5 * KiB, "10.5 KiB"],
    [9.996 * MiB, "10.0 MiB"],
    [99.96 * MiB, "100 MiB"],
    [742 * MiB, "742 MiB"],
    [1023.6 * MiB, "1.00 GiB"],
    [12_784_355_840, "11.9 GiB"],
    [80 * GiB, "80.0 GiB"],
    [1.5 * TiB, "1.50 TiB"],
    [-742 * MiB, "-742 MiB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it("is never off by more than the last digit shown", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), (bytes) => {
        const text = formatBytes(bytes);
        const back = parseBytes(text);
        expect(Math.abs((back ?? Number.NaN) - bytes)).toBeLessThanOrEqual(0.0051 * bytes);
        expect(text).toMatch(/^\d{1,4}(\.\d{1,2})? (B|KiB|MiB|GiB|TiB)$/);
      }),
    );
  });

  it("has fixed forms for columns", () => {
    expect(formatMiB(12_784_355_840)).toBe("12192 MiB");
    expect(formatGiB(12_784_355_840)).toBe("11.91 GiB");
    expect(formatGiB(12_784_355_840, 1)).toBe("11.9 GiB");
  });
});
