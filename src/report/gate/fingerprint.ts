/** @file A finding's identity as one short word: equal as long as the finding is, wherever its line moves. */
import { type Finding, identity } from "../finding.ts";

/** FNV-1a, 64 bits (offset and prime from the FNV reference); no secret depends on it. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  }
  return value.toString(16).padStart(16, "0");
}

/** Sixteen hexadecimal digits. */
export function fingerprint(finding: Pick<Finding, "code" | "config" | "gpu" | "key">): string {
  return hash(identity(finding));
}
