"""``demo``: train a network on the digits that come with fastmlp, and tell where the time went."""

from __future__ import annotations

import argparse

from fastmlp import random, runtime
from fastmlp._validate import whole
from fastmlp.cli.progress import TrainingLine
from fastmlp.data.loaders import load_digits
from fastmlp.layers import Dense, Input
from fastmlp.models import Sequential

HELP = "train a network on handwritten digits, which takes a few seconds"
_VALIDATION = 237  # rows of the training part


def options(parser: argparse.ArgumentParser) -> None:
    """How long, and from which seed."""
    parser.add_argument("--epochs", type=int, default=30, help="passes over the training part (default: 30)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and the order of rows (default: 0)")


def run(arguments: argparse.Namespace) -> None:
    """Train, then print accuracy, speed and size."""
    epochs = whole("--epochs", arguments.epochs)
    random.set_random_seed(whole("--seed", arguments.seed, 0))
    (x, y), (x_test, y_test) = ((images.reshape(-1, 64) / 16, labels) for images, labels in load_digits())
    x, y, validation = x[_VALIDATION:], y[_VALIDATION:], (x[:_VALIDATION], y[:_VALIDATION])
    model = Sequential([Input((64,)), Dense(128, "relu"), Dense(64, "relu"), Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    size = f"{model.count_params():,} weights ({model.count_params() * 4 / 1e3:.0f} kB)"
    print(f"64-128-64-10 network, {size}; {len(x)} digits of 8×8 pixels, {epochs} epochs")
    line = TrainingLine(epochs)
    model.fit(x, y, epochs=epochs, verbose=0, callbacks=[line], validation_data=validation)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    python = line.total - line.training - line.validation
    pace = epochs * len(x) / line.training
    print(f"test      accuracy {accuracy:.4f}, loss {loss:.4f} on {len(x_test)} digits it has not seen")
    print(f"speed     {pace:,.0f} samples/s in training, {runtime.get_num_threads()} threads")
    for name, seconds in (("epochs in C", line.training), ("validation", line.validation), ("Python", python)):
        print(f"          {name:<12}{seconds:7.3f} s {seconds / line.total:5.0%}")
