"""What metrics have in common: a name, a state that batches are added to, a result worked out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from fastmlp import _core, initializers
from fastmlp._objects import Configurable, snake_case
from fastmlp._room import claim
from fastmlp._spelling import older_spelling
from fastmlp._validate import brief, title
from fastmlp.autodiff.tensor import constant
from fastmlp.metrics.rows import Array, Rows, by_columns, by_elements, by_labels, by_rows
from fastmlp.variables import Variable

Lowered = tuple[str, tuple[float, ...], Array | None]  # a kernel's name, its parameters, thresholds
_ROWS = {"rows": by_rows, "labels": by_labels, "elements": by_elements, "columns": by_columns}

_names: Counter[str] = Counter()


def forget_names() -> None:
    """Start counting names anew."""
    _names.clear()


class Number(float):
    """A result of one number: a float that has, like the tensor it is in Keras, a method `numpy`."""

    kind = "float32"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The metric's type."""
        return np.dtype(self.kind)

    def numpy(self) -> Any:
        """The number, in the metric's type."""
        return np.dtype(self.kind).type(self)


def as_result(value: Any, dtype: str) -> Any:
    """A result as Keras's scripts take it: of one number a `Number`, of several a tensor."""
    dtype = dtype if dtype.startswith("float") else "float32"  # that of counts is no type for their ratio
    if np.ndim(value):
        return constant(value, dtype)
    number = Number(value)
    number.kind = dtype
    return number


class Metric(Configurable):
    """A quantity followed over batches: `update_state` adds one, `result` tells what they come to.

    `reset_state` forgets them. A metric of your own keeps its state in variables:

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.found = self.add_weight(name="found", initializer="zeros")
    ...
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.found.assign(max(self.found.numpy(), np.max(y_pred)))
    ...
    ...     def result(self):
    ...         return float(self.found.numpy())
    >>> Largest()([1, 2], [0.5, 3.0])
    3.0
    """

    _prefix = "metrics>"
    default_name: ClassVar[str | None] = None  # None: the class's name, counted
    _direction: str | None = None  # "up" or "down": where better results lie

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        given = None if name is None else title(type(self).__name__, name)
        self.name = given or self.default_name or self._counted_name()
        self.dtype = np.dtype("float32" if dtype is None else dtype).name
        self.state: Array = np.zeros(0)
        self._variables: list[Variable] = []

    @classmethod
    def _counted_name(cls) -> str:
        stem = snake_case(cls.__name__)
        _names[stem] += 1
        return stem if _names[stem] == 1 else f"{stem}_{_names[stem] - 1}"

    # ---- what a kind of metric says about itself

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add a batch."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method update_state(y_true, y_pred, "
                                  "sample_weight=None), got none; write it")  # fmt: skip

    def result(self) -> Any:
        """What the batches so far come to: a number, an array of them, or a dict by name."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method result(), got none; write it")

    def lower(self) -> Lowered | None:
        """(kernel, parameters, thresholds) of the C code that adds to `state`; None: only `update_state` can."""
        return None

    @property
    def sparse(self) -> bool:
        """Whether the kernel takes labels, a class for each row, as targets."""
        return False

    def build(self, columns: int) -> None:
        """Make the state for predictions of so many columns."""

    # ---- state

    def add_variable(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str | None = "sum",
        name: str | None = None,
    ) -> Variable:
        """A variable that is part of the state, and 0 (or what the initializer says) at first; a reset makes it 0.

        `aggregation` tells Keras what to do on several devices.
        """
        if not hasattr(self, "_variables"):
            raise RuntimeError(f"{type(self).__name__}: expected super().__init__() before add_variable, got none; "
                               "call it first in __init__")  # fmt: skip
        kind = np.dtype(self.dtype if dtype is None else dtype)
        initial = initializers.get("zeros" if initializer is None else initializer)
        sizes = tuple(shape) if np.ndim(shape) else (int(shape),)
        variable = Variable(initial(sizes, dtype=kind), dtype=kind, name=name or "variable", trainable=False)
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_weight(self, *args: Any, **settings: Any) -> Variable:
        """As `add_variable`, by (shape, initializer, dtype, name); in older scripts the name comes first."""
        order: tuple[str, ...] = ("shape", "initializer", "dtype", "name")
        if args and isinstance(args[0], str):
            older_spelling(f"add_weight: add_weight({args[0]!r}, …) is the older spelling; write name={args[0]!r}")
            order = ("name", "shape", "aggregation", "synchronization", "initializer", "dtype")
        if len(args) > len(order):
            raise TypeError(f"{self.name}: expected at most {len(order)} arguments of add_weight, got {len(args)}; "
                            "name them")  # fmt: skip
        settings = {**dict(zip(order, args)), **settings}
        settings.pop("synchronization", None)
        return self.add_variable(**settings)

    @property
    def variables(self) -> list[Variable]:
        """Those made by `add_variable` or kept as attributes, those of metrics kept as attributes, too."""
        inner = [variable for metric in self._inner() for variable in metric.variables]
        return list({id(variable): variable for variable in [*self._own(), *inner]}.values())

    def _own(self) -> list[Variable]:
        return [*self._variables, *(value for value in vars(self).values() if isinstance(value, Variable))]

    def _inner(self) -> list[Metric]:
        return [value for value in vars(self).values() if isinstance(value, Metric)]

    def reset_state(self) -> None:
        """Forget all batches."""
        self.state[...] = 0
        for variable in self._own():
            variable.assign(np.zeros(variable.shape))
        for metric in self._inner():
            metric.reset_state()

    def reset_states(self) -> None:
        """As `reset_state`, the older spelling."""
        older_spelling("reset_states is the older spelling; write reset_state")
        self.reset_state()

    def merge_state(self, metrics: Iterable[Metric]) -> None:
        """Add what other metrics made alike have seen."""
        if not isinstance(metrics, Iterable):
            raise TypeError(f"{self.name}: expected a list of metrics to merge, got {brief(metrics)}; put it into one")
        others = list(metrics)
        for other in others:
            if type(other) is not type(self):
                raise ValueError(f"{self.name}: expected metrics of class {type(self).__name__} to merge, "
                                 f"got {brief(other)}; make them alike")  # fmt: skip
        sizes = {one.state.size for one in (self, *others) if one.state.size}
        if len(sizes) > 1:
            raise ValueError(f"{self.name}: expected states of as many numbers to merge, got {sorted(sizes)}; make the "
                             "metrics alike")  # fmt: skip
        for other in others:
            if other.state.size:
                self.state = self.state + other.state if self.state.size else other.state.copy()
            for mine, theirs in zip(self.variables, other.variables, strict=True):
                mine.assign_add(theirs.numpy())

    def __repr__(self) -> str:
        ordinary = {"name": self.default_name, "dtype": "float32"}
        config, shown = self.get_config(), []
        for key, argument in self._settings().items():
            if key in config and config[key] not in (argument.default, ordinary.get(key)):
                shown.append(f"{key}={brief(config[key])}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch and tell the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()


class KernelMetric(Metric):
    """A metric whose state is added to in C: by `update_state`, and by networks while they train."""

    kernel: str = ""
    layout: ClassVar[str] = "rows"

    def kernel_params(self) -> tuple[float, ...]:
        """The kernel's parameters in registry order."""
        return ()

    def kernel_thresholds(self) -> Array | None:
        """Thresholds in ascending order, for kernels that have them."""
        return None

    def lower(self) -> Lowered | None:
        """The kernel, its parameters and its thresholds."""
        return self.kernel, self.kernel_params(), self.kernel_thresholds()

    @property
    def sparse(self) -> bool:
        """Whether the kernel takes labels, a class for each row, as targets."""
        return bool(_core.registry("metric")[self.kernel].traits)

    def build(self, columns: int) -> None:
        """Make the state for predictions of so many columns."""
        size = _core.metric_size(self.kernel, self.kernel_params(), self.kernel_thresholds(), columns)
        if not self.state.size:
            claim(self.name, (size,))
            self.state = np.zeros(size)
        elif self.state.size != size:
            raise ValueError(f"{self.name}: expected predictions with as many columns as before, got {columns}; "
                             "make a new metric for another model")  # fmt: skip

    def rows(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Rows:
        """The batch as the kernel takes it."""
        return _ROWS[self.layout](self.name, y_true, y_pred, sample_weight)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions, each sample with its weight."""
        y, p, w = self.rows(y_true, y_pred, sample_weight)
        if p.shape[1] == 0:
            raise ValueError(f"{self.name}: expected predictions of at least one column, got shape {np.shape(y_pred)}; "
                             "reshape them")  # fmt: skip
        self.build(p.shape[1])
        _core.metric_update(self.kernel, self.kernel_params(), self.kernel_thresholds(), self.state, y, p, w)

    def result(self) -> Any:
        """What the batches so far come to."""
        if not self.state.size:
            raise RuntimeError(f"{self.name}: expected a batch before the result, got none; call update_state")
        return as_result(self.work_out(), self.dtype)

    def work_out(self) -> Any:
        """The result, from a state that is there."""
        raise NotImplementedError


def ratio(a: Any, b: Any) -> Array:
    """a / b, and 0 where b is 0."""
    a, b = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    out: Array = np.divide(a, b, out=np.zeros(a.shape), where=b != 0)
    return out
