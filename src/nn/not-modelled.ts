/** @file What is not modelled is refused by name, never guessed. */

/** A model, backbone, loss, optimizer or option without a model of it. */
export class NotModelled extends Error {
  readonly kind: string;
  readonly wanted: string;
  readonly known: readonly string[];
  /** Where it would be added. */
  readonly folder: string;

  constructor(kind: string, wanted: string, known: readonly string[], folder: string) {
    super(`${kind} ${wanted} is not modelled`);
    this.name = "NotModelled";
    this.kind = kind;
    this.wanted = wanted;
    this.known = known;
    this.folder = folder;
  }
}
