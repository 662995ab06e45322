"""Losses against Keras, where that is installed."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import losses
from loss_objects import OBJECTS, REDUCTIONS, data, label

keras = pytest.importorskip("keras")


def keras_twin(loss, **settings):
    config = loss.get_config() | settings
    return getattr(keras.losses, type(loss).__name__)(**config)


@pytest.mark.parametrize("loss", OBJECTS, ids=label)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_against_keras(loss, reduction, rng):
    y, p = data(loss, rng)
    w = rng.uniform(0, 2, len(y)).astype("float32")
    mine = type(loss)(**(loss.get_config() | {"reduction": reduction}))
    theirs = keras_twin(loss, reduction=reduction)
    for weights in (None, w):
        np.testing.assert_allclose(mine(y, p, weights), np.asarray(theirs(y, p, weights)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", OBJECTS, ids=label)
def test_settings_and_functions_are_those_of_keras(loss, rng):
    theirs = getattr(keras.losses, type(loss).__name__)()
    assert type(loss)().name == theirs.name
    y, p = data(loss, rng)
    np.testing.assert_allclose(
        getattr(losses, loss.kernel)(y, p), np.asarray(getattr(keras.losses, loss.kernel)(y, p)), rtol=1e-5, atol=1e-6
    )


def test_edges_against_keras():
    p = np.array([[0.0], [1.0], [1e-9], [1 - 1e-8]], "float32")
    for y in (np.zeros((4, 1)), np.ones((4, 1))):
        theirs = np.asarray(keras.losses.binary_crossentropy(y, p))
        np.testing.assert_allclose(losses.binary_crossentropy(y, p), theirs, rtol=1e-5)
    q = np.array([[2.0, 6.0, 0.0], [0.0, 0.0, 1.0]], "float32")
    for y in ([0, 0], [1, 1], [2, 2]):
        theirs = np.asarray(keras.losses.sparse_categorical_crossentropy(np.array(y), q))
        np.testing.assert_allclose(losses.sparse_categorical_crossentropy(y, q), theirs, rtol=1e-5, atol=2e-7)
