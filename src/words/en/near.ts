/** @file What the user may have meant, in English. */

/** `Did you mean a or b?`, or the fallback where nothing is near. */
export function didYouMean(near: readonly string[], fallback: string): string {
  return near.length === 0 ? fallback : `Did you mean ${near.map((name) => `"${name}"`).join(" or ")}?`;
}
