"""Normalising inputs: all features on one scale, by μ and σ of the training data."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.data import make_moons
from fastmlp.layers import Dense, Input, Normalization
from fastmlp.lectures import show


def lecture() -> Any:
    """x₁ in metres, x₂ in millimetres."""
    x, y = make_moons(600, noise=0.15, seed=0)
    x = (x * [1, 1000] + [0, 5000]).astype(np.float32)
    train, test = x[:400], x[400:]

    normalize = Normalization()
    normalize.adapt(train)  # the test set has no say in μ and σ
    print("train: μ =", train.mean(axis=0).round(2), " σ =", train.std(axis=0).round(2))
    for name, part in (("train", train), ("test", test)):
        z = normalize(part).numpy()
        print(f"(x − μ)/σ of {name:5}: mean {z.mean(axis=0).round(3)}, deviation {z.std(axis=0).round(3)}")
    print("(the test set's are not quite 0 and 1: it is measured by the same μ and σ)")

    print("\nthe same network, as the inputs are and normalised first")
    losses = {}
    for name, first in (("as they are", []), ("normalised", [normalize])):
        fastmlp.set_random_seed(0)
        model = Sequential([Input(shape=(2,)), *first, Dense(8, activation="tanh"), Dense(1, activation="sigmoid")])
        model.compile(optimizer=fastmlp.optimizers.SGD(0.3), loss="binary_crossentropy", metrics=["accuracy"])
        with warnings.catch_warnings(record=True) as said:  # fastmlp looks at the data, too
            warnings.simplefilter("always")
            losses[name] = model.fit(train, y[:400], epochs=60, verbose=0).history["loss"]
        accuracy = model.evaluate(test, y[400:], verbose=0)[1]
        print(f"  {name:12} loss {losses[name][0]:.3f} → {losses[name][-1]:.3f}, test accuracy {accuracy:.3f}")
        print(*(f"  a warning: {one.message}" for one in said), sep="\n", end="\n" * bool(said))
    return losses


def picture(losses: Any) -> Any:
    """How the losses fall."""
    from fastmlp.visual import plot_curves

    return plot_curves(losses, title="Inputs as they are, and normalised", xlabel="epoch", ylabel="loss")


if __name__ == "__main__":
    show(lecture, picture)
