"""Whole scripts, as users of Keras write them, run on fastmlp as they stand, and their models learn."""

from __future__ import annotations

import math

import pytest
from script_runs import SCRIPTS, leaves, numbers

# In each script, a list that training is to make small, and to what part of its first number.
LEARNT = {
    "custom_layer": ("histories", 0, "loss", 0.98),
    "custom_loop": ("history", "loss", 0.5),
    "functional_two_inputs": ("by_name", "loss", 0.7),
    "mnist_callbacks": ("history", "loss", 0.6),
    "subclassed_train_step": ("autoencoder", "total_loss", 0.8),
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_runs_and_its_model_learns(script, tmp_path):
    found = numbers(script, tmp_path)
    assert all(math.isfinite(value) for _, value in leaves(found) if isinstance(value, float))
    *way, part = LEARNT[script.stem]
    losses = found
    for key in way:
        losses = losses[key]
    assert losses[-1] < part * losses[0]
