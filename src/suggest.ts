/** @file What a mistyped word may have been meant to be. */

/** Edits between two words: insert, delete, replace, swap of neighbours. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Letters and digits only, so that `rtx-4070` is near `RTX 4070`. */
function bare(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]+/g, "");
}

/** Longest word that is compared letter by letter; a longer one is no typing slip. */
const longestWord = 120;

/** The candidates nearest to a word, best first, at most `limit`: few edits, or the word is a good part of the candidate. */
export function suggest(word: string, candidates: Iterable<string>, limit = 3): readonly string[] {
  const wanted = bare(word);
  if (wanted === "" || wanted.length > longestWord) return [];
  const scored: { name: string; score: number }[] = [];
  for (const name of new Set(candidates)) {
    const key = bare(name);
    // A third of the letters may be wrong, at least one.
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, key.length) / 3));
    const inside = wanted.length >= 3 && key.includes(wanted);
    const far = Math.abs(wanted.length - key.length) > allowed;
    const score = inside ? 0.5 : far ? Number.POSITIVE_INFINITY : editDistance(wanted, key);
    if (score <= allowed) scored.push({ name, score: score + Math.abs(wanted.length - key.length) / 1000 });
  }
  return scored
    .sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map((s) => s.name);
}
