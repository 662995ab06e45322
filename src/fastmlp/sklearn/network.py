"""The network behind an estimator: its layers as a model of fastmlp's; weights and a solver's memory in and out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, BaseOptimizer, SGDOptimizer

from fastmlp import Sequential
from fastmlp.layers import Dense, Dropout, Input
from fastmlp.models.feeds import ArrayFeed
from fastmlp.models.hooks import CallbackList
from fastmlp.models.training import Epoch
from fastmlp.optimizers.base import Optimizer
from fastmlp.regularizers import L2
from fastmlp.sklearn import settings, stopping


def is_sparse(x: Any) -> bool:
    """Whether it is a sparse matrix; scikit-learn has seen to it that all else is an array."""
    return not isinstance(x, np.ndarray)


def as_rows(x: Any) -> Any:
    """An array as it is, a sparse matrix row by row."""
    return x.tocsr() if is_sparse(x) else x


def weights_of(estimator: Any) -> list[np.ndarray]:
    """First those between units, then biases."""
    return [np.asarray(value) for value in (*estimator.coefs_, *estimator.intercepts_)]


class Network:
    """Layers, as an estimator's parameters have them.

    Parameters
    ----------
    estimator
        With its parameters, and `out_activation_`.
    units
        Of the input and of each layer.
    dtype
        Of weights and sums.
    trains
        Whether what acts in training alone is there: dropout and penalty.
    sparse
        Whether rows come as sparse matrices.
    """

    def __init__(
        self, estimator: Any, units: Sequence[int], dtype: Any, trains: bool = False, sparse: bool = False
    ) -> None:
        dtype = np.dtype(dtype).name
        names = [*settings.hidden_activations(estimator, len(units) - 2), settings.out_activation(estimator)]
        rates = settings.dropout_rates(estimator, len(units) - 2) if trains else [0.0] * (len(units) - 2)
        penalty = L2(estimator.alpha / 2) if trains and estimator.alpha else None
        made: list[Any] = [Input((units[0],), dtype=dtype)]
        self.dense: list[Any] = []
        for width, activation, rate in zip(units[1:], names, [*rates, 0.0]):
            layer = Dense(width, activation, kernel_initializer="zeros", kernel_regularizer=penalty, dtype=dtype)
            self.dense.append(layer)
            made += [layer, Dropout(rate)] if rate else [layer]
        self.model = Sequential(made)
        self.model._sparse = sparse
        if self.model.why_taped:
            raise ValueError(f"activation: expected one that C has, got {estimator.activation!r} "
                             f"({self.model.why_taped}); make it a layer of a model, and that a ModelClassifier or "
                             "ModelRegressor")  # fmt: skip
        self.variables = [layer.kernel for layer in self.dense] + [layer.bias for layer in self.dense]

    def compile(self, optimizer: Any, loss: Any) -> None:
        """Be trained."""
        self.model.compile(optimizer, loss)
        self.compiled = self.model._need_compiled("fit")
        self.averages = loss.name == "half_squared_error"  # over outputs: what it reports, not what it descends

    def take(self, estimator: Any) -> None:
        """Take the estimator's weights."""
        for variable, value in zip(self.variables, weights_of(estimator)):
            variable.assign(value)

    def give(self, estimator: Any) -> None:
        """Give it these."""
        values = [variable.numpy() for variable in self.variables]
        estimator.coefs_, estimator.intercepts_ = values[: len(self.dense)], values[len(self.dense) :]


class Predictor(Network):
    """The network for predictions; any number of threads may ask at once.

    Weights that are others than it has, it gets after the last prediction with those.
    """

    def __init__(self, estimator: Any, units: Sequence[int], dtype: Any, sparse: bool) -> None:
        super().__init__(estimator, units, dtype, sparse=sparse)
        self.model.trainable = False  # nor is there room for gradients
        self._program = self.model._network()
        self._idle, self._busy = threading.Condition(), 0  # how many predict
        self._seen: list[np.ndarray] = []

    def __call__(self, weights: list[np.ndarray], x: Any) -> np.ndarray:
        """The output of these weights for rows."""
        with self._idle:
            while not self._has(weights):
                if not self._busy:
                    self._get(weights)
                    break
                self._idle.wait()
            self._busy += 1
        try:
            outputs: np.ndarray = self._program.outputs(as_rows(x))
            return outputs
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def _has(self, weights: list[np.ndarray]) -> bool:
        return bool(self._seen) and all(map(np.array_equal, self._seen, weights))

    def _get(self, weights: list[np.ndarray]) -> None:
        self._seen = []  # if this is broken off, it has neither these nor those
        seen = [np.array(value) for value in weights]
        for variable, value in zip(self.variables, seen):
            variable.assign(value)
        self._program.push()
        self._seen = seen


class OwnOptimizer(BaseOptimizer):  # type: ignore[misc]
    """What an optimizer of fastmlp's remembers between fits, in the place of scikit-learn's own."""

    def __init__(self, learning_rate: float) -> None:
        super().__init__(learning_rate)
        self.t = 0
        self.slots: Any = None  # a list for each slot, None before the first step


def _memory(theirs: Any) -> Any:
    if isinstance(theirs, AdamOptimizer):
        return [theirs.ms, theirs.vs]
    if isinstance(theirs, SGDOptimizer):
        return [theirs.velocities] if theirs.momentum else []
    return theirs.slots


def _remember(theirs: Any, slots: list[list[np.ndarray]], t: int) -> None:
    if isinstance(theirs, AdamOptimizer):
        theirs.ms, theirs.vs = slots
        theirs.t = t
        if t:
            root = np.sqrt(1 - theirs.beta_2**t)
            theirs.learning_rate = theirs.learning_rate_init * root / (1 - theirs.beta_1**t)
    elif isinstance(theirs, SGDOptimizer):
        theirs.velocities = slots[0] if slots else theirs.velocities
    else:
        theirs.slots, theirs.t = slots, t


class Trainer(Network):
    """The network that trains, step for step as the estimator's solver would."""

    def __init__(self, estimator: Any, units: Sequence[int], batch: int, seed: int, sparse: bool) -> None:
        super().__init__(estimator, units, estimator.coefs_[0].dtype, trains=True, sparse=sparse)
        self.batch = batch
        self.model._program_seed = seed
        self.compile(settings.optimizer_of(estimator), settings.loss_of(estimator))
        self._program = self.model._network(batch)
        self._program.fit_batch(batch, exactly=True)
        self._outputs = units[-1]
        self._feed: Any = None  # rows, targets and weights, and the run over them
        self._run: Any = None

    # ---- the solver's memory

    def take_all(self, estimator: Any) -> None:
        """Take the estimator's weights, and what its solver remembers."""
        self.take(estimator)
        optimizer, theirs = self.model.optimizer, estimator._optimizer
        for k, group in enumerate(_memory(theirs) or []):
            for variable, value in zip(self.variables, group):
                optimizer.slots(variable)[k].assign(value)
        optimizer.variables[0].assign(getattr(theirs, "t", 0))

    def give_all(self, estimator: Any) -> None:
        """Give the estimator what there is after the last whole step."""
        self.give(estimator)
        optimizer = self.model.optimizer
        slots = [optimizer.slots(variable) for variable in self.variables]
        _remember(estimator._optimizer, [[slot.numpy() for slot in group] for group in zip(*slots)],
                  int(optimizer.variables[0].numpy()))  # fmt: skip

    # ---- epochs

    def see(self, x: Any, y: np.ndarray, weights: Any) -> None:
        """Train on these rows."""
        self._feed = ArrayFeed(as_rows(x), settings.targets(self.compiled.loss, y), weights)
        self._run = self.compiled.run(self._program, self._feed)

    def see_nothing(self) -> None:
        """Let the rows go."""
        self._feed = self._run = None

    def epoch(self, order: np.ndarray | None, hooks: CallbackList, rate: float | None) -> float:
        """One pass over the rows in this order; the mean over rows of their batches' losses."""
        if rate is not None and float(self.model.optimizer.learning_rate) != rate:
            self.model.optimizer.learning_rate = rate
        epoch = Epoch(self._program, self.compiled, hooks, self.model)
        epoch.run(self._run, order, self.batch, self._feed)
        return self._reported(epoch.done[2], self._run.penalty) / max(1, epoch.done[0])

    def _reported(self, loss: float, penalty: float) -> float:
        return (loss - penalty) / self._outputs + penalty if self.averages else loss


class Gather(Optimizer):
    """Makes no steps: gradients are added up."""

    def lower(self) -> Any:
        """The kernel."""
        return "accumulate", ()

    def slot_names(self) -> Any:
        """Their sum."""
        return (("gradient",),)


class Objective(Network):
    """Loss and gradient of all rows at once, for a solver elsewhere that asks for them; always in float64."""

    rows = 2048  # of a block: the same gradient, in memory that does not grow with the data

    def __init__(self, estimator: Any, units: Sequence[int], x: Any, y: np.ndarray, weights: Any) -> None:
        super().__init__(estimator, units, np.float64, trains=True, sparse=is_sparse(x))
        self._alpha, self._outputs = estimator.alpha, units[-1]
        self._sum = float(len(y) if weights is None else np.sum(weights))
        loss = settings.loss_of(estimator)
        loss.reduction = "sum"
        for layer in self.dense:
            layer.kernel.regularizer = None  # added once, not for each block
        self.compile(Gather(), loss)
        self._program = self.model._network(min(self.rows, x.shape[0]))
        whole = ArrayFeed(as_rows(x), settings.targets(loss, y), weights)
        self._feeds = [whole.rows_at(slice(at, at + self.rows)) for at in range(0, whole.rows, self.rows)]
        self._runs = [self.compiled.run(self._program, feed) for feed in self._feeds]

    def __call__(self, estimator: Any) -> tuple[float, np.ndarray]:
        """At the estimator's weights."""
        self.take(estimator)
        slots = [self.model.optimizer.slots(variable)[0] for variable in self.variables]
        for slot in slots:
            slot.assign(np.zeros(slot.shape))
        loss = 0.0
        for run, feed in zip(self._runs, self._feeds):
            stopping.look()
            run.start(None, feed.rows)
            self._program.train(run, 1, 0)
            loss += run.done[2] / feed.rows
        coefs = [np.asarray(coef) for coef in estimator.coefs_]
        if self.averages:
            loss /= self._outputs
        loss += 0.5 * self._alpha * sum(float(np.vdot(coef, coef)) for coef in coefs)
        slopes = [slot.numpy() for slot in slots]
        for slope, coef in zip(slopes, coefs):
            slope += self._alpha * coef
        return loss / self._sum, np.concatenate([slope.ravel() for slope in slopes]) / self._sum


# ---- networks that are kept for as long as their estimator is; not in it: it is copied, pickled and compared

_kept: WeakKeyDictionary[Any, dict[type, tuple[Any, Any]]] = WeakKeyDictionary()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_kept.clear)  # a lock may have been held by a thread that is not here


def kept(estimator: Any, kind: type, key: Any, make: Callable[[], Any]) -> Any:
    """The estimator's network of this kind, made anew if the key is another than it was."""
    networks = _kept.setdefault(estimator, {})
    found = networks.get(kind)
    if found is None or found[0] != key:
        found = networks[kind] = (key, make())
    return found[1]


def forget(estimator: Any, kind: type) -> None:
    """Let the estimator's network of this kind go."""
    _kept.get(estimator, {}).pop(kind, None)
