"""The output layer: linear, sigmoid or softmax, as the question asks."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import activations
from fastmlp.lectures import show

RULES = [
    ("regression", "linear", "mse", "a price: any number"),
    ("yes or no", "sigmoid", "binary_crossentropy", "a cat? one probability"),
    ("one of many classes", "softmax", "categorical_crossentropy", "which digit? probabilities that sum to 1"),
    ("several labels at once", "sigmoid", "binary_crossentropy", "an Audi is a car and a vehicle: each by itself"),
]


def lecture() -> Any:
    """The rules, and why softmax of two classes is a sigmoid."""
    print(f"{'question':24}{'activation':12}{'loss':28}example")
    for question, activation, loss, example in RULES:
        print(f"{question:24}{activation:12}{loss:28}{example}")

    z = np.array([[2.0, 1.0, -1.0]])
    print("\nlogits             ", z[0])
    softmax, sigmoid = (np.asarray(f(z))[0] for f in (activations.softmax, activations.sigmoid))
    print("softmax            ", softmax.round(3), f"sum {softmax.sum():.3f}")
    print("sigmoid            ", sigmoid.round(3), f"sum {sigmoid.sum():.3f}")

    # e^z / (e^z + e^0) = 1 / (1 + e^−z): two outputs with softmax do what one with sigmoid does
    z = np.linspace(-6, 6, 13)
    first = np.asarray(activations.softmax(np.stack([z, np.zeros_like(z)], axis=1)))[:, 0]
    gap = np.abs(first - np.asarray(activations.sigmoid(z))).max()
    print(f"\nsoftmax([z, 0])[0] and σ(z) differ by at most {gap:.0e}")
    return z, first


def picture(found: Any) -> Any:
    """Softmax of two classes on top of a sigmoid."""
    from fastmlp.visual import plot_curves

    z, first = found
    figure = plot_curves({"softmax([z, 0])": first}, z, title="Two classes", xlabel="z", points=True)
    return plot_curves({"sigmoid(z)": np.asarray(activations.sigmoid(z))}, z, ax=figure.axes[0])


if __name__ == "__main__":
    show(lecture, picture)
