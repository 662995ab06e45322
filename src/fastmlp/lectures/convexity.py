"""Convexity: a linear neuron with squared error has one valley; a hidden layer makes many."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show

SEEDS = range(8)


def losses(hidden: int) -> list[list[float]]:
    """How the loss falls from eight starts."""
    x = np.linspace(-2, 2, 41, dtype=np.float32)[:, None]
    y = np.sin(3 * x)
    found = []
    for seed in SEEDS:
        fastmlp.set_random_seed(seed)
        layers = [Dense(hidden, activation="tanh")] if hidden else []
        model = Sequential([Input(shape=(1,)), *layers, Dense(1, kernel_initializer="random_normal")])
        model.compile(optimizer=fastmlp.optimizers.SGD(0.1), loss="mse")
        found.append(model.fit(x, y, batch_size=41, epochs=400, verbose=0).history["loss"])
    return found


def lecture() -> Any:
    """From wherever we start, the linear one ends at the same place."""
    # ŷ = Aθ with A = [x, 1]. J = |Aθ − y|²/n has the second derivatives 2AᵀA/n, whatever θ is.
    x = np.linspace(-2, 2, 41)
    a = np.stack([x, np.ones_like(x)], axis=1)
    hessian = 2 * a.T @ a / len(x)
    print("Hessian of linear + MSE:", hessian.round(3).tolist())
    print("its eigenvalues:", np.linalg.eigvalsh(hessian).round(3), "none below 0: convex")

    found = {"linear": losses(0), "with 3 tanh units": losses(3)}
    for name, runs in found.items():
        last = np.array([run[-1] for run in runs])
        print(f"{name:18} final losses from {len(SEEDS)} starts: {last.round(4).tolist()}")
        print(f"{'':18} greatest − least = {np.ptp(last):.1e}")
    return found


def picture(found: Any) -> Any:
    """All runs of each."""
    from fastmlp.visual import plot_curves
    from fastmlp.visual.figures import panels

    figure, axes = panels("convexity", None, 2, columns=2, size=(5, 4))
    for (name, runs), ax in zip(found.items(), axes):
        curves = {f"start {seed}": run for seed, run in zip(SEEDS, runs)}
        plot_curves(curves, title=name, xlabel="epoch", ylabel="loss", ax=ax)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
