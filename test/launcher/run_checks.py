"""Checks whole runs with vram_train.py: a kill and its resume, loss scaling, a plan that vram-plan wrote, bytes. As checks.py, which it builds on.

    python run_checks.py LAUNCHER.py PADDLESEG FOLDER [SETTINGS]

With SETTINGS (JSON for checks.run) it trains so and prints the highest value of Paddle's statistics of allocated bytes.
"""
import json
import os
import signal
import subprocess
import sys
import time

from checks import LAYERS, command, difference, field, folder, launcher, main, make_data, np, paddle, run, seg, values

SIDE = 256


def make_configs():
    """A config whose images are all the same, so that their order makes no difference, and one of larger images."""
    with open(os.path.join(folder, "one.txt"), "w") as out:
        out.write("0.jpg 0.png\n" * 8)
    with open(os.path.join(folder, "b2.yml")) as text, open(os.path.join(folder, "one.yml"), "w") as out:
        out.write(text.read().replace("list.txt", "one.txt"))
    for batch in (2, 4):
        with open(os.path.join(folder, "b%d.yml" % batch)) as text, open(os.path.join(folder, "b%d_large.yml" % batch), "w") as out:
            out.write(text.read().replace("[{type: Normalize}]", "[{type: Resize, target_size: [%d, %d]}, {type: Normalize}]" % (SIDE, SIDE)))


def train_lines(text):
    return [line for line in text.splitlines() if "[TRAIN]" in line]


def check_kill():
    """A run that is killed after step 2 was saved, and resumed, goes on at step 3 and ends at the weights of one that was not."""
    words = ["--config", os.path.join(folder, "one.yml"), "--device", "cpu", "--do_eval", "--accumulate", "2", "--recompute", ",".join(LAYERS)]
    words += ["--save_interval", "2", "--iters", "5", "--log_iters", "1", "--seed", "3"]
    whole, killed = os.path.join(folder, "unharmed"), os.path.join(folder, "killed")
    code, out, err = command(*words, "--save_dir", whole)
    assert code == 0, err[-2000:]
    whole_lines = train_lines(out + err)

    log = os.path.join(folder, "killed.log")
    with open(log, "wb") as to:
        started = subprocess.Popen(
            [sys.executable, launcher, *words, "--save_dir", killed], cwd=seg, stdout=to, stderr=to, env=dict(os.environ, PYTHONPATH="")
        )
    deadline = time.time() + 300
    # It is the last thing that is written after step 2.
    while not os.path.exists(os.path.join(killed, "best_model", "model.pdstates")):
        assert started.poll() is None and time.time() < deadline, open(log).read()[-2000:]
        time.sleep(0.005)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    assert not os.path.exists(os.path.join(killed, "iter_5"))

    code, out, err = command(*words, "--save_dir", killed, "--resume_model", os.path.join(killed, "iter_2"))
    assert code == 0, err[-2000:]
    lines = train_lines(out + err)
    assert [field(line, "iter") for line in lines] == [3, 4, 5], lines
    for name in ("lr", "epoch"):
        assert [field(line, name) for line in lines] == [field(line, name) for line in whole_lines[2:]], (lines, whole_lines)
    ends = [paddle.load(os.path.join(place, "iter_5", "model.pdparams"), return_numpy=True) for place in (killed, whole)]
    apart = difference(*[{k: v for k, v in end.items() if not k.endswith(("total_ops", "total_params"))} for end in ends])
    assert apart < 1e-5, apart
    return "weights differ by %.1e" % apart


def check_scaler():
    """With AMP, each micro-batch's loss is scaled, and the scaler steps and updates once an optimizer step."""
    calls = {"scale": 0, "step": 0, "update": 0}
    plain = paddle.amp.GradScaler

    class Counting(plain):
        def scale(self, loss):
            calls["scale"] += 1
            return super().scale(loss)

        def step(self, optimizer):
            calls["step"] += 1
            return super().step(optimizer)

        def update(self):
            calls["update"] += 1
            return super().update()

    paddle.amp.GradScaler = Counting
    try:
        # On the CPU Paddle switches float16 off, so that the numbers are those of float32.
        half, _, _ = run(2, accumulate=2, fixed_statistics=True, precision="fp16")
    finally:
        paddle.amp.GradScaler = plain
    full, _, _ = run(2, accumulate=2, fixed_statistics=True)
    assert calls == {"scale": 8, "step": 4, "update": 4}, calls
    apart = difference(values(half), values(full))
    assert apart < 1e-5, apart
    return "weights differ by %.1e" % apart


def check_window():
    """Evaluation takes the sliding window of the config."""
    infer = sys.modules["paddleseg.core.infer"]
    plain, seen = infer.slide_inference, []

    def noted(model, im, crop_size, stride):
        seen.append((tuple(im.shape[-2:]), tuple(crop_size), tuple(stride)))
        return plain(model, im, crop_size, stride)

    infer.slide_inference = noted
    try:
        run(2, accumulate=2, recompute=LAYERS, test_config={"is_slide": True, "crop_size": [48, 32], "stride": [24, 16]})
    finally:
        infer.slide_inference = plain
    assert set(seen) == {((64, 64), (48, 32), (24, 16))} and len(seen) == 16, seen
    return "%d images" % len(seen)


def peak(**settings):
    """Highest bytes of Paddle's tensors in a training of its own process."""
    done = subprocess.run([sys.executable, __file__, launcher, seg, folder, json.dumps(settings)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout.split("PEAK ")[1])


def check_bytes():
    """Peaks on the CPU, for the caller to compare with what is predicted."""
    return json.dumps({
        "plain": peak(batch=4, images="_large"),
        "recompute": peak(batch=4, images="_large", recompute=LAYERS),
    })


if __name__ == "__main__":
    if len(sys.argv) > 4:
        run(**json.loads(sys.argv[4]))
        base = getattr(paddle, "base", None) or paddle.fluid
        print("PEAK %d" % base.core.host_memory_stat_peak_value("Allocated", 0))
    else:
        make_data()
        make_configs()
        main(globals())
