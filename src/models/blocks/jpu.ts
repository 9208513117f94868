/** @file Joint pyramid upsampling (`JPU` in `paddleseg/models/layers/layer_libs.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU, SeparableConvBNReLU } from "./conv.ts";

/** The last three maps at the size of the finest of them, through four dilations; the first three are handed on. */
export class JPU extends Layer<readonly Tensor[], readonly Tensor[]> {
  readonly conv5: ConvBNReLU;
  readonly conv4: ConvBNReLU;
  readonly conv3: ConvBNReLU;
  readonly dilation1: SeparableConvBNReLU;
  readonly dilation2: SeparableConvBNReLU;
  readonly dilation3: SeparableConvBNReLU;
  readonly dilation4: SeparableConvBNReLU;

  constructor(inChannels: readonly number[], width: number) {
    super();
    const conv = (from: number) => new ConvBNReLU(from, width, 3, { padding: 1, bias: false });
    this.conv5 = conv(inChannels.at(-1)!);
    this.conv4 = conv(inChannels.at(-2)!);
    this.conv3 = conv(inChannels.at(-3)!);
    const dilated = (dilation: number) =>
      new SeparableConvBNReLU(3 * width, width, 3, { padding: dilation, dilation, pointwiseBias: false, bias: false });
    this.dilation1 = dilated(1);
    this.dilation2 = dilated(2);
    this.dilation3 = dilated(4);
    this.dilation4 = dilated(8);
  }

  forward(f: { feats: PyList; feat: Tensor }, ...inputs: readonly Tensor[]): readonly Tensor[] {
    f.feats = listOf([
      () => this.conv5.call(inputs.at(-1)!),
      () => this.conv4.call(inputs.at(-2)!),
      () => this.conv3.call(inputs.at(-3)!),
    ]);
    const size = f.feats.at(-1).hw;
    for (const i of [-2, -3]) f.feats.set(i, F.interpolate(f.feats.at(i), size, { mode: "bilinear" }));
    f.feat = t.concat(f.feats, 1);
    const x = f.feat;
    const branches = [this.dilation1, this.dilation2, this.dilation3, this.dilation4];
    f.feat = t.concat(listOf(branches.map((branch) => () => branch.call(x))), 1);
    return [inputs[0]!, inputs[1]!, inputs[2]!, f.feat];
  }
}

/** A list display: each item is held as soon as it is there. */
function listOf(items: readonly (() => Tensor)[]): PyList {
  const list = new PyList();
  for (const item of items) list.append(item());
  return list;
}
