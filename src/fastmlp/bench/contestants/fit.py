"""fastmlp and Keras: `fit` of a `Sequential`, by the same code, since the names are the same."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from fastmlp.bench.contestants.base import Contestant
from fastmlp.bench.workloads import OUTPUTS, Problem, Workload

LOSSES = {
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
}
OPTIMIZERS = {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop"}


def compiled(k: Any, workload: Workload, steps: int) -> Any:
    """The model in a library, its outputs logits that the loss knows as such, so many steps between two callbacks."""
    penalty = {"kernel_regularizer": k.regularizers.L2(workload.l2)} if workload.l2 else {}
    layers = [k.Input(shape=(workload.widths[0],), dtype=workload.dtype)]
    for units in workload.widths[1:-1]:
        layers.append(k.layers.Dense(units, workload.activation, dtype=workload.policy or workload.dtype, **penalty))
        layers += [k.layers.Dropout(workload.dropout, dtype=workload.dtype)] if workload.dropout else []
    layers.append(k.layers.Dense(workload.widths[-1], dtype=workload.dtype, **penalty))
    model = k.Sequential(layers)
    loss = getattr(k.losses, LOSSES[workload.loss])(from_logits=True) if OUTPUTS[workload.loss] else workload.loss
    optimizer = getattr(k.optimizers, OPTIMIZERS[workload.optimizer])(**workload.settings)
    model.compile(optimizer, loss, steps_per_execution=steps)
    return model


class Fit(Contestant):
    """One call of `fit` trains all the epochs that are timed; a callback looks at the clock between them."""

    def __init__(self, problem: Problem, threads: int, k: Any, steps: int = 1) -> None:
        super().__init__(problem, threads)
        self.k = k
        self.model = compiled(k, problem.workload, steps)
        self.model.set_weights(problem.weights)

    def epoch(self, order: np.ndarray | None = None) -> None:
        """An order that is given is that of the arrays, made anew."""
        self._fit(slice(None) if order is None else order, shuffle=order is None and self.shuffles)

    def weights(self) -> list[np.ndarray]:
        """From the model."""
        return [np.asarray(w) for w in self.model.get_weights()]

    def times(self, seconds: float) -> list[float]:
        """Between the ends of epochs."""
        stamps: list[float] = []

        class Clock(self.k.callbacks.Callback):  # type: ignore[name-defined,misc]
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                stamps.append(time.perf_counter())
                self.model.stop_training = len(stamps) > 1 and stamps[-1] - stamps[0] >= seconds

        self._fit(slice(None), shuffle=self.shuffles, epochs=1 << 30, callbacks=[Clock()])
        return np.diff(stamps).tolist()

    def _fit(self, rows: Any, **options: Any) -> None:
        x, y = self.problem.x[rows], self.problem.y[rows]
        self.model.fit(x, y, batch_size=self.workload.batch, verbose=0, **options)


class Fastmlp(Fit):
    """The package at hand."""

    def __init__(self, problem: Problem, threads: int) -> None:
        import fastmlp

        fastmlp.set_num_threads(threads)
        fastmlp.set_random_seed(3)
        super().__init__(problem, threads, fastmlp)


class Keras(Fit):
    """Keras on the backend that ``KERAS_BACKEND`` names."""

    def __init__(self, problem: Problem, threads: int) -> None:
        import keras

        keras.utils.set_random_seed(3)
        keras.config.set_floatx(problem.workload.dtype)  # losses compute in it
        steps = math.ceil(problem.workload.rows / problem.workload.batch)
        if keras.backend.backend() == "torch":
            import torch

            torch.set_num_threads(threads)
            torch.set_flush_denormal(True)
            steps = 1  # it knows no others
        super().__init__(problem, threads, keras, min(steps, 32))
