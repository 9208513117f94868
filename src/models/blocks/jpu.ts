/** @file Joint pyramid upsampling (`JPU` in `paddleseg/models/layers/layer_libs.py`), of FastFCN and GINet. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU, SeparableConvBNReLU } from "./conv.ts";

function dilated(width: number, dilation: number): SeparableConvBNReLU {
  return new SeparableConvBNReLU(3 * width, width, 3, {
    padding: dilation,
    dilation,
    bias: false,
    pointwiseBias: false,
  });
}

/** The last three maps, brought to the size of the first of them, through four dilated convolutions: 4 · width channels. */
export class JPU extends Layer<readonly Tensor[], readonly Tensor[]> {
  readonly conv5: ConvBNReLU;
  readonly conv4: ConvBNReLU;
  readonly conv3: ConvBNReLU;
  readonly dilation1: SeparableConvBNReLU;
  readonly dilation2: SeparableConvBNReLU;
  readonly dilation3: SeparableConvBNReLU;
  readonly dilation4: SeparableConvBNReLU;

  constructor(inChannels: readonly number[], width = 512) {
    super();
    const options = { padding: 1, bias: false };
    this.conv5 = new ConvBNReLU(inChannels.at(-1)!, width, 3, options);
    this.conv4 = new ConvBNReLU(inChannels.at(-2)!, width, 3, options);
    this.conv3 = new ConvBNReLU(inChannels.at(-3)!, width, 3, options);
    this.dilation1 = dilated(width, 1);
    this.dilation2 = dilated(width, 2);
    this.dilation3 = dilated(width, 4);
    this.dilation4 = dilated(width, 8);
  }

  forward(f: { feats: PyList; feat: Tensor }, ...inputs: readonly Tensor[]): readonly Tensor[] {
    f.feats = new PyList();
    f.feats.append(this.conv5.call(inputs.at(-1)!));
    f.feats.append(this.conv4.call(inputs.at(-2)!));
    f.feats.append(this.conv3.call(inputs.at(-3)!));
    const size = f.feats.at(-1).hw;
    f.feats.set(-2, F.interpolate(f.feats.at(-2), size, { mode: "bilinear" }));
    f.feats.set(-3, F.interpolate(f.feats.at(-3), size, { mode: "bilinear" }));
    f.feat = t.concat(f.feats, 1);
    f.feat = t.concat(
      [
        this.dilation1.call(f.feat),
        this.dilation2.call(f.feat),
        this.dilation3.call(f.feat),
        this.dilation4.call(f.feat),
      ],
      1,
    );
    return [inputs[0]!, inputs[1]!, inputs[2]!, f.feat];
  }
}
