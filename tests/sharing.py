"""What tests of threads that share a model begin with."""

from __future__ import annotations

import threading

import fastmlp
import numpy as np
from fastmlp.callbacks import Callback
from fastmlp.layers import BatchNormalization, Dense, Input, LayerNormalization
from fastmlp.models import Sequential
from fastmlp.program import Program

WAYS = {
    "call": lambda model, x: model(x),
    "predict_on_batch": lambda model, x: model.predict_on_batch(x),
    "predict": lambda model, x: model.predict(x, verbose=0),
    "predict, a progress line": lambda model, x: model.predict(x),
    "predict, many batches": lambda model, x: model.predict(x, batch_size=7, steps=100, verbose=0),
    "predict, callbacks": lambda model, x: model.predict(x, verbose=0, callbacks=[Callback()]),
    "predict, batches": lambda model, x: model.predict(iter([x[:3], x[3:]] if len(x) > 3 else [x]), verbose=0),
}
BESIDE = [way for way in WAYS if way not in ("predict, callbacks", "predict, batches")]  # which do not take turns


def made(seed=3):
    fastmlp.random.set_random_seed(seed)
    layers = [Dense(20, "relu"), BatchNormalization(), LayerNormalization(), Dense(3, "softmax")]
    model = Sequential([Input(shape=(5,)), *layers])
    model.compile("adam", "mse")
    return model


def together(*targets):
    """Run functions in a thread each; the first exception of any is raised."""
    failed = []

    def run(target):
        try:
            target()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(target,), daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "they wait for each other"
    if failed:
        raise failed[0]


def in_the_middle(monkeypatch, rows, act):
    """Whoever predicts for these rows, and no copy of them, runs `act` in the middle of it."""
    compute = Program.outputs

    def outputs(program, x):
        if np.may_share_memory(x, rows):
            act()
        return compute(program, x)

    monkeypatch.setattr(Program, "outputs", outputs)


class Held:
    """Rows: whoever predicts for them is in the middle of it until it is let go on."""

    def __init__(self, monkeypatch, rows):
        self.rows, self.entered, self.let = rows.copy(), threading.Event(), threading.Event()
        in_the_middle(monkeypatch, self.rows, self.wait)

    def wait(self):
        self.entered.set()
        assert self.let.wait(30)
