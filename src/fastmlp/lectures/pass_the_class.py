"""Will I pass this class? Lectures attended and hours on the project, and a yes or no."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential, losses
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show

X = np.array([[4, 5], [2, 1], [5, 8]], np.float32)  # lectures attended, hours spent on the final project
PREDICTED = np.array([[0.1], [0.8], [0.6]])  # by a network that has learnt nothing yet
Y = np.array([[0], [0], [1]])  # failed, failed, passed


def lecture() -> Any:
    """What a network that was not trained costs, and what training makes of it."""
    each = np.asarray(losses.binary_crossentropy(Y, PREDICTED))
    for (x1, x2), f, y, loss in zip(X, PREDICTED[:, 0], Y[:, 0], each):
        print(f"{x1:g} lectures, {x2:g} hours: f(x) = {f}, {'passed' if y else 'failed'}, loss {loss:.4f}")
    print(f"J = the mean of these = {each.mean():.4f}\n")

    fastmlp.set_random_seed(0)
    model = Sequential([Input(shape=(2,)), Dense(3, activation="tanh"), Dense(1, activation="sigmoid")])
    model.compile(optimizer=fastmlp.optimizers.Adam(0.05), loss="binary_crossentropy")
    losses_of_fit = model.fit(X, Y, batch_size=3, epochs=500, verbose=0).history["loss"]
    print(f"training: J {losses_of_fit[0]:.4f} → {losses_of_fit[-1]:.4f}")
    for (x1, x2), p in zip(X, model.predict(X, verbose=0)[:, 0]):
        print(f"{x1:g} lectures, {x2:g} hours: f(x) = {p:.3f}")
    return model


def picture(model: Any) -> Any:
    """Who passes, as the network sees it."""
    from fastmlp.visual import plot_decision_boundary

    figure = plot_decision_boundary(model, X, Y, extent=((0, 7), (0, 10)), title="Will I pass this class?")
    figure.axes[0].set(xlabel="lectures attended", ylabel="hours spent on the final project")
    return figure


if __name__ == "__main__":
    show(lecture, picture)
