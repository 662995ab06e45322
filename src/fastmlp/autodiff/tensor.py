"""Tensor: an array that cannot change, whose history a tape may write down."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from fastmlp import config
from fastmlp._arrays import regular, type_of_numbers
from fastmlp._validate import brief, whole


class Shape(tuple[Any, ...]):
    """A shape, with the words that TensorFlow has for it."""

    def as_list(self) -> list[int | None]:
        """Its axes in a list."""
        return list(self)

    @property
    def rank(self) -> int:
        """How many axes."""
        return len(self)

    ndims = rank

    def num_elements(self) -> int:
        """How many elements."""
        return int(np.prod(self, dtype=np.int64))

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return Shape(found) if isinstance(key, slice) else found


class Recorder(Protocol):
    """Who wants to know of each operation: a tape, or a trace."""

    def note(self, record: Any) -> None:
        """An operation has been computed."""

    def looked(self, tensor: Any) -> None:
        """Python has seen the numbers of a tensor, and may do something else for others."""


class _Active(threading.local):
    def __init__(self) -> None:
        self.recorders: tuple[Recorder, ...] = ()


_active = _Active()


def recorders() -> tuple[Recorder, ...]:
    """Those that listen to this thread now."""
    return _active.recorders


@contextmanager
def listening(*those: Recorder) -> Iterator[None]:
    """Within, these alone listen to this thread."""
    before, _active.recorders = _active.recorders, those
    try:
        yield
    finally:
        _active.recorders = before


def begin(recorder: Recorder) -> None:
    """Let it listen from now on."""
    _active.recorders = (*_active.recorders, recorder)


def end(recorder: Recorder) -> None:
    """Let it listen no more."""
    _active.recorders = tuple(r for r in _active.recorders if r is not recorder)


_OPERATORS: dict[str, Callable[..., Any]] = {}  # by name; `operators` fills it


def operators(**functions: Callable[..., Any]) -> None:
    """Say what the operators of tensors and variables do."""
    _OPERATORS.update(functions)


def _forward(name: str) -> Callable[..., Any]:
    return lambda self, *others: _OPERATORS[name](self, *others)


def _reflected(name: str) -> Callable[..., Any]:
    return lambda self, other: _OPERATORS[name](other, self)


class Operators:
    """The operators of what can stand in a formula."""

    __slots__ = ()
    __array_priority__ = 1000.0  # so that array + tensor asks the tensor

    for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
        locals()[f"__{_name}__"] = _forward(_name)
        locals()[f"__r{_name}__"] = _reflected(_name)
    for _name in ("neg", "abs", "lt", "le", "gt", "ge", "getitem", "and", "or", "xor", "invert"):
        locals()[f"__{_name}__"] = _forward(_name)
    del _name

    def __pos__(self) -> Any:
        return self

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:  # type: ignore[attr-defined]
            raise TypeError("iteration: expected a tensor with axes, got a single number; take it as it is")
        if self.shape[0] is None:  # type: ignore[attr-defined]
            raise TypeError("iteration: expected a tensor of so many rows, got one whose rows are to come; take parts "
                            "of it along other axes")  # fmt: skip
        return (self[i] for i in range(self.shape[0]))  # type: ignore[attr-defined, index]


class Tensor(Operators):
    """An array of numbers that stays as it is; operations on tensors make new ones.

    Inside ``with GradientTape()`` they are written down, so that gradients can be worked out.

    >>> x = Tensor(np.float32([1, 2]))
    >>> (x * x + 1).numpy().tolist()
    [2.0, 5.0]
    """

    __slots__ = ("__weakref__", "_array")

    def __init__(self, array: Any) -> None:
        self._array: np.ndarray = np.asarray(array)

    @property
    def array(self) -> np.ndarray:
        """Its numbers, to read and not to write, by code that does the same whatever they are."""
        return self._array

    @property
    def shape(self) -> Shape:
        """Its axes."""
        return Shape(self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its numbers."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """How many axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """How many numbers."""
        return self._array.size

    def get_shape(self) -> Shape:
        """Its axes."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Nothing, but see that it is of this shape."""
        fits = len(shape) == self.ndim and all(n in (None, m) for n, m in zip(shape, self.shape, strict=True))
        if not fits:
            raise ValueError(f"set_shape: expected {tuple(self.shape)}, which it has, got {tuple(shape)}; reshape it")

    def numpy(self) -> Any:
        """Its numbers: a copy, or a NumPy number if it has no axes."""
        self._look()
        return self._array[()] if self._array.ndim == 0 else self._array.copy()

    def item(self) -> Any:
        """Its one number, as Python has it."""
        self._look()
        return self._array.item()

    def tolist(self) -> Any:
        """Its numbers in lists."""
        self._look()
        return self._array.tolist()

    def _look(self) -> None:
        for recorder in _active.recorders:
            recorder.looked(self)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        self._look()
        return self._array.astype(dtype or self._array.dtype, copy=copy is not False)

    def _one(self, kind: Callable[[Any], Any]) -> Any:
        self._look()
        if self._array.size != 1:
            raise TypeError(f"{kind.__name__}: expected a tensor of one number, got shape {tuple(self.shape)}; reduce "
                            "it first")  # fmt: skip
        return kind(self._array.reshape(())[()])

    def __bool__(self) -> bool:
        return bool(self._one(bool))

    def __float__(self) -> float:
        return float(self._one(float))

    def __int__(self) -> int:
        return int(self._one(int))

    def __index__(self) -> int:
        self._look()
        return self._array.__index__()

    def __round__(self, digits: int = 0) -> float:
        return round(float(self), digits)

    def __format__(self, spec: str) -> str:
        return format(self.numpy() if self.ndim == 0 else str(self), spec)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len: expected a tensor with axes, got a single number; it has no length")
        return len(self._array)

    def __eq__(self, other: Any) -> Any:
        return _OPERATORS["eq"](self, other) if _may_equal(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return _OPERATORS["ne"](self, other) if _may_equal(other) else NotImplemented

    __hash__ = object.__hash__

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("tensor[…] = …: expected a Variable, got a tensor, which stays as it is; make a new one with "
                        "where or concat, or an array of it with .numpy()")  # fmt: skip

    def __str__(self) -> str:
        text = str(self._array)
        return f"tf.Tensor({_placed(text)}, shape={_shown(self.shape)}, dtype={self.dtype})"

    def __repr__(self) -> str:
        text = repr(self._array) if self._array.ndim else str(self._array)
        return f"<tf.Tensor: shape={_shown(self.shape)}, dtype={self.dtype}, numpy={_placed(text)}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return Tensor(self._array.copy())

    def __reduce__(self) -> tuple[Any, ...]:
        return Tensor, (self._array,)


def _placed(text: str) -> str:
    """Numbers of several lines begin on one of their own."""
    return "\n" + text if "\n" in text else text


def _shown(shape: Any) -> str:
    return str(tuple(shape))


def _may_equal(other: Any) -> bool:
    """Whether it has numbers to compare with."""
    return isinstance(other, (Operators, np.ndarray, np.generic, int, float, list, tuple))


def is_symbolic(value: Any) -> bool:
    """Whether it stands for numbers that are to come: `Input`, and what layers make of it."""
    return hasattr(value, "__symbolic__")


def is_formula(value: Any) -> bool:
    """Whether operations on it are to make tensors."""
    return isinstance(value, Operators)


def constant(value: Any, dtype: DTypeLike | None = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor of these numbers: Python's floats become float32, its ints int32; arrays keep their type.

    >>> constant([1.0, 2.0]).dtype.name, constant(2).dtype.name
    ('float32', 'int32')
    """
    if isinstance(value, Tensor) and dtype is None and shape is None:
        return value
    array = _array_of(value, None if dtype is None else type_of_numbers("constant", dtype))
    if shape is not None:
        shape = tuple(whole("constant: shape", n, 0) for n in (shape if np.ndim(shape) else [shape]))
        if array.size not in (1, math.prod(shape)):
            raise ValueError(f"constant: expected {math.prod(shape)} numbers for shape {shape}, or one, got "
                             f"{brief(array)}; change shape")  # fmt: skip
        array = np.broadcast_to(array, tuple(shape)) if array.size == 1 else array.reshape(tuple(shape))
    return Tensor(array.copy())


def _array_of(value: Any, dtype: DTypeLike | None = None) -> np.ndarray:
    """As `constant` reads it."""
    if isinstance(value, Tensor):
        return value.array if dtype is None else value.array.astype(dtype)
    array = regular("tensor", value)
    if array.dtype.kind not in "biufUSc":
        raise TypeError(f"tensor: expected numbers, got {brief(value)}; make an array of one type of it")
    if dtype is not None and array.dtype.kind in "US" and np.dtype(dtype).kind not in "US":
        raise TypeError(f"tensor: expected numbers, got {brief(value)}; convert them with astype")
    if dtype is not None:  # at once, so that 0.1 as float64 is not that of float32
        return array.astype(dtype)
    number = isinstance(value, float)  # as a metric's result is, which has a type, too
    if _has_type(value):
        return array.astype(value.dtype) if number else array
    if array.dtype.kind == "f":
        return array.astype(config.floatx())
    if array.dtype == np.int64 and (not array.size or (abs(array) < 2**31).all()):
        return array.astype(np.int32)
    return array


def _has_type(value: Any) -> bool:
    """Whether numbers say of themselves which type they are of, as Python's do not."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return hasattr(value, "dtype")
