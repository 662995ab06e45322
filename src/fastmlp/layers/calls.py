"""Calls: a layer, or a model, given arrays, tensors, or what is to come."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from fastmlp._validate import brief
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.tensor import Tensor, is_symbolic, listening
from fastmlp.layers.symbolic import Node
from fastmlp.layers.tracing import current


class _Within(threading.local):
    """The call that this thread is in."""

    def __init__(self) -> None:
        self.depth = 0
        self.training = False
        self.names: tuple[str, ...] = ()


_within = _Within()


@contextmanager
def calling(training: bool | None, name: str) -> Iterator[bool]:
    """Within a call of what has that name: in training as said, or as the call around it is."""
    before, names = _within.training, _within.names
    _within.training = before if training is None else bool(training)
    _within.depth += 1
    _within.names = (*names, name)
    try:
        yield _within.training
    finally:
        _within.depth -= 1
        _within.training, _within.names = before, names


def outermost() -> bool:
    """Whether no layer is being called on this thread."""
    return _within.depth == 0


def calls_around() -> tuple[str, ...]:
    """The names of what is being called on this thread, the outermost first."""
    return _within.names


@lru_cache(maxsize=256)
def _takes_training(call: Callable[..., Any]) -> bool:
    parameters = inspect.signature(call).parameters
    return "training" in parameters or any(p.kind == p.VAR_KEYWORD for p in parameters.values())


def mapped(apply: Callable[[Any], Any], tree: Any) -> Any:
    """A structure of arrays with each of them changed; what is no array stays."""
    if isinstance(tree, Mapping):
        return {key: mapped(apply, value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)) and not _is_rows(tree):
        return type(tree)(mapped(apply, value) for value in tree)
    return tree if tree is None or isinstance(tree, (str, bool)) else apply(tree)


def _is_rows(tree: Any) -> bool:
    """Whether lists are those of numbers."""
    while isinstance(tree, (list, tuple)) and tree:
        tree = tree[0]
    return isinstance(tree, (bool, int, float, np.number))


def leaves(tree: Any) -> Iterator[Any]:
    """The arrays of a structure."""
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from leaves(value)
    elif isinstance(tree, (list, tuple)) and not _is_rows(tree):
        for value in tree:
            yield from leaves(value)
    elif tree is not None:
        yield tree


class Calls:
    """What can be called with inputs: an array, or whatever structure of them its `call` takes first."""

    name: str
    built: bool
    input_shape: Any
    output_shape: Any

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """Its output for rows, a tensor; for `Input` and what is made of it, a step of a model to be."""
        if any(is_symbolic(one) for one in leaves((args, settings))):
            return Node(self, args, settings).outputs
        inputs, args, settings = self._inputs(args, settings)
        training = settings.pop("training", None)
        inputs = self._check_inputs(mapped(self._as_input, inputs))
        if outermost():
            self.clear_losses()  # type: ignore[attr-defined]
        with calling(training, self.name) as now:
            if not self.built:
                self.build(mapped(_shape_of, inputs))  # type: ignore[attr-defined]
            if _takes_training(type(self).call):  # type: ignore[attr-defined]
                settings["training"] = now
            trace = current()
            if trace is not None and not self.has_own_call():  # type: ignore[attr-defined]
                if "training" in settings:
                    settings["training"] = False  # which moves nothing
                with listening():  # its operations are known
                    outputs = self.call(inputs, *args, **settings)  # type: ignore[attr-defined]
                trace.called(self, inputs, outputs, now)
                return outputs
            outputs = self._after_call(self.call(inputs, *args, **settings))  # type: ignore[attr-defined]
        if outputs is None:
            raise TypeError(f"{self.name}: expected call to return its output, got None; end it with return")
        if self.output_shape is None and isinstance(outputs, Tensor) and outputs.ndim:
            self.output_shape = (None, *outputs.shape[1:])
        return outputs

    def called_alone(self, x: Tensor, training: bool) -> Any:
        """What `call` makes of a tensor, and nothing around it."""
        with calling(training, self.name) as now:
            settings = {"training": now} if _takes_training(type(self).call) else {}  # type: ignore[attr-defined]
            return self.call(x, **settings)  # type: ignore[attr-defined]

    def _inputs(self, args: tuple[Any, ...], settings: dict[str, Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """The first argument of `call`, by position or by name, and the others."""
        if args:
            return args[0], args[1:], dict(settings)
        first = next(iter(list(inspect.signature(type(self).call).parameters)[1:]), "inputs")  # type: ignore[attr-defined]
        if first not in settings:
            raise TypeError(f"{self.name}: expected inputs, got none; give an array of rows")
        return settings[first], (), {key: value for key, value in settings.items() if key != first}

    def _as_input(self, value: Any) -> Any:
        """A tensor, floats in the type the weights are of."""
        if isinstance(value, Calls):
            raise TypeError(f"{self.name}: expected an array, got the layer '{value.name}'; call it on Input(shape=…), "
                            "or put both into Sequential([…])")  # fmt: skip
        tensor = as_tensor(value)
        if tensor.dtype.kind not in "fiub":
            raise TypeError(f"{self.name}: expected numbers, got {brief(tensor)}; convert them")
        return as_tensor(tensor, self.variable_dtype) if tensor.dtype.kind == "f" else tensor  # type: ignore[attr-defined]

    def _check_inputs(self, inputs: Any) -> Any:
        return inputs

    def _after_call(self, outputs: Any) -> Any:
        return outputs


def _shape_of(tensor: Any) -> tuple[int | None, ...]:
    return (None, *tensor.shape[1:]) if tensor.ndim else ()
