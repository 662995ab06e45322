"""Why activations are not linear: layers of lines draw one line, whatever their number."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.data import make_circles, make_moons
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show


def network(activation: str | None) -> Any:
    """2-16-16-1: only the activation of the hidden layers differs."""
    hidden = [Dense(16, activation=activation) for _ in range(2)]
    model = Sequential([Input(shape=(2,)), *hidden, Dense(1, activation="sigmoid")])
    model.compile(optimizer=fastmlp.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def lecture() -> Any:
    """The same network, with and without an activation, on points that no line tells apart."""
    fastmlp.set_random_seed(0)
    points = {"moons": make_moons(400, noise=0.2, seed=1), "circles": make_circles(400, noise=0.1, seed=1)}
    found = []
    for name, (x, y) in points.items():
        for kind, activation in (("linear", None), ("non-linear", "relu")):
            model = network(activation)
            model.fit(x, y, epochs=100, verbose=0)
            accuracy = model.evaluate(x, y, verbose=0)[1]
            print(f"{name:8} {kind:11} network of {model.count_params()} weights: accuracy {accuracy:.3f}")
            found.append((f"{name}, {kind}: {accuracy:.0%}", model, x, y))
    weights = found[0][1].get_weights()

    # Why: (xW₁ + b₁)W₂ + b₂ = x(W₁W₂) + (b₁W₂ + b₂). Three linear layers are one.
    one = weights[0] @ weights[2] @ weights[4]
    bias = (weights[1] @ weights[2] + weights[3]) @ weights[4] + weights[5]
    x = found[0][2]
    gap = np.abs(found[0][1].predict(x, verbose=0) - 1 / (1 + np.exp(-(x @ one + bias)))).max()
    print(f"\nthe linear network is σ({bias[0]:.2f} {one[0, 0]:+.2f}·x₁ {one[1, 0]:+.2f}·x₂), to {gap:.0e}")
    return found


def picture(found: Any) -> Any:
    """The boundaries that each network draws."""
    from fastmlp.visual import plot_decision_boundary
    from fastmlp.visual.figures import panels

    figure, axes = panels("linear_vs_nonlinear", None, 4, columns=2, size=(5, 4))
    for (title, model, x, y), ax in zip(found, axes):
        plot_decision_boundary(model, x, y, title=title, ax=ax)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
