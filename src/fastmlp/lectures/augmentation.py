"""Data augmentation: a 4 that is shifted, turned or zoomed a little is still a 4."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.data import Augment, load_digits
from fastmlp.layers import Dense, Flatten, Input, Rescaling
from fastmlp.lectures import show


def train(x: Any, y: Any, epochs: int) -> Any:
    """A network for digits of 8·8 pixels."""
    fastmlp.set_random_seed(0)
    model = Sequential([
        Input(shape=(8, 8)),
        Flatten(),
        Rescaling(1 / 16),
        Dense(64, activation="relu"),
        Dense(10, activation="softmax"),
    ])  # fmt: skip
    model.compile(optimizer=fastmlp.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])  # fmt: skip
    model.fit(x, y, epochs=epochs, verbose=0)
    return model


def lecture() -> Any:
    """Few digits, and many made of them."""
    (x, y), (x_test, y_test) = load_digits()
    augment = Augment(shift=0.1, rotate=15, zoom=0.1, seed=0)
    four = x[y == 4][:1]
    fours, labels = augment(np.repeat(four, 19, axis=0), np.full(19, 4))
    print(f"one 4 {four.shape[1:]} became {len(fours)} others, all still labelled {sorted(set(labels.tolist()))}")
    same = Augment(shift=0.1, rotate=15, zoom=0.1, seed=0)(np.repeat(four, 19, axis=0))
    print("the same seed makes the same:", np.array_equal(fours, same))

    # 150 digits to learn from; ten variants of each make 1500. Steps of training: as many in both cases.
    few, few_labels = x[:150].astype(np.float32), y[:150]
    many, many_labels = augment(np.tile(few, (10, 1, 1)), np.tile(few_labels, 10))
    for name, images, classes, epochs in (
        ("150 digits", few, few_labels, 300),
        ("and 1500 variants", np.concatenate([few, many]), np.concatenate([few_labels, many_labels]), 27),
    ):
        model = train(images, classes, epochs)
        print(f"{name:18} test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")
    return np.concatenate([four, fours])


def picture(fours: Any) -> Any:
    """The 4 and its variants."""
    from fastmlp.visual import plot_images

    return plot_images(fours, ["original"] + ["4"] * (len(fours) - 1))


if __name__ == "__main__":
    show(lecture, picture)
