"""Handwritten digits: the network 784-16-16-10 of 13,002 parameters, and what it looks for."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.data import load_digits, load_mnist
from fastmlp.layers import Dense, Flatten, Input, Rescaling
from fastmlp.lectures import show


def network(side: int, most: float) -> Any:
    """Pixels in, two hidden layers of 16, a probability for each digit out."""
    return Sequential([
        Input(shape=(side, side), name="input"),
        Flatten(),
        Rescaling(1 / most),
        Dense(16, activation="sigmoid", name="hidden_1"),
        Dense(16, activation="sigmoid", name="hidden_2"),
        Dense(10, activation="softmax", name="output"),
    ])  # fmt: skip


def lecture() -> Any:
    """Training, and what comes of it on digits never seen."""
    fastmlp.set_random_seed(0)
    print(f"784·16 + 16·16 + 16·10 weights + (16 + 16 + 10) biases = {network(28, 255.0).count_params()}")
    try:
        (x_train, y_train), (x_test, y_test) = load_mnist()
        epochs = 10
        print(f"MNIST: {len(x_train)} digits to learn from, {len(x_test)} to be tried on")
    except FileNotFoundError as error:
        (x_train, y_train), (x_test, y_test) = load_digits()
        epochs = 100
        print(f"no MNIST here ({error})\nso these are the {len(x_train)} + {len(x_test)} small digits of fastmlp")
    model = network(x_train.shape[1], float(x_train.max()))
    model.summary()
    model.compile(optimizer=fastmlp.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])  # fmt: skip
    model.fit(x_train, y_train, batch_size=64, epochs=epochs, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"after {epochs} epochs: test loss {loss:.3f}, accuracy {accuracy:.4f}")

    said = model.predict(x_test[:1], verbose=0)[0]
    print(f"the first test digit is a {y_test[0]}; the network says {np.argmax(said)}, with {said.max():.1%}")
    return model, x_train.shape[1]


def picture(found: Any) -> Any:
    """The weights into each neuron of the first layer, as an image: the pattern that it is looking for."""
    from fastmlp.visual import plot_weights

    model, side = found
    return plot_weights(model, "hidden_1", (side, side))


if __name__ == "__main__":
    show(lecture, picture)
