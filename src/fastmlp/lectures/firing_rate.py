"""A neuron's firing rate, computed by hand and by a layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmlp.layers import Dense
from fastmlp.lectures import show

WEIGHTS = np.array([0.3, 0.1, -0.1])
BIAS = 0.2
INPUTS = np.array([0.7, 0.9, 0.5])


def firing_rate(inputs: Any, weights: Any, bias: float) -> float:
    """How often the neuron fires: the cell body adds up what comes in, the sigmoid makes a rate of it."""
    cell_body = np.sum(inputs * weights) + bias
    return 1 / (1 + math.exp(-cell_body))


def lecture() -> float:
    """The same number twice."""
    rate = firing_rate(INPUTS, WEIGHTS, BIAS)
    print(f"cell body: 0.7·0.3 + 0.9·0.1 − 0.5·0.1 + 0.2 = {np.sum(INPUTS * WEIGHTS) + BIAS:.2f}")
    print(f"Firing rate: {rate:.4f}")

    neuron = Dense(1, activation="sigmoid", dtype="float64")
    neuron.build((None, 3))
    neuron.set_weights([WEIGHTS[:, None], [BIAS]])
    print(f"by a layer:  {neuron(INPUTS[None]).numpy()[0, 0]:.4f}")
    return rate


def picture(rate: float) -> Any:
    """Where the neuron stands on the sigmoid."""
    from fastmlp.visual import plot_function

    figure = plot_function({"firing rate of the cell body's sum": "sigmoid"}, derivative=False)
    figure.axes[0].plot(np.sum(INPUTS * WEIGHTS) + BIAS, rate, "o", color="#c23b22", label=f"{rate:.4f}")
    figure.axes[0].legend()
    return figure


if __name__ == "__main__":
    show(lecture, picture)
