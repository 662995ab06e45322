"""Variables: the weights of layers. A network that trains holds them; a variable knows which, and reads there."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastmlp._validate import brief
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.reading import read
from fastmlp.autodiff.tensor import Operators, Shape, Tensor


class Holder(Protocol):
    """What keeps the newest value of a variable in a form of its own."""

    def read(self, variable: Variable) -> np.ndarray:
        """A copy of the value."""


class Variable(Operators):
    """A named array. `numpy` copies it out, `assign` writes it.

    Several networks may hold copies of one variable (a layer in two models): `holder` names the one whose copy is the
    newest, None that it is the variable's own array; either is kept, never both. `version` counts changes, so that the
    others see theirs is old; `changes` counts those of all variables, so that a network whose copies are all new can
    tell by one comparison.
    """

    changes = 0

    def __init__(
        self,
        value: ArrayLike,
        *,
        dtype: DTypeLike | None = None,
        name: str = "variable",
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        array = np.array(as_tensor(value).array, dtype)
        self._newest: np.ndarray | Holder = array
        self._tensor: Tensor | None = None  # of that array, once it has been an operand
        self.shape, self.dtype = Shape(array.shape), array.dtype
        self.name, self.trainable = name, trainable
        self.regularizer, self.constraint = regularizer, constraint
        self.path = name
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
            return read(self, Tensor(newest.read(self)))
        if self._tensor is None or self._tensor.array is not newest:  # an array of its own is replaced, never written
            self._tensor = Tensor(newest)
        return read(self, self._tensor)

    def assign(self, value: Any) -> Variable:
        """Write other numbers of the same shape."""
        array = np.asarray(value.numpy() if isinstance(value, Variable) else value)
        if array.shape != self.shape:
            raise ValueError(f"{self.path}: expected shape {self.shape}, got {brief(array)}; reshape it")
        self._move(array.astype(self.dtype))  # always a copy
        return self

    def assign_add(self, value: ArrayLike) -> Variable:
        """Add to it."""
        return self.assign(self.numpy() + value)

    def assign_sub(self, value: ArrayLike) -> Variable:
        """Subtract from it."""
        return self.assign(self.numpy() - value)

    def held_by(self, holder: Holder) -> None:
        """Its newest value is with `holder` from now on."""
        self._move(holder)

    def _move(self, newest: np.ndarray | Holder) -> None:
        self._newest = newest
        self.version += 1
        Variable.changes += 1

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self.numpy().astype(dtype or self.dtype, copy=False)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype.name}, value={self.numpy()}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__, _newest=self.numpy(), _tensor=None)
        memo[id(self)] = copy
        return copy

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_newest": self.numpy(), "_tensor": None}
