"""Files that ask for more than they hold: refused before memory is taken."""

from __future__ import annotations

import json
import tracemalloc
from functools import reduce

import numpy as np
import pytest
from fastmlp import layers, ops, saving
from fastmlp._room import borrow, room
from fastmlp.models import Model, Sequential
from saving_cases import changed, note

BIG = 10**9


def refused(path, model, old, new, match="expected sizes that the file has numbers for"):
    """The model's file with one setting of its config changed is refused before its sizes are memory."""
    saving.save_model(model, path)
    saving.load_model(path)
    text = json.dumps(note(path, "config"))
    assert old in text, text
    changed(path, config=json.loads(text.replace(old, new)))
    tracemalloc.start()
    with pytest.raises(ValueError, match=match):
        saving.load_model(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e8


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.safetensors"


def test_inputs(path):
    model = Sequential([layers.Input((3,)), layers.Discretization([0.0, 1.0]), layers.Dense(1)])
    refused(path, model, "[null, 3]", f"[{BIG}, 3]")


def operation(compute):
    """A model of one operation behind an input of (5, 5)."""
    x = layers.Input((5, 5))
    return Model(x, compute(x))


OPERATIONS = {
    "tile": (lambda x: ops.tile(x, [1, 1, 7]), "[1, 1, 7]", f"[1, 1, {BIG}]"),
    "pad": (lambda x: ops.pad(x, [[0, 0], [0, 0], [0, 7]]), "[0, 7]", f"[0, {BIG}]"),
    "one_hot": (lambda x: ops.one_hot(ops.cast(x, "int32"), 7), '"n": 7', f'"n": {BIG}'),
    "broadcast_to": (lambda x: ops.broadcast_to(ops.sum(x), (2, 7)), "[2, 7]", f"[2, {BIG}]"),
    "cast": (lambda x: ops.cast(x, "int8"), '"int8"', f'"S{BIG}"'),
    "full_like": (lambda x: ops.full_like(x, 7, "int8"), '"int8"', f'"S{BIG}"'),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations(path, name):
    compute, old, new = OPERATIONS[name]
    refused(path, operation(compute), old, new)


@pytest.mark.parametrize("name", ["tile", "pad", "one_hot", "broadcast_to"])
def test_sizes_that_are_words(path, name):
    """So many times a word is a long word."""
    compute, old, new = OPERATIONS[name]
    refused(
        path,
        operation(compute),
        old,
        new.replace("]", ', "xx"]') if "]" in new else '"n": "xx"',
        "a whole file of a model",
    )


def test_broadcasting_and_products_grow_within_limits():
    """Each of a chain is modest; but what they come to is not."""
    wide = layers.Input((1, 40_000))
    tall = layers.Input((40_000, 1))
    for compute in (ops.add, ops.matmul, lambda a, b: ops.einsum("abc,ade->abe", a, b)):
        with room(10), pytest.raises(ValueError, match="expected sizes"):
            compute(tall, wide)
    with room(10), pytest.raises(ValueError, match="expected sizes"):
        ops.concatenate([layers.Input((1 << 21,))] * 100)
    with room(10), pytest.raises(ValueError, match="expected sizes"):
        reduce(lambda x, _: x * 2.0, range(1000), layers.Input((1000, 1000)))


def test_what_is_borrowed_is_in_proportion_to_what_is_held():
    with room(10):
        borrow("a", (1 << 12, 1 << 12))
        with pytest.raises(ValueError, match="a: expected sizes"):
            borrow("a", (1 << 12, 1 + (1 << 12)))
    with room(n := 5_000_000):  # weights, on as many features: the product of two such inputs, on three rows
        borrow("a", (6, n))
    with room(1 << 30):
        borrow("a", (1 << 16, 1 << 15))
    with room(10):
        for _ in range(8):
            borrow("a", (1 << 24,))
        with pytest.raises(ValueError, match="a: expected sizes"):
            borrow("a", (1 << 24,))
    borrow("a", (BIG, BIG))


def test_sound_models_of_many_features_are_read(path):
    """Layers without weights, too, on far more numbers than the file holds."""
    pictures = Sequential([layers.Input((500, 600, 3)), layers.Rescaling(0.5), layers.Flatten()])
    wide = Sequential([layers.Input((300_000,)), *[layers.BatchNormalization() for _ in range(3)], layers.PReLU(),
                       layers.Dropout(0.5), layers.Dense(2)])  # fmt: skip
    x = layers.Input((100_000,))
    wired = Model(x, layers.Dense(1)(ops.sqrt(ops.abs(x * 2.0 + 1.0)) / ops.sum(x, axis=1, keepdims=True)))
    for model in (pictures, wide, wired):
        saving.save_model(model, path)
        again = saving.load_model(path)
        for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
