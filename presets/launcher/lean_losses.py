"""Lean training: PaddleSeg's losses and its training step with fewer tensors of full size, at the same numbers.

vram_train.py imports this file for its option --lean. Three means, each for itself:

losses     a loss's forward is replaced by one that forms the same loss with fewer temporaries. The pixels that are chosen, the
           value and the gradient are the same: OHEM keeps its own softmax and sort, and only what lies around them is left out.
logits     each logit of `logits_list` is let go when its loss has been formed: backward needs what the loss's kernels kept,
           and not the list, which would hold the logits until the next step's forward has ended.
gradients  gradients are freed after the step instead of being filled with zeros and kept.

Paddle 2.5 or later, PaddleSeg 2.8 or later, Python 3.8 or later. Written by vram-plan. Apache-2.0.
"""
import paddle
import paddle.nn.functional as F

# ------------------------------------------------------------------------------------------------------------- pixels


def is_not(label, value):
    """`label != value` without a tensor of the label's size filled with the value."""
    return paddle.not_equal(label, paddle.full([], value, label.dtype))


def int64(label):
    return label if label.dtype == paddle.int64 else label.astype("int64")


def along(label, logit, axis):
    """Labels as int64 with a class axis of 1 in the logits' place for it."""
    shape = list(logit.shape)
    shape[axis] = 1
    return int64(label).reshape(shape)


def class_of(label, valid):
    """Labels with 0 for what is ignored: they can pick from the classes."""
    return label * valid.astype("int64")


def cross_entropy(logit, label, ignore_index, axis, weights=None):
    """Loss of each pixel, 0 where it is ignored. The softmax that the kernel keeps is where its gradient will be written."""
    loss = F.softmax_with_cross_entropy(logit, label, ignore_index=ignore_index, axis=axis)
    if loss.dtype in (paddle.float16, paddle.bfloat16):
        # A mask or weight of float32 would have lifted it.
        loss = loss.astype("float32")
    return loss if weights is None else loss * weights


def check_weight(self, logit, axis):
    if self.weight is not None and logit.shape[axis] != len(self.weight):
        raise ValueError("weight has %d numbers for %d classes" % (len(self.weight), logit.shape[axis]))


def weights_of(weight, classes):
    """The weight of each pixel's class."""
    return paddle.gather(weight, classes.flatten()).reshape(classes.shape)


# -------------------------------------------------------------------------------------------------------------- losses


def hardest(logit, label, ignore_index, thresh, min_kept):
    """Labels with `ignore_index` for the pixels that are too easy: those whose class is at least as probable as the threshold and
    as that of the pixel at `min_kept`.
    """
    valid = is_not(label, ignore_index)
    if not min_kept < valid.sum():
        return label
    classes = class_of(label, valid)
    prob = paddle._C_ops.take_along_axis(F.softmax(logit, axis=1), classes, 1)
    del classes
    # What is ignored comes last.
    prob = prob + paddle.logical_not(valid).astype(prob.dtype)
    ranked = paddle.sort(prob.flatten())
    threshold = paddle.maximum(ranked[min_kept - 1], paddle.full([], thresh, prob.dtype))
    del ranked
    hard = paddle.logical_and(valid, paddle.less_than(prob, threshold))
    del prob, valid
    return paddle.where(hard, label, paddle.full_like(label, ignore_index))


def ohem_cross_entropy(self, logit, label):
    """OhemCrossEntropyLoss."""
    check_weight(self, logit, 1)
    label = along(label, logit, 1)
    weights = None
    with paddle.no_grad():
        if self.min_kept > 0:
            label = hardest(logit, label, self.ignore_index, self.thresh, self.min_kept)
        valid = is_not(label, self.ignore_index)
        if self.weight is not None:
            weights = weights_of(self.weight, class_of(label, valid))
        share = valid.astype("float32").mean() + self.EPS
        del valid
    return cross_entropy(logit, label, self.ignore_index, 1, weights).mean() / share


def cross_entropy_loss(self, logit, label, semantic_weights=None):
    """CrossEntropyLoss: the classes stay where they are, so that neither the logits nor their gradient are copied to turn them."""
    if semantic_weights is not None:
        return PLAIN["CrossEntropyLoss"](self, logit, label, semantic_weights)
    axis = 1 if self.data_format == "NCHW" else logit.ndim - 1
    check_weight(self, logit, axis)
    label = along(label, logit, axis)
    everything = self.top_k_percent_pixels == 1.0
    weights = coefficients = share = None
    with paddle.no_grad():
        if self.weight is not None:
            coefficients = weights = weights_of(self.weight, class_of(label, is_not(label, self.ignore_index)))
        if not self.avg_non_ignore:
            coefficients = None
        elif everything:
            share = is_not(label, self.ignore_index).astype("float32")
            share = (share if coefficients is None else share * coefficients).mean() + self.EPS
    loss = cross_entropy(logit, label, self.ignore_index, axis, weights)
    if not everything:
        loss = loss.flatten()
        loss, places = paddle.topk(loss, int(self.top_k_percent_pixels * loss.numel()))
        if coefficients is not None:
            share = paddle.gather(coefficients.flatten(), places).mean() + self.EPS
    return loss.mean() if share is None else loss.mean() / share


LOSSES = {
    "OhemCrossEntropyLoss": ohem_cross_entropy,
    "CrossEntropyLoss": cross_entropy_loss,
}

# The forwards that were replaced, by class.
PLAIN = {}


def lean_losses():
    """What to replace in PaddleSeg's losses, as (class, "forward", function)."""
    import paddleseg.models.losses as losses

    changes = []
    for name, forward in LOSSES.items():
        cls = getattr(losses, name, None)
        if cls is not None:
            PLAIN.setdefault(name, cls.forward)
            changes.append((cls, "forward", forward))
    return changes


# ---------------------------------------------------------------------------------------------------------------- step


def loss_computation(logits_list, labels, edges, losses):
    """PaddleSeg's loss_computation, which takes the logits out of the list. It needs a list: a tuple stays as it is."""
    terms = list(zip(losses["types"], losses["coef"]))
    if len(logits_list) != len(terms):
        raise RuntimeError("%d logits for %d losses" % (len(logits_list), len(terms)))
    loss_list = []
    for i, (loss, coefficient) in enumerate(terms):
        result = loss(taken(logits_list, i), edges if type(loss).__name__ == "BCELoss" and loss.edge_label else labels)
        results = result if isinstance(result, list) else [result]
        loss_list += [coefficient * each for each in results]
    return loss_list


def taken(logits_list, i):
    logits = logits_list[i]
    if isinstance(logits_list, list):
        logits_list[i] = None
    return logits


def lean_logits(train_module, model, losses):
    """Replaces loss_computation, except for models with one of their own and where two logits make one loss."""
    if hasattr(model, "loss_computation") or any(type(loss).__name__ == "KLLoss" for loss in losses["types"]):
        return []
    return [(train_module, "loss_computation", loss_computation)]


def lean_gradients(model, optimizer):
    """Replaces clear_gradients() and step(): gradients are freed. One that a later step does not form counts as zero, as it would have."""
    plain_step = optimizer.step
    cleared = {}

    def clear_gradients(set_to_zero=False):
        for parameter in model.parameters():
            if parameter.grad is not None:
                cleared[id(parameter)] = parameter
                parameter.clear_gradient(False)

    def step():
        for parameter in cleared.values():
            if parameter.grad is None:
                parameter.grad = paddle.zeros_like(parameter)
        cleared.clear()
        return plain_step()

    return [(model, "clear_gradients", clear_gradients), (optimizer, "step", step)]


def changes(means, train_module, model, optimizer, losses):
    """What the means replace, as (object, attribute, value)."""
    found = []
    if "losses" in means:
        found += lean_losses()
    if "logits" in means:
        found += lean_logits(train_module, model, losses)
    if "gradients" in means:
        found += lean_gradients(model, optimizer)
    return found
