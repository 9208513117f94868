/** @file ENet (`paddleseg/models/enet.py`). */
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2DTranspose } from "../nn/layers.ts";
import { DownsamplingBottleneck, InitialBlock, RegularBottleneck, UpsamplingBottleneck } from "./blocks/enet.ts";
import type { Network } from "./network.ts";

interface Locals {
  x: Tensor;
  down: readonly [Tensor, Tensor] | undefined;
  max_indices1_0: Tensor;
  max_indices2_0: Tensor;
}

/** Dropout rates of the first stage and of the others, as PaddleSeg has them. */
const [early, late] = [0.01, 0.1];

/** Channels and dilations are the class's own. */
export class ENet extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly initial_block: InitialBlock;
  readonly downsample1_0: DownsamplingBottleneck;
  readonly regular1_1: RegularBottleneck;
  readonly regular1_2: RegularBottleneck;
  readonly regular1_3: RegularBottleneck;
  readonly regular1_4: RegularBottleneck;
  readonly downsample2_0: DownsamplingBottleneck;
  readonly regular2_1: RegularBottleneck;
  readonly dilated2_2: RegularBottleneck;
  readonly asymmetric2_3: RegularBottleneck;
  readonly dilated2_4: RegularBottleneck;
  readonly regular2_5: RegularBottleneck;
  readonly dilated2_6: RegularBottleneck;
  readonly asymmetric2_7: RegularBottleneck;
  readonly dilated2_8: RegularBottleneck;
  readonly regular3_0: RegularBottleneck;
  readonly dilated3_1: RegularBottleneck;
  readonly asymmetric3_2: RegularBottleneck;
  readonly dilated3_3: RegularBottleneck;
  readonly regular3_4: RegularBottleneck;
  readonly dilated3_5: RegularBottleneck;
  readonly asymmetric3_6: RegularBottleneck;
  readonly dilated3_7: RegularBottleneck;
  readonly upsample4_0: UpsamplingBottleneck;
  readonly regular4_1: RegularBottleneck;
  readonly regular4_2: RegularBottleneck;
  readonly upsample5_0: UpsamplingBottleneck;
  readonly regular5_1: RegularBottleneck;
  readonly transposed_conv: Conv2DTranspose;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    const encoderReLU = args.boolean("encoder_relu", false);
    const decoderReLU = args.boolean("decoder_relu", true);
    args.finish();
    const early1 = { padding: 1, dropout: early, relu: encoderReLU };
    const regular = () => new RegularBottleneck(128, { padding: 1, dropout: late, relu: encoderReLU });
    const dilated = (dilation: number) =>
      new RegularBottleneck(128, { dilation, padding: dilation, dropout: late, relu: encoderReLU });
    const asymmetric = () =>
      new RegularBottleneck(128, { kernel: 5, padding: 2, asymmetric: true, dropout: late, relu: encoderReLU });
    const decoded = (channels: number) =>
      new RegularBottleneck(channels, { padding: 1, dropout: late, relu: decoderReLU });
    this.initial_block = new InitialBlock(inChannels, 16, encoderReLU);
    this.downsample1_0 = new DownsamplingBottleneck(16, 64, early, encoderReLU);
    this.regular1_1 = new RegularBottleneck(64, early1);
    this.regular1_2 = new RegularBottleneck(64, early1);
    this.regular1_3 = new RegularBottleneck(64, early1);
    this.regular1_4 = new RegularBottleneck(64, early1);
    this.downsample2_0 = new DownsamplingBottleneck(64, 128, late, encoderReLU);
    this.regular2_1 = regular();
    this.dilated2_2 = dilated(2);
    this.asymmetric2_3 = asymmetric();
    this.dilated2_4 = dilated(4);
    this.regular2_5 = regular();
    this.dilated2_6 = dilated(8);
    this.asymmetric2_7 = asymmetric();
    this.dilated2_8 = dilated(16);
    this.regular3_0 = regular();
    this.dilated3_1 = dilated(2);
    this.asymmetric3_2 = asymmetric();
    this.dilated3_3 = dilated(4);
    this.regular3_4 = regular();
    this.dilated3_5 = dilated(8);
    this.asymmetric3_6 = asymmetric();
    this.dilated3_7 = dilated(16);
    this.upsample4_0 = new UpsamplingBottleneck(128, 64, late, decoderReLU);
    this.regular4_1 = decoded(64);
    this.regular4_2 = decoded(64);
    this.upsample5_0 = new UpsamplingBottleneck(64, 16, late, decoderReLU);
    this.regular5_1 = decoded(16);
    this.transposed_conv = new Conv2DTranspose(16, classes, 3, { stride: 2, padding: 1, bias: false });
  }

  forward(f: Locals, x: Tensor): readonly Tensor[] {
    const through = (...layers: readonly Layer[]) => {
      for (const layer of layers) f.x = layer.call(f.x);
    };
    f.x = this.initial_block.call(x);
    const size1 = f.x.hw;
    f.down = this.downsample1_0.call(f.x);
    [f.x, f.max_indices1_0] = f.down;
    f.down = undefined;
    through(this.regular1_1, this.regular1_2, this.regular1_3, this.regular1_4);
    const size2 = f.x.hw;
    f.down = this.downsample2_0.call(f.x);
    [f.x, f.max_indices2_0] = f.down;
    f.down = undefined;
    through(this.regular2_1, this.dilated2_2, this.asymmetric2_3, this.dilated2_4);
    through(this.regular2_5, this.dilated2_6, this.asymmetric2_7, this.dilated2_8);
    through(this.regular3_0, this.dilated3_1, this.asymmetric3_2, this.dilated3_3);
    through(this.regular3_4, this.dilated3_5, this.asymmetric3_6, this.dilated3_7);
    f.x = this.upsample4_0.call(f.x, f.max_indices2_0, size2);
    through(this.regular4_1, this.regular4_2);
    f.x = this.upsample5_0.call(f.x, f.max_indices1_0, size1);
    through(this.regular5_1);
    f.x = this.transposed_conv.call(f.x, x.hw);
    return [f.x];
  }
}
