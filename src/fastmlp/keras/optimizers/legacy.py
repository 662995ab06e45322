"""``keras.optimizers.legacy``: the optimizers of today, with a warning."""

from __future__ import annotations

from fastmlp.keras._rest import rest

_NAMES = ("Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop", "SGD")

__getattr__ = rest(__name__, {name: f"optimizers.{name}" for name in _NAMES})
