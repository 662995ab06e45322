"""Neighbours that are not installed: an error names the extra that has them."""

from __future__ import annotations

import sys

import fastmlp
import pytest
from fastmlp import layers
from fastmlp.models import Sequential


@pytest.fixture
def model():
    return Sequential([layers.Input((3,)), layers.Dense(2)])


@pytest.mark.parametrize(
    ("package", "call", "message"),
    [
        ("torch", lambda model: fastmlp.from_torch(model), r"from_torch: expected PyTorch, .*'fastmlp\[torch\]'"),
        ("torch", lambda model: model.to_torch(), r"to_torch: expected PyTorch, .*'fastmlp\[torch\]'"),
        ("sklearn", lambda model: fastmlp.from_sklearn(model), r"from_sklearn: expected .*'fastmlp\[sklearn\]'"),
        ("sklearn", lambda model: model.to_sklearn(), r"to_sklearn: expected .*'fastmlp\[sklearn\]'"),
    ],
)
def test_errors_name_the_extra(model, monkeypatch, package, call, message):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.neural_network", None)
    with pytest.raises(ImportError, match=message):
        call(model)


def test_a_layer_that_keras_has_not_makes_no_file_of_keras(tmp_path):
    model = Sequential([layers.Input((2,)), layers.ActivationWith("celu", {"alpha": 0.5}, name="bent")])
    with pytest.raises(ValueError, match="'bent': expected what Keras has as well, got ActivationWith"):
        model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
