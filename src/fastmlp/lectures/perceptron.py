"""The perceptron: ŷ = g(w₀ + XᵀW), which is a line through the plane of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp.tf as tf
from fastmlp.lectures import show

W0, W = 1.0, (3.0, -2.0)  # ŷ = g(1 + 3x₁ − 2x₂)
POINTS = [(-2, 2), (-1, 2), (1, 2), (2, 1)]


def lecture() -> Any:
    """One neuron: its inputs times its weights, its bias, and a sigmoid."""
    print("σ(2) =", tf.math.sigmoid(tf.constant(2, dtype=tf.float32)).numpy())

    # A neuron is a dense layer of one unit. Here we say what its weights are; training would find them.
    neuron = tf.keras.layers.Dense(units=1, activation="sigmoid")
    neuron.build((None, 2))
    neuron.set_weights([np.reshape(W, (2, 1)), [W0]])

    print("\nŷ = g(1 + 3x₁ − 2x₂)")
    for x1, x2 in POINTS:
        z = W0 + W[0] * x1 + W[1] * x2
        y = float(neuron([[float(x1), float(x2)]]).numpy()[0, 0])
        side = "on the line" if z == 0 else "ŷ < 0.5" if y < 0.5 else "ŷ > 0.5"
        print(f"  x = ({x1:2}, {x2}):  z = {z:4g},  ŷ = g({z:g}) = {y:.11f},  {side}")

    # The oldest neuron has no sigmoid: it is silent up to its threshold, and fires above.
    print("\nthe threshold perceptron, threshold 0.5, weights (0.25, 0.25)")
    for x in [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]:
        total = 0.25 * x[0] + 0.25 * x[1]
        print(f"  x = {x}:  Σ wx = {total:4},  output {threshold_perceptron(x, (0.25, 0.25), 0.5)}")
    return neuron


def threshold_perceptron(x: Any, weights: Any, threshold: float) -> int:
    """0 if Σ wx ≤ threshold, 1 if it is greater."""
    return int(np.dot(x, weights) > threshold)


def picture(neuron: Any) -> Any:
    """The line z = 0, and the points on either side of it."""
    from fastmlp.visual import plot_line

    weights, bias = neuron.get_weights()
    return plot_line(weights[:, 0], float(bias[0]), data=[(x1, x2) for x1, x2 in POINTS if W0 + W[0] * x1 + W[1] * x2])


if __name__ == "__main__":
    show(lecture, picture)
