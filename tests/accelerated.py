"""A model of Keras's, another like it that is accelerated, and what they have to have alike."""

from __future__ import annotations

import fastmlp
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)

K = keras.callbacks
L = keras.layers
RNG = np.random.default_rng(7)
X = RNG.normal(size=(53, 4)).astype("f")
Y = (X @ RNG.normal(size=(4, 2)) + 0.3).astype("f")
FIT = {"batch_size": 8, "shuffle": False, "verbose": 0}


def network(optimizer="adam", **compiled):
    model = keras.Sequential([keras.Input((4,)), L.Dense(6, activation="tanh"), L.Dense(2)])
    model.compile(optimizer, **{"loss": "mse", "metrics": ["mae"], **compiled})
    return model


def twins(make=network):
    """Two models alike, the second accelerated; their weights and optimizers begin alike."""
    plain, fast = make(), make()
    fast.set_weights(plain.get_weights())
    assert fastmlp.accelerate(fast) is fast
    return plain, fast


def need_alike(plain, fast, tolerance=5e-5):
    assert int(plain.optimizer.iterations) == int(fast.optimizer.iterations) > 0
    for a, b in zip(plain.get_weights(), fast.get_weights(), strict=True):
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)
    for a, b in zip(plain.optimizer.variables, fast.optimizer.variables, strict=True):
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=10 * tolerance, atol=tolerance)


def need_same_history(a, b, tolerance=5e-5):
    assert list(a.history) == list(b.history)
    assert a.epoch == b.epoch
    assert a.params == b.params
    for name, values in a.history.items():
        np.testing.assert_allclose(b.history[name], values, rtol=tolerance, err_msg=name)


def both(plain, fast, *args, callbacks=tuple, **arguments):
    """Fit with both, callbacks made for each."""
    arguments = {**FIT, **arguments}
    found = [model.fit(*args, callbacks=list(callbacks()), **arguments) for model in (plain, fast)]
    need_same_history(*found)
    return found
