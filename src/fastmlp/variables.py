"""Variables: the weights of layers. A network that trains holds them; a variable knows which, and reads there."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from fastmlp._arrays import numbers
from fastmlp._validate import brief, flag, title
from fastmlp.autodiff.making import dtype_named
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.reading import read
from fastmlp.autodiff.tensor import Operators, Shape, Tensor


class Holder(Protocol):
    """What keeps the newest value of a variable in a form of its own."""

    def read(self, variable: Variable) -> np.ndarray:
        """A copy of the value."""


class _Moves(threading.local):
    """What variables held before this thread wrote into them, where that is to be undone; None: nowhere."""

    noted: dict[int, tuple[Variable, np.ndarray | Holder]] | None = None


_moves = _Moves()


@contextmanager
def undoing() -> Iterator[Callable[[], None]]:
    """Within, what this thread writes into variables can be undone, by calling what this gives.

    >>> w = Variable([1.0, 2.0])
    >>> with undoing() as undo:
    ...     _ = w.assign([0.0, 0.0])
    ...     undo()
    >>> w.numpy().tolist()
    [1.0, 2.0]
    """
    outer = _moves.noted
    _moves.noted = noted = dict[int, tuple[Variable, np.ndarray | Holder]]()

    def undo() -> None:
        for variable, newest in noted.values():
            variable._move(newest)  # an array of its own is replaced, never written: it is what it was

    try:
        yield undo
    finally:
        _moves.noted = outer
        if outer is not None:
            for key, move in noted.items():
                outer.setdefault(key, move)


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Within, an exception undoes what this thread has written into variables."""
    with undoing() as undo:
        try:
            yield
        except BaseException:
            undo()
            raise


class Value(Tensor):
    """What a variable holds. Called, as TensorFlow 1 had it, it gives itself."""

    __slots__ = ()

    def __call__(self) -> Value:
        """Itself."""
        return self


class Variable(Operators):
    """A named array. `numpy` copies it out, `assign` writes it; in a formula it stands for what it holds.

    Several networks may hold copies of one variable (a layer in two models): `holder` names the one whose copy is the
    newest, None that it is the variable's own array; either is kept, never both. `version` counts changes, so that the
    others see theirs is old; `changes` counts those of all variables, so that a network whose copies are all new can
    tell by one comparison.

    Parameters
    ----------
    initial_value
        What it holds at first: numbers, or a function that gives them, called with `shape` and `dtype` if there is a
        shape.
    trainable
        Whether tapes follow it by themselves and optimizers change it.
    validate_shape
        For scripts that have it; a variable keeps its shape.

    Examples
    --------
    >>> w = Variable([1.0, 2.0])
    >>> w.assign_add([0.5, 0.5]).numpy().tolist(), (w * 2).numpy().tolist()
    ([1.5, 2.5], [3.0, 5.0])
    """

    changes = 0

    def __init__(
        self,
        initial_value: Any,
        trainable: bool | None = True,
        validate_shape: bool = True,
        *,
        dtype: Any = None,
        name: str | None = None,
        shape: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        kind = None if dtype is None else dtype_named(dtype)
        value = initial_value
        if callable(value) and not isinstance(value, Tensor):
            value = value() if shape is None else value(tuple(shape), dtype=kind)
        array = np.array(as_tensor(value, kind).array)
        if shape is not None and array.shape != tuple(shape):
            raise ValueError(f"Variable: expected a value of shape {tuple(shape)}, got {array.shape}; leave out shape")
        self._newest: np.ndarray | Holder = array
        self._tensor: Tensor | None = None  # of that array, once it has been an operand
        self.shape, self.dtype = Shape(array.shape), array.dtype
        self.name = title("Variable", name) if name else "variable"
        self.trainable = trainable is None or flag("Variable: trainable", trainable)
        self.regularizer, self.constraint = regularizer, constraint
        self.path = self.name
        self.version = 0
        Variable.changes += 1

    @property
    def holder(self) -> Holder | None:
        """The network whose copy is the newest."""
        return None if isinstance(self._newest, np.ndarray) else self._newest

    @property
    def value(self) -> Tensor:
        """What it holds now, as a tensor."""
        return self.__tensor__()

    def read_value(self) -> Tensor:
        """What it holds now, as a tensor."""
        return self.__tensor__()

    def get_shape(self) -> Shape:
        """Its axes."""
        return self.shape

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """How many axes."""
        return len(self.shape)

    def numpy(self) -> np.ndarray:
        """A copy of what it holds now."""
        newest = self._newest
        return newest.copy() if isinstance(newest, np.ndarray) else newest.read(self)

    def __tensor__(self) -> Tensor:
        """What it holds now, as an operand; tapes note that it was read."""
        newest = self._newest
        if not isinstance(newest, np.ndarray):
            return read(self, Value(newest.read(self)))
        if self._tensor is None or self._tensor.array is not newest:  # an array of its own is replaced, never written
            self._tensor = Value(newest)
        return read(self, self._tensor)

    def assign(self, value: Any) -> Variable:
        """Write other numbers of the same shape: of an array, a tensor, another variable."""
        array = numbers(self.path, value) if self.dtype.kind in "biuf" else np.asarray(value)
        if array.shape != self.shape:
            raise ValueError(f"{self.path}: expected shape {self.shape}, got {brief(array)}; reshape it")
        self._move(array.astype(self.dtype))  # always a copy
        return self

    def assign_add(self, value: Any) -> Variable:
        """Add to it."""
        return self.assign(self.numpy() + self._spread(value))

    def assign_sub(self, value: Any) -> Variable:
        """Subtract from it."""
        return self.assign(self.numpy() - self._spread(value))

    def _spread(self, value: Any) -> np.ndarray:
        array = numbers(self.path, value)
        try:
            return np.broadcast_to(array, self.shape)
        except ValueError:
            raise ValueError(f"{self.path}: expected shape {self.shape}, or one that spreads over it, got "
                             f"{brief(array)}; reshape it") from None  # fmt: skip

    def held_by(self, holder: Holder) -> None:
        """Its newest value is with `holder` from now on."""
        self._move(holder)

    def _move(self, newest: np.ndarray | Holder) -> None:
        if _moves.noted is not None:
            _moves.noted.setdefault(id(self), (self, self._newest))
        self._newest = newest
        self.version += 1
        Variable.changes += 1

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self.numpy().astype(dtype or self.dtype, copy=False)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(f"{self.path}[…] = …: expected assign, got an item to set; take array = v.numpy(), change it, "
                        "and call v.assign(array)")  # fmt: skip

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype.name}, value={self.numpy()}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__, _newest=self.numpy(), _tensor=None)
        memo[id(self)] = copy
        return copy

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_newest": self.numpy(), "_tensor": None}
