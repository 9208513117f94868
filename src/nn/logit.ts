/** @file What a network hands to a loss. */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";

/** One map of logits, or the tensors (or lists of them) that one loss compares (a tuple or a dict in PaddleSeg). */
export type Logit = Tensor | readonly Tensor[] | readonly PyList[];

/** One for each loss. In evaluation the first is a tensor. */
export type Logits = PyList<Logit> | PyList | readonly Logit[];
