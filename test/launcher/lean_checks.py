"""Each lean loss against PaddleSeg's: value and gradient, on random and extreme inputs. Prints one line of JSON for each loss.

    python lean_checks.py LAUNCHER.py PADDLESEG
"""
import json
import os
import sys
import traceback
import zlib  # noqa: F401  before Paddle (see vram_train.py)

launcher, seg = sys.argv[1:3]
os.environ["CUDA_VISIBLE_DEVICES"] = ""
sys.path[:0] = [seg, os.path.dirname(launcher)]

import lean_losses
from vram_train import replaced
import numpy as np
import paddle
from paddleseg.models import losses as plain

N, C, H, W = 2, 5, 12, 16
WEIGHTS = [0.5, 1.5, 1.0, 2.0, 0.25]


def logits(kind, classes):
    rng = np.random.default_rng(len(kind))
    x = rng.standard_normal((N, classes, H, W)).astype("float32")
    if kind == "ties":
        # Few different pixels, each many times.
        x = x[:, :, :2, :2].repeat(H // 2, 2).repeat(W // 2, 3)
    if kind == "sure":
        x = x * 100
    if kind == "flat":
        # Not 0: there the gradient of binary cross entropy in Paddle 3 is sigmoid - label - 1.
        x = x * 0 + 0.25
    return x


def labels(kind, classes):
    rng = np.random.default_rng(5 + len(kind))
    y = rng.integers(0, classes, (N, H, W)).astype("int64")
    if kind == "some ignored":
        y[:, :5] = 255
    if kind == "all ignored":
        y[:] = 255
    if kind == "one class":
        y[:] = 1
    if kind == "two pixels":
        y[:] = 255
        y[0, 0, :2] = [0, 1]
    return y


LOGITS = ("random", "ties", "sure", "flat")
LABELS = ("any", "some ignored", "all ignored", "one class", "two pixels")


def outcome(loss, forward, x, y, amp):
    """Values and the gradient of their sum (a MixedLoss has several)."""
    x, y = paddle.to_tensor(x, stop_gradient=False), paddle.to_tensor(y)
    with paddle.amp.auto_cast(enable=amp, dtype="bfloat16", level="O1"):
        value = forward(loss, x * 1, y)
    value = value if isinstance(value, list) else [value]
    sum(value).backward()
    return [float(v) for v in value], x.grad.numpy(), y.numpy()


def compare(name, settings, classes=C, shapes=((N, H, W), (N, 1, H, W)), amps=(False, True), sorts=False):
    """All inputs through both; gives the largest differences. What a loss does to the labels has to be the same too.

    `sorts`: the loss sorts the pixels that are not ignored. PaddleSeg's then fails where all are, and the order of equal ones, which is
    the sort's own business, says where the gradient goes: it is compared where both sort the same numbers, or no two are equal.
    """
    cls = getattr(plain, name)
    # Two probabilities of the sure are equal when they are 0 or 1; one class has none.
    equal_ones = ("ties", "flat") if classes == 1 else ("ties", "flat", "sure")
    worst, count = [0.0, 0.0], 0
    for make in settings:
        for amp in amps:
            for kind_x in LOGITS:
                for kind_y in LABELS:
                    for shape in shapes:
                        x, y = logits(kind_x, classes), labels(kind_y, classes).reshape(shape)
                        # A loss may have numbers of its own, drawn when it is made.
                        loss = make()
                        have = outcome(loss, lean_losses.LOSSES[name], x, y, amp)
                        if sorts and kind_y == "all ignored":
                            assert have[0] == [0] and not have[1].any(), (name, amp, kind_x, shape, have[0])
                            continue
                        want = outcome(loss, cls.forward, x, y, amp)
                        case = (name, amp, kind_x, kind_y, shape, want[0], have[0])
                        assert (want[2] == have[2]).all(), case
                        if sorts and kind_x in equal_ones and kind_y in ("some ignored", "two pixels"):
                            have = have[:1] + want[1:]
                        scale = max(1e-5, float(np.abs(want[1]).max()))
                        apart = [max(abs(a - b) / max(1, abs(a)) for a, b in zip(*(v[0] for v in (want, have)))), float(np.abs(want[1] - have[1]).max()) / scale]
                        assert len(want[0]) == len(have[0]) and np.isfinite(apart).all() and max(apart) < 1e-5, (case, apart)
                        worst = [max(pair) for pair in zip(worst, apart)]
                        count += 1
    return "%d cases, values differ by %.1e, gradients by %.1e" % (count, *worst)


def check_OhemCrossEntropyLoss():
    pixels = N * H * W
    kept = (0, 1, 2, 7, 100, pixels - 1, pixels, 10 * pixels)
    makes = [lambda k=k, w=w: plain.OhemCrossEntropyLoss(min_kept=k, weight=w) for k in kept for w in (None, WEIGHTS)]
    makes += [lambda: plain.OhemCrossEntropyLoss(thresh=0.05, min_kept=3), lambda: plain.OhemCrossEntropyLoss(thresh=1.0, min_kept=3)]
    # The threshold is the pixel's at min_kept, which what is ignored must not move.
    makes += [lambda k=k: plain.OhemCrossEntropyLoss(thresh=0.01, min_kept=k) for k in (60, 200)]
    return compare("OhemCrossEntropyLoss", makes)


def check_CrossEntropyLoss():
    makes = [
        lambda w=w, k=k, a=a: plain.CrossEntropyLoss(weight=w, top_k_percent_pixels=k, avg_non_ignore=a)
        for w in (None, WEIGHTS)
        for k in (1.0, 0.3)
        for a in (True, False)
    ]
    return compare("CrossEntropyLoss", makes, shapes=((N, H, W),))


def check_DiceLoss():
    makes = [lambda w=w, s=s: plain.DiceLoss(weight=w, smooth=s) for w in (None, WEIGHTS) for s in (1.0, 0.1)]
    return compare("DiceLoss", makes, shapes=((N, H, W),))


def check_BCELoss():
    kinds = [(w, p) for w in (None, "dynamic") for p in (None, 3.0, "dynamic")]
    makes = [lambda w=w, p=p: plain.BCELoss(weight=w, pos_weight=p) for w, p in kinds]
    return "; ".join(compare("BCELoss", makes, classes, shapes=((N, H, W), (N, 1, H, W))) for classes in (1, 2, C))


def check_LovaszSoftmaxLoss():
    makes = [lambda c=c: plain.LovaszSoftmaxLoss(classes=c) for c in ("present", "all", [1, 3])]
    return compare("LovaszSoftmaxLoss", makes, sorts=True)


def check_LovaszHingeLoss():
    return "; ".join(compare("LovaszHingeLoss", [plain.LovaszHingeLoss], classes, sorts=True) for classes in (1, 2))


def check_DetailAggregateLoss():
    return compare("DetailAggregateLoss", [plain.DetailAggregateLoss], 1, shapes=((N, H, W),))


def check_MixedLoss():
    """Losses after Dice see class 0 where labels were ignored, those before it do not. (With PaddleSeg's own Dice Paddle 3 refuses the latter.)"""
    kinds = (["CrossEntropyLoss", "DiceLoss"], ["OhemCrossEntropyLoss", "DiceLoss", "CrossEntropyLoss"], ["BCELoss", "LovaszSoftmaxLoss"])
    count = 0
    for names in kinds:
        make = lambda: plain.MixedLoss([getattr(plain, name)() for name in names], [0.5, 1.0, 2.0][: len(names)])
        for kind in ("any", "some ignored"):
            x, y = logits("random", C), labels(kind, C)

            def one_by_one(mixed, x, y):
                values = []
                for loss, factor in zip(mixed.losses, mixed.coef):
                    values.append(loss(x, y.clone()) * factor)
                    if type(loss).__name__ == "DiceLoss":
                        y = paddle.where(y == 255, paddle.zeros_like(y), y)
                return values

            want = outcome(make(), one_by_one, x, y, False)
            with replaced(lean_losses.lean_losses()):
                have = outcome(make(), plain.MixedLoss.forward, x, y, False)
            case = (names, kind, want[0], have[0])
            assert np.allclose(want[0], have[0], 1e-5, 0), case
            assert np.abs(want[1] - have[1]).max() < 1e-5 * np.abs(want[1]).max(), case
            count += 1
    return "%d mixtures" % count


def main():
    for name, check in list(globals().items()):
        if not name.startswith("check_"):
            continue
        try:
            result = {"ok": True, "detail": check()}
        except Exception:
            result = {"ok": False, "detail": traceback.format_exc()[-3000:]}
        print("CHECK " + json.dumps(dict(result, name=name[len("check_"):])), flush=True)


main()
