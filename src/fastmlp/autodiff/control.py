"""What a tape is to take for something else: no gradient, or one of your own."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastmlp._validate import brief
from fastmlp.autodiff.primitive import Primitive, Record, as_tensor, primitive
from fastmlp.autodiff.shapes import concatenate, getitem, reshape, stack
from fastmlp.autodiff.tensor import Tensor, begin, end, recorders

__all__ = ["cond", "copy", "custom_gradient", "map", "stop_gradient", "while_loop"]  # what Keras has of it


@primitive(lambda g, y, x: g)
def copy(x: np.ndarray) -> np.ndarray:
    """The same numbers in a tensor of its own."""
    return x


@primitive(None)
def _stop_gradient(x: np.ndarray) -> np.ndarray:
    return x


def stop_gradient(variable: Any) -> Any:
    """The same numbers, as if they came from nowhere."""
    return _stop_gradient(variable)


# ---- a gradient of your own


class _Variables:
    """Listens for trainable variables that are read."""

    def __init__(self) -> None:
        self.found: dict[int, Any] = {}

    def note(self, record: Any) -> None:
        one = record.inputs[0]
        if record.primitive.name == "read" and one.trainable and one.dtype.kind == "f":
            self.found[id(one)] = one

    def looked(self, tensor: Any) -> None:
        pass


class _Custom(Primitive):
    """A function that gives its results and the function of their gradients."""

    def __init__(self, function: Callable[..., Any]) -> None:
        name = getattr(function, "__name__", "custom")
        super().__init__(name, lambda *arrays, **settings: self.on(arrays, settings)._array, _given, mixed=True)
        self.function, self.definition = function, self._results

    def _results(self, *inputs: Any, **settings: Any) -> Any:
        """Its results alone, several as one row; behind its arguments come the variables that it reads."""
        results, _ = self.function(*[one for one in inputs if isinstance(one, Tensor)], **settings)
        if not isinstance(results, (list, tuple)):
            return as_tensor(results)
        return concatenate([reshape(as_tensor(one), (-1,)) for one in results])

    def on(self, tensors: Any, settings: dict[str, Any]) -> Any:
        watcher = _Variables()
        begin(watcher)
        try:
            results, back = self.function(*tensors, **settings)
        finally:
            end(watcher)
        parts = [as_tensor(r) for r in (results if isinstance(results, (list, tuple)) else [results])]
        if not recorders():
            return results
        with_variables = list(watcher.found.values())
        many = isinstance(results, (list, tuple))
        flat = np.concatenate([p.array.reshape(-1) for p in parts]) if many else parts[0].array
        output = Tensor(flat)
        saved = back, [tuple(p.shape) for p in parts] if many else None, len(tensors), with_variables
        record = Record(self, (*tensors, *with_variables), output, settings, saved)
        for recorder in recorders():
            recorder.note(record)
        if not many:
            return output
        ends = np.cumsum([0, *[p.size for p in parts]])
        return type(results)(
            reshape(getitem(output, slice(int(a), int(b))), p.shape) for a, b, p in zip(ends, ends[1:], parts)
        )


def _given(wanted: Sequence[bool], g: Any, record: Record) -> list[Any]:
    back, shapes, n, variables = record.saved
    if shapes is None:
        gs = [g]
    else:
        ends = np.cumsum([0, *[int(np.prod(s)) for s in shapes]])
        gs = [reshape(getitem(g, slice(int(a), int(b))), s) for a, b, s in zip(ends, ends[1:], shapes)]
    if variables:
        found, of_variables = back(*gs, variables=variables)
    else:
        found, of_variables = back(*gs), []
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    if len(found) != n or len(of_variables) != len(variables):
        raise ValueError(f"custom_gradient: expected {n} gradients, one an argument, got {len(found)} from "
                         f"{brief(back)}; return as many")  # fmt: skip
    return [None if one is None else as_tensor(one) for one in (*found, *of_variables)]


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: f gives its result and a function from the gradient of that to those of its arguments.

    >>> @custom_gradient
    ... def steep(x):
    ...     return x * 1.0, lambda g: g * 100.0
    """
    own = _Custom(f)

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        return own(*args, **kwargs)

    return function


# ---- choices


def _need_functions(where: str, *given: Any) -> None:
    for one in given:
        if not callable(one):
            raise TypeError(f"{where}: expected functions, got {brief(one)}; write lambda: …")


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions gives: the first if it is true."""
    _need_functions("cond", true_fn, false_fn)
    return true_fn() if bool(pred) else false_fn()


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """body over and over, as long as cond holds."""
    _need_functions("while_loop", cond, body)
    several, done = isinstance(loop_vars, (list, tuple)), 0
    state = tuple(loop_vars) if several else (loop_vars,)
    while bool(cond(*state)) and (maximum_iterations is None or done < maximum_iterations):
        found = body(*state)
        state, done = tuple(found) if isinstance(found, (list, tuple)) else (found,), done + 1
    return state if several else state[0]


def map(f: Callable[[Any], Any], xs: Any) -> Any:  # noqa: A001 - Keras's name
    """f of each entry along the first axis, side by side."""
    _need_functions("map", f)
    return stack([f(x) for x in as_tensor(xs)])
