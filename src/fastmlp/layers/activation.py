"""Activations as layers, and what a layer with an activation makes of it."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from fastmlp import activations, config
from fastmlp._objects import serialize
from fastmlp._room import borrow
from fastmlp._spelling import older_spelling, user_level
from fastmlp._validate import brief, number
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.compat import conventional
from fastmlp.layers.base import Layer, Shape


def activation_layer(where: str, activation: Any) -> Any:
    """The activation meant: a function, or a layer that does nothing else."""
    if isinstance(activation, type) and issubclass(activation, Layer):
        activation = activation()
    elif not isinstance(activation, Layer):
        activation = activations.get(activation)
    if isinstance(activation, Layer) and not isinstance(activation, ElementwiseLayer | ActivationWith | Softmax):
        raise ValueError(f"{where}: expected an activation without weights, got {activation!r}; put that layer after "
                         "this one")  # fmt: skip
    return activation


def activation_operations(activation: Any, shape: Shape) -> list[dict[str, Any]]:
    """The operations an activation is for inputs of that shape."""
    if isinstance(activation, Layer):
        activation.build(shape)
        return activation.engine_operations()
    operation = activations.lower(activation)
    return [] if operation.get("name") == "linear" else [operation]


def activation_shape(where: str, activation: Any, shape: Shape) -> Shape:
    """The output's shape. Only what works on single numbers takes more axes than rows of features."""
    if isinstance(activation, Layer):
        return tuple(activation.compute_output_shape(shape))
    operation = activations.lower(activation)
    if operation["op"] == "activation":
        return shape
    if operation["op"] == "python":
        return _shape_computed(operation["function"], shape)
    if len(shape) > 2:
        raise ValueError(f"{where}: expected rows of features for {operation['name']}, got input shape {shape}; "
                         "put Flatten() first")  # fmt: skip
    width = shape[-1]
    if operation["op"] == "row_activation":
        warn_of_one_class(where, operation["name"], width)
        return shape
    pieces = operation["pieces"]
    if width is not None and width % pieces:
        raise ValueError(f"{where}: expected a width that {pieces} divides for {operation['name']}, got {width}; "
                         "change units")  # fmt: skip
    return (shape[0], None if width is None else width // pieces)


def _shape_computed(function: Any, shape: Shape) -> Shape:
    """The output's shape, as a formula gives it for zeros."""
    known = [1 if n is None else n for n in shape]
    borrow("activation", known)
    found = as_tensor(function(as_tensor(np.zeros(known, config.floatx())))).shape
    return (shape[0], *found[1:]) if len(found) else shape


def activation_config(activation: Any) -> Any:
    """An activation as JSON can hold it: functions by name."""
    return serialize(activation) if isinstance(activation, Layer) else activations.serialize(activation)


def warn_of_one_class(where: str, name: str, width: int | None) -> None:
    """A softmax over one number is 1, whatever the number."""
    if width == 1 and name == "softmax":
        warnings.warn(
            f"{where}: softmax of one feature is always 1; take sigmoid for two classes", stacklevel=user_level()
        )


class Activation(Layer):
    """An activation by itself: ``Dense(64), Activation("relu")`` is ``Dense(64, activation="relu")``.

    Parameters
    ----------
    activation
        A name, or a function of `fastmlp.activations`.

    Examples
    --------
    >>> Activation("tanh").lower()
    [{'op': 'activation', 'name': 'tanh', 'params': ()}]
    """

    def __init__(self, activation: Any, **settings: Any) -> None:
        super().__init__(**settings)
        self.activation = activation_layer("Activation", activation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's, halved by glu."""
        return activation_shape(self.name, self.activation, input_shape)

    def lower(self) -> list[dict[str, Any]]:
        """The activation."""
        return activation_operations(self.activation, self.input_shape or (None, None))

    def get_config(self) -> dict[str, Any]:
        """The settings."""
        return {**super().get_config(), "activation": activation_config(self.activation)}


class ElementwiseLayer(Layer):
    """A layer that is one activation of single numbers."""

    function: ClassVar[Callable[..., Any]]
    parameters: ClassVar[tuple[str, ...]]

    def lower(self) -> list[dict[str, Any]]:
        """The activation with its parameters."""
        return [activations.lower(type(self).function, **{name: getattr(self, name) for name in self.parameters})]


class ReLU(ElementwiseLayer):
    """``min(x, max_value)`` from `threshold` on, ``negative_slope · (x - threshold)`` below.

    Parameters
    ----------
    max_value
        The largest output; None for no bound.
    negative_slope
        The slope below the threshold.
    threshold
        Where the upper piece begins.
    """

    function = staticmethod(activations.relu)
    parameters = ("negative_slope", "max_value", "threshold")

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.max_value = None if max_value is None else number("ReLU: max_value", max_value, 0)
        self.negative_slope = number("ReLU: negative_slope", negative_slope, 0)
        self.threshold = number("ReLU: threshold", threshold, 0)


class LeakyReLU(ElementwiseLayer):
    """``x`` above 0, ``negative_slope · x`` below. As in Keras, it is 0.3 here and 0.2 in `activations.leaky_relu`.

    Parameters
    ----------
    negative_slope
        The slope below 0.
    compat
        Whose default it has, see `fastmlp.compat`.
    """

    function = staticmethod(activations.leaky_relu)
    parameters = ("negative_slope",)

    @conventional(torch={"negative_slope": 0.01})
    def __init__(self, negative_slope: float = 0.3, *, compat: str = "keras", **settings: Any) -> None:
        if "alpha" in settings:
            older_spelling("LeakyReLU: alpha= is the older spelling; write negative_slope=")
            negative_slope = settings.pop("alpha")
        super().__init__(**settings)
        self.compat = compat
        self.negative_slope = number("LeakyReLU: negative_slope", negative_slope, 0)


class ELU(ElementwiseLayer):
    """``x`` above 0, ``alpha · (e^x - 1)`` below.

    Parameters
    ----------
    alpha
        What the lower piece tends to, negated.
    """

    function = staticmethod(activations.elu)
    parameters = ("alpha",)

    def __init__(self, alpha: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.alpha = number("ELU: alpha", alpha, 0)


class ActivationWith(Layer):
    """An activation of single numbers whose parameters are not the usual ones.

    Keras has no layer for these: `gelu` by its formula with tanh, `celu` with an α, the thresholds of `hard_shrink` …

    Parameters
    ----------
    activation
        The name of a function of `fastmlp.activations`.
    parameters
        Its arguments besides x.

    Examples
    --------
    >>> ActivationWith("celu", {"alpha": 0.5}).lower()
    [{'op': 'activation', 'name': 'celu', 'params': (0.5,)}]
    """

    def __init__(self, activation: Any, parameters: Mapping[str, Any], **settings: Any) -> None:
        super().__init__(**settings)
        self.activation = activations.serialize(activations.get(activation))
        if not isinstance(parameters, Mapping):
            raise TypeError(f"ActivationWith: expected parameters by name, got {brief(parameters)}; "
                            "{'alpha': 0.5}, for one")  # fmt: skip
        self.parameters = dict(parameters)
        if self.lower()[0]["op"] != "activation":
            raise ValueError(f"ActivationWith: expected an activation of single numbers, got {self.activation!r}; take "
                             "Activation")  # fmt: skip

    def lower(self) -> list[dict[str, Any]]:
        """The activation with its parameters."""
        function = activations.get(self.activation)
        try:
            return [activations.lower(function, **self.parameters)]
        except TypeError as error:
            takes = list(inspect.signature(function).parameters)[1:]
            raise TypeError(f"ActivationWith: expected parameters of {self.activation!r} among {takes}, got "
                            f"{self.parameters}: {error}; check the spelling") from None  # fmt: skip


class Softmax(Layer):
    """``e^x / Σ e^x`` over the features of each row.

    Parameters
    ----------
    axis
        That of the features: -1.
    """

    def __init__(self, axis: Any = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = axis

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        warn_of_one_class(self.name, "softmax", self.last_axis(self.axis, input_shape))
        return input_shape

    def lower(self) -> list[dict[str, Any]]:
        """The activation."""
        return [activations.lower(activations.softmax)]
