"""A model to save, and what is asked of saved ones."""

from __future__ import annotations

import json

import numpy as np
from fastmlp import layers
from fastmlp.models import Sequential
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

RNG = np.random.default_rng(7)
X = RNG.normal(size=(90, 6)).astype("float32")
Y = RNG.integers(0, 3, 90)


def made(optimizer="adam", width=5):
    model = Sequential(
        [
            layers.Input((6,)),
            layers.Dense(width, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.25),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fitted(model, epochs=1, **kwargs):
    model.fit(X, Y, batch_size=16, epochs=epochs, verbose=0, **kwargs)
    return model


def arrays(model):
    return [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]


def assert_same(a, b):
    for one, other in zip(arrays(a), arrays(b), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def changed(path, tensors=None, **notes):
    """Write the file anew with other tensors and notes; None takes one away."""
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    held = load_file(path) | (tensors or {})
    metadata |= {k: v if v is None or isinstance(v, str) else json.dumps(v) for k, v in notes.items()}
    save_file({k: v for k, v in held.items() if v is not None}, path,
              {k: v for k, v in metadata.items() if v is not None})  # fmt: skip


def forget_types(path):
    """Make the file one of those in which layers of the usual type did not say which that was."""
    config = note(path, "config")
    for layer in config["layers"]:
        del layer["config"]["dtype"]
    changed(path, config=config)
    return path


def note(path, key):
    with safe_open(path, "numpy") as file:
        return json.loads(file.metadata()[key])
