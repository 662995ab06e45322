"""The network behind an estimator: its layers as a model of fastmlp's; weights and a solver's memory in and out."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from fastmlp import Sequential
from fastmlp._validate import brief
from fastmlp.layers import Dense, Dropout, Input
from fastmlp.models.feeds import ArrayFeed
from fastmlp.models.hooks import CallbackList
from fastmlp.models.training import Epoch
from fastmlp.optimizers.base import Optimizer
from fastmlp.regularizers import L2
from fastmlp.sklearn import settings, solvers, stopping

_LOOK = 0.0005  # seconds between two looks whether the last prediction by other weights has ended


def is_sparse(x: Any) -> bool:
    """Whether it is a sparse matrix; scikit-learn has seen to it that all else is an array."""
    return not isinstance(x, np.ndarray)


def as_rows(x: Any) -> Any:
    """An array as it is, a sparse matrix row by row."""
    return x.tocsr() if is_sparse(x) else x


def weights_of(estimator: Any) -> tuple[list[np.ndarray], Any]:
    """The coefficients, which anybody may have set, and the type to compute in."""
    coefs = [np.asarray(coef) for coef in estimator.coefs_]
    if not coefs or any(coef.ndim != 2 for coef in coefs):
        raise ValueError(f"coefs_: expected matrices, one for each layer, got shapes {[c.shape for c in coefs]}; set "
                         "arrays of (inputs, outputs)")  # fmt: skip
    single = all(coef.dtype == np.float32 for coef in coefs)
    return coefs, settings.dtype_of(estimator, np.float32 if single else np.float64)


def arrays_of(estimator: Any) -> list[np.ndarray]:
    """Its weights: first those between units, then biases."""
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
        for layer in self.dense:
            if layer.output_shape[-1] != layer.units:
                raise ValueError(f"activation: expected as many numbers behind it as before it, {layer.units}, got "
                                 f"{estimator.activation!r} with {layer.output_shape[-1]}; take another")  # fmt: skip
        self.variables = [layer.kernel for layer in self.dense] + [layer.bias for layer in self.dense]

    def compile(self, optimizer: Any, loss: Any) -> None:
        """Be trained."""
        self.model.compile(optimizer, loss)
        if self.model.why_taped:
            raise ValueError(f"optimizer, loss: expected what C has, got {brief(optimizer)}, {brief(loss)} "
                             f"({self.model.why_taped}); take those of fastmlp")  # fmt: skip
        self.compiled = self.model._need_compiled("fit")
        self.averages = loss.name == "half_squared_error"  # over outputs: what it reports, not what it descends

    def take(self, estimator: Any) -> None:
        """Take the estimator's weights."""
        self.assign(arrays_of(estimator))

    def assign(self, arrays: list[np.ndarray]) -> None:
        """Take these weights."""
        count = len(self.dense)
        if len(arrays) != 2 * count:
            raise ValueError(f"coefs_, intercepts_: expected {count} of each, as there are layers, got {len(arrays)} "
                             "in all; set all of them")  # fmt: skip
        for i, (variable, array) in enumerate(zip(self.variables, arrays)):
            if array.shape != variable.shape:
                name = f"coefs_[{i}]" if i < count else f"intercepts_[{i - count}]"
                raise ValueError(f"{name}: expected shape {variable.shape}, got {array.shape}; set arrays of the "
                                 "layers' sizes, or fit without warm_start")  # fmt: skip
            variable.assign(array)

    def give(self, estimator: Any) -> None:
        """Give it these, in its own arrays as scikit-learn does: the best so far may be the same ones."""
        values = [_into(array, variable.numpy())
                  for array, variable in zip([*estimator.coefs_, *estimator.intercepts_], self.variables)]  # fmt: skip
        estimator.coefs_, estimator.intercepts_ = values[: len(self.dense)], values[len(self.dense) :]


def _into(array: Any, values: np.ndarray) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.dtype != values.dtype or not array.flags.writeable:
        return values
    array[...] = values
    return array


class Predictor(Network):
    """The network for predictions; any number of threads may ask at once.

    Weights that are others than it has, it gets after the last prediction with those.
    """

    def __init__(self, estimator: Any, units: Sequence[int], dtype: Any, sparse: bool) -> None:
        super().__init__(estimator, units, dtype, sparse=sparse)
        self.model.trainable = False  # nor is there room for gradients
        self._program = self.model._network()
        self._changing = threading.RLock()
        self._inside: dict[int, bool] = {}  # the threads that ask, and whether they predict
        self._seen: list[np.ndarray] = []

    def __call__(self, estimator: Any, x: Any) -> np.ndarray:
        """The output for rows by the estimator's weights, as they are now."""
        weights, me = arrays_of(estimator), threading.get_ident()
        try:
            self._inside[me] = False
            while not self._let_in(weights, me):
                time.sleep(_LOOK)
            outputs: np.ndarray = self._program.outputs(as_rows(x))
            return outputs
        finally:
            self._inside.pop(me, None)  # in one go: Ctrl-C cannot come in between, and leave others to wait for us

    def asked_here(self) -> bool:
        """Whether this thread is in the middle of asking, as in the handler of a signal: it cannot wait for itself."""
        return threading.get_ident() in self._inside

    def _let_in(self, weights: list[np.ndarray], me: int) -> bool:
        """Whether it has these weights; it gets them once nobody predicts by others."""
        with self._changing:
            if not self._has(weights):
                if True in self._inside.values():
                    return False
                self._get(weights)
            self._inside[me] = True
            return True

    def _has(self, weights: list[np.ndarray]) -> bool:
        return bool(self._seen) and all(map(np.array_equal, self._seen, weights))

    def _get(self, weights: list[np.ndarray]) -> None:
        self._seen = []  # if this is broken off, it has neither these nor those
        seen = [np.array(value) for value in weights]
        self.assign(seen)
        self._program.push()
        self._seen = seen


def _need_weight(sums: Any) -> None:
    if not np.all(sums):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")  # np.average's, in whose place we are


class _Epoch(Epoch):
    """An epoch whose loss is told as the estimator has it."""

    def __init__(self, trainer: Trainer, program: Any, hooks: CallbackList) -> None:
        super().__init__(program, trainer.compiled, hooks, trainer.model)
        self.trainer = trainer

    def logs(self) -> dict[str, Any]:
        """The mean over rows of their batches' losses."""
        rows, _, loss = self.done
        if self.trainer.averages and self._run is not None:
            penalty = self._run.penalty
            loss = (loss - penalty) / self.trainer.outputs + penalty
        return {"loss": loss / max(1, rows)}


class Trainer(Network):
    """The network that trains, step for step as the estimator's solver would."""

    def __init__(self, estimator: Any, units: Sequence[int], batch: int, seed: int, sparse: bool) -> None:
        super().__init__(estimator, units, weights_of(estimator)[1], trains=True, sparse=sparse)
        self.batch = batch
        self.model._program_seed = seed
        self.compile(solvers.engines(estimator._optimizer), settings.loss_of(estimator, estimator.out_activation_))
        self.outputs = units[-1]
        self._program: Any = None
        self._network()
        self._feed: Any = None  # rows, targets and weights, and the run over them
        self._run: Any = None
        self._weights: Any = None  # if those of a batch may sum to nothing

    def _network(self) -> None:
        """What runs, which callbacks may have had made anew."""
        self._program = self.model._network(self.batch)
        self._program.fit_batch(self.batch, exactly=True)

    def take_all(self, estimator: Any) -> None:
        """Take the estimator's weights, and what its solver remembers."""
        self.take(estimator)
        solvers.take(self.model.optimizer, self.variables, estimator._optimizer)

    def give_all(self, estimator: Any) -> None:
        """Give the estimator what there is after the last whole step."""
        self.give(estimator)
        solvers.give(self.model.optimizer, self.variables, estimator._optimizer, settings.drops(estimator))

    def give_scored(self, estimator: Any) -> None:
        """Give it the weights that an epoch is judged by: those that training would end with."""
        self.give(estimator)
        means = [mean.numpy() for mean in solvers.averages(self.model.optimizer, self.variables)]
        if means:
            estimator.coefs_, estimator.intercepts_ = means[: len(self.dense)], means[len(self.dense) :]

    def end(self) -> None:
        """With averages of weights: let weights become them."""
        optimizer = self.model.optimizer
        for variable, mean in zip(self.variables, solvers.averages(optimizer, self.variables)):
            variable.assign(mean.numpy())

    # ---- epochs

    def see(self, x: Any, y: np.ndarray, weights: Any) -> None:
        """Train on these rows."""
        self._weights = None if weights is None or np.all(weights > 0) else weights
        self._feed = ArrayFeed(as_rows(x), settings.targets(self.compiled.loss, y), weights)

    def see_nothing(self) -> None:
        """Let the rows go."""
        self._feed = self._run = self._weights = None

    def epoch(self, order: np.ndarray | None, hooks: CallbackList) -> tuple[float, int]:
        """One pass over the rows in this order; the mean over rows of their batches' losses, and how many rows."""
        if self._weights is not None:
            weights = self._weights if order is None else self._weights[order]
            _need_weight(np.add.reduceat(weights, np.arange(0, len(weights), self.batch)))
        self._network()
        if self._run is None or self._run.network is not self._program.network:
            self._run = self.compiled.run(self._program, self._feed)
        epoch = _Epoch(self, self._program, hooks)
        epoch.run(self._run, order, self.batch, self._feed)
        return epoch.logs()["loss"], epoch.done[0]


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
        loss = settings.loss_of(estimator, estimator.out_activation_)
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
        _need_weight(self._sum)
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
        return np.float64(loss / self._sum), np.concatenate([slope.ravel() for slope in slopes]) / self._sum


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
