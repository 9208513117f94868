/** @file The project's receipts: read from the working folder for every estimate, written by `calibrate`. */
import { mergeReceipt, parseReceipts, type Receipt, receiptsName } from "../calibrate/receipts.ts";
import { UserError } from "../errors.ts";
import type { Host } from "./host.ts";
import { reasonOf } from "./out.ts";

function textOf(host: Host): string | undefined {
  return host.exists(receiptsName) ? host.readText(receiptsName) : undefined;
}

/** Those of the working folder; none where there is no file. Throws `receipts-invalid`. */
export function readReceipts(host: Host): readonly Receipt[] {
  const text = textOf(host);
  return text === undefined ? [] : parseReceipts(receiptsName, text);
}

/** Adds one to the file as it is now, and writes it whole or not at all. Throws `out-impossible`. */
export function storeReceipt(host: Host, receipt: Receipt): void {
  const text = mergeReceipt(receiptsName, textOf(host), receipt);
  try {
    host.writeText(receiptsName, text);
  } catch (error) {
    throw new UserError("out-impossible", { out: receiptsName, reason: reasonOf(error) });
  }
}
