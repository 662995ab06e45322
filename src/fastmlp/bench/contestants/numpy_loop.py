"""NumPy: the textbook program, vectorised over a batch, with all weights in one vector for the optimizer's sake."""

from __future__ import annotations

import math

import numpy as np

from fastmlp.bench.contestants.base import Contestant
from fastmlp.bench.workloads import Problem, Workload

Arrays = list[np.ndarray]


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e⁻ᶻ) without overflow."""
    return 0.5 * np.tanh(0.5 * z) + 0.5


class NumPy(Contestant):
    """The reference, too: other losses are compared with its."""

    def __init__(self, problem: Problem, threads: int) -> None:
        super().__init__(problem, threads)
        self.flat = np.concatenate([w.ravel() for w in problem.weights])
        self.gradient, self.scratch = np.empty_like(self.flat), np.empty_like(self.flat)
        self.m, self.v = np.zeros_like(self.flat), np.zeros_like(self.flat)
        self.parts, self.slopes = self._views(self.flat), self._views(self.gradient)
        self.step = 0

    @staticmethod
    def differs(workload: Workload) -> str:
        """It has no bfloat16."""
        return "in float32" if workload.policy else ""

    def _views(self, flat: np.ndarray) -> Arrays:
        ends = np.cumsum([w.size for w in self.problem.weights])[:-1]
        return [part.reshape(w.shape) for part, w in zip(np.split(flat, ends), self.problem.weights)]

    def weights(self) -> Arrays:
        """Copies of the parts of the one vector."""
        return [part.copy() for part in self.parts]

    def epoch(self, order: np.ndarray | None = None) -> None:
        """All batches of the order; rows are copied only where there is one."""
        x, y, batch = self.problem.x, self.problem.y, self.workload.batch
        if order is None and self.shuffles:
            order = self.rng.permutation(len(x))
        for start in range(0, len(x) if order is None else len(order), batch):
            rows = slice(start, start + batch) if order is None else order[start : start + batch]
            self._differentiate(x[rows], y[rows])
            self._update()

    def _differentiate(self, x: np.ndarray, y: np.ndarray) -> None:
        """The gradient of a batch's mean loss: forward, then backward."""
        hidden = len(self.workload.layers) - 1
        inputs, masks = [x], []
        for i in range(hidden):
            z = inputs[-1] @ self.parts[2 * i] + self.parts[2 * i + 1]
            h = np.maximum(z, 0, out=z) if self.workload.activation == "relu" else sigmoid(z)
            if self.workload.dropout:
                masks.append(self._mask(h.shape))
                h *= masks[-1]
            inputs.append(h)
        delta = self._delta(inputs[-1] @ self.parts[-2] + self.parts[-1], y)
        for i in reversed(range(hidden + 1)):
            np.matmul(inputs[i].T, delta, out=self.slopes[2 * i])
            delta.sum(axis=0, out=self.slopes[2 * i + 1])
            if self.workload.l2:
                self.slopes[2 * i] += self.flat.dtype.type(2 * self.workload.l2) * self.parts[2 * i]
            if i:
                h = inputs[i]
                delta = delta @ self.parts[2 * i].T
                delta *= h > 0 if self.workload.activation == "relu" else h * (1 - h)
                if masks:
                    delta *= masks[i - 1]

    def _mask(self, shape: tuple[int, ...]) -> np.ndarray:
        keep = 1 - self.workload.dropout
        mask: np.ndarray = (self.rng.random(shape, np.float32) < keep) * self.flat.dtype.type(1 / keep)
        return mask

    def _delta(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The derivative of a batch's mean loss at the outputs before their activation."""
        delta: np.ndarray
        if self.workload.loss == "mse":
            delta = 2 * (z - y)
        elif self.workload.loss == "binary_crossentropy":
            delta = sigmoid(z) - y
        else:
            delta = np.exp(z - z.max(axis=1, keepdims=True))
            delta /= delta.sum(axis=1, keepdims=True)
            delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        return delta

    def _update(self) -> None:
        """One step of the optimizer, nothing allocated."""
        settings, g, s = self.workload.settings, self.gradient, self.scratch
        rate = settings["learning_rate"]
        self.step += 1
        if self.workload.optimizer == "sgd":
            self.flat -= np.multiply(g, rate, out=s)
        elif self.workload.optimizer == "rmsprop":
            self._average(self.v, np.multiply(g, g, out=s), settings["rho"])
            np.sqrt(np.add(self.v, settings["epsilon"], out=s), out=s)
            self._move(g, s, rate)
        else:
            beta_1, beta_2 = settings["beta_1"], settings["beta_2"]
            np.multiply(g, g, out=s)
            self._average(self.m, g, beta_1)
            self._average(self.v, s, beta_2)
            np.sqrt(self.v, out=s)
            s += settings["epsilon"]
            self._move(self.m, s, rate * math.sqrt(1 - beta_2**self.step) / (1 - beta_1**self.step))

    @staticmethod
    def _average(mean: np.ndarray, value: np.ndarray, beta: float) -> None:
        mean *= beta
        value *= 1 - beta
        mean += value

    def _move(self, towards: np.ndarray, root: np.ndarray, rate: float) -> None:
        np.divide(towards, root, out=root)
        root *= rate
        self.flat -= root
