"""Bias and variance: what the errors on train and dev set say, and what to do about it."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.data import diagnose
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show

CATS = [(1, 16), (15, 16), (15, 30), (0.5, 1)]  # errors in per cent, on train and dev set


def lecture() -> Any:
    """Four scenarios, and three networks that show them."""
    print("cat classification, which people do with an error of about 0 %")
    for number, (train, dev) in enumerate(CATS, 1):
        found = diagnose(train, dev)
        print(f"scenario {number}: train {train:4} %, dev {dev:2} %: {found.bias} bias, {found.variance} variance")
        for advice in found.advice:
            print(f"            {advice}")

    # Few points and much noise: a line is too stiff, a big network learns the noise.
    fastmlp.set_random_seed(0)
    x, dev_x = (fastmlp.random.uniform((n, 1), -3, 3) for n in (20, 400))
    y, dev_y = (np.sin(v) + fastmlp.random.normal(v.shape, stddev=0.25) for v in (x, dev_x))
    nets = {
        "underfitting": [],
        "just right": [Dense(8, activation="tanh", kernel_regularizer="l2")],
        "overfitting": [Dense(100, activation="tanh", kernel_initializer="random_normal") for _ in range(2)],
    }
    nets["just right"][0].kernel_regularizer.l2 = 3e-4
    print("\n20 noisy points of a sine")
    models = {}
    for name, hidden in nets.items():
        model = Sequential([Input(shape=(1,)), *hidden, Dense(1)])
        model.compile(optimizer=fastmlp.optimizers.Adam(0.01), loss="mse", metrics=["mse"])
        model.fit(x, y, batch_size=20, epochs=2000, verbose=0)
        errors = [model.evaluate(a, b, verbose=0)[1] for a, b in ((x, y), (dev_x, dev_y))]
        print(f"  {name:13} {model.count_params():6} weights: squared error {errors[0]:.3f} on train, "
              f"{errors[1]:.3f} on dev")  # fmt: skip
        models[name] = model
    return models, x, y


def picture(found: Any) -> Any:
    """What each network makes of the points."""
    from fastmlp.visual import plot_curves
    from fastmlp.visual.figures import panels

    models, x, y = found
    figure, axes = panels("bias_variance", None, 3, columns=3, size=(4.2, 3.6))
    line = np.linspace(-3, 3, 301, dtype=np.float32)[:, None]
    for (name, model), ax in zip(models.items(), axes):
        plot_curves({"data": y[:, 0]}, x[:, 0], points=True, ax=ax)
        curves = {"network": model.predict(line, verbose=0)[:, 0], "truth": np.sin(line)[:, 0]}
        plot_curves(curves, line[:, 0], title=name, ax=ax)
        ax.set_ylim(-2, 2)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
