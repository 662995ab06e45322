"""From the operations of layers to what a network is made of: neighbours joined, weights named, losses taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastmlp import regularizers
from fastmlp._objects import NotLowered, need_as_it_is
from fastmlp.variables import Variable

Operation = dict[str, Any]


# A last activation with the losses that can take what comes before it, which keeps what rounding would lose.
_LOGITS = {
    "exponential": ("half_poisson",),
    "sigmoid": ("binary_crossentropy", "binary_focal_crossentropy", "log_loss"),
    "softmax": (
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "sparse_categorical_crossentropy",
        "sparse_log_loss",
    ),  # fmt: skip
}


@dataclass
class Place:
    """Where a network keeps a variable: a part of an operation, and which row of that part if not all of it."""

    op: int
    part: int | str
    row: int | None = None


STEP = Place(-1, "step")  # where it counts steps


@dataclass
class Lowered:
    """Arguments for a network, and where the variables are in it."""

    ops: list[Operation]
    output: tuple[str, tuple[float, ...]] | None = None
    loss: tuple[str, tuple[float, ...]] = ("mean_squared_error", ())
    logits: bool = False
    places: list[tuple[Variable, Place]] = field(default_factory=list)
    constants: list[tuple[Place, Any]] = field(default_factory=list)


def operations_of(layers: Sequence[Any], learns: bool = True) -> list[Operation]:
    """Those of all layers, each with whether it learns, and with neighbours joined where one kernel does both."""
    joined: list[Operation] = []
    for layer in layers:
        for operation in layer.engine_operations():
            frozen = operation.get("frozen", False) or not (learns and layer.trainable)
            _join(joined, {**operation, "frozen": frozen})
    return joined or [{"op": "activation", "name": "linear", "params": ()}]


def _join(joined: list[Operation], operation: Operation) -> None:
    """Append, or let a dense layer take in the activation or the noise after it."""
    last: Operation = joined[-1] if joined else {"op": ""}
    kind = operation["op"]
    if kind == "activation" and operation["name"] == "linear" and joined:
        return
    if last["op"] == "dense" and "noise" not in last:
        if kind == "activation" and "activation" not in last:
            last["activation"] = (operation["name"], tuple(operation["params"]))
            return
        if kind == "noise":
            last["noise"], last["seed"] = (operation["name"], tuple(operation["params"])), operation.get("seed")
            return
    joined.append(operation)


def lower(
    layers: Sequence[Any], loss: Any = None, optimizer: Any = None, seed: int = 0, learns: bool = True
) -> Lowered:
    """The arguments of a network of these layers."""
    operations = operations_of(layers, learns)
    lowered = Lowered(ops=[])
    if len(operations) > 1 and operations[-1]["op"] == "row_activation":
        last = operations.pop()
        lowered.output = (last["name"], tuple(last["params"]))
    for index, operation in enumerate(operations):
        if operation["op"] not in _LOWER:
            raise NotLowered(f"'{operation['name']}' is a function of Python")
        lowered.ops.append(_LOWER[operation["op"]](lowered, index, operation, optimizer))
        lowered.ops[-1]["frozen"] = operation.get("frozen", False)
        lowered.ops[-1]["seed"] = seed if operation.get("seed") is None else operation["seed"] % 2**64
    for variable, count in Counter(variable for variable, _ in lowered.places).items():
        if count > 1:  # a network would keep a copy at each place, and train them apart
            raise NotLowered(f"the weight {variable.path} stands in {count} places of it")
    if loss is not None:
        need_as_it_is(loss, "call", "__call__")
        lowered.logits = not loss.from_logits and _takes_logits(lowered, loss)
        lowered.loss = loss.lower(logits=lowered.logits)
    return lowered


def _takes_logits(lowered: Lowered, loss: Any) -> bool:
    last = lowered.ops[-1]
    name = None
    if lowered.output is not None:
        name = lowered.output[0]
    elif last["op"] == "dense" and "noise" not in last:
        name = last["activation"][0]
    return getattr(loss, "kernel", None) in _LOGITS.get(str(name), ())


def _rule(variable: Variable, optimizer: Any) -> dict[str, Any]:
    """What training does to a weight besides following the gradient."""
    rule: dict[str, Any] = {}
    regularizer, constraint = variable.regularizer, variable.constraint
    if regularizer is not None:
        if not isinstance(regularizer, regularizers.L1 | regularizers.L2 | regularizers.L1L2):
            raise NotLowered(f"{variable.path} has the regularizer {regularizer!r}")
        need_as_it_is(regularizer, "__call__")
        rule |= {"l1": regularizer.l1, "l2": regularizer.l2}
    if constraint is not None:
        if not hasattr(constraint, "lower"):
            raise NotLowered(f"{variable.path} has the constraint {constraint!r}")
        need_as_it_is(constraint, "__call__")
        # the norm of all of a vector is, to the engine, that of one row
        axis = 1 if variable.ndim == 1 else constraint.axis_of(variable.ndim)
        rule |= {"constraint": constraint.lower(), "axis": axis}
    if optimizer is not None and optimizer.weight_decay and not optimizer.decays(variable):
        rule["spared"] = True
    return rule


def _weights(lowered: Lowered, index: int, operation: Operation, optimizer: Any, first: str, second: str) -> Operation:
    """Two weights that an operation may have, the matrix (or scale) and the vector (or shift)."""
    found: Operation = {}
    for part, (key, use, rule) in enumerate(((first, "use_weights", "weights"), (second, "use_bias", "bias"))):
        variable = operation.get(key)
        found[use] = variable is not None
        if variable is not None:
            lowered.places.append((variable, Place(index, part)))
            found[rule] = _rule(variable, optimizer)
    return found


def _dense(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    op = {
        "op": "dense",
        "units": operation["units"],
        "activation": operation.get("activation", ("linear", ())),
        "bf16": operation.get("bf16", False),
        **_weights(lowered, index, operation, optimizer, "kernel", "bias"),
    }
    if "noise" in operation:
        op["noise"] = operation["noise"]
    return op


def _kernel(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    return {"op": operation["op"], "kernel": (operation["name"], tuple(operation["params"]))}


def _trainable(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    theta = operation["theta"]
    for row, variable in enumerate(theta):
        lowered.places.append((variable, Place(index, 0, row)))
    return {
        "op": "trainable",
        "kernel": (operation["name"], ()),
        "count": len(theta),
        "shared": operation["shared"],
        "weights": _rule(theta[0], optimizer),
    }


def _pieces(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    return {"op": "pieces", "kernel": (operation["name"], ()), "pieces": operation["pieces"]}


def _batch_norm(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    for part in ("moving_mean", "moving_variance"):
        lowered.places.append((operation[part], Place(index, part)))
    params = (operation["momentum"], operation["epsilon"], float(operation["unbiased"]))
    return {"op": "batch_norm", "params": params, **_weights(lowered, index, operation, optimizer, "gamma", "beta")}


def _layer_norm(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    weights = _weights(lowered, index, operation, optimizer, "gamma", "beta")
    return {"op": "layer_norm", "params": (operation["epsilon"],), **weights}


def _unit_norm(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    return {"op": "unit_norm", "params": (operation["epsilon"],)}


def _affine(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    for part, key in (("moving_mean", "shift"), ("moving_variance", "scale"), (1, "offset")):
        lowered.constants.append((Place(index, part), np.asarray(operation[key], np.float64)))
    return {"op": "affine"}


def _activity(lowered: Lowered, index: int, operation: Operation, optimizer: Any) -> Operation:
    return {"op": "activity", "params": (operation["l1"], operation["l2"])}


_LOWER = {
    "dense": _dense,
    "activation": _kernel,
    "noise": _kernel,
    "row_activation": _kernel,
    "trainable": _trainable,
    "pieces": _pieces,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "unit_norm": _unit_norm,
    "affine": _affine,
    "activity": _activity,
}
