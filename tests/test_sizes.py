"""Sizes near 2^31 and 2^63, wherever one can be given: a reason, and neither a crash, a wrong result nor the memory."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
from fastmlp import _core

SIZES = """
import resource, warnings
from fastmlp import data, layers, metrics, ops, optimizers, random, utils
from fastmlp.layers import Dense, Embedding, Flatten, Input
from fastmlp.models import Sequential

warnings.simplefilter("ignore")
limit = 4 << 30  # what asks for more than this, and gets it, would be found out here
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
x, y = np.zeros((8, 3), np.float32), np.zeros(8, int)

def made(*more, inputs=3, optimizer="sgd"):
    model = Sequential([Input((inputs,)), *more, Dense(2, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model

def zeros(*shape):
    return np.broadcast_to(np.zeros((), np.int8), shape)

def trained(**optimizer):
    made(optimizer=optimizers.SGD(0.1, **optimizer)).fit(x, y, verbose=0)

REFUSED = {  # what no machine has room for
    "units": lambda n: made(Dense(n)),
    "units after units": lambda n: made(Dense(n), Dense(n)),
    "inputs": lambda n: made(inputs=n),
    "inputs of two axes": lambda n: Sequential([Input((n, n)), Flatten(), Dense(2)]),
    "pieces": lambda n: made(layers.Maxout(n)),
    "embedding": lambda n: Embedding(n, n)([[0]]),
    "long vectors": lambda n: Embedding(9, n)([[0]]),
    "marks": lambda n: layers.CategoryEncoding(n)([0, 1]),
    "repeated": lambda n: layers.RepeatVector(n)(x),
    "memory_report": lambda n: made().memory_report(batch_size=n),
    "rows to fit": lambda n: made().fit(zeros(n, 3), zeros(n), verbose=0),
    "rows to fit in order": lambda n: made().fit(zeros(n, 3), zeros(n), verbose=0, shuffle=False, steps_per_epoch=1),
    "rows to train on": lambda n: made().train_on_batch(zeros(n, 3), zeros(n)),
    "rows to predict": lambda n: made().predict(zeros(n, 3), verbose=0),
    "rows to call": lambda n: made()(zeros(n, 3)),
    "rows to call in training": lambda n: made()(zeros(n, 3), training=True),
    "columns": lambda n: Sequential([Dense(2)]).predict(zeros(8, n), verbose=0),
    "columns to adapt to": lambda n: layers.Normalization().adapt(zeros(1, n)),
    "weights of rows": lambda n: made().fit(x, y, sample_weight=zeros(n), verbose=0),
    "weights": lambda n: made().set_weights([zeros(3, n), zeros(n)]),
    "a variable": lambda n: fastmlp.Variable(zeros(n, n)),
    "labels": lambda n: made().fit(x, [n] * 8, verbose=0),
    "to_categorical": lambda n: utils.to_categorical([0, 1], n),
    "a large label": lambda n: utils.to_categorical([0, n]),
    "one_hot": lambda n: ops.one_hot(y, n),
    "zeros": lambda n: ops.zeros((n, n)),
    "arange": lambda n: ops.arange(n),
    "repeat": lambda n: ops.repeat(x, n),
    "tile": lambda n: ops.tile(x, (n, n)),
    "matmul": lambda n: ops.matmul(zeros(n, 1), zeros(1, n)),
    "pad": lambda n: ops.pad(x, ((n, 0), (0, 0))),
    "normal": lambda n: random.normal((n, n)),
    "thresholds": lambda n: metrics.AUC(num_thresholds=n),
    "a network": lambda n: _core.Network("float32", n, n, [{"units": n, "activation": ("relu", ())}],
                                         ("mean_squared_error", ()), ("sgd", (), 0.1, {})),
    "a layer": lambda n: _core.Dense(n, n, n),
    "moments": lambda n: _core.feature_moments(zeros(1, n)),
}
TAKEN = {  # counts, of which as much is done as there is
    "batch_size": lambda n: made().fit(x, y, batch_size=n, verbose=0),
    "batch_size to evaluate": lambda n: made().evaluate(x, y, batch_size=n, verbose=0),
    "batch_size to predict": lambda n: made().predict(x, batch_size=n, verbose=0),
    "epochs": lambda n: made().fit(x, y, epochs=n, initial_epoch=n - 1, verbose=0),
    "steps": lambda n: made().evaluate(x, y, steps=n, verbose=0),
    "steps to predict": lambda n: made().predict(x, steps=n, verbose=0),
    "validation": lambda n: made().fit(x, y, validation_data=(x, y), validation_steps=n, validation_batch_size=n,
                                       verbose=0),
    "validation_freq": lambda n: made().fit(x, y, validation_data=(x, y), validation_freq=n, verbose=0),
    "averages": lambda n: trained(use_ema=True, ema_overwrite_frequency=n),
    "gathered": lambda n: trained(gradient_accumulation_steps=n),
    "rows of a data set": lambda n: next(iter(data.Dataset.from_tensor_slices(x).batch(min(n, sys.maxsize)))),
    "repeated data": lambda n: next(iter(data.Dataset.from_tensor_slices(x).repeat(min(n, sys.maxsize)))),
    "a seed": lambda n: fastmlp.set_random_seed(n),
}
"""

REASONS = """
for name, ask in REFUSED.items():
    for size in (2**31 - 1, 2**31, 2**32 + 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64):
        if name in ("moments", "columns to adapt to", "thresholds", "matmul") and size < 2**40:
            continue  # which a large machine has
        try:
            ask(size)
        except (ValueError, MemoryError) as error:
            assert str(error), (name, size)
        except TypeError as error:  # of whole numbers, those that NumPy has no type for
            assert size >= 2**63 and name in ("pad", "arange", "labels", "a large label"), (name, size, error)
        else:
            raise AssertionError(f"{name}: {size} was to be refused")
print(len(REFUSED))
"""

COUNTS = """
for name, ask in TAKEN.items():
    for size in (2**31, 2**62, 2**63 - 1, 2**63, 2**64 + 1):
        try:
            ask(size)
        except (ValueError, MemoryError) as error:
            raise AssertionError(f"{name}: {size}: {error}")
assert made().evaluate(x, y, batch_size=2**63, verbose=0) == made().evaluate(x, y, batch_size=8, verbose=0)
print(len(TAKEN))
"""

LIMITS = pytest.mark.skipif(
    not sys.platform.startswith("linux") or "san" in os.environ.get("LD_PRELOAD", ""),
    reason="the address space cannot be limited, or a sanitizer has taken it",
)


@LIMITS
def test_what_no_machine_holds(script):
    assert int(script(SIZES + REASONS, OMP_NUM_THREADS="1", timeout=120)) > 30


@LIMITS
def test_counts_may_be_of_any_size(script):
    assert int(script(SIZES + COUNTS, OMP_NUM_THREADS="1", timeout=120)) > 10


def test_more_classes_than_labels_can_name():
    """They become numbers of 32 bits: row 0 would have been given another class."""
    try:
        prediction = np.zeros((1, 2**31 + 1), np.float32)  # not a page of it is touched
    except MemoryError:
        pytest.skip("no address space for so many")
    with pytest.raises(ValueError, match="expected labels of fewer than 2\\*\\*31 classes, got 2147483649"):
        _core.loss("sparse_categorical_crossentropy", prediction, np.array([2**31]), (float("nan"),))
