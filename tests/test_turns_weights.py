"""Weights of a model that several threads share, read and loaded: those of one moment, and all at once."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest
from fastmlp import saving
from fastmlp.variables import Variable
from safetensors.numpy import load_file
from sharing import Held, made, together


@pytest.fixture
def x(rng):
    return rng.normal(size=(40, 5)).astype(np.float32)


def written(save, path):
    save(path)
    return [values for name, values in load_file(path).items() if name.startswith("weights/")]


READS = {
    "get_weights": lambda model, path: model.get_weights(),
    "save": lambda model, path: written(model.save, path),
    "save_weights": lambda model, path: written(model.save_weights, path),
    "save_state": lambda model, path: written(partial(saving.save_state, model), path),
}


@pytest.mark.parametrize("read", READS)
def test_weights_are_read_between_changes_not_in_them(read, monkeypatch, tmp_path):
    """Those in a file are of one moment."""
    model = made()
    ones, twos = ([np.full_like(w, n) for w in model.get_weights()] for n in (1, 2))
    model.set_weights(ones)
    writer, numpy = threading.Thread(target=model.set_weights, args=(twos,), daemon=True), Variable.numpy

    def read_one(variable):
        value = numpy(variable)
        if not writer.ident:  # after the first
            writer.start()
            writer.join(0.2)
        return value

    monkeypatch.setattr(Variable, "numpy", read_one)
    found = READS[read](model, tmp_path / "file")
    writer.join(30)
    assert len(found) == len(ones)
    assert {float(number) for w in found for number in w.ravel()} == {1}
    assert model.get_weights()[0].max() == 2


@pytest.mark.parametrize("read", READS)
def test_weights_are_read_beside_predictions(read, x, monkeypatch, tmp_path):
    """Neither waits for the other."""
    model, found = made(), []
    model(x)
    held = Held(monkeypatch, x)
    thread = threading.Thread(target=lambda: found.append(model(held.rows)), daemon=True)
    thread.start()
    assert held.entered.wait(30)
    together(lambda: READS[read](model, tmp_path / "file"))
    held.let.set()
    thread.join(30)
    assert len(found) == 1, "it was not held until the time was over"


LOADS = {
    "load_weights": (saving.save_weights, saving.load_weights),
    "load_state": (saving.save_state, saving.load_state),
    "the model's load_weights": (saving.save_weights, lambda model, path: model.load_weights(path)),
}


@pytest.mark.parametrize("kind", LOADS)
def test_weights_are_loaded_between_predictions_not_in_them(kind, x, monkeypatch, tmp_path):
    """Who comes when some are written waits for all."""
    (save, load), other, model = LOADS[kind], made(seed=4), made()
    save(other, tmp_path / "file")
    want, before = other(x).numpy().tobytes(), model(x).numpy().tobytes()
    found, assign = [], Variable.assign
    reader = threading.Thread(target=lambda: found.append(model(x).numpy().tobytes()), daemon=True)

    def assign_one(variable, value):
        assign(variable, value)
        if not reader.ident:  # after the first
            reader.start()
            reader.join(0.2)

    monkeypatch.setattr(Variable, "assign", assign_one)
    load(model, tmp_path / "file")
    reader.join(30)
    assert found == [want]
    assert want != before
