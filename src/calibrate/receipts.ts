/** @file Receipts: what measured runs took, in a project file that is committed. Read with checks, written without losing anything. */
import { Document, isMap, isSeq, parseDocument } from "yaml";
import { UserError } from "../errors.ts";
import type { Calibration, MeasuredLevel, MeasuredPart, MeasuredRun } from "../memory/narrow.ts";
import { asIs, type Phrase, phrase } from "../words/phrase.ts";

/** The file's name, in the working folder. */
export const receiptsName = "vram-plan.receipts.yaml";

/** One measured run. `run` holds batch, crop and precision in words. */
export interface Receipt extends MeasuredRun {
  readonly config: string;
  readonly run: string;
  /** Id of the card's preset. */
  readonly gpu: string;
  readonly paddle: string;
  readonly cudnn: string;
}

const header = ` What runs were measured to take, in bytes, with what was predicted for them. Written by vram-plan calibrate.
 Commit it: estimates for the same card, Paddle and cuDNN are narrowed by it.`;

type Json = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads one file's values, naming the key that is wrong. */
class Reader {
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  fail(key: string, reason: Phrase): never {
    throw new UserError("receipts-invalid", { file: this.file, key, reason });
  }

  record(value: unknown, key: string): Json {
    return isRecord(value) ? value : this.fail(key, phrase("has-to-be", { wanted: phrase("a-mapping", {}) }));
  }

  text(from: Json, name: string, key: string): string {
    const value = from[name];
    return typeof value === "string" && value !== ""
      ? value
      : this.fail(`${key}.${name}`, phrase("has-to-be", { wanted: phrase("a-text", {}) }));
  }

  private bytes(from: Json, name: string, key: string): number {
    const value = from[name];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    return this.fail(`${key}.${name}`, phrase("has-to-be", { wanted: phrase("whole-number-of-bytes", {}) }));
  }

  private level(value: unknown, key: string): MeasuredLevel | undefined {
    if (value === undefined) return undefined;
    const from = this.record(value, key);
    const [lowBytes, expectedBytes] = [this.bytes(from, "low", key), this.bytes(from, "expected", key)];
    const [highBytes, measuredBytes] = [this.bytes(from, "high", key), this.bytes(from, "measured", key)];
    if (lowBytes > expectedBytes || expectedBytes > highBytes) this.fail(key, phrase("have-to-rise", {}));
    return { lowBytes, expectedBytes, highBytes, measuredBytes };
  }

  part(value: unknown, key: string): MeasuredPart {
    const from = this.record(value, key);
    return {
      allocated: this.level(from.allocated, `${key}.allocated`),
      reserved: this.level(from.reserved, `${key}.reserved`),
    };
  }
}

/** Plain values; an alias of nothing, or aliases that explode, are found out only here. */
function plainOf(document: Document, reader: Reader): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return reader.fail("the file", asIs(error.message));
  }
}

/** The receipts of a file's text. Throws `receipts-invalid`: a file that cannot be read is never written over. */
export function parseReceipts(file: string, text: string): readonly Receipt[] {
  const reader = new Reader(file);
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) reader.fail("the file", asIs((problem.message.split("\n")[0] ?? "").replace(/[:.]$/, "")));
  const whole = plainOf(document, reader);
  if (whole === null || whole === undefined) return [];
  const root = reader.record(whole, "the file");
  if (root.version !== 1) reader.fail("version", phrase("has-to-be", { wanted: asIs("1") }));
  const list: unknown = root.receipts;
  if (!Array.isArray(list)) return reader.fail("receipts", phrase("has-to-be", { wanted: phrase("a-list", {}) }));
  return list.map((item: unknown, index) => {
    const key = `receipts.${index}`;
    const from = reader.record(item, key);
    return {
      config: reader.text(from, "config", key),
      run: reader.text(from, "run", key),
      gpu: reader.text(from, "gpu", key),
      paddle: reader.text(from, "paddle", key),
      cudnn: reader.text(from, "cudnn", key),
      training: reader.part(from.training, `${key}.training`),
      evaluation: from.evaluation === undefined ? undefined : reader.part(from.evaluation, `${key}.evaluation`),
    };
  });
}

/** Receipts of one run: a new one takes the place of the old. */
function isSameRun(a: Receipt, b: Receipt): boolean {
  return (["config", "run", "gpu", "paddle", "cudnn"] as const).every((key) => a[key] === b[key]);
}

/** Receipts with one more, in the place of an older one of the same run. */
export function withReceipt(receipts: readonly Receipt[], added: Receipt): readonly Receipt[] {
  const at = receipts.findIndex((one) => isSameRun(one, added));
  return at < 0 ? [...receipts, added] : receipts.with(at, added);
}

/** The file's text with one more receipt; all else in it, comments too, stays as it is. Throws `receipts-invalid`. */
export function mergeReceipt(file: string, text: string | undefined, added: Receipt): string {
  const before = text === undefined ? [] : parseReceipts(file, text);
  const parsed = parseDocument(text ?? "");
  const document: Document = isMap(parsed.contents) ? parsed : new Document({ version: 1, receipts: [] });
  if (document !== parsed) document.commentBefore = parsed.commentBefore ?? header;
  const list = document.get("receipts");
  if (!isSeq(list)) throw new Error(`${file}: receipts is no list`);
  list.flow = false;
  const node = document.createNode(written(added));
  const at = before.findIndex((one) => isSameRun(one, added));
  if (at < 0) list.items.push(node);
  else list.items[at] = node;
  return document.toString({ lineWidth: 0 });
}

function writtenLevel(level: MeasuredLevel | undefined): Json | undefined {
  if (level === undefined) return undefined;
  const { lowBytes: low, expectedBytes: expected, highBytes: high, measuredBytes: measured } = level;
  return { low, expected, high, measured };
}

function writtenPart(part: MeasuredPart): Json {
  const entries = [
    ["allocated", writtenLevel(part.allocated)],
    ["reserved", writtenLevel(part.reserved)],
  ] as const;
  return Object.fromEntries(entries.filter(([, level]) => level !== undefined));
}

function written({ config, run, gpu, paddle, cudnn, training, evaluation }: Receipt): Json {
  const base = { config, run, gpu, paddle, cudnn, training: writtenPart(training) };
  return evaluation === undefined ? base : { ...base, evaluation: writtenPart(evaluation) };
}

/** `2.6` of `2.6.2`: what decides how Paddle asks for memory. */
export function minorVersion(paddle: string): string {
  return paddle.split(".").slice(0, 2).join(".");
}

/** What the receipts say of one card and Paddle version; undefined where none is of them. */
export function calibrationOf(receipts: readonly Receipt[], gpu: string, paddle: string): Calibration | undefined {
  const fitting = receipts.filter((one) => one.gpu === gpu && minorVersion(one.paddle) === minorVersion(paddle));
  if (fitting.length === 0) return undefined;
  const versions = [...new Set(fitting.map((one) => one.cudnn))];
  return {
    groups: versions.map((version) => fitting.filter((one) => one.cudnn === version)),
    source: phrase("narrowed-by-receipts", {
      runs: fitting.length,
      paddle: minorVersion(paddle),
      cudnn: versions,
      file: receiptsName,
    }),
  };
}
