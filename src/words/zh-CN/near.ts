/** @file What the user may have meant, in Chinese. */

/** `您是否想用 "a" 或 "b"？`, or the fallback where nothing is near. */
export function didYouMean(near: readonly string[], fallback: string): string {
  return near.length === 0 ? fallback : `是否想写 ${near.map((name) => `"${name}"`).join(" 或 ")}？`;
}
