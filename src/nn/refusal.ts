/** @file What PaddleSeg registers but cannot run: refused with the reason that Paddle gives. */

/** A component whose forward fails in Paddle whatever its arguments and sizes. */
export class PaddleRefusal extends Error {
  /** `model`, `backbone`, `loss`. */
  readonly kind: string;
  readonly component: string;

  constructor(kind: string, component: string, reason: string) {
    super(reason);
    this.name = "PaddleRefusal";
    this.kind = kind;
    this.component = component;
  }
}
