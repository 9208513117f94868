"""A loop that counts as PaddleSeg's does, with vram_train's StepCount; prints what happened at each micro-batch as JSON."""
import json
import os
import pickle
import sys

sys.path.insert(0, os.path.dirname(sys.argv[1]))
import vram_train

size, start, iters, interval, epoch = (int(word) for word in sys.argv[2:])
progress = vram_train.Progress(size)
optimizer_steps = []
step = progress.gate(lambda: optimizer_steps.append(1))
first = iter_ = progress.begin(start)
rows, began = [], 0
while iter_ < iters:
    began += iter_ == first
    for _ in range(epoch):
        iter_ += 1
        if iter_ > iters:
            break
        step()
        rows.append([
            int(iter_), iter_ % interval == 0, iter_ == iters, (iter_ - 1) // epoch + 1, iters - iter_, "iter_{}".format(iter_),
        ])
plain = pickle.loads(pickle.dumps(iter_))
print(json.dumps({"rows": rows, "steps": len(optimizer_steps), "began": began, "plain": type(plain) is int}))
