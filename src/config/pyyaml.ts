/** @file Plain YAML scalars as PyYAML 6 resolves them (yaml/resolver.py, constructor.py): YAML 1.1 with PyYAML's own narrow floats. */
import { type ScalarNode, scalar } from "./node.ts";

const nulls: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
const booleans = /^(?:(yes|Yes|YES|true|True|TRUE|on|On|ON)|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const integers =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
// An exponent needs a point before it and a sign after the e: 1e-5 and 1.0e5 are text.
const floats =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** Digits in base 60: `1:30` is 90. */
function sexagesimal(text: string): number {
  return text.split(":").reduce((sum, digit) => sum * 60 + Number(digit), 0);
}

/** Undefined where PyYAML's int() would raise, as on `0b_`. */
function readInteger(text: string): number | undefined {
  const bare = text.replaceAll("_", "");
  const sign = bare.startsWith("-") ? -1 : 1;
  const digits = bare.replace(/^[-+]/, "");
  let value: number;
  if (/^0[bx]/.test(digits)) value = digits.length > 2 ? Number(digits) : Number.NaN;
  else if (digits.length > 1 && digits.startsWith("0")) value = Number.parseInt(digits, 8);
  else value = digits.includes(":") ? sexagesimal(digits) : Number(digits);
  // A negative zero is no integer of Python's.
  return Number.isNaN(value) ? undefined : sign * value + 0;
}

function readFloat(text: string): number {
  const bare = text.replaceAll("_", "").toLowerCase();
  const sign = bare.startsWith("-") ? -1 : 1;
  const digits = bare.replace(/^[-+]/, "");
  if (digits === ".inf") return sign * Number.POSITIVE_INFINITY;
  if (digits === ".nan") return Number.NaN;
  return sign * (digits.includes(":") ? sexagesimal(digits) : Number(digits));
}

/** A plain scalar's value. Dates stay text: no value that a training reads is one. */
export function resolvePlain(text: string): ScalarNode {
  if (nulls.has(text)) return scalar(null);
  const truth = booleans.exec(text);
  if (truth !== null) return scalar(truth[1] !== undefined);
  // The order of PyYAML's table for the first letter: float, then int.
  if (floats.test(text)) return scalar(readFloat(text), true);
  const integer = integers.test(text) ? readInteger(text) : undefined;
  return integer === undefined ? scalar(text) : scalar(integer);
}

/** A scalar with an explicit tag; undefined where PyYAML refuses tag or text. */
export function resolveTagged(tag: string, text: string): ScalarNode | undefined {
  const plain = resolvePlain(text);
  switch (tag.replace(/^tag:yaml\.org,2002:(?:python\/)?|^!!/, "")) {
    case "str":
    case "!":
      return scalar(text);
    case "null":
    case "none":
      return scalar(null);
    case "bool":
      return /^(yes|no|true|false|on|off)$/i.test(text) ? scalar(/^(yes|true|on)$/i.test(text)) : undefined;
    case "int":
      return typeof plain.value === "number" && !plain.float ? plain : undefined;
    case "float": {
      const value = /^[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[-+]?\d+)?$/i.test(text) ? readFloat(text) : plain.value;
      return typeof value === "number" ? scalar(value, true) : undefined;
    }
    default:
      return undefined;
  }
}

/** The number that a person meant who wrote `1e-5` or `1.0e5`, spelled so that PyYAML reads a number; undefined for other text. */
export function numberSpelling(text: string): string | undefined {
  const match = /^([-+]?)(\d+)?(\.\d*)?[eE]([-+]?)(\d+)$/.exec(text);
  if (match === null || (match[2] === undefined && match[3] === undefined)) return undefined;
  const [, sign = "", whole = "0", fraction = "", exponentSign, exponent = "0"] = match;
  const point = fraction.length > 1 ? fraction : ".0";
  return `${sign}${whole}${point}e${exponentSign === "-" ? "-" : "+"}${exponent}`;
}
