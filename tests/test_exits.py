"""The end of a process while threads train and predict: its exit status, its last words, no crash and no hang."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

BEGIN = """
import atexit, faulthandler, os, sys, threading, time
faulthandler.dump_traceback_later(60, exit=True)
import numpy as np
import fastmlp
from fastmlp.data import Dataset
from fastmlp.layers import Dense, Dropout, Input
from fastmlp.models import Sequential

X = np.random.default_rng(0).normal(size=(20_000, 64)).astype(np.float32)
Y = X[:, :1] * 2

def made():
    model = Sequential([Input(shape=(64,)), Dense(64, "relu"), Dropout(0.1), Dense(1)])
    model.compile("adam", "mse")
    return model

model, other = made(), made()
entered = threading.Event()

def bye():
    print(other.predict(X, verbose=0).shape, other.train_on_batch(X, Y) > 0, flush=True)

class Last:
    "Which is there until the modules are taken apart."
    def __init__(self):
        self.model = made()
        self.model.fit(X[:64], Y[:64], verbose=0)

atexit.register(bye)
fastmlp.last = Last()
fastmlp.last.itself = fastmlp.last  # the collector's

def work():
    entered.set()
    WORK

threads = [threading.Thread(target=work, daemon=True) for _ in range(THREADS)]
for thread in threads:
    thread.start()
entered.wait()
time.sleep(AFTER)
END
"""

WORKS = {
    "fit": (1, "model.fit(X, Y, epochs=10**9, verbose=0)"),
    "tiny fits": (2, "made().fit(X[:64], Y[:64], epochs=10**9, verbose=0)"),
    "predict": (2, "while True: model.predict(X, verbose=0)"),
    "single steps": (2, "while True: model.train_on_batch(X[:32], Y[:32])"),
    "a dataset read ahead": (1, "model.fit(Dataset.from_tensor_slices((X, Y)).repeat().batch(32).prefetch(2), epochs=1,"
                             " steps_per_epoch=10**9, verbose=0)"),
    "the tape": (1, """
    while True:
        with fastmlp.GradientTape() as tape:
            loss = fastmlp.ops.mean((model(X[:500], training=True) - Y[:500]) ** 2)
        tape.gradient(loss, model.trainable_weights)"""),
}  # fmt: skip

ENDS = {
    "its last line": ("", 0, True),
    "sys.exit": ("sys.exit(3)", 3, True),
    "an exception": ("raise ValueError('the end')", 1, True),
    "os._exit": ("os._exit(4)", 4, False),
    "sys.exit in a handler": ("import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5));"
                              " os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", 5, True),
}  # fmt: skip

WHEN = [0.0, 0.07]
if os.environ.get("FASTMLP_LONG"):
    WHEN = [i / 37 for i in range(6)]
# each way to work with one way to end, each way to end with one way to work; all with all, if there is time for it
PAIRS = [
    (work, end) for i, work in enumerate(WORKS) for j, end in enumerate(ENDS) if len(WHEN) > 2 or i % len(ENDS) == j
]


@pytest.mark.parametrize(("work", "end"), PAIRS)
def test_the_end_of_a_process(work, end):
    """While daemon threads are at it; what `atexit` was given predicts and trains before that."""
    (count, doing), (last, status, says) = WORKS[work], ENDS[end]
    for after in WHEN:
        text = BEGIN.replace("WORK", doing).replace("THREADS", str(count)).replace("AFTER", str(after))
        child = subprocess.run(
            [sys.executable, "-c", text.replace("END", last)], capture_output=True, text=True, timeout=120, check=False
        )
        assert child.returncode == status, (after, child.returncode, child.stderr)
        assert child.stdout.strip() == ("(20000, 1) True" if says else "")
        assert ("ValueError: the end" in child.stderr) if end == "an exception" else not child.stderr
