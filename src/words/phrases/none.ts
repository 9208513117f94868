/** @file A phrase that carries nothing. */

/** Given as `{}`. */
export type None = Readonly<Record<never, never>>;
