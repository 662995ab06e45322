"""Activations: functions of arrays, by name, and as operations of a program.

Each function says which kernel it is for its parameters, and hands that to what it is given: an array is computed at
once; anything with a method ``__activation__(operation)`` (what `lower` asks with, say) decides for itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from fastmlp._objects import Family, deserializer, register_builtin, registered_name
from fastmlp._validate import brief, flag, number
from fastmlp.autodiff import kernels
from fastmlp.autodiff.functions import exp
from fastmlp.autodiff.primitive import Primitive, real_tensor
from fastmlp.autodiff.shapes import reshape, transpose

Operation = dict[str, Any]
Axis = int | Sequence[int]

_F = TypeVar("_F", bound=Callable[..., Any])
_functions: dict[str, Callable[..., Any]] = {}


def _named(function: _F) -> _F:
    """Note a function under its name."""
    _functions[function.__name__] = function
    register_builtin(function)
    return function


# ---- what a function does with its argument


def _elementwise(x: Any, kernel: str, *params: float) -> Any:
    """Each number by itself."""
    return _applied(x, {"op": "activation", "name": kernel, "params": params})


def _applied(x: Any, operation: Operation) -> Any:
    if hasattr(x, "__activation__"):
        return x.__activation__(operation)
    return kernels.applied(operation, real_tensor(operation["name"], x))


def _rowwise(x: Any, axis: Axis, operation: Operation) -> Any:
    """The numbers along one axis (or several, as if they were one) together."""
    name = operation["name"]
    if hasattr(x, "__activation__"):
        if axis != -1:
            raise ValueError(f"{name}: expected axis=-1 in a layer, got {axis!r}; features are the last axis of a row")
        return x.__activation__(operation)
    tensor = real_tensor(name, x)
    ndim = len(tensor.shape)
    axes = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    if not axes or not all(isinstance(i, (int, np.integer)) and -ndim <= i < ndim for i in axes):
        raise ValueError(f"{name}: expected an axis of {brief(tensor)}, got {axis!r}; change axis")
    if [i % ndim for i in axes] == [ndim - 1]:
        return kernels.applied(operation, tensor)
    last = [i % ndim for i in axes]
    order = [i for i in range(ndim) if i not in last] + last
    moved = transpose(tensor, order)
    shape = tuple(moved.shape)
    y = kernels.applied(operation, reshape(moved, (*shape[: ndim - len(last)], math.prod(shape[ndim - len(last) :]))))
    y = y if len(last) == 1 else reshape(y, shape)
    return transpose(y, [order.index(i) for i in range(ndim)])


def _over_axis(x: Any, axis: Axis, kernel: str) -> Any:
    return _rowwise(x, axis, {"op": "row_activation", "name": kernel, "params": ()})


# ---- straight pieces


@_named
def linear(x: Any, alpha: float = 1.0) -> Any:
    """``α x``; without α, x itself."""
    alpha = number("linear: alpha", alpha)
    return _elementwise(x, "linear") if alpha == 1 else _elementwise(x, "scaled_linear", alpha)


@_named
def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """``max(x, 0)``.

    Parameters
    ----------
    x
        An array of any shape.
    negative_slope
        Below the threshold it is ``negative_slope · (x - threshold)``.
    max_value
        The most it becomes; None for no limit.
    threshold
        Where it starts: above it, x stays itself.

    Examples
    --------
    >>> relu([-2.0, 0.5, 9.0], negative_slope=0.1, max_value=6).tolist()
    [-0.20000000298023224, 0.5, 6.0]
    """
    slope, start = number("relu: negative_slope", negative_slope), number("relu: threshold", threshold)
    most = math.inf if max_value is None else number("relu: max_value", max_value, 0)
    if start == 0 and slope == 0 and most in (6, math.inf):
        return _elementwise(x, "relu6" if most == 6 else "relu")
    if start == 0 and slope > 0 and most == math.inf:
        return _elementwise(x, "leaky_relu", slope)
    return _elementwise(x, "relu_general", slope, most, start)


@_named
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x above 0, ``negative_slope · x`` below."""
    return relu(x, negative_slope)


@_named
def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)``."""
    return relu(x, max_value=6)


@_named
def hard_tanh(x: Any) -> Any:
    """``min(max(x, -1), 1)``."""
    return _elementwise(x, "hard_tanh")


@_named
def hard_sigmoid(x: Any) -> Any:
    """``relu6(x + 3) / 6``."""
    return _elementwise(x, "hard_sigmoid")


@_named
def hard_silu(x: Any) -> Any:
    """``x · hard_sigmoid(x)``, also called `hard_swish`."""
    return _elementwise(x, "hard_silu")


@_named
def sparse_sigmoid(x: Any) -> Any:
    """``(hard_tanh(x) + 1) / 2``."""
    return _elementwise(x, "sparse_sigmoid")


@_named
def sparse_plus(x: Any) -> Any:
    """0 up to -1, x from 1 on, ``(x + 1)² / 4`` between."""
    return _elementwise(x, "sparse_plus")


@_named
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold, and 0 within it."""
    return _elementwise(x, "soft_shrink", number("soft_shrink: threshold", threshold, 0))


@_named
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where ``|x|`` is above the threshold, 0 elsewhere."""
    return _elementwise(x, "hard_shrink", number("hard_shrink: threshold", threshold, 0))


@_named
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above the threshold, `default_value` elsewhere."""
    where = "threshold"
    return _elementwise(
        x, where, number(f"{where}: threshold", threshold), number(f"{where}: default_value", default_value)
    )


@_named
def binary_step(x: Any) -> Any:
    """1 from 0 on, 0 below. Its derivative is taken as 0: nothing before it learns.

    Examples
    --------
    >>> binary_step([-1, 0, 2]).tolist()
    [0.0, 1.0, 1.0]
    """
    return _elementwise(x, "binary_step")


# ---- curves


@_named
def sigmoid(x: Any) -> Any:
    """``1 / (1 + e^-x)``, also called logistic.

    Examples
    --------
    >>> round(float(sigmoid(2.0)), 6)
    0.880797
    """
    return _elementwise(x, "sigmoid")


@_named
def tanh(x: Any) -> Any:
    """``(e^x - e^-x) / (e^x + e^-x)``."""
    return _elementwise(x, "tanh")


@_named
def arctan(x: Any) -> Any:
    """The angle whose tangent is x."""
    return _elementwise(x, "arctan")


@_named
def exponential(x: Any) -> Any:
    """``e^x``."""
    return _elementwise(x, "exponential")


@_named
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, ``α (e^x - 1)`` below; α of 0 or more."""
    return _elementwise(x, "elu", number("elu: alpha", alpha, 0))


@_named
def celu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, ``α (e^(x/α) - 1)`` below; α above 0."""
    return _elementwise(x, "celu", number("celu: alpha", alpha, above=0))


@_named
def selu(x: Any) -> Any:
    """``1.0507 · elu(x, 1.6733)``, which keeps mean 0 and variance 1 from layer to layer."""
    return _elementwise(x, "selu")


@_named
def softplus(x: Any) -> Any:
    """``log(1 + e^x)``."""
    return _elementwise(x, "softplus")


@_named
def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``."""
    return _elementwise(x, "softsign")


@_named
def squareplus(x: Any, b: float = 4) -> Any:
    """``(x + √(x² + b)) / 2``; b above 0."""
    return _elementwise(x, "squareplus", number("squareplus: b", b, above=0))


@_named
def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))``."""
    return _elementwise(x, "log_sigmoid")


@_named
def tanh_shrink(x: Any) -> Any:
    """``x - tanh(x)``."""
    return _elementwise(x, "tanh_shrink")


# ---- gated


@_named
def silu(x: Any, beta: float = 1.0) -> Any:
    """``x · sigmoid(β x)``, also called `swish`."""
    beta = number("silu: beta", beta)
    return _elementwise(x, "silu") if beta == 1 else _elementwise(x, "swish", beta)


@_named
def gelu(x: Any, approximate: bool = False) -> Any:
    """``x · Φ(x)``, Φ being the normal distribution; `approximate` takes the formula with tanh."""
    return _elementwise(x, "gelu_tanh" if flag("gelu: approximate", approximate) else "gelu")


@_named
def mish(x: Any) -> Any:
    """``x · tanh(softplus(x))``."""
    return _elementwise(x, "mish")


# ---- of several columns


@_named
def softmax(x: Any, axis: Axis = -1) -> Any:
    """``e^x / Σ e^x`` along an axis: positive numbers whose sum is 1.

    Examples
    --------
    >>> softmax([1.0, 1.0]).tolist()
    [0.5, 0.5]
    """
    return _over_axis(x, axis, "softmax")


@_named
def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """``x - log Σ e^x`` along an axis."""
    return _over_axis(x, axis, "log_softmax")


@_named
def sparsemax(x: Any, axis: Axis = -1) -> Any:
    """``max(x - τ, 0)`` with τ such that the sum along the axis is 1: a softmax with true zeros."""
    return _over_axis(x, axis, "sparsemax")


@_named
def glu(x: Any, axis: int = -1) -> Any:
    """``a · sigmoid(b)``, a and b being the halves of x along an axis."""
    return _rowwise(x, axis, {"op": "pieces", "name": "glu", "pieces": 2})


# ---- by name

swish, hard_swish = silu, hard_silu

_family = Family("activation", None, _functions | {"swish": silu, "hard_swish": hard_silu}, ("autodiff",))


def get(identifier: Any) -> Any:
    """The function meant by a name, a config or itself; None is `linear`.

    Examples
    --------
    >>> get("relu") is relu, get(None) is linear
    (True, True)
    """
    return linear if identifier is None else _family.get(getattr(identifier, "spells", identifier))


def serialize(activation: Callable[..., Any]) -> str:
    """The name by which `get` finds a function again."""
    return registered_name(activation)


deserialize = deserializer(get)


# ---- as an operation


class _Question:
    """Given to a function in place of an array, to hear which operation it is."""

    def __activation__(self, operation: Operation) -> Operation:
        return operation


_twins: dict[Any, Callable[..., Any]] = {np.tanh: tanh, np.exp: exponential, np.arctan: arctan, exp: exponential}


def lower(activation: Callable[..., Any], **params: Any) -> Operation:
    """What a function is to a program: its operation, with the kernel that fits the parameters.

    Functions made of one of ours, such as ``lambda x: relu(x, max_value=1)``, will do as well. Any other formula is an
    operation that Python computes.

    Examples
    --------
    >>> lower(relu, negative_slope=0.3)
    {'op': 'activation', 'name': 'leaky_relu', 'params': (0.3,)}
    """
    function: Any = _twins.get(activation, activation) if isinstance(activation, np.ufunc | Primitive) else activation
    if isinstance(function, np.ufunc):
        raise _foreign(function)
    if not callable(function):
        raise TypeError(f"activation: expected a function of tensors, got {brief(function)}; take one of "
                        "fastmlp.activations or fastmlp.ops")  # fmt: skip
    question = _Question()
    try:
        answer = function(question, **params)
    except Exception:
        if function in _functions.values():  # a parameter it does not have
            raise
        answer = None  # it is more than one of ours
    if answer is question:
        return lower(linear)
    if isinstance(answer, dict) and "op" in answer:
        return answer
    return {"op": "python", "name": getattr(function, "__name__", brief(function)), "function": function}


def _foreign(function: Any) -> TypeError:
    name = getattr(function, "__name__", brief(function))
    return TypeError(f"activation: expected a function of tensors, got NumPy's {name}, which has no gradient; take one "
                     "of fastmlp.activations or fastmlp.ops")  # fmt: skip
