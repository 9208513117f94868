"""Checks vram_train.py against real Paddle and real PaddleSeg, on the CPU; prints one line of JSON for each check.

    python checks.py LAUNCHER.py PADDLESEG FOLDER
"""
import contextlib
import inspect
import io
import json
import os
import subprocess
import sys
import traceback
import types
import zlib  # noqa: F401  before Paddle (see vram_train.py)

launcher, seg, folder = sys.argv[1:4]
os.environ["CUDA_VISIBLE_DEVICES"] = ""
sys.path[:0] = [seg, os.path.dirname(launcher)]

import numpy as np
import paddle
import paddleseg.core
import vram_train
from paddle import nn
from paddleseg.cvlibs import Config, SegBuilder

train_module = sys.modules["paddleseg.core.train"]
LAYERS = ["backbone.features.2", "backbone.features.3"]
SIZE = 64

CONFIG = """
batch_size: %(batch)d
iters: 4
train_dataset: &data
  type: Dataset
  dataset_root: %(folder)s
  train_path: %(folder)s/list.txt
  num_classes: 3
  mode: train
  transforms: [{type: Normalize}]
val_dataset:
  type: Dataset
  dataset_root: %(folder)s
  val_path: %(folder)s/list.txt
  num_classes: 3
  mode: val
  transforms: [{type: Normalize}]
optimizer: {type: SGD, momentum: 0.9, weight_decay: 4.0e-5}
lr_scheduler: {type: PolynomialDecay, learning_rate: 0.01, end_lr: 0, power: 0.9}
"""
LITE = """
loss: {types: [{type: CrossEntropyLoss}], coef: [1, 0.5, 0.25]}
model: {type: PPLiteSeg, backbone: {type: STDC1}, arm_out_chs: [8, 16, 32], seg_head_inter_chs: [8, 8, 8]}
"""


def make_configs(network=LITE):
    for batch in (2, 4):
        with open(os.path.join(folder, "b%d.yml" % batch), "w") as out:
            out.write(CONFIG % {"batch": batch, "folder": folder} + network)


def make_data():
    """Eight images and a config for each batch size."""
    import cv2

    rng = np.random.default_rng(1)
    lines = []
    for i in range(8):
        label = rng.integers(0, 3, (SIZE // 8, SIZE // 8)).repeat(8, 0).repeat(8, 1).astype("uint8")
        image = (label[..., None] * 80 + rng.integers(0, 60, (SIZE, SIZE, 3))).astype("uint8")
        cv2.imwrite(os.path.join(folder, "%d.jpg" % i), image)
        cv2.imwrite(os.path.join(folder, "%d.png" % i), label)
        lines.append("%d.jpg %d.png" % (i, i))
    with open(os.path.join(folder, "list.txt"), "w") as out:
        out.write("\n".join(lines) + "\n")
    make_configs()


def built(batch, fixed_statistics=False, iters=4, images=""):
    """Model, optimizer, losses and data of a config, the same weights each time. The learning rate falls to 0 in `iters` steps.

    `images` is the end of the config's name.
    """
    paddle.seed(7)
    builder = SegBuilder(Config(os.path.join(folder, "b%d%s.yml" % (batch, images)), iters=iters))
    model = builder.model
    if fixed_statistics:
        for layer in model.sublayers():
            if vram_train.is_batch_norm(layer):
                layer._use_global_stats = True
    return builder, model


class Log:
    """A logger that keeps its lines."""

    def __init__(self):
        self.lines = []

    def info(self, line):
        self.lines.append(str(line))

    warning = info


def run(batch, accumulate=1, recompute=(), fixed_statistics=False, save="out", lean=(), images="", **more):
    """Trains through the launcher's train(); the images always in the same order. Gives the model, its optimizer and the log."""
    # Names of parameters, by which the optimizer's state is kept, count from 0 again as in a new process.
    with paddle.utils.unique_name.guard():
        return run_named(batch, accumulate, recompute, fixed_statistics, save, lean, images, more)


def run_named(batch, accumulate, recompute, fixed_statistics, save, lean, images, more):
    builder, model = built(batch, fixed_statistics, max(4, more.get("iters", 4)), images)
    options = types.SimpleNamespace(accumulate=accumulate, recompute=list(recompute), lean=list(lean), sharding=None, dry_run=False)
    train = vram_train.wrapped(train_module.train, train_module, options)
    log, optimizer = Log(), builder.optimizer
    arguments = dict(
        dict(val_dataset=builder.val_dataset, save_dir=os.path.join(folder, save), iters=4, save_interval=2), optimizer=optimizer, batch_size=batch,
        log_iters=1, logger=log, **dict(dict(losses=builder.loss), **more),
    )
    # Saving without an evaluation fails in PaddleSeg 2.9.1 itself (`mean_iou` is not bound): hence val_dataset.
    # PaddleSeg 2.8 and 2.9 log through their module's logger.
    if "logger" not in inspect.signature(train_module.train).parameters:
        train_module.logger = arguments.pop("logger")
    paddle.seed(11)
    with contextlib.redirect_stdout(io.StringIO()):
        train(model, builder.train_dataset, **arguments)
    return model, optimizer, [line for line in log.lines if "[TRAIN]" in line]


class InOrder(paddle.io.DistributedBatchSampler):
    """The images always in the same order."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **dict(kwargs, shuffle=False))


paddle.io.DistributedBatchSampler = InOrder


def values(model):
    """Parameters and buffers; without the counts that PaddleSeg's flops() leaves behind."""
    return {name: value.numpy() for name, value in model.state_dict().items() if not name.endswith(("total_ops", "total_params"))}


def difference(a, b):
    """The largest difference of two states, relative to each tensor's largest value."""
    assert list(a) == list(b), "names differ"
    return max(float(np.abs(a[k] - b[k]).max() / max(np.abs(b[k]).max(), 1e-6)) for k in a)


def field(line, name):
    return float(line.split(name + ": ")[1].split(",")[0].split("/")[0].split(" ")[0])


def check_accumulation():
    """Two micro-batches of 2 train as a batch of 4 does, batch norm's statistics fixed."""
    large, _, large_log = run(4, fixed_statistics=True)
    small, optimizer, small_log = run(2, accumulate=2, fixed_statistics=True)
    start = values(built(4)[1])
    moved = difference(values(large), start)
    apart = difference(values(small), values(large))
    assert moved > 1e-2 and apart < 1e-4, (moved, apart)
    assert [field(line, "iter") for line in small_log] == [1, 2, 3, 4], small_log
    for one, two in zip(small_log, large_log):
        assert abs(field(one, "loss") - field(two, "loss")) < 2e-4, (one, two)
        assert field(one, "lr") == field(two, "lr") and field(one, "epoch") == field(two, "epoch"), (one, two)
    assert sorted(os.listdir(os.path.join(folder, "out"))) == ["best_model", "iter_2", "iter_4"]
    assert "step" not in vars(optimizer) and "clear_gradients" not in vars(small)
    return "weights moved by %.1e, differ by %.1e" % (moved, apart)


def check_resume():
    """A run stopped after step 2 and resumed ends as one that was not stopped."""
    whole, _, whole_log = run(2, accumulate=2, fixed_statistics=True, save="whole")
    rest, _, rest_log = run(2, accumulate=2, fixed_statistics=True, save="rest", resume_model=os.path.join(folder, "whole", "iter_2"))
    assert [field(line, "iter") for line in rest_log] == [3, 4], rest_log
    assert [field(line, "lr") for line in rest_log] == [field(line, "lr") for line in whole_log[2:]]
    # Four batches of 2 are the eight images: step 3 begins a new epoch in both, and the log says so.
    assert [field(line, "epoch") for line in rest_log] == [field(line, "epoch") for line in whole_log[2:]], (rest_log, whole_log)
    apart = difference(values(rest), values(whole))
    assert apart < 1e-5, apart
    return "differ by %.1e" % apart


def check_lean():
    """Lean training ends at the weights of a plain run, with accumulation and without, and leaves nothing replaced.

    To the bit with OHEM, batch norm's statistics included. The cross entropy over another axis differs in the last bit, which batch
    norm over two images would blow up: its statistics are fixed.
    """
    from paddleseg.models.losses import OhemCrossEntropyLoss

    ohem = {"types": [OhemCrossEntropyLoss(min_kept=3000)] * 3, "coef": [1, 0.5, 0.25]}
    if "weight" not in inspect.signature(OhemCrossEntropyLoss).parameters:
        try:
            run(2, losses=ohem, lean=vram_train.MEANS)
        except vram_train.Refusal as refusal:
            return str(refusal)
        raise AssertionError("lean training was not refused")
    for accumulate in (1, 2):
        plain, _, plain_log = run(2, accumulate=accumulate, losses=ohem)
        lean, optimizer, lean_log = run(2, accumulate=accumulate, losses=ohem, lean=vram_train.MEANS)
        assert difference(values(lean), values(plain)) == 0, difference(values(lean), values(plain))
        assert [field(line, "loss") for line in lean_log] == [field(line, "loss") for line in plain_log], (lean_log, plain_log)
        assert all(p.grad is None for p in lean.parameters())
        assert "step" not in vars(optimizer) and "clear_gradients" not in vars(lean) and "lean" not in OhemCrossEntropyLoss.forward.__module__
    plain, lean = (values(run(2, fixed_statistics=True, lean=means)[0]) for means in ((), vram_train.MEANS))
    apart = difference(lean, plain)
    assert apart < 1e-5, apart
    return "OHEM equal, cross entropy differs by %.1e" % apart


def check_lean_curve():
    """200 steps: each logged loss is the plain run's, to what is written of it, as long as rounding has not grown; every mean is on."""
    from paddleseg.models.losses import OhemCrossEntropyLoss

    def losses():
        return {"types": [OhemCrossEntropyLoss(min_kept=3000) for _ in range(3)], "coef": [1, 0.5, 0.25]}

    curves = [run(2, losses=losses(), lean=means, iters=200)[2] for means in ((), vram_train.MEANS)]
    plain, lean = ([float(field(line, "loss")) for line in lines] for lines in curves)
    assert len(plain) == 200 and len(lean) == 200, (len(plain), len(lean))
    apart = max(abs(a - b) for a, b in zip(plain, lean))
    assert apart == 0, [(i, a, b) for i, (a, b) in enumerate(zip(plain, lean)) if a != b][:5]
    assert plain[-1] < plain[0], (plain[0], plain[-1])
    return "from %.4f to %.4f, never apart" % (plain[0], plain[-1])


NETWORKS = {
    "STDCSeg": (200, """
loss: {types: [{type: OhemCrossEntropyLoss, min_kept: 3000}, {type: OhemCrossEntropyLoss, min_kept: 3000},
  {type: OhemCrossEntropyLoss, min_kept: 3000}, {type: DetailAggregateLoss}], coef: [1, 1, 1, 1]}
model: {type: STDCSeg, backbone: {type: STDC1}}
"""),
    "DeepLabV3P": (60, """
loss: {types: [{type: CrossEntropyLoss}], coef: [1]}
model: {type: DeepLabV3P, backbone: {type: ResNet18_vd, output_stride: 8}}
"""),
}


def check_lean_networks():
    """Two more networks; batch norm's statistics are fixed, since over two images they would blow up rounding.

    What has no normalisation at all is soon chaotic: after some 70 steps the last bit in which lean cross entropy differs has grown to
    what is written of DeepLabV3P's loss, so it is compared for 60.
    """
    said = []
    for name, (steps, network) in NETWORKS.items():
        make_configs(network)
        try:
            curves = [run(2, fixed_statistics=True, lean=means, iters=steps)[2] for means in ((), vram_train.MEANS)]
        finally:
            make_configs()
        plain, lean = ([float(field(line, "loss")) for line in lines] for lines in curves)
        apart = max(abs(a - b) for a, b in zip(plain, lean))
        assert len(plain) == len(lean) == steps and len(set(plain)) > steps / 2, (name, len(lean), len(set(plain)))
        assert apart < 1e-3 * plain[0], (name, apart, plain[::40], lean[::40])
        said.append("%s in %d steps from %.4f to %.4f, at most %.4f apart" % (name, steps, plain[0], plain[-1], apart))
    return "; ".join(said)


def check_lean_scaled():
    """The gradients of a scaled run are the plain ones, scaled: also of a mixture, and of several micro-batches."""
    import lean_losses
    from paddleseg.models.losses import CrossEntropyLoss, MixedLoss, LovaszSoftmaxLoss

    train_module = sys.modules["paddleseg.core.train"]
    x = paddle.to_tensor(np.random.default_rng(3).standard_normal((2, 3, SIZE, SIZE)).astype("float32"))
    y = paddle.to_tensor(np.random.default_rng(4).integers(0, 3, (2, SIZE, SIZE)))
    mixed = MixedLoss([CrossEntropyLoss(), LovaszSoftmaxLoss()], [0.8, 0.2])
    losses = {"types": [mixed, CrossEntropyLoss(), mixed], "coef": [1, 0.5, 0.25]}

    class Scaler:
        def scale(self, loss):
            return loss * 1024.0

    found = []
    for lean in (False, True):
        _, model = built(2)
        model.train()
        changes = lean_losses.lean_heads(train_module, model, losses) if lean else []
        with vram_train.replaced(changes):
            if lean:
                train_module.loss_computation.__self__.scaler = Scaler()
            for _ in range(2):
                terms = train_module.loss_computation(logits_list=model(x), labels=y, edges=None, losses=losses)
                Scaler().scale(sum(terms)).backward()
        found.append(({n: p.grad.numpy() for n, p in model.named_parameters() if p.grad is not None}, [float(term) for term in terms]))
    (plain, plain_terms), (heads, heads_terms) = found
    assert plain_terms == heads_terms, (plain_terms, heads_terms)
    scale = max(np.abs(g).max() for g in plain.values())
    apart = max(np.abs(plain[n] - heads[n]).max() for n in plain) / scale
    assert set(plain) == set(heads) and apart < 1e-6, apart
    return "gradients differ by %.1e" % apart


def check_recompute():
    """Gradients and batch norm's statistics are those of the plain model."""
    x = paddle.to_tensor(np.random.default_rng(3).standard_normal((2, 3, SIZE, SIZE)).astype("float32"))
    found = []
    for names in ([], LAYERS + ["ppseg_head.arm_list.0"]):
        _, model = built(2)
        if names:
            vram_train.make_recomputed(model, names)
        model.train()
        for _ in range(2):
            sum((out * out).mean() for out in model(x)).backward()
        found.append((values(model), {n: p.grad.numpy() for n, p in model.named_parameters() if p.grad is not None}))
    (plain, plain_grads), (again, again_grads) = found
    changed = [k for k in plain if k.endswith(("_mean", "_variance"))]
    assert changed and all((plain[k] == again[k]).all() for k in changed), "running statistics differ"
    assert list(again_grads) == list(plain_grads)
    unequal = [n for n in plain_grads if not (again_grads[n] == plain_grads[n]).all()]
    assert not unequal, unequal
    return "%d gradients and %d statistics equal to the bit" % (len(plain_grads), len(changed))


class Block(nn.Layer):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2D(channels, channels, 3, padding=1)
        self.bn = nn.BatchNorm2D(channels)
        self.drop = nn.Dropout(0.5)

    def forward(self, feats, scale=None):
        return {"out": [self.drop(self.bn(self.conv(feats[0]))) * scale, feats[1] + 1]}


class Small(nn.Layer):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2D(3, 4, 1)
        self.block = Block(4)

    def forward(self, x):
        y = self.stem(x)
        a, b = self.block([y, y * 2], scale=y.mean())["out"]
        return a + b


def check_structures():
    """Dropout's random numbers are the same in both passes; tensors in lists, dicts and keywords get gradients; AMP is kept."""
    x = paddle.to_tensor(np.random.default_rng(4).standard_normal((2, 3, 8, 8)).astype("float32"))
    for amp in (False, True):
        found = []
        for names in ([], ["block"]):
            paddle.seed(5)
            model = Small()
            if names:
                vram_train.make_recomputed(model, names)
            model.train()
            with paddle.amp.auto_cast(enable=amp, dtype="bfloat16", level="O1"):
                out = model(x)
            (out.astype("float32") ** 2).mean().backward()
            found.append({n: p.grad.numpy() for n, p in model.named_parameters() if not p.stop_gradient})
        # Of the block's inputs the gradients are the same, but added in another order.
        plain, again = found
        assert all((again[n] == plain[n]).all() for n in plain if n.startswith("block.")), amp
        apart = difference(again, plain)
        assert apart < 1e-6, (amp, apart)
    model.eval()
    assert type(model.block).__name__ == "Block" and model(x).stop_gradient is False
    return "the block's gradients equal to the bit, the stem's differ by %.1e" % apart


def check_refusals():
    """A layer without a gradient at its inputs, one that is not there, one inside another, one that is not called, a moving buffer."""

    class Memory(nn.Layer):
        def __init__(self):
            super().__init__()
            self.register_buffer("mu", paddle.zeros([1]))

        def forward(self, x):
            self.mu.set_value(self.mu + 1)
            return x * 2

    class Odd(nn.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2D(3, 3, 1), nn.Sequential(nn.Conv2D(3, 3, 1), nn.ReLU())
            self.unused, self.memory, self.many = nn.ReLU(), Memory(), nn.LayerList([nn.ReLU()])

        def forward(self, x):
            return self.memory(self.second(self.first(x)))

    x = paddle.ones([1, 3, 4, 4])
    for names, words in (
        (["first"], "none of its inputs needs a gradient"),
        (["secnd"], "no layer secnd; near: second"),
        (["second", "second.0"], "lies inside second"),
        (["unused"], "not called"),
        (["many"], "no forward"),
        (["memory"], "buffer mu changes"),
    ):
        model = Odd()
        model.train()
        try:
            vram_train.make_recomputed(model, names)
            model(x)
        except vram_train.Refusal as refusal:
            assert words in str(refusal), (names, str(refusal))
        else:
            raise AssertionError("%s was not refused" % names)
    return "6 refused"


def command(*words):
    """Runs the launcher as a user does, in PaddleSeg's folder."""
    done = subprocess.run([sys.executable, launcher, *words], cwd=seg, capture_output=True, text=True, env=dict(os.environ, PYTHONPATH=""))
    return done.returncode, done.stdout, done.stderr


def check_command():
    """The command trains, evaluates, keeps EMA weights; its checkpoint is PaddleSeg's own in names and numbers."""
    save = os.path.join(folder, "command")
    words = ["--config", os.path.join(folder, "b2.yml"), "--device", "cpu", "--accumulate", "2", "--recompute", ",".join(LAYERS)]
    more = ["--iters", "2", "--save_interval", "1", "--log_iters", "1", "--do_eval", "--use_ema", "--save_dir", save]
    code, out, err = command(*words, *more)
    assert code == 0, err[-2000:]
    assert "2 optimizer steps of 2 x 2 = 4 images" in out and "iter: 2/2" in out + err, out[-2000:]
    assert sorted(n for n in os.listdir(save) if n.startswith("iter")) == ["iter_1", "iter_2"]
    # PaddleSeg 2.8 keeps no such file.
    if os.path.exists(os.path.join(save, "iter_2", "model.pdstates")):
        states = paddle.load(os.path.join(save, "iter_2", "model.pdstates"))
        assert type(states["iter"]) is int and states["iter"] == 2, states
    for name in ("model", "ema_model"):
        weights = paddle.load(os.path.join(save, "iter_2", name + ".pdparams"))
        assert list(weights) == list(built(2)[1].state_dict()), "names differ"
    return "trained"


def check_dry_run():
    """--dry-run builds, names the layers, and trains nothing; unknown options are refused."""
    save = os.path.join(folder, "dry")
    words = ["--config", os.path.join(folder, "b2.yml"), "--device", "cpu", "--save_dir", save, "--accumulate", "2"]
    code, out, err = command(*words, "--recompute", ",".join(LAYERS), "--dry-run")
    assert code == 0 and "recompute backbone.features.3 (CatBottleneck, 4 batch norms)" in out, (out[-500:], err[-1000:])
    assert not os.path.exists(save) and "[TRAIN]" not in out + err
    code, out, err = command(*words, "--lean")
    assert code == 2 and "--lean" in err, (code, err[-500:])
    code, out, err = command(*words, "--acumulate", "2")
    assert code == 2 and "unrecognized arguments: --acumulate 2" in err and "[TRAIN]" not in out + err, (code, err[-500:])
    return "3 runs"


def main(checks):
    for name, check in list(checks.items()):
        if not name.startswith("check_") or (sys.argv[4:] and name[len("check_"):] not in sys.argv[4:]):
            continue
        try:
            result = {"ok": True, "detail": check()}
        except Exception:
            result = {"ok": False, "detail": traceback.format_exc()[-3000:]}
        print("CHECK " + json.dumps(dict(result, name=name[len("check_"):], says=check.__doc__)), flush=True)


if __name__ == "__main__":
    make_data()
    main(globals())
