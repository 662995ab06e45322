"""Activations that learn: PReLU and its relatives, and the plain neurons they are equal to."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential, activations
from fastmlp.layers import APL, PELU, Dense, Input, Maxout, PReLU, SReLU, SwishBeta
from fastmlp.lectures import show

LAYERS = (PReLU, PELU, SwishBeta, SReLU, APL, lambda: Maxout(8))


def lecture() -> Any:
    """α is a weight as any other: it is learnt from the data."""
    x = np.linspace(-2, 2, 81, dtype=np.float32)[:, None]

    # The data bend by 0.3 below 0. A PReLU starts as ReLU (α = 0) and finds that.
    model = Sequential([Input(shape=(1,)), PReLU()])
    model.compile(optimizer=fastmlp.optimizers.SGD(0.1), loss="mse")
    model.fit(x, np.where(x < 0, 0.3 * x, x), batch_size=81, epochs=100, verbose=0)
    alpha = float(model.get_weights()[0][0])
    print(f"PReLU learnt α = {alpha:.4f} from data made with 0.3")

    # The survey's point: what learns its shape is some neurons of fixed shape, and a rule between their weights.
    whole = model.predict(x, verbose=0)
    two = np.asarray(activations.relu(x)) - alpha * np.asarray(activations.relu(-x))
    print(f"PReLU(x) and ReLU(x) − α·ReLU(−x) differ by at most {np.abs(whole - two).max():.0e}")

    print("\na network 1-8-1 that learns sin(2x), one activation or another between")
    losses = {}
    for make in (None, *LAYERS):
        fastmlp.set_random_seed(0)
        layers = [Dense(8, activation="relu")] if make is None else [Dense(8), make()]
        name = "ReLU, fixed" if make is None else type(layers[-1]).__name__
        net = Sequential([Input(shape=(1,)), *layers, Dense(1)])
        net.compile(optimizer=fastmlp.optimizers.Adam(0.01), loss="mse")
        losses[name] = net.fit(x, np.sin(2 * x), batch_size=81, epochs=1000, verbose=0).history["loss"]
        print(f"  {name:12} {net.count_params():3} weights, loss {losses[name][-1]:.5f}")
    return losses


def picture(losses: Any) -> Any:
    """How the losses fall."""
    from fastmlp.visual import plot_curves

    return plot_curves(losses, title="Learning sin(2x)", xlabel="epoch", ylabel="loss", logy=True)


if __name__ == "__main__":
    show(lecture, picture)
