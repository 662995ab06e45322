"""Primitive: a function of arrays, with the gradient with respect to each argument."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmlp import config
from fastmlp._arrays import real_array
from fastmlp._objects import register_serializable
from fastmlp._room import borrow, counted
from fastmlp._validate import brief
from fastmlp.autodiff.extents import extent
from fastmlp.autodiff.tensor import Tensor, _array_of, is_formula, is_symbolic, recorders

Vjp = Callable[..., Any]


class Record(NamedTuple):
    """An operation that has been computed."""

    primitive: Primitive
    inputs: tuple[Any, ...]
    output: Tensor
    settings: dict[str, Any]
    saved: Any


class Primitive:
    """A function of arrays that tapes know the gradient of.

    `forward(*arrays, **settings)` gives an array; where `saves` is set, an array and what its backward wants to keep.
    `vjp` holds a function for each argument, ``(g, y, *inputs, **settings)`` to the gradient with respect to it, from
    that with respect to the output: all tensors, and made by operations, so that gradients have gradients. None: there
    is none. Where arguments are any number, or one computation gives several gradients, `vjp` is one function,
    ``(wanted, g, record)``, that gives a list of gradients; those at places that are not `wanted` may be None.
    Arguments are brought to one type unless `mixed` says that they differ in kind, as numbers and positions do.
    `definition`, where there is one, takes the same arguments, tensors, and is made of other operations.
    """

    definition: Callable[..., Any] | None = None

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        vjp: Sequence[Vjp | None] | Vjp,
        saves: bool = False,
        mixed: bool = False,
    ) -> None:
        self.name, self.forward, self.vjp, self.saves, self.mixed = name, forward, vjp, saves, mixed
        self.arguments = () if callable(vjp) else {1: ("x",), 2: ("x1", "x2")}.get(len(vjp), ())  # Keras's words
        self.__doc__, self.__module__ = forward.__doc__, forward.__module__

    def __reduce__(self) -> Any:
        """By the name that a module has for it, if one has: a copy of an operation is the operation."""
        homes = [self.__module__, *(name for name in sys.modules if name.startswith("fastmlp.autodiff."))]
        for home in homes:
            for title, one in list(vars(sys.modules.get(home, sys)).items()):
                if one is self:
                    return _named, (home, title)
        return Primitive, (self.name, self.forward, self.vjp, self.saves, self.mixed)

    def __call__(self, *inputs: Any, **settings: Any) -> Any:
        """A tensor, from whatever has numbers; where one of them is to come, a symbolic one."""
        if settings and any(word in settings for word in self.arguments):
            inputs = (*inputs, *[settings.pop(word) for word in self.arguments[len(inputs) :]])
        for value in inputs:
            if is_symbolic(value):
                return value.__symbolic__(self, inputs, settings)
        return self.on(tuple(as_tensor(v) for v in inputs) if self.mixed else as_tensors(*inputs), settings)

    def on(self, tensors: tuple[Tensor, ...], settings: dict[str, Any]) -> Tensor:
        """Computed for tensors as they are."""
        if counted():  # for a model that is being read
            arrays = tuple(t._array for t in tensors)
            borrow(self.name, (extent(f"{self.forward.__module__.rpartition('.')[2]}.{self.name}", arrays, settings),))
        with np.errstate(all="ignore"):  # numbers out of a function's domain are NaN or infinite, and that says enough
            try:
                found = self.forward(*[t._array for t in tensors], **settings)
            except (TypeError, ValueError, IndexError) as error:
                if (refused := self._refused(error, tensors)) is error:
                    raise  # from itself, it would be its own cause, at which programs that look for the first one hang
                raise refused from error
        found, saved = found if self.saves else (found, None)
        output = Tensor(found)
        listeners = recorders()
        if listeners:
            record = Record(self, tensors, output, settings, saved)
            for recorder in listeners:
                recorder.note(record)
        return output

    def _refused(self, error: Exception, tensors: Sequence[Tensor]) -> Exception:
        """The error in our words, if it is in NumPy's."""
        text, arrays = str(error), [t._array for t in tensors]
        if "could not be broadcast together" in text:
            shapes = " and ".join(str(array.shape) for array in arrays)
            return ValueError(f"{self.name}: expected shapes whose axes, from the last one on, are alike or 1, got "
                              f"{shapes}; reshape one, or add an axis by [:, None]")  # fmt: skip
        if ": expected " in text and ", got " in text:
            return error
        kinds = np.linalg.LinAlgError, ValueError, TypeError
        kind = next((kind for kind in kinds if isinstance(error, kind)), IndexError)
        return kind(f"{self.name}: expected arguments that fit each other, got {' and '.join(map(brief, arrays))}: "
                    f"{text}; reshape or convert them, or change the settings")  # fmt: skip

    def gradients(self, wanted: Sequence[bool], g: Tensor, record: Record) -> list[Any]:
        """Those with respect to the arguments that are wanted."""
        if callable(self.vjp):
            return list(self.vjp(wanted, g, record))
        return [
            vjp(g, record.output, *record.inputs, **record.settings) if want and vjp is not None else None
            for want, vjp in zip(wanted, self.vjp, strict=True)
        ]

    def __repr__(self) -> str:
        return f"<Primitive {self.name}>"


def _named(home: str, title: str) -> Any:
    return getattr(importlib.import_module(home), title)


def primitive(*vjps: Vjp | None, mixed: bool = False) -> Callable[[Callable[..., Any]], Primitive]:
    """Decorator: the function of arrays below is a primitive with these gradients, one an argument."""
    return lambda forward: _known(Primitive(forward.__name__.strip("_"), forward, vjps, mixed=mixed))


def primitive_of_many(vjp: Vjp, saves: bool = False) -> Callable[[Callable[..., Any]], Primitive]:
    """Decorator: the function of arrays below is a primitive whose gradients are found together."""
    return lambda forward: _known(Primitive(forward.__name__.strip("_"), forward, vjp, saves))


def _known(operation: Primitive) -> Primitive:
    """The operation; one of fastmlp's may be named in files, as the activation of a layer for one."""
    package, _, module = operation.__module__.rpartition(".")
    if package == "fastmlp.autodiff":
        register_serializable("operations", f"{module}.{operation.forward.__name__}")(operation)
    return operation


# ---- from what users give to tensors


def as_tensor(value: Any, dtype: Any = None) -> Any:
    """A tensor of anything that has numbers; variables are read so that tapes see it, symbolic ones stay."""
    if is_symbolic(value):
        return value
    if not isinstance(value, Tensor):
        value = value.__tensor__() if hasattr(value, "__tensor__") else _tensor_of(value, dtype)
    return value if dtype is None or value.dtype == dtype else cast(value, dtype=np.dtype(dtype))


def _tensor_of(value: Any, dtype: Any) -> Tensor:
    """A tensor with an array of its own: that of others may be written later, a tensor stays as it is."""
    array = _array_of(_plain(value), dtype)
    return Tensor(array.copy() if array is value or array.base is not None else array)


def real_tensor(where: str, value: Any, dtype: Any = None) -> Any:
    """A tensor of `dtype`; without one float32 and float64 are kept as that, and all else becomes float32."""
    if not is_formula(value):
        value = Tensor(real_array(where, value) if dtype is None else _reals(where, value).astype(dtype, copy=False))
    tensor = as_tensor(value, dtype)
    return tensor if tensor.dtype in (np.float32, np.float64) else as_tensor(tensor, np.float32)


def _reals(where: str, value: Any) -> np.ndarray:
    array = np.asarray(_plain(value))
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{where}: expected real numbers, got {brief(value)}; convert it to float32")
    return array


def _plain(value: Any) -> Any:
    """Lists with tensors in them as lists of numbers."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.numpy() if hasattr(value, "__tensor__") or isinstance(value, Tensor) else value


def as_tensors(*values: Any) -> tuple[Tensor, ...]:
    """Operands of one operation, in one type: Python's numbers take that of the others, ints that of floats."""
    if len(values) == 1:
        return (as_tensor(values[0]),)
    given = [None if isinstance(v, (bool, int, float)) else as_tensor(v) for v in values]
    dtypes = {t.dtype for t in given if t is not None}
    if len(dtypes) == 1 and all(t is not None for t in given):
        return tuple(given)  # type: ignore[arg-type]
    dtype = common_dtype(dtypes, [v for v, t in zip(values, given) if t is None])
    return tuple(
        Tensor(np.asarray(v, dtype)) if t is None else as_tensor(v if isinstance(v, (list, tuple)) else t, dtype)
        for v, t in zip(values, given)
    )


def common_dtype(dtypes: set[np.dtype[Any]], numbers: Sequence[Any] = ()) -> np.dtype[Any]:
    """The type that holds them all: the widest float; an int beside a float counts for nothing."""
    floats = [d for d in dtypes if d.kind == "f"]
    if floats:
        return np.result_type(*floats)
    if any(isinstance(n, float) for n in numbers):
        return np.dtype(config.floatx())
    if dtypes and any(not isinstance(n, bool) for n in numbers) and all(d.kind == "b" for d in dtypes):
        return np.dtype(np.int32)
    if dtypes:
        return np.result_type(*dtypes)
    return np.result_type(*[_array_of(n) for n in numbers])


def _cast(x: np.ndarray, dtype: Any) -> np.ndarray:
    """Numbers as another type."""
    if x.dtype.kind not in "biufc" and np.dtype(dtype).kind in "biufc":
        raise TypeError(f"cast: expected numbers, got {brief(x)}; convert them with astype")
    return x.astype(dtype)


def _cast_back(g: Tensor, y: Tensor, x: Tensor, dtype: Any) -> Any:
    return as_tensor(g, x.dtype) if x.dtype.kind == "f" and y.dtype.kind == "f" else None


cast = Primitive("cast", _cast, [_cast_back])
