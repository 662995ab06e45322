"""Dropout: in training some units are silent, and the others speak up."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
import fastmlp.tf as tf
from fastmlp import Sequential
from fastmlp.data import make_moons
from fastmlp.layers import Dense, Dropout, Input
from fastmlp.lectures import show

KEEP_PROB = 0.8


def lecture() -> Any:
    """By hand, by the layer, and what it is good for."""
    tf.random.set_seed(0)
    data = np.arange(10).reshape(5, 2).astype(np.float32)

    d3 = tf.random.uniform(data.shape).numpy() < KEEP_PROB  # which units stay
    a3 = data * d3 / KEEP_PROB  # divided, so that what comes next sees the same sum on average
    print("inverted dropout by hand, keep_prob = 0.8\n", a3, sep="")

    layer = tf.keras.layers.Dropout(0.2)
    print("\nDropout(0.2) in training: each number is 0 or x/0.8\n", layer(data, training=True).numpy(), sep="")
    print("\nand at any other time it does nothing:", np.array_equal(layer(data), data))

    ones = np.ones((1000, 100), np.float32)
    dropped = tf.keras.layers.Dropout(0.2)(ones, training=True).numpy()
    print(f"of 100,000 ones {np.mean(dropped == 0):.1%} are dropped, the mean is {dropped.mean():.4f}")

    x, y = make_moons(460, noise=0.35, seed=1)
    print("\n60 noisy points to learn from, 400 to be tried on")
    models = {}
    for rate in (0.0, 0.3):
        fastmlp.set_random_seed(0)
        model = Sequential([
            Input(shape=(2,)),
            Dense(100, activation="relu"),
            Dropout(rate),
            Dense(100, activation="relu"),
            Dropout(rate),
            Dense(1, activation="sigmoid"),
        ])  # fmt: skip
        model.compile(optimizer=fastmlp.optimizers.Adam(0.003), loss="binary_crossentropy")
        model.fit(x[:60], y[:60], epochs=300, verbose=0)
        losses = [model.evaluate(x[part], y[part], verbose=0) for part in (slice(60), slice(60, None))]
        print(f"  Dropout({rate}): train loss {losses[0]:.3f}, dev loss {losses[1]:.3f}")
        models[f"Dropout({rate})"] = model
    return models, x[:60], y[:60]


def picture(found: Any) -> Any:
    """Boundaries without and with dropout."""
    from fastmlp.visual import plot_decision_boundary
    from fastmlp.visual.figures import panels

    models, x, y = found
    figure, axes = panels("dropout", None, len(models), columns=2, size=(5, 4))
    for (name, model), ax in zip(models.items(), axes):
        plot_decision_boundary(model, x, y, title=name, ax=ax)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
