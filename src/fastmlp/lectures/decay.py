"""Learning rate decay: smaller steps, the nearer the end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.data import make_moons
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show
from fastmlp.schedules import ExponentialEpochDecay, InverseEpochDecay, SqrtEpochDecay

RATE, EPOCHS = 0.2, 30


def lecture() -> Any:
    """Three formulas, and what one of them does for training."""
    schedules = {
        "η₀ / (1 + d·epoch), d = 1": InverseEpochDecay(RATE, decay_rate=1, steps_per_epoch=1),
        "0.95^epoch · η₀": ExponentialEpochDecay(RATE, decay_rate=0.95, steps_per_epoch=1),
        "k / √epoch · η₀, k = 1": SqrtEpochDecay(RATE, k=1, steps_per_epoch=1),
    }
    rates = {name: schedule.rates(0, EPOCHS) for name, schedule in schedules.items()}
    for name, values in rates.items():
        print(f"{name:26}", ", ".join(f"{rate:.4f}" for rate in values[:4]), "… in epochs 1, 2, 3, 4 …")
    # Epochs count from 1, for 1/√0 is none. And it is a power of 0.95: 0.95·e^epoch would explode.
    print(f"0.95·e^epoch would be {0.95 * math.e**10:.0f} at epoch 10")

    x, y = make_moons(400, noise=0.25, seed=0)
    print("\nthe last ten epochs of training with batches of 8:")
    for name, rate in (("η = 1", 1.0), ("η = 1 / (1 + 0.1·epoch)", InverseEpochDecay(1.0, decay_rate=0.1))):
        fastmlp.set_random_seed(0)
        model = Sequential([Input(shape=(2,)), Dense(16, activation="relu"), Dense(1, activation="sigmoid")])
        model.compile(optimizer=fastmlp.optimizers.SGD(rate), loss="binary_crossentropy")
        last = model.fit(x, y, batch_size=8, epochs=EPOCHS, verbose=0).history["loss"][-10:]
        print(f"  {name:26} mean loss {np.mean(last):.4f}, from epoch to epoch ± {np.std(last):.4f}")
    return rates


def picture(rates: Any) -> Any:
    """The rates, epoch by epoch."""
    from fastmlp.visual import plot_curves

    return plot_curves(rates, title="Learning rate decay from η₀ = 0.2", xlabel="epoch", ylabel="η")


if __name__ == "__main__":
    show(lecture, picture)
