"""Callbacks and real models: what they write is what models save, what they take they give back."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp.callbacks import ModelCheckpoint
from fastmlp.layers import Dense, Input
from fastmlp.models import Sequential
from fastmlp.saving import load_model


@pytest.fixture
def rows(rng):
    return rng.normal(size=(40, 3)).astype("float32"), rng.normal(size=(40, 2)).astype("float32")


def made(optimizer="adam"):
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(2)])
    model.compile(optimizer, "mse")
    return model


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_checkpoints_are_files_of_models_and_of_weights(rows, tmp_path):
    model, twin = made(), made()
    whole = ModelCheckpoint(tmp_path / "new" / "{epoch}-{loss:.1f}.safetensors")
    weights = ModelCheckpoint(f"{tmp_path}/best.safetensors", "loss", save_best_only=True, save_weights_only=True)
    losses = model.fit(*rows, epochs=2, callbacks=[whole, weights], verbose=0).history["loss"]
    assert losses[1] < losses[0]
    assert same(load_model(f"{tmp_path}/new/2-{losses[1]:.1f}.safetensors").get_weights(), model.get_weights())
    twin.load_weights(tmp_path / "best.safetensors")
    assert same(twin.get_weights(), model.get_weights())
