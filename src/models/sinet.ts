/** @file SINet (`paddleseg/models/sinet.py`). */
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, Upsample } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { BR, C, CBR, S2module, type S2Plan, SESeparableCBR } from "./blocks/spatial-squeeze.ts";
import type { Network } from "./network.ts";

/** Kernel size and pooling of the two branches of each module (`CFG`). */
const defaultPlans: readonly S2Plan[] = [
  [
    [3, 1],
    [5, 1],
  ],
  [
    [3, 1],
    [3, 1],
  ],
  [
    [3, 1],
    [5, 1],
  ],
  [
    [3, 1],
    [3, 1],
  ],
  [
    [5, 1],
    [3, 2],
  ],
  [
    [5, 2],
    [3, 4],
  ],
  [
    [3, 1],
    [3, 1],
  ],
  [
    [5, 1],
    [5, 1],
  ],
  [
    [3, 2],
    [3, 4],
  ],
  [
    [3, 1],
    [5, 2],
  ],
];

/** Channels of the three levels. */
const dims = [16, 48, 96] as const;

class SINetEncoder extends Layer<never> {
  readonly level1: CBR;
  readonly level2_0: SESeparableCBR;
  readonly level2: LayerList<S2module>;
  readonly BR2: BR;
  readonly level3_0: SESeparableCBR;
  readonly level3: LayerList<S2module>;
  readonly BR3: BR;
  readonly classifier: C;

  constructor(inChannels: number, classes: number, stage2: readonly S2Plan[], stage3: readonly S2Plan[]) {
    super();
    const [dim1, dim2, dim3] = dims;
    this.level1 = new CBR(inChannels, 12, 3, 2);
    this.level2_0 = new SESeparableCBR(12, dim1, 3, 2, 1);
    this.level2 = new LayerList(stage2.map((plan, i) => new S2module(i === 0 ? dim1 : dim2, dim2, i > 0, plan)));
    this.BR2 = new BR(dim2 + dim1);
    this.level3_0 = new SESeparableCBR(dim2 + dim1, dim2, 3, 2, 2);
    this.level3 = new LayerList(stage3.map((plan, i) => new S2module(i === 0 ? dim2 : dim3, dim3, i > 0, plan)));
    this.BR3 = new BR(dim3 + dim2);
    this.classifier = new C(dim3 + dim2, classes, 1, 1, 1);
  }

  forward(): never {
    throw new Error("SINet calls the encoder's parts itself");
  }
}

interface Locals {
  output1: Tensor;
  output2_0: Tensor;
  output2: Tensor;
  output2_cat: Tensor;
  output3_0: Tensor;
  output3: Tensor;
  output3_cat: Tensor;
  enc_final: Tensor;
  dec_stage1: Tensor;
  stage1_confidence: Tensor;
  stage1_gate: Tensor;
  dec_stage2_0: Tensor;
  dec_stage2: Tensor;
  out: Tensor;
}

export class SINet extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly encoder: SINetEncoder;
  readonly up: Upsample;
  readonly bn_3: BatchNorm2D;
  readonly level2_C: CBR;
  readonly bn_2: BatchNorm2D;
  readonly classifier: Sequential;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes", 2);
    if (args.optional("config") !== undefined) {
      throw new ArgumentError("SINet", "config", "another config than SINet's own is not modelled");
    }
    const stage2 = args.int("stage2_blocks", 2);
    const stage3 = args.int("stage3_blocks", 8);
    if (stage2 !== 2) throw new ArgumentError("SINet", "stage2_blocks", "stage2_blocks must be 2");
    if (stage2 + stage3 > defaultPlans.length || stage3 < 1) {
      throw new ArgumentError("SINet", "stage3_blocks", `stage3_blocks must be 1 to ${defaultPlans.length - stage2}`);
    }
    const plans = [defaultPlans.slice(0, stage2), defaultPlans.slice(stage2, stage2 + stage3)] as const;
    this.encoder = new SINetEncoder(args.int("in_channels", 3), classes, ...plans);
    args.finish();
    this.up = new Upsample({ scaleFactor: 2 }, { mode: "bilinear" });
    this.bn_3 = new BatchNorm2D(classes);
    this.level2_C = new CBR(dims[1], classes, 1, 1);
    this.bn_2 = new BatchNorm2D(classes);
    this.classifier = new Sequential(
      new Upsample({ scaleFactor: 2 }, { mode: "bilinear" }),
      new Conv2D(classes, classes, 3, { padding: 1, bias: false }),
    );
  }

  forward(f: Locals, input: Tensor): readonly Tensor[] {
    const encoder = this.encoder;
    f.output1 = encoder.level1.call(input);
    f.output2_0 = encoder.level2_0.call(f.output1);
    for (const [i, layer] of [...encoder.level2].entries()) f.output2 = layer.call(i === 0 ? f.output2_0 : f.output2);
    f.output2_cat = encoder.BR2.call(t.concat([f.output2_0, f.output2], 1));

    f.output3_0 = encoder.level3_0.call(f.output2_cat);
    for (const [i, layer] of [...encoder.level3].entries()) f.output3 = layer.call(i === 0 ? f.output3_0 : f.output3);
    f.output3_cat = encoder.BR3.call(t.concat([f.output3_0, f.output3], 1));
    f.enc_final = encoder.classifier.call(f.output3_cat);

    f.dec_stage1 = this.bn_3.call(this.up.call(f.enc_final));
    f.stage1_confidence = t.max(F.softmax(f.dec_stage1), 1);
    f.stage1_gate = t.unsqueeze(t.rsub(1, f.stage1_confidence), 1);
    f.dec_stage2_0 = this.level2_C.call(f.output2);
    f.dec_stage2 = this.bn_2.call(this.up.call(t.add(t.multiply(f.dec_stage2_0, f.stage1_gate), f.dec_stage1)));
    f.out = this.classifier.call(f.dec_stage2);
    return [f.out];
  }
}
