"""Tracing: what a call of one's own computes, as operations of a program, where they are such.

The call is run on zeros and its operations are noted. If each takes what the one before it gave, and the engine has it,
the layer can be part of a program in C. Else it runs by the tape, and NotLowered says why.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

import numpy as np

from fastmlp._objects import NotLowered
from fastmlp._room import borrow
from fastmlp.autodiff.primitive import Record
from fastmlp.autodiff.reading import READ
from fastmlp.autodiff.tensor import Tensor, listening

Operation = dict[str, Any]

# Primitives that are an activation of the engine, by name.
_ACTIVATIONS = {"relu": "relu", "relu6": "relu6", "sigmoid": "sigmoid", "tanh": "tanh", "exp": "exponential",
                "softplus": "softplus"}  # fmt: skip


class _Current(threading.local):
    trace: Trace | None = None


_current = _Current()


def current() -> Trace | None:
    """The trace that this thread is in."""
    return _current.trace


class Trace:
    """Follows one tensor through a call, as a recorder of all operations."""

    def __init__(self, layer: Any, x: Tensor, training: bool) -> None:
        self.where, self.at, self.training = layer.name, x, training
        self.frozen = {id(v) for v in layer.weights} - {id(v) for v in layer.trainable_weights}
        self.operations: list[Operation] = []
        self.read: dict[int, Any] = {}  # variables, by the id of the tensor that was read
        self.made = {id(x)}  # what operations have made of x: ids
        self.kept: list[Any] = [x]  # so that ids stay theirs

    def refuse(self, why: str) -> NotLowered:
        """The answer that it is no chain of operations the engine has."""
        return NotLowered(f"the call of the layer '{self.where}' {why}")

    def looked(self, tensor: Any) -> None:
        """Python may do otherwise for other numbers."""
        if id(tensor) in self.made:
            raise self.refuse("looks at the numbers it is given")

    def called(self, layer: Any, inputs: Any, outputs: Any, training: bool) -> None:
        """A layer of fastmlp inside has been called."""
        if training is not self.training:
            raise self.refuse(f"says itself when '{layer.name}' is in training")
        if inputs is not self.at:
            raise self.refuse(f"gives '{layer.name}' something else than the output before it")
        frozen = {} if layer.trainable else {"frozen": True}
        self.operations += [{**operation, **frozen} for operation in layer.engine_operations()]
        self._goes_on(outputs)

    def note(self, record: Record) -> None:
        """An operation has been computed."""
        self.kept.append(record)
        if record.primitive is READ:
            self.read[id(record.output)] = record.inputs[0]
            return
        if not any(id(t) in self.made for t in record.inputs):
            if any(id(t) in self.read for t in record.inputs):
                raise self.refuse(f"computes with weights alone ({record.primitive.name})")
            return  # a constant
        operation = self._operation(record)
        if operation is not None:
            self.operations.append(operation)
        self._goes_on(record.output)

    def _goes_on(self, output: Any) -> None:
        self.made.add(id(output))
        self.kept.append(output)
        self.at = output

    def _operation(self, record: Record) -> Operation | None:
        name, inputs, settings = record.primitive.name, record.inputs, record.settings
        if sum(t is self.at for t in inputs) != 1 or any(id(t) in self.made for t in inputs if t is not self.at):
            raise self.refuse(f"is no chain: {name} takes more than the output before it")
        others = [t for t in inputs if t is not self.at]
        if name == "matmul" and inputs[0] is self.at:
            return self._product(others[0])
        if name == "dense" and inputs[0] is self.at:
            return self._dense(record)
        if name in ("add", "subtract", "multiply", "divide"):
            return self._affine(name, inputs, others[0])
        if name == "activation":
            return {"op": "activation", "name": settings["name"], "params": settings["params"]}
        if name == "row_activation":
            return {"op": "row_activation", "name": settings["name"], "params": ()}
        if name in _ACTIVATIONS and not others and not settings:
            return {"op": "activation", "name": _ACTIVATIONS[name], "params": ()}
        raise self.refuse(f"uses {name}, which the engine has not")

    def _product(self, other: Any) -> Operation:
        kernel = self.read.get(id(other))
        if kernel is None or kernel.ndim != 2:
            raise self.refuse("multiplies by a matrix that is no weight")
        return {"op": "dense", "units": kernel.shape[1], "kernel": kernel, "bias": None, **self._frozen(kernel)}

    def _dense(self, record: Record) -> Operation:
        """What ``super().call(inputs)`` of a class derived from Dense is."""
        weights = [self.read[id(t)] for t in record.inputs[1:] if id(t) in self.read]
        if len(weights) < len(record.inputs) - 1 or len({id(v) in self.frozen for v in weights}) > 1:
            raise self.refuse("multiplies by a matrix that is no weight")
        kernel, bias = weights[0], weights[1] if len(weights) > 1 else None
        return {"op": "dense", "units": kernel.shape[1], "kernel": kernel, "bias": bias,
                "bf16": record.settings["bf16"], **self._frozen(kernel)}  # fmt: skip

    def _affine(self, name: str, inputs: tuple[Any, ...], other: Any) -> Operation | None:
        variable = self.read.get(id(other))
        if variable is not None:
            self._bias(name, variable)
            return None
        values = other.array.astype(np.float64)
        width = self.at.shape[1]
        if values.size not in (1, width) or (values.ndim == 2 and values.shape[0] != 1) or values.ndim > 2:
            raise self.refuse(f"uses {name} with an array of its own for each row")
        values, first = values.reshape(-1) if values.size > 1 else values.reshape(()), inputs[0] is self.at
        if name == "add":
            return {"op": "affine", "shift": 0.0, "scale": 1.0, "offset": values}
        if name == "subtract":
            shift, scale, offset = (values, 1.0, 0.0) if first else (0.0, -1.0, values)
            return {"op": "affine", "shift": shift, "scale": scale, "offset": offset}
        if name == "divide" and not first:
            raise self.refuse("divides by what it is given")
        return {"op": "affine", "shift": 0.0, "scale": values if name == "multiply" else 1 / values, "offset": 0.0}

    def _bias(self, name: str, variable: Any) -> None:
        last: Operation = self.operations[-1] if self.operations else {"op": ""}
        fits = last["op"] == "dense" and last["bias"] is None and variable.size == last["units"]
        if name != "add" or not fits or ("frozen" in last) != (id(variable) in self.frozen):
            raise self.refuse(f"uses {name} with a weight that is no bias of a product")
        last["bias"] = variable

    def _frozen(self, variable: Any) -> Operation:
        return {"frozen": True} if id(variable) in self.frozen else {}


@contextmanager
def _tracing(trace: Trace) -> Iterator[None]:
    before, _current.trace = _current.trace, trace
    try:
        with listening(trace):
            yield
    finally:
        _current.trace = before


def _traced(layer: Any, rows: int, training: bool) -> list[Operation]:
    borrow(layer.name, (rows, *layer.input_shape[1:]))
    x = Tensor(np.zeros((rows, *layer.input_shape[1:]), layer.variable_dtype))
    trace = Trace(layer, x, training)
    with _tracing(trace):
        outputs = layer.called_alone(x, training)
    if layer.losses_added():
        raise trace.refuse("adds to the loss")
    if outputs is not trace.at:
        raise trace.refuse("gives something else than the last operation's output")
    return trace.operations


def operations_of_call(layer: Any) -> list[Operation]:
    """The operations that the call of a built layer is; NotLowered if it is not these alone."""
    shape = layer.input_shape
    if not isinstance(shape, tuple) or len(shape) != 2 or not isinstance(shape[1], int):
        raise NotLowered(f"the layer '{layer.name}' has a call of its own, not of rows of features")
    variables = layer.variables
    before = [(v, v.version, v.numpy()) for v in variables]
    drawn = [(generator, generator._count) for generator in layer.generators()]
    try:
        found = [_traced(layer, 3, False)]  # which may build layers inside
        kept = _attributes(layer)
        found += [_traced(layer, 5, False), _traced(layer, 3, True)]
        if any(a is not b for a, b in zip_longest(kept, _attributes(layer))):
            raise NotLowered(f"the call of the layer '{layer.name}' changes attributes")
    except NotLowered:
        raise
    except Exception as error:  # what is wrong will show where it is called with numbers that are not zeros
        raise NotLowered(f"the call of the layer '{layer.name}' cannot be traced: {error}") from error
    finally:
        layer.clear_losses()
        for generator, count in drawn:  # that it was looked at changes no noise
            generator._count = count
        changed = [(v, value) for v, version, value in before if v.version != version]
        for variable, value in changed:
            variable.assign(value)
    if changed:
        raise NotLowered(f"the call of the layer '{layer.name}' changes a variable")
    if not all(_same(found[0], other) for other in found[1:]):
        raise NotLowered(f"the call of the layer '{layer.name}' is not the same each time: it draws numbers, or asks "
                         "for the rows of a batch or for training")  # fmt: skip
    return found[0]


def _attributes(layer: Any) -> list[Any]:
    """What the attributes hold of all classes of one's own in a layer, and what is in their lists and dicts."""
    found: list[Any] = []
    for one in layer.with_inner():
        for name, value in vars(one).items() if one.has_own_call() else ():
            if name not in ("_losses", "_nodes"):
                inside = value.values() if isinstance(value, dict) else value
                found += [value, *(inside if isinstance(value, (list, tuple, dict)) else ())]
    return found


def _same(a: Any, b: Any) -> bool:
    """Whether two lists of operations are alike."""
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return isinstance(b, (list, tuple)) and len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b)
    return a is b or (isinstance(a, (str, float, int, bool)) and type(a) is type(b) and a == b)
