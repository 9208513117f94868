/** @file RMILoss (`paddleseg/models/losses/rmi_loss.py`): region mutual information of labels and probabilities. */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { Loss } from "./loss.ts";

interface Locals {
  logits_4D: Tensor;
  labels_4D: Tensor;
  loss: Tensor;
}

interface SigmoidLocals extends Locals {
  label_mask_3D: Tensor;
  valid_onehot_labels_4D: Tensor;
  probs_4D: Tensor;
  rmi_loss: Tensor;
}

interface BoundLocals {
  labels_4D: Tensor;
  probs_4D: Tensor;
  la_vectors: Tensor;
  pr_vectors: Tensor;
  diag_matrix: Tensor;
  la_cov: Tensor;
  pr_cov: Tensor;
  pr_cov_inv: Tensor;
  la_pr_cov: Tensor;
  appro_var: Tensor;
  rmi_now: Tensor;
  rmi_per_class: Tensor;
  rmi_loss: Tensor;
}

/** Ways of `rmi_pool_way` that PaddleSeg defines. */
const ways = ["max", "average", "resize"] as const;

/** Logits [N, C, H, W]; covariances are float64 matrices of order radius² for each image and class. */
export class RMILoss extends Loss {
  readonly type = "RMILoss";
  private readonly classes: number;
  private readonly radius: number;
  private readonly way: (typeof ways)[number];
  private readonly pool: number;

  constructor(args: Args) {
    super();
    args.ignore("loss_weight_lambda", "ignore_index");
    this.classes = args.int("num_classes", 19);
    this.radius = args.int("rmi_radius", 3);
    const way = ways[args.int("rmi_pool_way", 0)];
    if (way === undefined)
      throw new ArgumentError("RMILoss", "rmi_pool_way", "rmi_pool_way of RMILoss must be 0, 1 or 2");
    this.way = way;
    this.pool = args.int("rmi_pool_size", 3);
    if (args.int("rmi_pool_stride", 3) !== this.pool) {
      throw new ArgumentError("RMILoss", "rmi_pool_stride", "rmi_pool_stride of RMILoss must equal rmi_pool_size");
    }
    args.finish();
  }

  forward(f: Locals, logits: Tensor, labels: Tensor): Tensor {
    f.logits_4D = t.cast(logits, "float32");
    f.labels_4D = t.cast(labels, "float32");
    f.loss = this.sigmoid(f.logits_4D, f.labels_4D);
    return f.loss;
  }

  /** `forward_sigmoid`: one-hot labels and probabilities, ignored pixels zero in both. */
  private sigmoid(logits: Tensor, labels: Tensor): Tensor {
    return scope({ logits_4D: logits, labels_4D: labels }, (f: SigmoidLocals) => {
      f.label_mask_3D = t.notEqual(f.labels_4D, 255);
      const plain = t.cast(f.labels_4D, "int64");
      const masked = t.multiply(plain, t.cast(f.label_mask_3D, "int64"));
      f.valid_onehot_labels_4D = t.cast(t.oneHot(masked, this.classes), "float32");
      const mask = t.cast(t.unsqueeze(f.label_mask_3D, 3), "float32");
      f.valid_onehot_labels_4D = t.multiply(f.valid_onehot_labels_4D, mask);
      const probs = F.sigmoid(f.logits_4D);
      f.probs_4D = t.scale(t.multiply(probs, t.cast(t.unsqueeze(f.label_mask_3D, 1), "float32")));
      f.valid_onehot_labels_4D = t.transpose(f.valid_onehot_labels_4D, [0, 3, 1, 2]);
      f.rmi_loss = this.lowerBound(f.valid_onehot_labels_4D, f.probs_4D);
      return f.rmi_loss;
    });
  }

  /** Labels and probabilities brought to a lower resolution. */
  private pooled(f: BoundLocals): void {
    if (this.pool <= 1) return;
    if (this.way === "resize") {
      const size = [Math.floor(f.labels_4D.dim(2) / this.pool), Math.floor(f.labels_4D.dim(3) / this.pool)];
      f.labels_4D = F.interpolate(f.labels_4D, size);
      f.probs_4D = F.interpolate(f.probs_4D, size, { mode: "bilinear" });
      return;
    }
    const options = { kernel: this.pool, stride: this.pool, padding: Math.floor(this.pool / 2) };
    f.labels_4D = F.pool2d(f.labels_4D, options);
    f.probs_4D = F.pool2d(f.probs_4D, options);
  }

  /** `rmi_lower_bound`. */
  private lowerBound(labels: Tensor, probs: Tensor): Tensor {
    return scope({ labels_4D: labels, probs_4D: probs }, (f: BoundLocals) => {
      this.pooled(f);
      const [n, c] = [f.labels_4D.dim(0), f.labels_4D.dim(1)];
      const order = this.radius ** 2;
      const [la, pr] = pairs(f.labels_4D, f.probs_4D, this.radius);
      f.la_vectors = la;
      f.pr_vectors = pr;
      f.la_vectors = t.reshape(f.la_vectors, [n, c, order, -1]);
      f.la_vectors = t.cast(f.la_vectors, "float64");
      f.pr_vectors = t.reshape(f.pr_vectors, [n, c, order, -1]);
      f.pr_vectors = t.cast(f.pr_vectors, "float64");
      f.diag_matrix = t.unsqueeze(t.unsqueeze(t.eye(order), 0), 0);
      this.covariances(f);
      f.appro_var = t.subtract(
        f.la_cov,
        t.matmul(t.matmul(f.la_pr_cov, f.pr_cov_inv), t.transpose(f.la_pr_cov, [0, 1, 3, 2])),
      );
      f.rmi_now = t.scale(logDeterminant(t.add(f.appro_var, t.scale(t.cast(f.diag_matrix, "float64")))));
      f.rmi_per_class = t.cast(t.mean(t.reshape(f.rmi_now, [-1, this.classes]), 0), "float32");
      f.rmi_per_class = t.divide(f.rmi_per_class, t.toTensor([], "float32"));
      f.rmi_loss = t.sum(f.rmi_per_class);
      return f.rmi_loss;
    });
  }

  private covariances(f: BoundLocals): void {
    const swap = [0, 1, 3, 2];
    f.la_vectors = t.subtract(f.la_vectors, t.mean(f.la_vectors, 3, true));
    f.la_cov = t.matmul(f.la_vectors, t.transpose(f.la_vectors, swap));
    f.pr_vectors = t.subtract(f.pr_vectors, t.mean(f.pr_vectors, 3, true));
    f.pr_cov = t.matmul(f.pr_vectors, t.transpose(f.pr_vectors, swap));
    f.pr_cov_inv = t.inverse(t.add(f.pr_cov, t.scale(t.cast(f.diag_matrix, "float64"))));
    f.la_pr_cov = t.matmul(f.la_vectors, t.transpose(f.pr_vectors, swap));
  }
}

/** `map_get_pairs`: the shifted views of both maps, stacked: [N, C, radius², H - radius + 1, W - radius + 1]. */
function pairs(labels: Tensor, probs: Tensor, radius: number): [Tensor, Tensor] {
  return scope({ labels, probs }, (f: { labels: Tensor; probs: Tensor; la_ns: Tensor[]; pr_ns: Tensor[] }) => {
    const [h, w] = [f.labels.dim(2) - radius + 1, f.labels.dim(3) - radius + 1];
    const shifted = (x: Tensor): Tensor[] => {
      const views: Tensor[] = [];
      for (let y = 0; y < radius; y++) {
        for (let s = 0; s < radius; s++) {
          views.push(t.sliceAxes(x, { axes: [2, 3], starts: [y, s], ends: [y + h, s + w] }));
        }
      }
      return views;
    };
    f.la_ns = shifted(f.labels);
    f.pr_ns = shifted(f.probs);
    const la = t.stack(f.la_ns, 2);
    return [la, t.stack(f.pr_ns, 2)];
  });
}

/** `log_det_by_cholesky` of [N, C, D, D]. */
function logDeterminant(matrix: Tensor): Tensor {
  return scope({ matrix }, (f: { matrix: Tensor; chol: Tensor; diag: Tensor }) => {
    f.chol = t.cholesky(f.matrix);
    f.diag = t.diagonal(f.chol);
    f.chol = t.log(t.scale(f.diag));
    return t.scale(t.sum(f.chol, -1));
  });
}
