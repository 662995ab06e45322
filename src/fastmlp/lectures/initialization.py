"""Initialisation: random weights, neither all alike nor too small nor too large."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.initializers import RandomNormal, ScaledNormal
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show

WIDTH, LAYERS = 100, 20
FACTORS = {  # W = randn(n_in, n_out) · factor, of mean 0: randn, and not rand
    "0.01": (RandomNormal(stddev=0.01), "tanh"),
    "1": (RandomNormal(stddev=1.0), "tanh"),
    "√(1/n_in), tanh": (ScaledNormal("1/n_in"), "tanh"),
    "√(2/(n_in+n_out)), tanh": (ScaledNormal("2/(n_in+n_out)"), "tanh"),
    "√(2/n_in), ReLU": (ScaledNormal("2/n_in"), "relu"),
}


def lecture() -> Any:
    """The mean of activations should be zero, and their variance the same in every layer."""
    fastmlp.set_random_seed(0)
    # All zeros: every unit of a layer computes the same, gets the same gradient, and stays the same for ever.
    x, y = fastmlp.random.normal((64, 3)), fastmlp.random.normal((64, 1))
    for start in ("zeros", "glorot_uniform"):
        model = Sequential([
            Input(shape=(3,)),
            Dense(4, activation="sigmoid", kernel_initializer=start),
            Dense(1, kernel_initializer=start),
        ])  # fmt: skip
        model.compile(optimizer=fastmlp.optimizers.SGD(0.1), loss="mse")
        model.fit(x, y, epochs=20, verbose=0)
        kernel = model.get_weights()[0]
        print(f"from {start}: hidden units differ by up to {np.ptp(kernel, axis=1).max():.3f} after 20 epochs")

    print(f"\nstandard deviation of the activations, {LAYERS} layers of {WIDTH}")
    x = fastmlp.random.normal((500, WIDTH))
    found = {}
    for name, (initializer, activation) in FACTORS.items():
        a, outputs = x, []
        for _ in range(LAYERS):
            a = Dense(WIDTH, activation=activation, kernel_initializer=initializer.clone())(a).numpy()
            outputs.append(a)
        spread = [np.std(layer) for layer in outputs]
        saturated = np.mean(np.abs(outputs[-1]) > 0.95) if activation == "tanh" else 0
        print(f"  factor {name:24} layer 1 {spread[0]:8.2g}, 10 {spread[9]:8.2g}, 20 {spread[-1]:8.2g}"
              + f", {saturated:.0%} saturated" * bool(saturated > 0.1))  # fmt: skip
        found[name] = outputs
    print("(a ReLU's mean square is what stays the same with √(2/n_in))")
    return found


def picture(found: Any) -> Any:
    """The activations in layers 1, 5, 10, 15 and 20."""
    from fastmlp.visual import plot_histograms
    from fastmlp.visual.figures import panels

    shown = (1, 5, 10, 15, 20)
    figure, axes = panels("initialization", None, 5 * len(found), columns=5, size=(2.6, 2.2))
    for row, (name, outputs) in enumerate(found.items()):
        plot_histograms({f"layer {i}": outputs[i - 1] for i in shown}, ax=axes[5 * row : 5 * row + 5])
        axes[5 * row].set_ylabel(name)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
