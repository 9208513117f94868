"""Lean training: PaddleSeg's losses and its training step with fewer tensors of full size, at the same numbers.

vram_train.py imports this file for its option --lean. Four means, each for itself:

losses     a loss's forward is replaced by one that forms the same loss with fewer temporaries. The pixels that are chosen, the
           value and the gradient are the same: OHEM keeps its own softmax and sort, and only what lies around them is left out;
           Dice, BCE, Lovasz and DetailAggregate form the gradient together with the value, class by class.
logits     each logit of `logits_list` is let go when its loss has been formed: backward needs what the loss's kernels kept,
           and not the list, which would hold the logits until the next step's forward has ended.
gradients  gradients are freed after the step instead of being filled with zeros and kept.
heads      each head's loss goes backward to its logits before the next head's begins, so that only one head's tensors are there at
           a time; logits that the network upsampled last are let go and upsampled again before their loss, which takes time.

Paddle 2.5 or later, PaddleSeg 2.8 or later, Python 3.8 or later. Written by vram-plan. Apache-2.0.
"""
import functools
import weakref

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


# ---------------------------------------------------------------------------------------------------- gradient at hand


class AtHand(paddle.autograd.PyLayer):
    """A loss whose gradient is formed together with its value: nothing but the gradient waits for backward."""

    @staticmethod
    def forward(ctx, logit, form):
        with paddle.amp.auto_cast(enable=False):
            value, ctx.gradient = form(logit)
        return value

    @staticmethod
    def backward(ctx, upstream):
        gradient, ctx.gradient = ctx.gradient, None
        return gradient.multiply_(upstream)


def at_hand(form, logit, *args):
    """`form(*args, logit)` gives the value and the gradient, in float32 and without auto-cast."""
    if logit.dtype != paddle.float32:
        logit = logit.astype("float32")
    return AtHand.apply(logit, functools.partial(form, *args))


def number(value, like):
    """A tensor of one element, which fills nothing of the other's size."""
    return paddle.full([], value, like.dtype)


def valid_softmax(logit, valid):
    """Probabilities, 0 where `valid` ([N, H, W]) is false: so no gradient comes from there."""
    prob = F.softmax(logit, axis=1)
    return prob.multiply_(valid.unsqueeze(1).astype("float32"))


def pixels_of(c, label, valid):
    return paddle.logical_and(paddle.equal(label, number(c, label)), valid).astype("float32")


def dice_at_hand(loss, label, valid, logit):
    """Each class for itself; the gradient is written over the probabilities, class by class."""
    images, classes = logit.shape[:2]
    prob = valid_softmax(logit, valid)
    own_slopes, slopes = [], []
    for c in range(classes):
        share = (1.0 if loss.weight is None else loss.weight[c]) / classes
        own, part = pixels_of(c, label, valid), prob[:, c]
        top = (part * own).sum([1, 2], keepdim=True) * 2 + loss.smooth
        size = part.sum([1, 2], keepdim=True) + own.sum([1, 2], keepdim=True) + (loss.smooth + loss.eps)
        dice_loss = (1 - top / size).mean() * share
        value = dice_loss if c == 0 else value + dice_loss
        # By the probability of a pixel of the class, and of any pixel.
        own_slopes.append(-2 * share / images / size)
        slopes.append(top / size / size * (share / images))
        slope = own.multiply_(own_slopes[c]).add_(slopes[c]).multiply_(part)
        del own, part
        shared = slope if c == 0 else shared.add_(slope)
        del slope
    for c in range(classes):
        slope = pixels_of(c, label, valid).multiply_(own_slopes[c]).add_(slopes[c]).subtract_(shared)
        prob[:, c] = slope.multiply_(prob[:, c])
    return value, prob


def dice(self, logits, labels):
    """DiceLoss. As there, ignored pixels of the labels become class 0, and losses that come after see it; but what a loss before it kept stays."""
    if self.weight is not None and logits.shape[1] != len(self.weight):
        raise ValueError("weight has %d numbers for %d classes" % (len(self.weight), logits.shape[1]))
    valid = is_not(labels, self.ignore_index)
    class_of(labels, valid)._share_buffer_to(labels)
    return at_hand(dice_at_hand, logits, self, labels, valid)


def bce_at_hand(loss, label, logit):
    """Labels that each channel has for itself all at once; the classes of one label one after the other."""
    if label.ndim != logit.ndim:
        label = label.unsqueeze(1)
    classes = logit.shape[1]
    whole = label.shape[1] == classes
    valid = is_not(label, loss.ignore_index)
    factor = valid.astype("float32")
    share = 1 / ((factor.mean() + loss.EPS) * float(logit.size))
    target = label.astype("float32").multiply_(factor) if whole else class_of(label, valid)
    del valid
    factor.multiply_(share)
    pos_weight, weights = loss.pos_weight, None
    if isinstance(loss.weight, str) or isinstance(pos_weight, str):
        weights = class_balance(loss, target, classes, whole)
        pos_weight = weights[0] if isinstance(pos_weight, str) else pos_weight
        weights = weights if isinstance(loss.weight, str) else None
    if whole:
        return element_losses(logit.detach(), target, factor, weights, pos_weight)
    gradient = paddle.empty_like(logit)
    for c in range(classes):
        one, slope = element_losses(logit[:, c].detach(), pixels(target, c), factor[:, 0], weights, pos_weight)
        gradient[:, c] = slope
        del slope
        value = one if c == 0 else value + one
    return value, gradient


def pixels(label, c):
    """The pixels of a class, [N, H, W], where labels are [N, 1, H, W]."""
    return paddle.equal(label[:, 0], number(c, label)).astype("float32")


def class_balance(loss, target, classes, whole):
    """Twice the share of negative and of positive labels. Of one-hot labels one class is positive."""
    if whole:
        positive = paddle.equal(target, number(1, target)).astype("float32").sum()
        negative = paddle.equal(target, number(0, target)).astype("float32").sum()
    else:
        positive = paddle.full([], float(target.size), "float32")
        negative = positive * float(classes - 1)
    both = positive + negative + loss.EPS
    return 2 * negative / both, 2 * positive / both


def element_losses(part, target, factor, weights, pos_weight):
    """The sum of the factors times the losses, and its gradient.

    What a weight of the positives means depends on Paddle's version: there it is the kernel's own gradient, seeded with the factors.
    """
    if weights is not None:
        factor = (target * (weights[0] - weights[1])).add_(weights[1]).multiply_(factor)
    if pos_weight is None:
        value = F.softplus(part).subtract_(part * target).multiply_(factor).sum()
        return value, F.sigmoid(part).subtract_(target).multiply_(factor)
    part.stop_gradient = False
    with paddle.enable_grad():
        loss = F.binary_cross_entropy_with_logits(part, target, reduction="none", pos_weight=pos_weight)
    value = (loss.detach() * factor).sum()
    paddle.autograd.backward([loss], [factor])
    return value, part.grad


def bce(self, logit, label):
    """BCELoss."""
    if self.weight is not None and not isinstance(self.weight, str):
        return PLAIN["BCELoss"](self, logit, label)
    return at_hand(bce_at_hand, logit, self, label)


def from_largest(errors):
    """The errors from the largest on, and their places."""
    if hasattr(paddle, "_legacy_C_ops"):
        return paddle._legacy_C_ops.argsort(errors, "axis", 0, "descending", True)
    order = paddle.argsort(errors, descending=True)
    return paddle.gather(errors, order), order


def lovasz_softmax_at_hand(loss, label, logit):
    """The errors of a class are sorted, and what they give goes back to their places, before the next class comes."""
    from paddleseg.models.losses.lovasz_loss import lovasz_grad

    classes = logit.shape[1]
    label = label.reshape(logit.shape[:1] + logit.shape[2:])
    valid = is_not(label, loss.ignore_index)
    prob = valid_softmax(logit, valid)
    gradient = paddle.zeros_like(prob)
    count = 0
    for c in range(classes) if loss.classes in ("all", "present") else loss.classes:
        own = pixels_of(c, label, valid).flatten()
        if loss.classes == "present" and own.sum() == 0:
            continue
        channel = 0 if classes == 1 else c
        away = own - prob[:, channel].flatten()
        errors, order = from_largest(away.abs())
        own = paddle.gather(own, order)
        slope = lovasz_grad(own)
        del own
        one = (errors * slope).sum()
        slope = paddle.scatter(errors, order, slope)
        del errors, order
        # Where the probability is the larger of the two, the error grows with it.
        gradient[:, channel] = slope.multiply_(paddle.sign(away).scale_(-1.0)).reshape(label.shape)
        del slope, away
        value = one if count == 0 else value + one
        count += 1
    if count == 0:
        return number(0, logit), gradient
    # Through the softmax, over what is there.
    gradient.multiply_(prob)
    prob.multiply_(gradient.sum(axis=1, keepdim=True))
    return value / count, gradient.subtract_(prob).scale_(1 / count)


def lovasz_softmax(self, logits, labels):
    """LovaszSoftmaxLoss."""
    return at_hand(lovasz_softmax_at_hand, logits, self, labels)


def lovasz_hinge_at_hand(loss, label, score):
    """An ignored pixel has an error of 0 and label 0: it gives nothing, and moves only what gives nothing."""
    from paddleseg.models.losses.lovasz_loss import lovasz_grad

    shape, score, label = score.shape, score.flatten(), label.flatten()
    valid = is_not(label, loss.ignore_index)
    label = class_of(label, valid)
    valid = valid.astype("float32")
    signs = (label.astype("float32").scale_(2.0, -1.0)).multiply_(valid)
    errors, order = from_largest((1 - score * signs).multiply_(valid))
    del valid
    label = paddle.gather(label, order)
    slope = lovasz_grad(label)
    del label
    above = F.relu(errors)
    value = (above * slope).sum()
    slope.multiply_(paddle.sign(above))
    del above
    slope = paddle.scatter(errors, order, slope)
    return value, slope.multiply_(signs).scale_(-1.0).reshape(shape)


def lovasz_hinge(self, logits, labels):
    """LovaszHingeLoss."""
    from paddleseg.models.losses.lovasz_loss import binary_channel_to_unary

    if logits.shape[1] == 2:
        logits = binary_channel_to_unary(logits)
    return at_hand(lovasz_hinge_at_hand, logits, self, labels)


def edges(loss, label, stride):
    """Where the labels' Laplacian is positive, as numbers."""
    found = F.conv2d(label.unsqueeze(1).astype("float32"), loss.laplacian_kernel, stride=stride, padding=1)
    return (found > 0.1).astype("float32")


def detail_at_hand(target, logit):
    """Cross entropy and Dice of the edges."""
    value = F.binary_cross_entropy_with_logits(logit, target)
    prob = F.sigmoid(logit)
    top = (prob * target).sum([1, 2, 3], keepdim=True) * 2 + 1
    size = prob.sum([1, 2, 3], keepdim=True) + target.sum([1, 2, 3], keepdim=True) + 1
    value = value + (1 - top / size).mean()
    images = prob.shape[0]
    slope = (target * (-2 / images / size)).add_(top / size / size / images)
    slope.multiply_(prob).multiply_(1 - prob)
    return value, prob.subtract_(target).scale_(1 / prob.size).add_(slope)


def detail_aggregate(self, logits, label):
    """DetailAggregateLoss. The target is the same, the scale that it does not use left out."""
    with paddle.no_grad():
        target = edges(self, label, 1)
        size = target.shape[2:]
        target = [target] + [F.interpolate(edges(self, label, stride), size, mode="nearest") for stride in (2, 4)]
        target = paddle.concat(target, axis=1)
        target = (F.conv2d(target, self.fuse_kernel) > 0.1).astype("float32")
    if logits.shape[-1] != size[-1]:
        logits = F.interpolate(logits, size, mode="bilinear", align_corners=True)
    return at_hand(detail_at_hand, logits, target)


LOSSES = {
    "OhemCrossEntropyLoss": ohem_cross_entropy,
    "CrossEntropyLoss": cross_entropy_loss,
    "DiceLoss": dice,
    "BCELoss": bce,
    "LovaszSoftmaxLoss": lovasz_softmax,
    "LovaszHingeLoss": lovasz_hinge,
    "DetailAggregateLoss": detail_aggregate,
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


# --------------------------------------------------------------------------------------------------------------- heads


class Formed(paddle.autograd.PyLayer):
    """A value whose gradient at the logit has been formed already, with all that lies above the value."""

    @staticmethod
    def forward(ctx, logit, formed):
        value, ctx.gradient = formed.pop()
        return value

    @staticmethod
    def backward(ctx, upstream):
        gradient, ctx.gradient = ctx.gradient, None
        return gradient


class Heads:
    """PaddleSeg's loss_computation, one head after the other: its loss goes backward to its logits before the next head's begins.

    The total is a sum, so no loss waits for another. Where a network's last step brings logits to the image's size, they are let go
    when it is done, and made again for their loss. The scale of the loss is the GradScaler's, so gradients of half precision are the same.
    """

    def __init__(self):
        self.upsample = F.interpolate
        self.size = self.scaler = None
        self.sources = {}

    def before(self, model, images):
        self.size = list(images[0].shape[2:]) if model.training else None

    def after(self, model, images, logits):
        self.size = None

    def interpolate(self, x, *args, **kwargs):
        """F.interpolate, which notes from what a tensor of the image's size was made. The note dies with the tensor."""
        result = self.upsample(x, *args, **kwargs)
        if self.size is not None and not result.stop_gradient and list(result.shape[2:]) == self.size and result.size > x.size:
            key = id(result)
            gone = weakref.ref(result, lambda _: self.sources.pop(key, None))
            self.sources[key] = gone, x, lambda leaf: self.upsample(leaf, *args, **kwargs)
        return result

    def source(self, logit):
        """What the logit was upsampled from, and how; or itself."""
        note = self.sources.get(id(logit)) if paddle.is_tensor(logit) else None
        if note is None or note[0]() is not logit:
            return logit, None
        del self.sources[id(logit)]
        return note[1:]

    def loss_computation(self, logits_list, labels, edges, losses):
        terms = list(zip(losses["types"], losses["coef"]))
        if len(logits_list) != len(terms):
            raise RuntimeError("%d logits for %d losses" % (len(logits_list), len(terms)))
        heads = [self.source(taken(logits_list, i)) for i in range(len(terms))]
        loss_list = []
        for loss, coefficient in terms:
            target = edges if type(loss).__name__ == "BCELoss" and loss.edge_label else labels
            source, again = heads.pop(0)
            if not paddle.is_tensor(source) or source.stop_gradient:
                result = loss(source if again is None else again(source), target)
                loss_list += [coefficient * each for each in (result if isinstance(result, list) else [result])]
            else:
                loss_list += self.head(loss, coefficient, source, again, target)
        return loss_list

    def head(self, loss, coefficient, source, again, target):
        leaf = source.detach()
        leaf.stop_gradient = False
        if type(loss).__name__ != "MixedLoss":
            result = loss(leaf if again is None else again(leaf), target)
            values = [self.backward(coefficient * result)]
        else:
            full = leaf if again is None else again(leaf)
            inner = full.detach()
            inner.stop_gradient = False
            values = []
            for one, factor in zip(loss.losses, loss.coef):
                result = one(inner, target) * factor
                values.append(self.backward(coefficient * result))
            link = Formed.apply(full, [(values[0].clone(), inner.grad)])
            del full, inner
            link.backward()
        gradient = leaf.grad
        if gradient is None:
            return values
        return [Formed.apply(source, [(values[0], gradient)])] + values[1:]

    def backward(self, value):
        if not value.stop_gradient:
            with paddle.amp.auto_cast(enable=False):
                (value if self.scaler is None else self.scaler.scale(value)).backward()
        return value.detach()


def lean_heads(train_module, model, losses):
    """Replaces loss_computation as lean_logits does, F.interpolate while the network runs, and the scaler's class to know the scaler."""
    if not lean_logits(train_module, model, losses):
        return []
    heads = Heads()
    model.register_forward_pre_hook(heads.before)
    model.register_forward_post_hook(heads.after)

    class KnownScaler(paddle.amp.GradScaler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            heads.scaler = self

    return [
        (train_module, "loss_computation", heads.loss_computation),
        (F, "interpolate", heads.interpolate),
        (paddle.amp, "GradScaler", KnownScaler),
    ]


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
    if "heads" in means:
        found += lean_heads(train_module, model, losses)
    elif "logits" in means:
        found += lean_logits(train_module, model, losses)
    if "gradients" in means:
        found += lean_gradients(model, optimizer)
    return found
