"""The bias: without it a house without features costs $0."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show

# pools, garages, rooms for guests; and what the houses cost, in thousands of dollars
HOUSES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 2], [0, 2, 1], [1, 2, 2]], np.float32)
PRICES = 120 + HOUSES @ np.array([[30], [15], [40]], np.float32)


def lecture() -> Any:
    """The same regression with and without a bias."""
    fastmlp.set_random_seed(0)
    models = {}
    for use_bias in (False, True):
        model = Sequential([Input(shape=(3,)), Dense(1, use_bias=use_bias)])  # linear: this is a regression
        model.compile(optimizer=fastmlp.optimizers.SGD(0.1), loss="mse")
        start = model.evaluate(HOUSES, PRICES, verbose=0)
        loss = model.fit(HOUSES, PRICES, batch_size=8, epochs=1000, verbose=0).history["loss"][-1]
        bare = float(model.predict(np.zeros((1, 3)), verbose=0)[0, 0])
        print(f"{'with' if use_bias else 'without':7} bias: loss {start:.0f} → {loss:.3g}, "
              f"a house without features costs ${1000 * bare:,.0f}")  # fmt: skip
        models["with bias" if use_bias else "without bias"] = model
    kernel, bias = models["with bias"].get_weights()
    prices = ", ".join(f"${1000 * w:,.0f}" for w in kernel[:, 0])
    print(f"learnt: a pool, a garage and a guest room cost {prices}; the house itself ${1000 * bias[0]:,.0f}")
    print(f"the bias started from zero, as it should: {Dense(1).bias_initializer!r}")
    return models


def picture(models: Any) -> Any:
    """Predicted against true prices."""
    from fastmlp.visual import plot_curves

    order = np.argsort(PRICES[:, 0])
    said = {name: model.predict(HOUSES, verbose=0)[order, 0] for name, model in models.items()}
    figure = plot_curves(
        {"true price": PRICES[order, 0]}, title="What houses cost", xlabel="house", ylabel="thousands of $", points=True
    )
    plot_curves(said, ax=figure.axes[0])
    return figure


if __name__ == "__main__":
    show(lecture, picture)
