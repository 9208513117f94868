/** @file STFPM, anomaly detection by a student and a teacher (`paddleseg/models/stfpm.py`). */
import { noGrad } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop, type PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, setTraining } from "../nn/layer.ts";
import type { Logits } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ResNetMS3 } from "./backbones/resnet_ms3.ts";
import type { Network } from "./network.ts";

interface Locals {
  stu: PyList;
  tea: PyList;
  score_map: Tensor;
  t_feat: PyList;
  s_feat: PyList;
  sm: Tensor;
}

/** In training one logit: the features of the student and of the teacher. In evaluation a map of scores. */
export class STFPM extends Layer<readonly [Tensor], Logits> implements Network {
  readonly student: ResNetMS3;
  readonly teacher: ResNetMS3;

  constructor(args: Args) {
    super();
    args.int("num_classes");
    const student = buildBackbone(args.component("backbone"));
    args.finish();
    if (!(student instanceof ResNetMS3)) {
      throw new ArgumentError("STFPM", "backbone", "backbone must be ResNet18, ResNet34, ResNet50 or ResNet101");
    }
    this.student = student;
    this.teacher = new ResNetMS3(student.plan);
  }

  forward(f: Locals, x: Tensor): Logits {
    f.stu = this.student.call(x);
    setTraining(this.teacher, false);
    f.tea = noGrad(() => this.teacher.call(x));
    if (this.student.training) return [[f.stu, f.tea]];
    f.t_feat = f.tea;
    f.s_feat = f.stu;
    for (let j = 0; j < f.t_feat.length; j++) {
      f.t_feat.set(j, F.normalize(f.t_feat.at(j), 1));
      f.s_feat.set(j, F.normalize(f.s_feat.at(j), 1));
      f.sm = t.sum(t.pow(t.subtract(f.t_feat.at(j), f.s_feat.at(j))), 1, true);
      f.sm = F.interpolate(f.sm, x.hw, { mode: "bilinear" });
      f.score_map = f.score_map === undefined ? t.scale(f.sm) : t.multiply(f.score_map, f.sm);
    }
    return [f.score_map];
  }

  /** `stfpm_post_transform`: 1 where the score is high, 0 elsewhere; opened in host memory; two channels [1, 2, H, W]. */
  postTransform(scoreMap: Tensor): Tensor {
    return scope({ scoreMap }, (f: { scoreMap: Tensor; mask: Tensor }) => {
      f.mask = t.select(t.select(f.scoreMap, 0, 0), 0, 0);
      setWhere(f.mask, t.greaterThan(f.mask, threshold));
      setWhere(f.mask, t.lessEqual(f.mask, threshold));
      f.mask = t.toTensor([1, 1, ...f.mask.shape], "float32");
      return t.concat([t.rsub(1, f.mask), f.mask], 1);
    });
  }
}

/** `stfpm_post_transform`'s own. */
const threshold = 0.01;

/** `x[condition] = number`: the number is expanded to x's shape, x is written in place. */
function setWhere(x: Tensor, condition: Tensor): void {
  scope({ condition }, (f: { condition: Tensor; number: Tensor }) => {
    f.number = t.full([1], x.dtype);
    f.number = t.expand(f.number, x.shape);
    drop(t.logicalNot(f.condition));
  });
}
