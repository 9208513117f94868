/** @file Names that a user gave, cut where they are longer than any. */

/** The name, or its first 77 characters. */
export function shortly(name: string): string {
  return name.length > 80 ? `${name.slice(0, 77)}...` : name;
}
