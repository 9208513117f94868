/** @file SegNet (`paddleseg/models/segnet.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D } from "../nn/layers.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import type { Network } from "./network.ts";

interface Locals {
  logit_list: PyList;
  x: Tensor;
  ind1: Tensor;
  ind2: Tensor;
  ind3: Tensor;
  ind4: Tensor;
  ind5: Tensor;
}

type Index = "ind1" | "ind2" | "ind3" | "ind4" | "ind5";

/** Convolutions through the given channels, 3×3 each. */
function convolutions(...channels: number[]): Sequential {
  const [first, ...rest] = channels;
  let from = first!;
  const items: Layer[] = [];
  for (const to of rest) {
    items.push(new ConvBNReLU(from, to, 3, { padding: 1 }));
    from = to;
  }
  return new Sequential(...items);
}

export class SegNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly enco1: Sequential;
  readonly enco2: Sequential;
  readonly enco3: Sequential;
  readonly enco4: Sequential;
  readonly enco5: Sequential;
  readonly deco1: Sequential;
  readonly deco2: Sequential;
  readonly deco3: Sequential;
  readonly deco4: Sequential;
  readonly deco5: Sequential;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.enco1 = convolutions(args.int("in_channels", 3), 64, 64);
    args.finish();
    this.enco2 = convolutions(64, 128, 128);
    this.enco3 = convolutions(128, 256, 256, 256);
    this.enco4 = convolutions(256, 512, 512, 512);
    this.enco5 = convolutions(512, 512, 512, 512);
    this.deco1 = convolutions(512, 512, 512, 512);
    this.deco2 = convolutions(512, 512, 512, 256);
    this.deco3 = convolutions(256, 256, 256, 128);
    this.deco4 = convolutions(128, 128, 128, 64);
    this.deco5 = new Sequential(new ConvBNReLU(64, 64, 3, { padding: 1 }), new Conv2D(64, classes, 3, { padding: 1 }));
  }

  forward(f: Locals, x: Tensor): PyList {
    f.logit_list = new PyList();
    f.x = x;
    const size1 = down(f, this.enco1, "ind1");
    const size2 = down(f, this.enco2, "ind2");
    const size3 = down(f, this.enco3, "ind3");
    const size4 = down(f, this.enco4, "ind4");
    down(f, this.enco5, "ind5");
    up(f, this.deco1, "ind5", size4);
    up(f, this.deco2, "ind4", size3);
    up(f, this.deco3, "ind3", size2);
    up(f, this.deco4, "ind2", size1);
    // The last one is given no size: twice its own.
    const [height, width] = f.x.hw;
    up(f, this.deco5, "ind1", [height * 2, width * 2]);
    f.logit_list.append(f.x);
    return f.logit_list;
  }
}

/** Encodes and pools by 2; where each maximum was goes to `index`. Returns the pooled size. */
function down(f: Locals, encoder: Sequential, index: Index): readonly [number, number] {
  f.x = encoder.call(f.x);
  const [pooled, mask] = F.maxPool2dWithIndex(f.x, { kernel: 2, stride: 2 });
  f.x = pooled;
  f[index] = mask;
  return f.x.hw;
}

function up(f: Locals, decoder: Sequential, index: Index, size: readonly [number, number]): void {
  f.x = F.maxUnpool2d(f.x, f[index], size);
  f.x = decoder.call(f.x);
}
