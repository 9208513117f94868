/** @file What most networks end with: each logit brought to the image's size. */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";

/** `[F.interpolate(logit, size) for logit in logits]`: a scope of its own, its variable dies with it. */
export function upsampled(
  logits: PyList | readonly Tensor[],
  size: readonly [number, number],
  dataFormat: "NCHW" | "NHWC" = "NCHW",
): PyList {
  return scope({ logits }, (f: { logits: PyList | readonly Tensor[]; result: PyList; logit: Tensor }) => {
    f.result = new PyList();
    for (const logit of f.logits) {
      f.logit = logit;
      f.result.append(F.interpolate(f.logit, size, { mode: "bilinear", dataFormat }));
    }
    return f.result;
  });
}
