/** @file Public measurements on real cards lie in our range. */
import { describe, expect, it } from "vitest";
import { readPoints, runPoint } from "../tools/lib/points.ts";
import { loadProgram } from "../tools/program.ts";

describe("public points", () => {
  const program = loadProgram();
  it.each(readPoints().points)("$id lies in the range", (point) => {
    const { allocated, reserved } = runPoint(program, point);
    expect(allocated.highBytes).toBeGreaterThanOrEqual(point.allocatedBytes);
    expect(reserved.highBytes).toBeGreaterThanOrEqual(point.reservedBytes);
    expect(allocated.lowBytes).toBeLessThanOrEqual(point.allocatedBytes);
    expect(reserved.lowBytes).toBeLessThanOrEqual(point.reservedBytes);
  });
});
