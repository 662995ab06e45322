"""What is trained: twelve networks with their settings, and the data, weights and orders of rows that all begin with.

Data are random numbers of the right shape and type, their targets made by a random linear teacher so that there is
something to learn; where ``$FASTMLP_DATA`` names a folder with ``mnist.npz``, networks of its width get MNIST.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

ADAM = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
RMSPROP = {"learning_rate": 1e-4, "rho": 0.9, "epsilon": 1e-14}  # ε under the root; higher rates magnify roundings
OUTPUTS = {"sparse_categorical_crossentropy": "softmax", "binary_crossentropy": "sigmoid", "mse": None}
STEPS = 50  # losses are compared after so many: later, roundings alone make them differ in the third digit
LOSS_ROWS = 10_000  # of the first so many rows


@dataclass(frozen=True)
class Workload:
    """A network and how it is trained; the loss says the activation of the outputs (`OUTPUTS`).

    `l2` is the c of Keras's penalty c·‖W‖²; `dropout` the share of units left out behind each hidden layer; `policy`
    what all layers but the last compute by, where that is another than `dtype`.
    """

    name: str
    widths: tuple[int, ...]
    rows: int
    batch: int
    loss: str = "sparse_categorical_crossentropy"
    activation: str = "relu"
    optimizer: str = "adam"
    settings: Mapping[str, float] = field(default_factory=lambda: ADAM, hash=False)
    dtype: str = "float32"
    dropout: float = 0.0
    l2: float = 0.0
    policy: str = ""

    @property
    def layers(self) -> list[tuple[int, int]]:
        """Inputs and outputs of each dense layer."""
        return list(zip(self.widths[:-1], self.widths[1:]))

    @property
    def flops(self) -> int:
        """Floating-point operations of an epoch's products: forward, dW and dX, which the first layer does without."""
        products = [inputs * outputs for inputs, outputs in self.layers]
        return self.rows * (6 * sum(products) - 2 * products[0])

    @property
    def bound(self) -> float:
        """By what share of it a loss may differ from the reference's: masks of dropout are each contestant's own."""
        if self.dropout:
            return 0.25
        if self.policy:
            return 0.01
        return 1e-6 if self.dtype == "float64" else 1e-3


_ALL = [
    Workload("tiny", (2, 8, 8, 1), 2000, 32, "binary_crossentropy", optimizer="sgd", settings={"learning_rate": 0.1}),
    Workload("lecture", (784, 16, 16, 10), 60_000, 32, activation="sigmoid"),
    Workload("quickstart", (784, 128, 10), 60_000, 32),
    Workload("mnist-mlp", (784, 512, 512, 10), 60_000, 128, dropout=0.2),
    *(
        Workload("wide" + end, (784, 2048, 2048, 2048, 10), 10_240, 256, settings={**ADAM, "learning_rate": 1e-4},
                 policy=policy)  # ten times the rate, and roundings alone move the loss by 2 %
        for end, policy in (("", ""), ("-bfloat16", "mixed_bfloat16"))
    ),
    *(
        Workload("cat" + end, (12_288, 20, 7, 5, 1), 209, 209, "binary_crossentropy", optimizer="sgd",
                 settings={"learning_rate": 2**-7}, dtype=dtype)  # no digit is lost where Keras keeps it in float32
        for end, dtype in (("", "float32"), ("-float64", "float64"))
    ),
    Workload("tabular", (100, 256, 128, 64, 1), 200_000, 1024, "mse", optimizer="rmsprop", settings=RMSPROP),
    Workload("sklearn", (784, 100, 10), 60_000, 200, l2=2.5e-7),  # its defaults: α = 1e-4, over 2·200 rows
    Workload("sklearn-float64", (784, 100, 10), 60_000, 200, l2=2.5e-7, dtype="float64"),
    Workload("digits", (64, 100, 10), 1797, 200, l2=2.5e-7, dtype="float64"),
]  # fmt: skip
WORKLOADS = {workload.name: workload for workload in _ALL}
SMALL = ["tiny", "digits", "cat"]  # done in a moment by everyone


class Problem:
    """A workload with its numbers, the same for every contestant."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.x: np.ndarray
        self.y: np.ndarray
        self.x, self.y = _mnist(workload) or _random(workload)

    @cached_property
    def weights(self) -> list[np.ndarray]:
        """W, b, W, b, … to begin with: Glorot's uniform, and 0."""
        rng = np.random.default_rng(1)
        found = []
        for inputs, outputs in self.workload.layers:
            limit = math.sqrt(6 / (inputs + outputs))
            w = rng.uniform(-limit, limit, (inputs, outputs))
            found += [w.astype(self.workload.dtype), np.zeros(outputs, self.workload.dtype)]
        return found

    @property
    def orders(self) -> list[np.ndarray]:
        """The orders of rows in the epochs that all go through alike: `STEPS` whole batches or more.

        Long epochs are cut short, but a last batch that is smaller they have.
        """
        workload = self.workload
        most = STEPS * workload.batch + workload.rows % workload.batch
        epochs = math.ceil(STEPS * workload.batch / workload.rows)
        return [np.random.default_rng((2, epoch)).permutation(workload.rows)[:most] for epoch in range(epochs)]

    def loss(self, weights: list[np.ndarray]) -> float:
        """The mean loss of weights in float64, without dropout and penalty."""
        values, y = self.x[:LOSS_ROWS].astype(np.float64), self.y[:LOSS_ROWS]
        hidden = {"relu": lambda z: np.maximum(z, 0), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}
        for i, (w, b) in enumerate(zip(weights[::2], weights[1::2])):
            values = (hidden[self.workload.activation](values) if i else values) @ w.astype(np.float64) + b
        if self.workload.loss == "mse":
            return float(np.mean((values - y) ** 2))
        if self.workload.loss == "binary_crossentropy":
            return float(np.mean(np.logaddexp(0, values) - y * values))
        top = values.max(axis=1, keepdims=True)
        sums = top[:, 0] + np.log(np.exp(values - top).sum(axis=1))
        return float(np.mean(sums - values[np.arange(len(y)), y]))


def _random(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    inputs, outputs = workload.widths[0], workload.widths[-1]
    x = rng.standard_normal((workload.rows, inputs), np.dtype(workload.dtype))
    taught = x @ (rng.standard_normal((inputs, outputs)) / math.sqrt(inputs)).astype(workload.dtype)
    return x, _targets(workload, taught)


def _targets(workload: Workload, taught: np.ndarray) -> np.ndarray:
    if workload.loss == "mse":
        return taught
    return (taught > 0).astype(workload.dtype) if workload.loss == "binary_crossentropy" else taught.argmax(axis=1)


def mnist_file() -> Path | None:
    """Where MNIST is, if it is."""
    folder = os.environ.get("FASTMLP_DATA")
    file = Path(folder) / "mnist.npz" if folder else None
    return file if file and file.is_file() else None


def use_data(folder: str | None) -> None:
    """Take MNIST from this folder, in the processes that are started from now on, too; None leaves it as it is."""
    if folder is None:
        return
    os.environ["FASTMLP_DATA"] = folder
    if not mnist_file():
        raise ValueError(f"--data: expected a folder with mnist.npz, got {folder}; leave it out for random data")


def _mnist(workload: Workload) -> Any:
    file = mnist_file()
    if file is None or workload.widths[0] != 784:
        return None
    with np.load(file, allow_pickle=False) as parts:
        images, labels = parts["x_train"][: workload.rows], parts["y_train"][: workload.rows]
    return images.reshape(len(images), 784).astype(workload.dtype) / 255, labels.astype(np.int64)
