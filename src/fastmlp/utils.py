"""Small helpers under Keras's names: one-hot labels, unit vectors, (x, y, weight) tuples, data by index, a bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp import config
from fastmlp._arrays import numbers, regular
from fastmlp._objects import custom_object_scope, register_serializable
from fastmlp._validate import brief, number, whole
from fastmlp.autodiff.tensor import is_symbolic
from fastmlp.layers import base as layers
from fastmlp.metrics import base as metrics
from fastmlp.models.feeds import split_batch
from fastmlp.models.progress import ProgressLine
from fastmlp.random import set_random_seed
from fastmlp.saving.objects import (
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    serialize_keras_object,
)

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

register_keras_serializable = register_serializable
CustomObjectScope = custom_object_scope


def clear_session(free_memory: bool = True) -> None:
    """Begin automatic names anew: the next `Dense` is ``dense`` again. There is nothing else to clear here."""
    layers.forget_names()
    metrics.forget_names()


def is_keras_tensor(x: Any) -> bool:
    """Whether it is the input or output of a layer in a model that is being put together; of arrays an error."""
    if not (hasattr(x, "shape") and hasattr(x, "dtype")):
        raise ValueError(f"is_keras_tensor: expected a tensor, got {brief(x)}; give one")
    return is_symbolic(x)


def standardize_dtype(dtype: Any) -> str:
    """The name of a type of numbers; None means that of `fastmlp.config.floatx`.

    >>> standardize_dtype(np.float32), standardize_dtype(float), standardize_dtype(None)
    ('float32', 'float32', 'float32')
    """
    if dtype is None or dtype is float:
        return config.floatx()
    try:
        return str(np.dtype("int32" if dtype is int else dtype).name)
    except TypeError:
        raise TypeError(
            f"standardize_dtype: expected the type of numbers, got {brief(dtype)}; 'float32', say"
        ) from None


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Labels 0 … k-1 as rows of a unit matrix: ``result[…, j] = 1 if x[…] == j else 0``.

    Parameters
    ----------
    x
        Labels of any shape; a last axis of length 1 is dropped.
    num_classes
        k; None for the largest label + 1.

    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    labels = regular("to_categorical", x)
    if labels.size and (labels.dtype.kind not in "biuf" or np.any(labels != np.floor(labels))):
        raise TypeError(f"to_categorical: expected whole numbers, got {brief(labels)}; number the classes from 0")
    labels = labels.astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None and not labels.size:
        raise ValueError("to_categorical: expected labels, got none; give num_classes")
    classes = int(labels.max()) + 1 if num_classes is None else whole("to_categorical: num_classes", num_classes)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"to_categorical: expected labels from 0 to {classes - 1}, got {wrong}; "
                         "raise num_classes or number the classes from 0")  # fmt: skip
    result = np.zeros((labels.size, classes))
    result[np.arange(labels.size), labels.ravel()] = 1
    return result.reshape(*labels.shape, classes)


def normalize(x: ArrayLike, axis: int = -1, order: int | float = 2) -> NDArray[Any]:
    """``x / ‖x‖`` along an axis; vectors of length 0 stay as they are.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = numbers("normalize", x)
    if not -array.ndim <= whole("normalize: axis", axis, -64) < array.ndim:
        raise ValueError(f"normalize: expected an axis of {brief(array)}, got {axis}; change axis")
    number("normalize: order", order if order != np.inf else 1, above=0)
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    return np.asarray(array / np.where(norm == 0, norm.dtype.type(1), norm))


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The tuple `fit` understands: x alone (in a tuple if it is one or a list), (x, y) or (x, y, sample_weight)."""
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of what a dataset yields, None where it has none.

    >>> unpack_x_y_sample_weight(("images", "labels"))
    ('images', 'labels', None)
    """
    return split_batch("unpack_x_y_sample_weight", data)


class PyDataset:
    """Data by the number of the batch: subclass it with ``__getitem__(index)`` and ``__len__``, the number of batches.

    For data without end, define `num_batches` to be None instead of ``__len__``. `workers`, `use_multiprocessing` and
    `max_queue_size` are kept for Keras's scripts; batches are made in the calling thread.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...
    ...     def __getitem__(self, index):
    ...         x = np.arange(3) + 3 * index
    ...         return x, x**2
    >>> [y.tolist() for x, y in Squares()]
    [[0, 1, 4], [9, 16, 25]]
    """

    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        """The batch of that number."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method __getitem__(index), got none; "
                                  "define it to return a batch")  # fmt: skip

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None for no end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__}: expected __len__ or num_batches, got neither; "
                                  "define one (a num_batches of None has no end)")  # fmt: skip

    def __iter__(self) -> Iterator[Any]:
        batches = self.num_batches
        return (self[index] for index in (count() if batches is None else range(batches)))

    def on_epoch_begin(self) -> None:
        """Called before each pass of `fit`, of its validation, of `evaluate` and of `predict`."""

    def on_epoch_end(self) -> None:
        """Called after each such pass, unless a callback cut it short."""


Sequence = PyDataset


class Progbar:
    """The progress line for loops of your own.

    On a screen it moves; elsewhere it is printed once, when the target is reached.

    Parameters
    ----------
    target
        How many steps there are; None if nobody knows.
    width
        Of the bar.
    verbose
        0: nothing; 1: a bar; 2: a line at the end.
    interval
        The least number of seconds between two drawings.
    stateful_metrics
        Names of values to show as they are; others are averaged over the steps.
    stateless_metrics
        The other way round: names of the values to average.
    unit_name
        What is counted.

    >>> bar = Progbar(10, verbose=0)
    >>> bar.update(3, [("loss", 0.5)])
    >>> bar.add(7, [("loss", 0.4)])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: expected stateful_metrics or stateless_metrics, got both; leave one out")
        if target is not None:
            whole("Progbar: target", target, 0)
        self.target, self.stateful_metrics = target, set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._line = ProgressLine(verbose=verbose)
        self._line.width, self._line.interval, self._line.unit, self._line.ordered = width, interval, unit_name, False
        self._line.epoch_begin(0, target)
        self._done, self._sums = 0, dict[str, tuple[Any, int]]()

    def update(self, current: int, values: Iterable[tuple[str, Any]] | None = None,
               finalize: bool | None = None) -> None:  # fmt: skip
        """`current` steps are done, with these values since the last time; the last time they are shown as they are."""
        whole("Progbar: current", current, 0)
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            total, count, steps = *self._sums.get(name, (0.0, 0)), max(current - self._done, 1)
            if finalize or self._as_it_is(name):
                total, count, steps = 0.0, 0, 1
            self._sums[name] = total + value * steps, count + steps
        self._done = current
        means = {name: total / count for name, (total, count) in self._sums.items()}
        (self._line.epoch_end if finalize else self._line.update)(current, means)

    def _as_it_is(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name not in self.stateless_metrics
        return name in self.stateful_metrics

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """So many further steps are done."""
        self.update(self._done + n, values)
