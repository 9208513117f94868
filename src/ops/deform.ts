/** @file Deformable attention: the op `ms_deform_attn` that PaddleSeg has its users build (paddleseg.bj.bcebos.com, customized_ops). */
import { UserError } from "../errors.ts";
import { defineOp, numel } from "./types.ts";

/**
 * Inputs: value [N, S, heads, C], sizes of the levels and where they start (int64), places [N, Q, heads, levels, points, 2] and
 * weights [N, Q, heads, levels, points]. The tape keeps all five; each gradient is a new buffer. AMP casts nothing for a custom op,
 * and the kernels are written for float32 (PaddleSeg contrib/PanopticSeg ms_deform_attn.cu, PaddleDetection
 * ms_deformable_attn_op.cu), so half precision is refused. Throws UserError.
 */
export const msDeformAttnOp = defineOp({
  // The op fills its result with zeros by `paddle::full`, and so its gradients.
  name: "full",
  gradNode: "RunCustomOpNode",
  gradName: "full",
  saves: [0, 1, 2, 3, 4],
  infer: ([value, , , places]) => {
    if (value!.dtype !== "float32")
      throw new UserError("single-precision-only", { op: "ms_deform_attn", dtype: value!.dtype });
    const [batch, , heads, channels] = value!.shape;
    return [{ shape: [batch!, places!.shape[1]!, heads! * channels!], dtype: value!.dtype }];
  },
  grads: () => ["new", undefined, undefined, "new", "new"],
  flops: ([value, , , , weights]) => 2 * numel(weights!.shape) * value!.shape[3]!,
});
