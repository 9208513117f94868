/** @file Xception for DeepLab (`paddleseg/models/backbones/xception_deeplab.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import type { Backbone } from "./backbone.ts";
import { ConvBNLayer, type Three, XceptionBlock } from "./xception-blocks.ts";

/** Entry flow: strides that PaddleSeg counts, and channels; middle flow: number of blocks (Chen et al. 2018, figure 4). */
interface Plan {
  readonly name: string;
  readonly strides: readonly number[];
  readonly channels: readonly number[];
  readonly middle: number;
}

const short = { strides: [2, 2, 2], channels: [128, 256, 728] };

/** Plans by the number of layers in the name. */
export const xceptionPlans = {
  41: { name: "xception_41", ...short, middle: 8 },
  65: { name: "xception_65", ...short, middle: 16 },
  71: { name: "xception_71", strides: [2, 1, 2, 1, 2], channels: [128, 256, 256, 728, 728], middle: 16 },
} as const satisfies Record<string, Plan>;

/** Channels of the middle flow, and of the two blocks of the exit flow. */
const middleChannels = 728;
const exitChannels: readonly [Three, Three] = [
  [728, 1024, 1024],
  [1536, 1536, 2048],
];

export class XceptionDeeplab extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels = [128, 2048];
  readonly _conv1: ConvBNLayer;
  readonly _conv2: ConvBNLayer;
  private readonly entry: XceptionBlock[] = [];
  private readonly middle: XceptionBlock[] = [];
  private readonly exit1: XceptionBlock;
  private readonly exit2: XceptionBlock;
  private readonly plan: Plan;

  constructor(args: Args, plan: Plan) {
    super();
    this.plan = plan;
    const inChannels = args.int("in_channels", 3);
    const outputStride = args.int("output_stride", 16);
    args.finish();
    this._conv1 = new ConvBNLayer(inChannels, 32, 3, { stride: 2, padding: 1, relu: true });
    this._conv2 = new ConvBNLayer(32, 64, 3, { padding: 1, relu: true });
    // The stride so far, by which later strides are judged.
    let stride = 2;
    const allowed = (next: number) => (stride * next <= outputStride ? next : 1);
    for (const [i, out] of plan.channels.entries()) {
      // PaddleSeg halves in every entry block, whatever it counts.
      this.entry.push(new XceptionBlock(i === 0 ? 64 : plan.channels[i - 1]!, [out, out, out], { stride: 2 }));
      stride *= allowed(plan.strides[i]!);
    }
    const same: Three = [middleChannels, middleChannels, middleChannels];
    for (let i = 0; i < plan.middle; i++) {
      this.middle.push(new XceptionBlock(middleChannels, same, { skip: "input" }));
    }
    const [first, second] = exitChannels;
    const halved = allowed(2);
    this.exit1 = new XceptionBlock(middleChannels, first, { stride: halved });
    this.exit2 = new XceptionBlock(first[2], second, { dilation: 2, skip: "none", inner: true });
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield ["_conv1", this._conv1];
    yield ["_conv2", this._conv2];
    for (const [i, block] of this.entry.entries()) yield [`${this.plan.name}/entry_flow/block${i + 1}`, block];
    for (const [i, block] of this.middle.entries()) yield [`${this.plan.name}/middle_flow/block${i + 1}`, block];
    yield ["_exit_flow_1", this.exit1];
    yield ["_exit_flow_2", this.exit2];
  }

  forward(f: { x: Tensor; feat_list: PyList }, inputs: Tensor): PyList {
    f.x = this._conv1.call(inputs);
    f.x = this._conv2.call(f.x);
    f.feat_list = new PyList();
    for (const [i, block] of this.entry.entries()) {
      f.x = block.call(f.x);
      if (i === 0) f.feat_list.append(f.x);
    }
    for (const block of this.middle) f.x = block.call(f.x);
    f.x = this.exit1.call(f.x);
    f.x = this.exit2.call(f.x);
    f.feat_list.append(f.x);
    return f.feat_list;
  }
}
