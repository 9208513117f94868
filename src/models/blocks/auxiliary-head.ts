/** @file The auxiliary classifier of DNLNet and EMANet. */
import { Sequential } from "../../nn/layer.ts";
import { Conv2D, Dropout2D } from "../../nn/layers.ts";
import { ConvBNReLU } from "./conv.ts";

/** The auxiliary head that PaddleSeg gives DNLNet and EMANet: 1024 channels in and 256 inside, whatever the backbone. */
export function auxiliaryHead(classes: number, bias: boolean): Sequential {
  return new Sequential(new ConvBNReLU(1024, 256, 3, { bias }), new Dropout2D(0.1), new Conv2D(256, classes, 1));
}
