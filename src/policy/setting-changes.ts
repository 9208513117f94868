/** @file What differs between two resolved configs, setting by setting. */
import type { ConfigMap, ConfigValue } from "../config/types.ts";
import type { SettingChange } from "../report/gate/result.ts";

/** A list of plain values reads better whole: `[1024, 512]`. */
function isLeaf(value: ConfigValue): value is string | number | boolean | null | readonly ConfigValue[] {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every((item: ConfigValue) => typeof item !== "object" || item === null);
  return Object.keys(value).length === 0;
}

function* leaves(value: ConfigValue, path: string): Generator<readonly [string, string]> {
  if (isLeaf(value)) yield [path, JSON.stringify(value).replaceAll(",", ", ").replaceAll('"', "")];
  else for (const [key, item] of Object.entries(value)) yield* leaves(item, path === "" ? key : `${path}.${key}`);
}

/** Changed, new and removed settings, in the order of the new config, removed ones last. */
export function changedSettings(before: ConfigMap, after: ConfigMap): readonly SettingChange[] {
  const [from, to] = [new Map(leaves(before, "")), new Map(leaves(after, ""))];
  const changes: SettingChange[] = [];
  for (const [key, value] of to) {
    const old = from.get(key);
    if (old === undefined) changes.push({ mark: "+", key, from: undefined, to: value });
    else if (old !== value) changes.push({ mark: "~", key, from: old, to: value });
  }
  for (const [key, value] of from) if (!to.has(key)) changes.push({ mark: "-", key, from: value, to: undefined });
  return changes;
}
