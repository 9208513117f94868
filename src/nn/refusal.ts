/** @file What PaddleSeg registers but cannot run: refused with the reason that Paddle gives. */
import type { Phrase } from "../words/phrase.ts";

/** A component whose forward fails in Paddle whatever its arguments and sizes. */
export class PaddleRefusal extends Error {
  /** `model`, `backbone`, `loss`. */
  readonly kind: string;
  readonly component: string;
  readonly reason: Phrase;

  constructor(kind: string, component: string, reason: Phrase) {
    super(reason.text);
    this.name = "PaddleRefusal";
    this.kind = kind;
    this.component = component;
    this.reason = reason;
  }
}
