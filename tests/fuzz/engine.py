"""Hostile arrays for the engine: sparse rows, labels, orders, weights that lie. No file is read by C; these are.

It takes a build that looks for trouble, as .ci/run makes it (FASTMLP_SANITIZE=address,undefined), and its libraries
before all others: ``LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 python tests/fuzz/engine.py 100000``.
A second number is where to begin, which repeats a find.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from types import SimpleNamespace

import numpy as np
from fastmlp import _core

REFUSED = (ValueError, TypeError, IndexError, OverflowError)
INPUTS, OUTPUTS, BATCH = 9, 3, 5
CROSS = ("sparse_categorical_crossentropy_logits", (-1,))
MSE = ("mean_squared_error", ())
ODD = [0, 1, -1, 2, INPUTS - 1, INPUTS, INPUTS + 1, BATCH, 100, 2**15, 2**31 - 1, 2**31, -(2**31), 2**32, 2**63 - 1]
ODD += [-(2**63), 2**63, 2**64 - 1, 0.5, 1e300, float("nan"), float("inf"), -float("inf")]
KINDS = ["i1", "u1", "i2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "?", ">i4", ">f8", "c8", "O", "U3", "M8[s]"]


def networks():
    layers = [{"units": 4, "activation": ("tanh", ())}, {"units": OUTPUTS, "activation": ("linear", ())}]
    for dtype in ("float32", "float64"):
        for loss, logits in ((CROSS, True), (MSE, False)):
            for sparse in (True, False):
                yield _core.Network(
                    dtype, INPUTS, BATCH, layers, loss, ("sgd", (), 0.01, {}), logits=logits, sparse=sparse
                )


class Draw:
    """Arrays that are sound, and then mostly not quite."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def often(self, probability=0.15):
        return self.rng.random() < probability

    def one(self, things):
        return things[self.rng.integers(len(things))]

    def odd(self, array):
        """The array, perhaps with other numbers, of another type, longer, shorter, in other axes or strides."""
        array = np.array(array)
        while self.often():
            if array.size and self.often(0.5):
                with_odd = array.astype(object)
                with_odd.flat[self.rng.integers(array.size)] = self.one(ODD)
                array = self.as_kind(with_odd, self.one((array.dtype.str, "i8", "f8", "u8")))
            elif self.often(0.3):
                array = self.as_kind(array, self.one(KINDS))
            else:
                ways = (array[:-1], np.repeat(array, 2, 0), array[::-1], array[None], array.ravel(), array[..., None],
                        array[:0], np.broadcast_to(array[:1], array.shape)) if array.ndim else ()  # fmt: skip
                array = self.one(ways) if ways else array
        return array

    def as_kind(self, array, kind):
        try:
            with np.errstate(all="ignore"):
                return array.astype(kind)
        except (ValueError, TypeError, OverflowError):
            return array

    def rows(self, sparse, count):
        x = np.where(self.rng.random((count, INPUTS)) < 0.3, self.rng.normal(size=(count, INPUTS)), 0)
        if not sparse and not self.often(0.05):
            return self.odd(x)
        rows, columns = np.nonzero(x)
        starts = np.searchsorted(rows, np.arange(count + 1))
        shape = (count, INPUTS) if not self.often(0.05) else tuple(self.odd([count, INPUTS]).ravel().tolist())
        data, columns = self.odd(x[rows, columns]), self.odd(columns.astype(self.one(["i4", "i8"])))
        return SimpleNamespace(data=data, indices=columns, indptr=self.odd(starts), shape=shape)


def tried(network, draw):
    """A few calls on the same hostile rows."""
    count = int(draw.rng.integers(0, 3 * BATCH))
    x = draw.rows(network.sparse, count)
    y = draw.rng.integers(0, OUTPUTS, count) if network.labels else draw.rng.random((count, OUTPUTS))
    order = draw.odd(draw.rng.permutation(count)) if draw.often(0.5) else None
    if draw.often(0.3):
        found = network.predict(x, order)
        assert found.shape[1] == OUTPUTS
        return
    run = _core.Run(network, x, draw.odd(y), draw.odd(draw.rng.random(count)) if draw.often(0.3) else None)
    steps = -(-len(run_order(order, count)) // BATCH)
    batch = draw.one(ODD[:9]) if draw.often() else BATCH
    run.start(order, batch, draw.odd(np.full(steps, 0.01)) if draw.often(0.2) else None)
    if draw.often(0.3):
        network.evaluate(run)
    else:
        network.train(run, int(draw.one((0, 1, 3, 1 << 40))), 0)


def run_order(order, count):
    return range(count) if order is None or not order.ndim else order


def main(rounds, first=0):
    counts, start, all_of_them = Counter(), time.time(), list(networks())
    for seed in range(first, first + rounds):
        draw = Draw(seed)
        try:
            tried(draw.one(all_of_them), draw)
            counts["taken"] += 1
        except REFUSED as error:
            counts[type(error).__name__] += 1
        except BaseException:
            print("seed", seed, file=sys.stderr)
            raise
        if seed % 1000 == 0:
            for network in all_of_them:  # what NaN and huge rates have made of them
                for op in range(network.count):
                    for part in (0, 1):
                        network.set(op, part, np.full(network.get(op, part).shape, 0.1))
    print(f"Done {rounds} runs in {time.time() - start:.0f} seconds: {dict(counts)}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of imaginary parts
    main(*map(int, sys.argv[1:]))
