"""Cat or not: pictures of 64·64·3 = 12288 numbers, and one yes or no."""

from __future__ import annotations

from typing import Any

import fastmlp
from fastmlp import Sequential
from fastmlp.data import load_cat_or_not, load_digits
from fastmlp.layers import Dense, Flatten, Input, Rescaling
from fastmlp.lectures import show


def pictures() -> Any:
    """Cats and other things; where they are not on this machine, eights and other digits."""
    try:
        train, test = load_cat_or_not()
        return "a cat", train, test
    except FileNotFoundError as error:
        print(f"no cats here ({error})\nso these are digits: is it an 8?")
    train, test = ((x[..., None], (y == 8).astype(int)) for x, y in load_digits())
    return "an 8", train, test


def lecture() -> Any:
    """A picture is a row of numbers; the network says how likely it shows a cat."""
    fastmlp.set_random_seed(0)
    what, (x_train, y_train), (x_test, y_test) = pictures()
    shape = x_train.shape[1:]
    print(f"{len(x_train)} pictures to learn from, {len(x_test)} to be tried on")
    print(f"n = {'·'.join(map(str, shape))} = {x_train[0].size} numbers in each; y = 1: {what}, y = 0: not")
    print(f"X¹ = {x_train[0].ravel()[:3]} …, y¹ = {y_train[0]}")

    model = Sequential([
        Input(shape=shape),
        Flatten(),
        Rescaling(1 / float(x_train.max())),
        Dense(16, activation="relu"),
        Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(optimizer=fastmlp.optimizers.SGD(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, batch_size=32, epochs=100, verbose=0).history
    print(f"loss {history['loss'][0]:.3f} → {history['loss'][-1]:.3f}")
    print(f"accuracy: {model.evaluate(x_train, y_train, verbose=0)[1]:.0%} of the pictures it learnt from, "
          f"{model.evaluate(x_test, y_test, verbose=0)[1]:.0%} of those it had never seen")  # fmt: skip
    return model, x_test, y_test


def picture(found: Any) -> Any:
    """Some test pictures, and what the network says."""
    from fastmlp.visual import plot_images

    model, x, y = found
    said = model.predict(x[:20], verbose=0)[:, 0]
    titles = [f"{p:.0%} {'✓' if (p > 0.5) == true else '✗'}" for p, true in zip(said, y)]
    return plot_images(x[:20], titles, title="how sure the network is of a yes, and whether it is right")


if __name__ == "__main__":
    show(lecture, picture)
