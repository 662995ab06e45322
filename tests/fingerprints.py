"""Prints one SHA-256 of all weights after 50 training steps for every (level × threads): one value per type.

    python tests/fingerprints.py

Several networks go into each value, so that every path of the engine (plain, tiny, sharded; with dropout, L2 and
clipping by norm; of bfloat16) and every kind of operation is in it. Exits with 1 if the values of a type differ.
"""

from __future__ import annotations

import hashlib
import sys

import numpy as np
from fastmlp import _core
from program_cases import ALL, Case, build, data, parts_of

CROSS = ("sparse_categorical_crossentropy_logits", (-1,))
CATEGORICAL = ("categorical_crossentropy_logits", (0.0,))
ADAM = (0.9, 0.999, 1e-7, 0.0)
NETWORKS = [  # inputs, widths, batch, options of the optimizer, whether float32 means mixed_bfloat16
    (784, (128, 10), 32, {}, False),
    (50, (65, 33, 40), 33, {"global_clip_norm": 0.5}, False),
    (2, (8, 8, 3), 32, {}, False),
    (784, (16, 16, 10), 32, {"weight_decay": 0.01}, False),
    (50, (65, 33, 40), 33, {}, True),
]
SHARDED = (16, 16, 10)


def fingerprint(dtype: str) -> str:
    """The SHA-256 of what the networks hold after 50 steps each."""
    digest = hashlib.sha256()
    for inputs, widths, batch, options, mixed in NETWORKS:
        rng = np.random.default_rng(7)
        noise = {} if max(widths) <= 16 and inputs <= 16 else {"noise": ("dropout", (0.2,))}
        penalty = {} if widths == SHARDED else {"weights": {"l2": 1e-4}}
        layers = [{"units": m, "activation": ("tanh", ()), **penalty, **noise} for m in widths[:-1]]
        layers.append({"units": widths[-1], "activation": ("linear", ())})
        for layer in layers:
            layer["bf16"] = mixed and dtype == "float32"
        net = _core.Network(dtype, inputs, batch, layers, CROSS, ("adam", ADAM, 1e-3, options), None, True, 1)
        for i, (k, m) in enumerate(zip((inputs, *widths), widths, strict=False)):
            net.set(i, 0, rng.normal(size=(k, m)) / np.sqrt(k))
        rows = 50 * batch - batch // 2  # the last step has half a batch
        run = _core.Run(net, rng.normal(size=(rows, inputs)), rng.integers(0, widths[-1], rows))
        run.start(rng.permutation(rows), batch)
        while not net.train(run, 17, 0):
            pass
        for layer in range(len(widths)):
            for part in range(2 + 2 * net.slots):
                digest.update(net.get(layer, part).tobytes())
    for array in every_kind(dtype):
        digest.update(array.tobytes())
    return digest.hexdigest()


def every_kind(dtype: str) -> list[np.ndarray]:
    """All that a program of every kind of operation holds after as many steps, and what it predicts."""
    case = Case(72, 32, ALL, CATEGORICAL, ("adam", ADAM, 1e-3, {}), ("softmax", ()), True, ema=(0.9, 7))
    net, twin = build(case, dtype)
    x, y, _, order = data(case, net, dtype, 50 * case.batch - case.batch // 2)
    run = _core.Run(net, x, y)
    run.start(order, case.batch)
    while not net.train(run, 17, 0):
        pass
    return [*(net.get(*place[1:]) for place in parts_of(twin)), net.predict(x)]


def main() -> int:
    """Print the table; 1 if a type has more than one value."""
    before, values = _core.level(), {}
    _core.set_thread_grain(0.0)  # threads however small the work
    for dtype in ("float32", "float64"):
        for level in [name for name, usable in _core.levels().items() if usable]:
            for threads in (1, 2, 3, 5, 8):
                _core.choose_level(level)
                _core.set_threads(threads)
                value = fingerprint(dtype)
                values.setdefault(dtype, set()).add(value)
                print(f"{dtype}  {level:>7}  {threads} threads  {value}", flush=True)
    _core.choose_level(before)
    _core.set_threads(0)
    _core.set_thread_grain(-1.0)
    for dtype, found in values.items():
        print(f"{dtype}: {len(found)} value(s)")
    return int(any(len(found) > 1 for found in values.values()))


if __name__ == "__main__":
    sys.exit(main())
