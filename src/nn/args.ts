/** @file Reads a component's arguments with their types and defaults, and refuses what is left over. */

import { assume } from "../engine/engine.ts";
import { asIs, type Phrase, phrase } from "../words/phrase.ts";

/** A wrong, missing or unknown argument; `path` are the keys below the component. */
export class ArgumentError extends Error {
  readonly component: string;
  readonly argument: string;
  readonly reason: Phrase;
  readonly known: readonly string[];

  constructor(component: string, argument: string, reason: string | Phrase, known: readonly string[] = []) {
    super(typeof reason === "string" ? reason : reason.text);
    this.reason = typeof reason === "string" ? asIs(reason) : reason;
    this.name = "ArgumentError";
    this.component = component;
    this.argument = argument;
    this.known = known;
  }
}

/** What a table holds under a name that a config gives: `constructor` and the like are no entries. */
export function ownValue<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** A value as the config has it. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * Arguments that name weights to load. They change no shape; a network is built as if there were none, and loading, which comes
 * before the first step, is not modelled.
 */
const weightArguments = new Set(["pretrained"]);

/**
 * The keyword arguments of one component. Each reader names an argument of Paddle's constructor and its default;
 * `finish` throws on arguments that no reader asked for, as Python would.
 */
export class Args {
  readonly type: string;
  private readonly values: Readonly<Record<string, Plain>>;
  private readonly read = new Set<string>();

  constructor(type: string, values: Readonly<Record<string, Plain>>) {
    this.type = type;
    this.values = values;
  }

  private take(name: string): Plain | undefined {
    this.read.add(name);
    return ownValue(this.values, name);
  }

  private fail(name: string, wanted: string, value: Plain | undefined): never {
    const reason =
      value === undefined
        ? phrase("argument-needed", { type: this.type, name, wanted })
        : phrase("argument-must-be", { type: this.type, name, wanted, found: shortly(value) });
    throw new ArgumentError(this.type, name, reason);
  }

  private typed<T>(name: string, wanted: string, is: (value: Plain) => value is T & Plain, fallback: T | undefined): T {
    const value = this.take(name);
    if (value === undefined && fallback !== undefined) return fallback;
    return value !== undefined && is(value) ? value : this.fail(name, wanted, value);
  }

  number(name: string, fallback?: number): number {
    return this.typed(name, "a number", (v): v is number => typeof v === "number", fallback);
  }

  /** A whole number that Paddle can hold in a shape or attribute of an op. */
  int(name: string, fallback?: number): number {
    const is = (v: Plain): v is number => typeof v === "number" && Number.isInteger(v) && Math.abs(v) <= mostInt;
    return this.typed(name, "a whole number", is, fallback);
  }

  /** How many blocks, layers or steps of a kind there are. */
  count(name: string, fallback?: number): number {
    const is = (v: Plain): v is number => typeof v === "number" && Number.isInteger(v) && v >= 0 && v <= mostCounted;
    return this.typed(name, `a whole number from 0 to ${mostCounted}`, is, fallback);
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.typed(name, "true or false", (v): v is boolean => typeof v === "boolean", fallback);
  }

  /** A string; `allowed` narrows it. */
  string<S extends string = string>(name: string, fallback?: S, allowed?: readonly S[]): S {
    const isAllowed = (v: Plain): v is S =>
      typeof v === "string" && (allowed === undefined || allowed.some((a) => a === v));
    return this.typed(name, allowed ? `one of ${allowed.join(", ")}` : "text", isAllowed, fallback);
  }

  numbers(name: string, fallback?: readonly number[]): readonly number[] {
    const is = (v: Plain): v is readonly number[] => Array.isArray(v) && v.every((d) => typeof d === "number");
    return this.typed(name, "a list of numbers", is, fallback);
  }

  strings(name: string, fallback?: readonly string[]): readonly string[] {
    const is = (v: Plain): v is readonly string[] => Array.isArray(v) && v.every((d) => typeof d === "string");
    return this.typed(name, "a list of text", is, fallback);
  }

  /** A list of lists of numbers. */
  matrix(name: string, fallback?: readonly (readonly number[])[]): readonly (readonly number[])[] {
    const row = (v: Plain): v is readonly number[] => Array.isArray(v) && v.every((d) => typeof d === "number");
    const is = (v: Plain): v is readonly (readonly number[])[] => Array.isArray(v) && v.every(row);
    return this.typed(name, "a list of lists of numbers", is, fallback);
  }

  /** Any value, or undefined where it is absent or null. */
  optional(name: string): Plain | undefined {
    return this.take(name) ?? undefined;
  }

  /** A number, or undefined where it is absent or null. */
  optionalNumber(name: string): number | undefined {
    const value = this.optional(name);
    if (value === undefined || typeof value === "number") return value;
    return this.fail(name, "a number or null", value);
  }

  optionalNumbers(name: string): readonly number[] | undefined {
    return this.optional(name) === undefined ? undefined : this.numbers(name);
  }

  /** A nested component: a map with a `type`. */
  component(name: string): Args {
    const value = this.take(name);
    return asComponent(value) ?? this.fail(name, "a component with a type", value);
  }

  optionalComponent(name: string): Args | undefined {
    return this.optional(name) === undefined ? undefined : this.component(name);
  }

  /** A nested map without a type, as arguments of their own; absent or null: none. */
  group(name: string): Args {
    const value = this.optional(name);
    if (value === undefined) return new Args(name, {});
    return typeof value === "object" && value !== null && isMap(value)
      ? new Args(name, value)
      : this.fail(name, "a map", value);
  }

  /** A list of nested components. */
  components(name: string): readonly Args[] {
    const value = this.take(name);
    if (!Array.isArray(value)) return this.fail(name, "a list of components", value);
    return value.map((item: Plain) => asComponent(item) ?? this.fail(name, "a list of components with a type", value));
  }

  /** Arguments that are accepted and change nothing that is modelled. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.read.add(name);
  }

  /** In place of `finish`, for constructors that take `**kwargs` and look at none. */
  ignoreRest(): void {
    this.ignore(...Object.keys(this.values));
  }

  /** Refuses arguments that nobody asked for. */
  finish(): void {
    for (const name of Object.keys(this.values)) {
      if (weightArguments.has(name)) {
        if (this.values[name] !== null) assume(phrase("pretrained-as-random", {}));
        continue;
      }
      if (this.read.has(name)) continue;
      const known = [...this.read];
      throw new ArgumentError(this.type, name, phrase("has-no-argument", { type: this.type, name }), known);
    }
  }
}

/** As JSON, cut where it is longer than a line of a terminal has room for. */
function shortly(value: Plain): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** INT32_MAX: the attributes of Paddle's ops are int32. */
const mostInt = 2 ** 31 - 1;
/** More than any network has of one kind of block; far more would only take memory and time here. */
const mostCounted = 10_000;

function asComponent(value: Plain | undefined): Args | undefined {
  if (typeof value !== "object" || value === null || !isMap(value)) return undefined;
  const { type, ...rest } = value;
  return typeof type === "string" ? new Args(type, rest) : undefined;
}

function isMap(value: object): value is { readonly [key: string]: Plain } {
  return !Array.isArray(value);
}
