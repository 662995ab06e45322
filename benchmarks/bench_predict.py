"""Microseconds that a prediction takes: fastmlp beside its peers, on 784-128-10 with ReLU and softmax, in float32.

    python benchmarks/bench_predict.py [--threads 1 2] [--rows 1 10000] [--rounds 15]

Every contestant waits in a process of its own, with so many cores and threads. In each round all are asked, in another
order and after a pause in which threads that still spin go to sleep, for some predictions of the same rows; a figure is
the median over the rounds of the median of a round. What they give is compared with NumPy's.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from fastmlp import get_num_threads
from fastmlp.bench import contestants
from fastmlp.bench.processes import MISLEADING, cores

Predict = Callable[[np.ndarray], Any]
WIDTHS = (784, 128, 10)
PAUSE = 0.1  # seconds; OpenBLAS's and OpenMP's threads look for more work for some milliseconds


def weights() -> list[np.ndarray]:
    """The same for all: W, b, W, b."""
    rng = np.random.default_rng(0)
    pairs = zip(WIDTHS, WIDTHS[1:], strict=False)
    return [np.float32(a) for n, m in pairs for a in (rng.normal(size=(n, m)) / n**0.5, rng.normal(size=m))]


def in_numpy(x: np.ndarray) -> Predict:
    """By products and ufuncs, which write where their argument was."""
    w1, b1, w2, b2 = weights()

    def predict(x: np.ndarray) -> np.ndarray:
        h = x @ w1
        h += b1
        z = np.maximum(h, 0, out=h) @ w2
        z += b2
        z -= z.max(1, keepdims=True)
        e = np.exp(z, out=z)
        e /= e.sum(1, keepdims=True)
        return e

    return predict


def in_fastmlp(method: str) -> Callable[[np.ndarray], Predict]:
    """By one of the ways to ask a model."""

    def made(x: np.ndarray) -> Predict:
        from fastmlp import Sequential
        from fastmlp.layers import Dense, Input

        model = Sequential([Input((WIDTHS[0],)), Dense(WIDTHS[1], "relu"), Dense(WIDTHS[2], "softmax")])
        model.set_weights(weights())
        return {"predict": lambda x: model.predict(x, verbose=0)}.get(method) or getattr(model, method)

    return made


def in_torch(x: np.ndarray) -> Predict:
    """Eagerly, in inference mode, from a tensor."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = torch.nn.Sequential(torch.nn.Linear(*WIDTHS[:2]), torch.nn.ReLU(), torch.nn.Linear(*WIDTHS[1:]),
                                torch.nn.Softmax(-1)).eval()  # fmt: skip
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), weights(), strict=True):
            parameter.copy_(torch.from_numpy(value.T.copy()))
    rows = torch.from_numpy(x)

    def predict(_: np.ndarray) -> Any:
        with torch.inference_mode():
            return model(rows)

    return predict


def in_jax(x: np.ndarray) -> Predict:
    """Under jit, from an array of its own."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def forward(w: Any, x: Any) -> Any:
        return jax.nn.softmax(jnp.maximum(x @ w[0] + w[1], 0) @ w[2] + w[3])

    w, rows = [jnp.asarray(a) for a in weights()], jnp.asarray(x)
    return lambda _: forward(w, rows).block_until_ready()


WAYS: dict[str, tuple[str, Callable[[np.ndarray], Predict]]] = {  # with whose packages and environment
    "model(x)": ("fastmlp", in_fastmlp("__call__")),
    "predict_on_batch": ("fastmlp", in_fastmlp("predict_on_batch")),
    "predict": ("fastmlp", in_fastmlp("predict")),
    "NumPy": ("numpy", in_numpy),
    "PyTorch": ("torch", in_torch),
    "JAX": ("jax", in_jax),
}


def answer(way: str, rows: int) -> None:
    """What a contestant's process does: for each number it is sent, so many predictions, and their median time."""
    x = np.random.default_rng(1).random((rows, WIDTHS[0]), np.float32)
    predict = WAYS[way][1](x)
    np.testing.assert_allclose(np.asarray(predict(x)), in_numpy(x)(x), rtol=1e-3, atol=1e-6)
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter_ns()
            predict(x)
            times.append(time.perf_counter_ns() - start)
        print(statistics.median(times) / 1000, flush=True)


def measured(threads: int, rows: int, rounds: int) -> dict[str, float]:
    """The figure of each contestant that is installed."""
    processes = {}
    clean = {key: value for key, value in os.environ.items() if key not in MISLEADING}
    for way, (name, _) in WAYS.items():
        if contestants.missing(name):
            continue
        command = [sys.executable, __file__, "--answer", way, "--rows", str(rows)]
        with cores(threads):
            processes[way] = subprocess.Popen(command, env=clean | contestants.environment(name, threads, "float32"),
                                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
    found: dict[str, list[float]] = {way: [] for way in processes}
    for way, process in processes.items():
        if process.stdout.readline() != "ready\n":  # type: ignore[union-attr]
            raise SystemExit(f"{way}: it gave up, or its outputs are not those of NumPy")
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        order = list(processes.items())
        shuffle(order)
        for way, process in order:
            time.sleep(PAUSE)
            print(max(3, 5000 // (rows + 1)), file=process.stdin, flush=True)
            found[way].append(float(process.stdout.readline()))  # type: ignore[union-attr]
    for process in processes.values():
        process.communicate()
    return {way: statistics.median(times) for way, times in found.items()}


def main() -> None:
    """Measure all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, min(2, get_num_threads())}))
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 10_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.answer:
        answer(given.answer, given.rows[0])
        return
    print("| rows | threads | " + " | ".join(WAYS) + " |")
    print("|---:" * (len(WAYS) + 2) + "|")
    for rows in given.rows:
        for threads in given.threads:
            found = measured(threads, rows, given.rounds)
            cells = [f"{found[way]:,.1f}" if way in found else "" for way in WAYS]
            print(f"| {rows:,} | {threads} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
