"""Models that come and go: built, trained, asked, deleted, again and again, while memory stays what it was.

    python tests/cycles.py 100000    # the long form

prints what each stretch of cycles has added to what the process holds, and ends with an error if that grows.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import tempfile
import time
from pathlib import Path

import fastmlp
import numpy as np
from fastmlp import losses, optimizers, saving
from fastmlp.layers import BatchNormalization, Dense, Dropout, Input
from fastmlp.models import Sequential

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 6)).astype("float32")
WIDE = RNG.normal(size=(40, 128)).astype("float32")
Y = RNG.integers(0, 3, 40)
FOLDER = tempfile.TemporaryDirectory()
FILE = Path(FOLDER.name, "model.safetensors")


def compiled(*layers, inputs=6, optimizer="adam", **settings):
    model = Sequential([Input((inputs,)), *layers, Dense(3, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", **settings)
    return model


def used(model, **settings):
    model.fit(X, Y, verbose=0, **settings)
    model.predict(X, verbose=0)


def tiny():
    used(compiled(Dense(4, "tanh")))


def plain():
    model = compiled(Dense(8, "relu"), BatchNormalization(), Dropout(0.2), metrics=["accuracy"])
    used(model, validation_split=0.25, batch_size=8)
    model.fit(X, Y, verbose=0, batch_size=40)  # for which the network is made anew
    model.evaluate(X, Y, verbose=0)


def sharded():
    model = compiled(Dense(8, "relu"), inputs=128, optimizer=optimizers.SGD(0.1, momentum=0.9))
    model.fit(WIDE, Y, verbose=0)
    assert model._program.network.path == "sharded"


def averaged():
    used(compiled(Dense(5, "relu"), optimizer=optimizers.RMSprop(use_ema=True, global_clipnorm=1.0)))


def bfloat16():
    used(compiled(Dense(16, "relu", dtype="mixed_bfloat16")))


def by_tape():
    model = compiled(Dense(4, "relu"))
    with fastmlp.GradientTape() as tape:
        loss = losses.SparseCategoricalCrossentropy()(Y, model(X, training=True))
    weights = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))


def from_file():
    model = compiled(Dense(4, "relu"))
    model.train_on_batch(X, Y)
    model.save(FILE)
    saving.load_model(FILE).train_on_batch(X, Y)
    used(pickle.loads(pickle.dumps(model)))


def refused():
    """What ends in an exception."""
    model = compiled(Dense(4, "relu"), metrics=["accuracy"])
    for x, y in ((X[:, :5], Y), (X, Y[:7]), (X, Y + 9)):
        try:
            model.fit(x, y, verbose=0)
        except ValueError:
            continue
        raise AssertionError("it was to fail")


KINDS = [tiny, plain, sharded, averaged, bfloat16, by_tape, from_file, refused]
try:
    from fastmlp.sklearn import MLPClassifier
    from scipy.sparse import csr_matrix

    SPARSE = csr_matrix(np.maximum(X, 0))

    def estimator():
        found = MLPClassifier((4,), max_iter=1, early_stopping=True).fit(X, Y)
        found.predict(X)

    def sparse():
        found = MLPClassifier((4,), max_iter=1, solver="lbfgs").fit(SPARSE, Y)
        found.predict(SPARSE)

    KINDS += [estimator, sparse]
except ImportError:  # the rest needs NumPy alone
    pass


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run(cycles, kinds=KINDS):
    for i in range(cycles):
        kinds[i % len(kinds)]()
    gc.collect()
    return resident(), sys.getallocatedblocks()


def main(cycles, stretches=10):
    """Bytes and objects a cycle between the second half's beginning and its end."""
    import warnings

    warnings.simplefilter("ignore")
    run(max(50, cycles // 20))
    seen, start = [run(0)], time.time()
    for i in range(stretches):
        seen.append(run(cycles // stretches))
        bytes_, objects = (now - first for now, first in zip(seen[-1], seen[0]))
        print(f"{(i + 1) * (cycles // stretches):7d} cycles  {bytes_ / 1024:+9.0f} KB  {objects:+6d} objects  "
              f"{time.time() - start:6.0f} s", flush=True)  # fmt: skip
    half = stretches // 2
    after = (stretches - half) * (cycles // stretches)
    slope, objects = ((seen[-1][i] - seen[half][i]) / after for i in (0, 1))
    print(f"{slope:.3f} bytes and {objects:.5f} objects a cycle over the last {after} cycles")
    return slope, objects


if __name__ == "__main__":
    slope, objects = main(int(sys.argv[1]))
    sys.exit(slope > 4 or objects > 0.01)
