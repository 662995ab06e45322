"""What the tests beside real libraries share: without Keras they are skipped, with it it runs on JAX."""

from __future__ import annotations

import fastmlp
import pytest


@pytest.fixture
def floatx(request, monkeypatch):
    """The element type of this test, in both libraries; float32 unless parametrized."""
    keras = pytest.importorskip("keras")
    name = getattr(request, "param", "float32")
    _choose(keras, name)
    if name == "float64":  # with this table Keras on JAX rounds tanh, var and others to float32
        from keras.src.backend.common import dtypes

        monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    yield name
    _choose(keras, "float32")


def _choose(keras, name):
    fastmlp.config.set_floatx(name)
    keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)  # which follows floatx only until a first layer has asked for it
