"""Small compiled networks, data for them, and whether two are in the same state."""

from __future__ import annotations

import fastmlp
import numpy as np
from fastmlp import Input, Sequential
from fastmlp.layers import Dense


def network(inputs=3, widths=(8, 2), extra=(), optimizer="adam", loss="mse", **compiled):
    fastmlp.set_random_seed(4)
    middle = [Dense(w, "tanh") for w in widths[:-1]]
    model = Sequential([Input((inputs,)), *middle, *extra, Dense(widths[-1])])
    model.compile(optimizer, loss, **compiled)
    return model


def pairs(rng, rows=75, inputs=3, outputs=2, dtype="float32"):
    return rng.normal(size=(rows, inputs)).astype(dtype), rng.normal(size=(rows, outputs)).astype(dtype)


def state(model):
    return [v.numpy() for v in (*model.weights, *model.optimizer.variables)]


def assert_same_state(a, b):
    for one, other in zip(state(a), state(b), strict=True):
        np.testing.assert_array_equal(one, other)
