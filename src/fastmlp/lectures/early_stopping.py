"""Early stopping: stop before the network learns the noise, and keep its best weights."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp
from fastmlp import Sequential
from fastmlp.callbacks import EarlyStopping
from fastmlp.data import make_moons
from fastmlp.layers import Dense, Input
from fastmlp.lectures import show


def train(callbacks: list[Any]) -> Any:
    """A network that is far too large for 60 noisy points."""
    fastmlp.set_random_seed(0)
    x, y = make_moons(260, noise=0.35, seed=1)
    model = Sequential([
        Input(shape=(2,)),
        Dense(100, activation="relu"),
        Dense(100, activation="relu"),
        Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(optimizer=fastmlp.optimizers.Adam(0.003), loss="binary_crossentropy")
    history = model.fit(x[:60], y[:60], validation_data=(x[60:], y[60:]), epochs=300, verbose=0, callbacks=callbacks)
    return history, model.evaluate(x[60:], y[60:], verbose=0)


def lecture() -> Any:
    """The same training to the end, and stopped."""
    to_the_end, loss = train([])
    train_losses, dev_losses = to_the_end.history["loss"], to_the_end.history["val_loss"]
    best = int(np.argmin(dev_losses))
    print(f"300 epochs: train loss {train_losses[-1]:.3f}, dev loss {loss:.3f}: overfitted")
    print(f"the dev loss was lowest after epoch {best + 1}: {dev_losses[best]:.3f}, train {train_losses[best]:.3f}")

    stop = EarlyStopping(monitor="val_loss", patience=20, restore_best_weights=True)
    stopped, loss = train([stop])
    print(f"patience 20: stopped after {len(stopped.epoch)} epochs, weights of epoch {stop.best_epoch + 1} are back, "
          f"dev loss {loss:.3f}")  # fmt: skip
    return to_the_end


def picture(history: Any) -> Any:
    """Train and dev loss, the lowest marked."""
    from fastmlp.visual import plot_history

    figure = plot_history(history)
    figure.set_size_inches(7, 4.4)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
