#!/usr/bin/env python3
"""Trains with PaddleSeg, with what PaddleSeg lacks: gradient accumulation, recompute, lean training and sharding.

    python vram_train.py --config fitted.yml --accumulate 2 --recompute backbone.features.2,backbone.features.3

Every other option is PaddleSeg's own: its tools/train.py is run with them, unchanged. Run it in PaddleSeg's folder, or
say where that is with --paddleseg. Needs PaddleSeg 2.8 or later (2.9 for --lean), Paddle 2.5 or later, Python 3.8 or later.

--accumulate N   N batches of `batch_size` images make one optimizer step. `iters`, `save_interval`, `log_iters`,
                 `--resume_model`, the learning rate's schedule and EMA count optimizer steps, as ever; the logged loss is the mean of the N.
--recompute A,B  the forward pass of these layers (names as in `model.named_sublayers()`) is run again in backward
                 instead of keeping what it made. Results and the weights' names stay: checkpoints load in plain PaddleSeg.
--lean A,B       means of lean training: losses, logits, gradients, heads, or all. The same numbers with less memory; what each of them
                 does is said in lean_losses.py, which has to lie beside this file.
--sharding LEVEL os or os_g: optimizer states and gradients are divided over the cards of paddle.distributed.launch.
--dry-run        builds everything, says what would be done, and does not train.

Written by vram-plan. Apache-2.0.
"""
import argparse
import contextlib
import inspect
import os
import runpy
import sys
import types
import zlib  # noqa: F401  Before Paddle, whose library exports zlib's names: a Python that loads zlib after it may crash.


class Refusal(Exception):
    """Something that cannot be run as asked. Its text is shown without a traceback."""


# ---------------------------------------------------------------------------------------------- gradient accumulation


class StepCount(int):
    """PaddleSeg's `iter`: the number of the optimizer step, while `iter += 1` is done for each micro-batch.

    train() is relied on for this: `iter` starts as what resume() gives; `iter += 1` follows each batch drawn; steps are done
    where `iter % interval == 0` or `iter == iters`, and the end is `iter > iters` or `not iter < iters`. So until a step's
    last micro-batch is drawn, the count is no multiple and equals nothing.
    """

    def __new__(cls, progress, batches):
        count = super().__new__(cls, progress.start + -(-batches // progress.size))
        count.progress, count.batches = progress, batches
        return count

    @property
    def is_whole(self):
        """Whether the step's last micro-batch has been drawn."""
        return self.batches % self.progress.size == 0

    def __add__(self, more):
        self.progress.count = StepCount(self.progress, self.batches + more)
        return self.progress.count

    def __sub__(self, less):
        """train() writes `(iter - 1) // iters_per_epoch`, and an epoch has so many micro-batches, not steps."""
        return self.progress.start * self.progress.size + self.batches - less

    def __mod__(self, interval):
        return int(self) % interval if self.is_whole else -1

    def __eq__(self, other):
        return self.is_whole and int(self) == int(other)

    def __ne__(self, other):
        return not self == other

    def __lt__(self, other):
        return int(self) < int(other) or (int(self) == int(other) and not self.is_whole)

    __hash__ = int.__hash__

    def __reduce_ex__(self, protocol):
        """Checkpoints keep a plain number (`model.pdstates`)."""
        return int, (int(self),)


class Progress:
    """How far a run with `size` micro-batches a step has come."""

    def __init__(self, size):
        self.size = size
        self.start = 0
        self.count = None

    def begin(self, start):
        self.start = int(start)
        self.count = StepCount(self, 0)
        return self.count

    @property
    def is_last(self):
        """Whether the micro-batch at hand is the last of its step."""
        if self.count is None or self.count.batches == 0:
            raise Refusal("this PaddleSeg's train() counts its iterations in a way that vram_train.py does not know")
        return self.count.is_whole

    def gate(self, function):
        """The function, called at a step's last micro-batch only."""

        def gated(*args, **kwargs):
            return function(*args, **kwargs) if self.is_last else None

        return gated


NO_CHECKPOINT = "no checkpoint"


def accumulating(progress, train_module, arguments):
    """What to replace in train()'s surroundings while it runs, as (object, attribute, value).

    train() itself is not touched. `arguments` are those that it will be called with; they are changed here.
    """
    import paddle

    needed = ("resume", "TimeAverager", "update_ema_model", "train_profiler")
    for name in needed:
        if not hasattr(train_module, name):
            raise Refusal("this PaddleSeg's train() has no %s; vram_train.py knows PaddleSeg 2.8 and later" % name)
    model, optimizer, losses = (arguments[name] for name in ("model", "optimizer", "losses"))
    schedule = optimizer._learning_rate
    if isinstance(schedule, paddle.optimizer.lr.ReduceOnPlateau):
        raise Refusal("--accumulate does not go with ReduceOnPlateau, which looks at the loss of one micro-batch")

    # The gradient of loss / N, and the logged sum of N such losses is their mean. Every loss that PaddleSeg forms,
    # MaskFormer's and PIDNet's too, is `coefficient * loss`; so this needs no further op.
    arguments["losses"] = dict(losses, coef=[coefficient / progress.size for coefficient in losses["coef"]])

    # train() calls resume() only where there is something to resume from, and takes the start from it.
    real_resume, checkpoint = train_module.resume, arguments.get("resume_model")
    arguments["resume_model"] = checkpoint if checkpoint is not None else NO_CHECKPOINT

    def resume(model, optimizer, path):
        return progress.begin(0 if path == NO_CHECKPOINT else real_resume(model, optimizer, path))

    class StepAverager(train_module.TimeAverager):
        """Times are recorded for each micro-batch; `batch_cost`, `reader_cost` and ETA are those of a step."""

        def get_average(self):
            return super().get_average() * progress.size

    class StepScaler(paddle.amp.GradScaler):
        """Unscales, steps and looks for infinities once a step. Until then gradients are summed scaled, and the scale stays."""

        def step(self, optimizer):
            if progress.is_last:
                super().step(optimizer)

        def update(self):
            if progress.is_last:
                super().update()

        def minimize(self, optimizer, *args, **kwargs):
            """What PaddleSeg 2.8.0 calls in place of both."""
            return super().minimize(optimizer, *args, **kwargs) if progress.is_last else (None, None)

    real_ema = train_module.update_ema_model

    def update_ema_model(ema_model, model, step=0, **kwargs):
        if progress.is_last:
            real_ema(ema_model, model, step=int(step), **kwargs)

    real_forward = paddle.DataParallel.forward

    def forward(self, *inputs, **kwargs):
        """Several cards exchange gradients once a step, in the backward pass of its last micro-batch."""
        with contextlib.nullcontext() if progress.is_last else self.no_sync():
            return real_forward(self, *inputs, **kwargs)

    profiler = types.SimpleNamespace(add_profiler_step=progress.gate(train_module.train_profiler.add_profiler_step))
    changes = [
        (train_module, "resume", resume),
        (train_module, "TimeAverager", StepAverager),
        (train_module, "update_ema_model", update_ema_model),
        (train_module, "train_profiler", profiler),
        (paddle.amp, "GradScaler", StepScaler),
        (paddle.DataParallel, "forward", forward),
        (optimizer, "step", progress.gate(optimizer.step)),
        (model, "clear_gradients", progress.gate(model.clear_gradients)),
    ]
    if isinstance(schedule, paddle.optimizer.lr.LRScheduler):
        changes.append((schedule, "step", progress.gate(schedule.step)))
    return changes


MISSING = object()


def setter(thing):
    """Layers keep what is set on them in tables of their own, and a class cannot be set as an object."""
    return setattr if isinstance(thing, type) else object.__setattr__


@contextlib.contextmanager
def replaced(changes):
    """Attributes replaced for a while."""
    before = [(thing, name, vars(thing).get(name, MISSING)) for thing, name, _ in changes]
    for thing, name, value in changes:
        setter(thing)(thing, name, value)
    try:
        yield
    finally:
        for thing, name, value in reversed(before):
            if value is MISSING:
                object.__delattr__(thing, name)
            else:
                setter(thing)(thing, name, value)


# ---------------------------------------------------------------------------------------------------------- recompute


class Place:
    """Where a tensor stood in what was packed."""

    def __init__(self, index):
        self.index = index


def pack(value, tensors):
    """The value with its tensors moved to the list `tensors`: lists, tuples and dicts are gone through."""
    import paddle

    if paddle.is_tensor(value):
        tensors.append(value)
        return Place(len(tensors) - 1)
    if isinstance(value, dict):
        return {key: pack(item, tensors) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(pack(item, tensors) for item in value)
    return value


def unpack(packed, tensors):
    """The inverse of pack."""
    if isinstance(packed, Place):
        return tensors[packed.index]
    if isinstance(packed, dict):
        return {key: unpack(item, tensors) for key, item in packed.items()}
    if type(packed) in (list, tuple):
        return type(packed)(unpack(item, tensors) for item in packed)
    return packed


def is_batch_norm(layer):
    """Layers that update running statistics by their `_momentum`: Paddle's and PaddleSeg's batch norms."""
    return all(hasattr(layer, name) for name in ("_momentum", "_mean", "_variance"))


@contextlib.contextmanager
def kept_statistics(norms):
    """Running statistics stay: with momentum 1 the kernel writes old * 1 + new * 0."""
    momenta = [norm._momentum for norm in norms]
    for norm in norms:
        norm._momentum = 1.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta):
            norm._momentum = momentum


def other_buffers(layer):
    """The numbers in buffers that are not batch norm's (constants as a rule, small), read to the host."""
    found = {}
    for name, part in layer.named_sublayers(include_self=True):
        if not is_batch_norm(part):
            for key, buffer in part.named_buffers(include_sublayers=False):
                found[(name + "." + key).strip(".")] = buffer.numpy().copy()  # numpy() alone may show the buffer itself
    return found


def recomputed_class(plain, name, seen):
    """The class `plain` with a forward that runs again in backward. `seen` gets the name when it has run.

    A class and not an attribute of the layer, so that a deep copy (PaddleSeg's EMA model) runs its own weights. Paddle's recompute
    keeps the random state for dropout and the AMP state, and gives gradients to positional tensors only: hence pack().
    """
    import paddle
    from paddle.distributed.fleet.utils import recompute

    def forward(self, *args, **kwargs):
        # Inside another layer's first pass there is no gradient either.
        if not self.training or not paddle.is_grad_enabled():
            return plain.forward(self, *args, **kwargs)
        tensors = []
        packed = pack((args, kwargs), tensors)
        if all(tensor.stop_gradient for tensor in tensors):
            raise Refusal("%s: none of its inputs needs a gradient, so its parameters would get none" % name)
        before = None if name in seen else other_buffers(self)
        runs, results = [], []

        def run(*given):
            again = bool(runs)
            runs.append(1)
            norms = [part for part in self.sublayers(include_self=True) if is_batch_norm(part)] if again else []
            args, kwargs = unpack(packed, given)
            with kept_statistics(norms):
                result = plain.forward(self, *args, **kwargs)
            made = []
            results[:] = [pack(result, made)]
            for tensor in made:
                if any(tensor is one for one in given):
                    raise Refusal("%s: it gives back one of its inputs, which recompute cannot" % name)
                if not paddle.is_floating_point(tensor):
                    raise Refusal("%s: it gives back %s, which has no gradient" % (name, tensor.dtype))
            return made[0] if len(made) == 1 else tuple(made)

        result = recompute(run, *tensors)
        if before is not None:
            after = other_buffers(self)
            for key in before:
                if key not in after or not (after[key] == before[key]).all():
                    raise Refusal("%s: its buffer %s changes in forward, and would change twice" % (name, key))
            seen.add(name)
        return unpack(results[0], result if isinstance(result, (list, tuple)) else [result])

    return type(plain.__name__, (plain,), {"forward": forward, "__module__": plain.__module__, "plain": plain})


def find_layers(model, names):
    """The layers by name. Refuses names that are not there, that have no forward of their own, or that lie in one another."""
    import difflib

    import paddle

    known = dict(model.named_sublayers())
    layers = {}
    for name in names:
        layer = known.get(name)
        if layer is None:
            near = difflib.get_close_matches(name, known, 3, 0.5)
            raise Refusal("--recompute: the model has no layer %s%s" % (name, "; near: " + ", ".join(near) if near else ""))
        if type(layer).forward is paddle.nn.Layer.forward or isinstance(layer, paddle.nn.LayerList):
            raise Refusal("--recompute: %s is a %s and has no forward to run again" % (name, type(layer).__name__))
        layers[name] = layer
    inside = {id(part): name for name, layer in layers.items() for part in layer.sublayers()}
    for name, layer in layers.items():
        if id(layer) in inside:
            raise Refusal("--recompute: %s lies inside %s; name one of them" % (name, inside[id(layer)]))
    return layers


def make_recomputed(model, names):
    """Makes the named layers run again in backward, and refuses, after the first forward, those that were never called."""
    seen = set()
    for name, layer in find_layers(model, names).items():
        object.__setattr__(layer, "__class__", recomputed_class(type(layer), name, seen))

    def check(layer, inputs, outputs):
        if layer.training and len(seen) < len(names):
            unused = [name for name in names if name not in seen]
            raise Refusal("--recompute: the forward of %s is not called in training" % ", ".join(unused))

    model.register_forward_post_hook(check)


def exporting(train_module):
    """train() exports a model to an inference format after saving, where the config says so: from plain layers."""
    real = getattr(train_module, "export", None)
    if real is None:
        return []

    def export(args, model=None, *rest, **kwargs):
        layers = [] if model is None else [p for p in model.sublayers(include_self=True) if hasattr(type(p), "plain")]
        classes = [type(layer) for layer in layers]
        for layer, cls in zip(layers, classes):
            object.__setattr__(layer, "__class__", cls.plain)
        try:
            return real(args, model, *rest, **kwargs)
        finally:
            for layer, cls in zip(layers, classes):
                object.__setattr__(layer, "__class__", cls)

    return [(train_module, "export", export)]


# ----------------------------------------------------------------------------------------------------------- sharding


def sharding_changes(level, arguments):
    """What fleet makes of model and optimizer is made by group_sharded_parallel instead, as (object, attribute, value)."""
    import paddle
    from paddle.distributed import fleet
    from paddle.distributed.fleet.meta_parallel.sharding.group_sharded_utils import GroupShardedScaler
    from paddle.distributed.sharding import group_sharded_parallel

    if paddle.distributed.ParallelEnv().nranks < 2:
        raise Refusal("--sharding divides over several cards; start it with python -m paddle.distributed.launch --devices 0,1 …")
    if arguments.get("resume_model") is not None:
        raise Refusal("--sharding does not go with --resume_model: a checkpoint has the first card's part of the optimizer only")
    model, made = arguments["model"], []

    def distributed_optimizer(optimizer, *args, **kwargs):
        # The group of all, whose communicator SyncBatchNorm looks for; a new one would leave it without.
        sharded, optimizer, _ = group_sharded_parallel(model, optimizer, level, group=paddle.distributed.get_group(0))
        object.__setattr__(sharded, "_layers", model)  # as DataParallel calls it
        made.append(sharded)
        return optimizer

    class ShardedScaler(paddle.amp.GradScaler):
        """Looks for infinities on every card."""

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            GroupShardedScaler(self)

    return [
        (fleet, "distributed_optimizer", distributed_optimizer),
        (fleet, "distributed_model", lambda layer, *args, **kwargs: made[-1]),
        (paddle.amp, "GradScaler", ShardedScaler),
    ]


# --------------------------------------------------------------------------------------------------------------- lean


def lean_changes(means, train_module, arguments):
    """What the means of lean training replace, from lean_losses.py beside this file."""
    if not means:
        return []
    import importlib.util

    from paddleseg.models.losses import OhemCrossEntropyLoss

    # Losses of 2.8 count weights and ignored pixels in another way.
    if "weight" not in inspect.signature(OhemCrossEntropyLoss).parameters:
        raise Refusal("--lean stands for the losses of PaddleSeg 2.9 and later; this is an earlier one")
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lean_losses.py")
    if not os.path.isfile(path):
        raise Refusal("--lean needs lean_losses.py beside vram_train.py; it is in vram-plan's presets/launcher")
    spec = importlib.util.spec_from_file_location("lean_losses", path)
    lean = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lean)
    return lean.changes(means, train_module, arguments["model"], arguments["optimizer"], arguments["losses"])


# ------------------------------------------------------------------------------------------------------------ command


def describe(options, arguments):
    """What will be done, line by line."""
    import paddle

    batch, iters, cards = arguments.get("batch_size"), arguments.get("iters"), paddle.distributed.ParallelEnv().nranks
    effective = "" if batch is None else " = %d images" % (batch * options.accumulate * cards)
    several = "" if cards == 1 else " on each of %d cards" % cards
    lines = ["%s optimizer steps of %d x %s%s%s" % (iters, options.accumulate, batch, several, effective)]
    if options.lean:
        lines.append("lean training: " + ", ".join(options.lean))
    for name, layer in find_layers(arguments["model"], options.recompute).items():
        norms = sum(is_batch_norm(part) for part in layer.sublayers(include_self=True))
        lines.append("recompute %s (%s, %d batch norms)" % (name, type(layer).__name__, norms))
    return lines


def wrapped(train, train_module, options):
    """PaddleSeg's train() with accumulation and recompute around it."""

    def train_with(*args, **kwargs):
        import paddle

        bound = inspect.signature(train).bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = bound.arguments
        sharding, several = options.sharding, paddle.distributed.ParallelEnv().nranks > 1
        if sharding and (options.accumulate > 1 or options.lean):
            raise Refusal("--sharding does not go with --accumulate or --lean")
        if options.accumulate > 1 or options.recompute or options.lean or sharding:
            if "heads" in options.lean and several:
                raise Refusal("--lean heads does not go with several cards; name the other means: losses,logits,gradients")
            if options.recompute and several:
                raise Refusal("--recompute does not go with several cards: DataParallel takes its layers' parameters for unused")
            if arguments.get("to_static_training"):
                raise Refusal("--accumulate, --recompute, --lean and --sharding do not go with to_static_training")
        for line in describe(options, arguments):
            print("vram_train: " + line, flush=True)
        if options.dry_run:
            return None
        changes = sharding_changes(sharding, arguments) if sharding else []
        if options.recompute:
            make_recomputed(arguments["model"], options.recompute)
            changes += exporting(train_module)
        # Lean training first: accumulation gates what it finds.
        with replaced(lean_changes(options.lean, train_module, arguments)):
            if options.accumulate > 1:
                changes += accumulating(Progress(options.accumulate), train_module, arguments)
            with replaced(changes):
                return train(*bound.args, **bound.kwargs)

    return train_with


def find_script(folder):
    """PaddleSeg's tools/train.py: in the folder given, else in the working folder, else beside the installed package."""
    if folder is not None:
        places = [folder]
    else:
        import importlib.util

        package = importlib.util.find_spec("paddleseg")
        places = [os.getcwd()] + ([os.path.dirname(os.path.dirname(package.origin))] if package and package.origin else [])
    for place in places:
        script = os.path.join(place, "tools", "train.py")
        if os.path.isfile(script) and os.path.isdir(os.path.join(place, "paddleseg")):
            return os.path.abspath(script)
    raise Refusal("no tools/train.py of PaddleSeg in %s; give its folder with --paddleseg" % " or ".join(places))


def positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("it has to be a whole number from 1 on")
    return int(text)


def layer_names(text):
    names = [name for name in text.split(",") if name]
    if len(set(names)) < len(names):
        raise argparse.ArgumentTypeError("a layer is named twice")
    return names


MEANS = ("losses", "logits", "gradients", "heads")


def lean_means(text):
    if text == "all":
        return list(MEANS)
    means = text.split(",")
    for mean in means:
        if mean not in MEANS:
            raise argparse.ArgumentTypeError("%r is none of %s, all" % (mean, ", ".join(MEANS)))
    return means


def parse(argv):
    """Own options and the rest, which is for tools/train.py and refused there if it is not known."""
    parser = argparse.ArgumentParser(
        prog="vram_train.py", allow_abbrev=False, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accumulate", type=positive, default=1, metavar="N", help="micro-batches per optimizer step")
    parser.add_argument("--recompute", type=layer_names, default=[], metavar="A,B", help="layers run again in backward")
    parser.add_argument("--lean", type=lean_means, default=[], metavar="A,B", help="losses, logits, gradients, heads, or all")
    parser.add_argument("--sharding", choices=("os", "os_g"), help="divide optimizer states and gradients over the cards")
    parser.add_argument("--paddleseg", metavar="DIR", help="PaddleSeg's folder (default: the working folder)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and do not train")
    return parser.parse_known_args(argv)


def main(argv):
    options, rest = parse(argv)
    try:
        script = find_script(options.paddleseg)
        root = os.path.dirname(os.path.dirname(script))
        # As `python tools/train.py` would find modules; the folder itself is PYTHONPATH's last resort, or first where it was named.
        sys.path[0] = os.path.dirname(script)
        sys.path.insert(1 if options.paddleseg else len(sys.path), root)
        import paddleseg.core

        train_module = sys.modules["paddleseg.core.train"]
        paddleseg.core.train = wrapped(train_module.train, train_module, options)
        print("vram_train: %s %s" % (script, " ".join(rest)), flush=True)
        sys.argv = [script] + rest
        runpy.run_path(script, run_name="__main__")
    except Refusal as refusal:
        print("vram_train: " + str(refusal), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
