"""Fuzzes the loading of models, weights and states from files in fastmlp's own format. See harness.py."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import warnings
from copy import deepcopy
from pathlib import Path

import atheris
import fastmlp
import harness
import numpy as np
from fastmlp import _room, ops
from fastmlp._objects import _registered, serialize

with atheris.instrument_imports(include=["fastmlp"]):  # what was imported above is not
    from fastmlp import layers, saving
    from fastmlp.models import Model, Sequential

SHARED = Path("/dev/shm")  # memory, where there is such a folder
PLACE = Path(tempfile.mkdtemp(prefix="fuzz-", dir=SHARED if SHARED.is_dir() else None)) / "m.safetensors"
ODD = [None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, 1e400, float("nan"), "", "x", "é\0"]
ODD += [[], {}, [[]], [None], [2**40], [1, 1, 1], {"class_name": "Dense", "config": {}}, {"function": "relu"}]
MOST = 300  # sound files that are kept, to be changed
NUMBERS = [0, 1, 2, 3, -1, 7, 100, 65536, 10**6, 10**9, 2**63, 10**30, 0.5, 1e-30, -2.5, 1e400]


# ---- seeds


def made(*between, shape=(3,), optimizer="adam"):
    model = Sequential([layers.Input(shape), *between, layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def branched():
    one, other = layers.Input((3,)), layers.Input((2,))
    joined = layers.Concatenate()([layers.Dense(2, activation="tanh")(one), other])
    model = Model([one, other], layers.Add()([layers.Dense(2)(joined), other]))
    model.compile(fastmlp.optimizers.SGD(0.1, momentum=0.9), "mae")
    return model


def computed():
    """Operations between layers, each with settings of its own."""
    x = layers.Input((4,))
    y = layers.Dense(4)(x)
    yield Model(x, ops.matmul(ops.expand_dims(y, 2), ops.expand_dims(x, 1)) * 2.0)
    yield Model(x, ops.einsum("ab,ab->ab", y, x) + ops.broadcast_to(ops.sum(x), (1, 4)) + ops.reshape(x, (-1, 4)))
    yield Model(x, ops.take(y, [0, 1, 1, 0], axis=1) + ops.pad(ops.tile(y[:, 1:3], [1, 1]), [[0, 0], [1, 1]]))
    yield Model(x, ops.concatenate([ops.roll(y, 1, axis=1), ops.sort(y, axis=1), ops.cumsum(x, axis=1)], axis=1))
    yield Model(
        x, ops.where(ops.isclose(y, 0.0), y, ops.cast(ops.one_hot(ops.cast(ops.argmax(x, 1), "int32"), 4), "float32"))
    )


def within():
    inner = Sequential([layers.Input((3,)), layers.Dense(2, kernel_regularizer="l2", name="inner")])
    return made(inner, layers.Dropout(0.5))


def models():
    yield fitted(made(layers.Dense(2, activation="relu"), layers.BatchNormalization()))
    yield fitted(made(layers.LayerNormalization(), layers.PReLU(), optimizer="rmsprop"))
    yield fitted(made(layers.Flatten(), layers.Rescaling(0.5), shape=(2, 2)), (2, 2))
    yield fitted(within())
    yield branched()
    yield from computed()
    yield fitted(
        made(layers.Reshape((2, 2)), layers.Permute((2, 1)), layers.Flatten(), layers.Maxout(2), shape=(4,)), (4,)
    )
    yield made(layers.Embedding(3, 2), layers.Flatten(), layers.Dense(2, kernel_constraint="max_norm"))
    yield Sequential([layers.Input((2,)), layers.Discretization([0.0, 1.0]), layers.Dense(2)])
    yield fitted(made(optimizer=fastmlp.optimizers.Nadam(fastmlp.schedules.ExponentialDecay(0.1, 5, 0.5))))
    yield Sequential([layers.Dense(2)])
    yield Sequential([layers.Input((2,)), layers.Normalization(), layers.Dense(2, activation="softmax")])


def fitted(model, shape=(3,)):
    model.fit(np.ones((4, *shape)), np.ones((4, 1)), verbose=0)
    return model


def described():
    """Objects of every class, as files describe them; what arguments mean is of no account."""
    found = []
    for cls in list(_registered.values()):
        for arguments in ((), (2,), (0.5,), ([1],), ("relu",), (2, 2), (0.1, 2), (0.1, 2, 0.5), ([2], [0.1, 0.2])):
            try:
                found.append(json.loads(json.dumps(serialize(cls(*arguments)))))
                break
            except Exception:  # not these arguments
                continue
    return [value for value in found if isinstance(value, dict) and "class_name" in value]


def seeds():
    for model in models():
        yield written(model.save)
    yield written(MODEL.save_weights)
    yield written(lambda path: saving.save_state(MODEL, path, {"best": 0.5}))


def written(save):
    save(PLACE)
    return PLACE.read_bytes()


# ---- what is read


def load(data):
    """The file is read as what it seems to be: a model, the state of one, or weights."""
    PLACE.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if b'"config"' in data:
            saving.load_model(PLACE)
        elif b'"training_state"' in data:
            saving.load_state(MODEL, PLACE)
        else:
            MODEL.load_weights(PLACE)
    if len(GOOD) < MOST:
        GOOD.append(data)
    else:
        GOOD[random.randrange(len(SEEDS), MOST)] = data


# ---- how it is changed


def parts(data):
    """The header with its notes as what they say, and the tensors' bytes."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    notes = header.get("__metadata__", {})
    for name in list(notes):
        try:
            notes[name] = {"as JSON": json.loads(notes[name])}
        except (ValueError, TypeError, RecursionError):
            continue
    return header, data[8 + size :]


def joined(header, tensors):
    for name, note in header.get("__metadata__", {}).items():
        if isinstance(note, dict) and set(note) == {"as JSON"}:
            header["__metadata__"][name] = json.dumps(note["as JSON"])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + tensors


def spots(value, found):
    """Every place in lists and dicts, as what it is in and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found.append((value, key))
        spots(inner, found)
    return found


def mutated(data, max_size, seed):
    """Bytes changed anywhere or, mostly, settings changed for others that make sense somewhere.

    Half the time it is a sound file that is changed: of those that were new in some way, most were refused early.
    """
    draw = random.Random(seed)
    if draw.random() < 0.5:
        data = draw.choice(GOOD)
    try:
        if draw.random() < 0.15:
            raise ValueError("any bytes")
        header, tensors = parts(data)
        for _ in range(draw.choice((1, 1, 1, 2, 3))):
            change(header, draw)
        new = joined(header, tensors)
        if len(new) <= max_size:
            return new
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError):
        pass
    return atheris.Mutate(data, max_size)


def change(header, draw):
    notes = [note["as JSON"] for note in header.get("__metadata__", {}).values() if isinstance(note, dict)]
    notes = [note for note in notes if isinstance(note, dict) and note]
    places = spots(draw.choice(notes) if notes and draw.random() < 0.9 else header, [])  # tensors are soon at odds
    inside, key = draw.choice(places)
    old, other = inside[key], draw.choice(places)
    way = draw.randrange(11)
    if way == 0 and isinstance(inside, dict):
        del inside[key]
    elif way == 1:
        inside[key] = draw.choice(ODD)
    elif way == 2:
        inside[key] = deepcopy(other[0][other[1]])
    elif way == 3 and isinstance(inside, list):
        inside.insert(key, deepcopy(old))
    elif way == 4 and isinstance(inside, dict) and isinstance(other[1], str):
        inside[other[1]] = inside.pop(key)
    elif way == 5 and isinstance(old, (list, dict)) and len(str(old)) < 2000:
        inside[key] = [deepcopy(old), deepcopy(old)]
    elif way > 7 and isinstance(old, (dict, type(None))):
        inside[key] = deepcopy(draw.choice(OBJECTS))
    elif isinstance(old, (int, float)):
        inside[key] = draw.choice((*NUMBERS, old + 1, old * 2, -old))
    elif isinstance(old, str):
        inside[key] = draw.choice((*NAMES, old + "x", old[:-1]))
    else:
        inside[key] = draw.choice(ODD)


if __name__ == "__main__":
    NAMES = [*_registered, "softmax", "relu", "float64", "float16", "mixed_float16", "F64", "I64", "BOOL", "BF16"]
    OBJECTS = described()
    _room._LEAST_LENT, _room._LEAST_AT_ONCE = 1 << 20, 1 << 18  # else some inputs take a second
    print(len(OBJECTS), "kinds of objects", file=sys.stderr)
    MODEL = fitted(made(layers.Dense(2, activation="relu"), layers.BatchNormalization()))
    try:
        SEEDS = list(seeds())
        GOOD = list(SEEDS)
        harness.run(load, SEEDS, mutated)
    finally:
        os.remove(PLACE)
        print("removed", PLACE, file=sys.stderr)
