"""XOR: one neuron cannot, two hidden ones and an output can."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
Y = np.array([[0], [1], [1], [0]], np.float32)


def trained(layers: list[Any]) -> Any:
    """A network that has seen the table 2000 times."""
    fastmlp.set_random_seed(1)
    model = Sequential([Input(shape=(2,)), *layers])
    model.compile(optimizer=fastmlp.optimizers.Adam(0.05), loss="binary_crossentropy")
    model.fit(X, Y, batch_size=4, epochs=2000, verbose=0)
    return model


def lecture() -> Any:
    """One neuron draws one line; XOR needs two."""
    models = {
        "one neuron": trained([Dense(1, activation="sigmoid")]),
        "2-2-1": trained([Dense(2, activation="sigmoid"), Dense(1, activation="sigmoid")]),
    }
    print("x₁ x₂  XOR   " + "   ".join(models))
    said = [model.predict(X, verbose=0)[:, 0] for model in models.values()]
    for (x1, x2), (y,), one, two in zip(X, Y, *said):
        print(f" {x1:g}  {x2:g}    {y:g}       {one:.3f}   {two:.3f}")

    # y = s(s(w·x + b₁)·v₁ + s(w·x + b₂)·v₂ + b₃): what each neuron learnt
    kernel, bias, out, last = models["2-2-1"].get_weights()
    for unit in range(2):
        print(f"hidden {unit + 1}: s({kernel[0, unit]:+.1f}·x₁ {kernel[1, unit]:+.1f}·x₂ {bias[unit]:+.1f})")
    print(f"output:   s({out[0, 0]:+.1f}·hidden 1 {out[1, 0]:+.1f}·hidden 2 {last[0]:+.1f})")
    print(f"parameters: {models['2-2-1'].count_params()}")
    return models


def picture(models: Any) -> Any:
    """What each network decides where."""
    from fastmlp.visual import plot_decision_boundary
    from fastmlp.visual.figures import panels

    figure, axes = panels("xor", None, 2, columns=2, size=(5, 4))
    for (name, model), said, ax in zip(models.items(), ("says 0.5 everywhere", "two lines"), axes):
        plot_decision_boundary(model, X, Y, extent=((-0.5, 1.5), (-0.5, 1.5)), title=f"{name}: {said}", ax=ax)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
