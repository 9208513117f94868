/** @file Non-negative matrix factorisation in ops (`paddleseg/models/layers/nmf_2d.py`). */
import { scope } from "../../engine/frame.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import * as t from "../../nn/tensor.ts";

interface Factors {
  x: Tensor;
  bases: Tensor;
  coef: Tensor;
  numerator: Tensor;
  denominator: Tensor;
}

/** `coef * numerator / (denominator + 1e-6)`. */
function update(value: Tensor, f: Factors): Tensor {
  const product = t.multiply(value, f.numerator);
  return t.divide(product, t.add(f.denominator, 1e-6));
}

const turned = (x: Tensor): Tensor => t.transpose(x, [0, 2, 1]);

function coefficients(f: Factors): Tensor {
  f.numerator = t.bmm(turned(f.x), f.bases);
  f.denominator = t.bmm(f.coef, t.bmm(turned(f.bases), f.bases));
  return update(f.coef, f);
}

function localStep(x: Tensor, bases: Tensor, coef: Tensor): readonly [Tensor, Tensor] {
  return scope({ x, bases, coef }, (f: Factors) => {
    f.coef = coefficients(f);
    f.numerator = t.bmm(f.x, f.coef);
    f.denominator = t.bmm(f.bases, t.bmm(turned(f.coef), f.coef));
    f.bases = update(f.bases, f);
    return [f.bases, f.coef] as const;
  });
}

function computeCoefficients(x: Tensor, bases: Tensor, coef: Tensor): Tensor {
  return scope({ x, bases, coef }, (f: Factors) => {
    f.coef = coefficients(f);
    return f.coef;
  });
}

function randomBases(shape: readonly number[]): Tensor {
  return scope({}, (f: { bases: Tensor }) => {
    f.bases = t.uniform(shape);
    f.bases = F.normalize(f.bases, 1);
    return f.bases;
  });
}

/** Bases are random at each call; they and the coefficients are improved in turns. */
export class NMF2D extends Layer {
  private readonly spatial: boolean;
  private readonly groups: number;
  private readonly rank: number;
  private readonly steps: readonly [training: number, evaluation: number];

  constructor(args: Args) {
    super();
    this.spatial = args.boolean("SPATIAL", true);
    this.groups = args.int("MD_S", 1);
    this.rank = args.int("MD_R", 64);
    this.steps = [args.count("TRAIN_STEPS", 6), args.count("EVAL_STEPS", 7)];
    if (!args.boolean("RAND_INIT", true)) {
      throw new ArgumentError("NMF2D", "RAND_INIT", "RAND_INIT: False is not modelled (src/models/blocks/nmf-2d.ts)");
    }
    args.ignore("MD_D", "INV_T", "ETA");
    args.finish();
  }

  forward(f: { x: Tensor; bases: Tensor; coef: Tensor }, x: Tensor): Tensor {
    const [batch, channels, height, width] = [x.dim(0), x.dim(1), x.dim(2), x.dim(3)];
    const rows = batch * this.groups;
    const each = Math.floor(channels / this.groups);
    const size = this.spatial ? each : height * width;
    f.x = this.spatial
      ? t.reshape(x, [rows, each, height * width])
      : turned(t.reshape(x, [rows, each, height * width]));
    f.bases = randomBases([rows, size, this.rank]);
    [f.bases, f.coef] = this.infer(f.x, f.bases);
    f.coef = computeCoefficients(f.x, f.bases, f.coef);
    f.x = t.bmm(f.bases, turned(f.coef));
    f.x = t.reshape(this.spatial ? f.x : turned(f.x), [batch, channels, height, width]);
    return f.x;
  }

  private infer(x: Tensor, bases: Tensor): readonly [Tensor, Tensor] {
    return scope({ x, bases }, (f: Factors) => {
      f.coef = t.bmm(turned(f.x), f.bases);
      f.coef = F.softmax(t.scale(f.coef));
      for (let i = this.training ? this.steps[0] : this.steps[1]; i > 0; i--) {
        [f.bases, f.coef] = localStep(f.x, f.bases, f.coef);
      }
      return [f.bases, f.coef] as const;
    });
  }
}
