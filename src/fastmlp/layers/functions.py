"""Lambda: a function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from fastmlp._objects import registered_name
from fastmlp._validate import brief
from fastmlp.layers.base import Layer, not_here


class Lambda(Layer):
    """A function of tensors as a layer without weights.

    Files hold no code: a model with one of these is saved only if the function is registered, with
    ``@fastmlp.register_serializable()``, or is given as one of `custom_objects` when the file is read.

    Parameters
    ----------
    function
        What it computes, in operations on tensors; it may take `training` besides.
    output_shape
        The shape of a row it gives; it is found out unless given.
    arguments
        Further arguments of the function, by name.

    Examples
    --------
    >>> Lambda(lambda x: x**2)([[1.0, 3.0]]).numpy().tolist()
    [[1.0, 9.0]]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        not_here("Lambda", mask=mask)
        if not callable(function):
            raise TypeError(f"Lambda: expected a function, got {brief(function)}; lambda x: x * 2, for one")
        self.function, self.arguments = function, dict(arguments or {})
        self.row_shape = output_shape

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As was said, else as the function gives it."""
        if self.row_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self.row_shape):
            return tuple(self.row_shape(input_shape))
        return (input_shape[0], *self.row_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What the function gives."""
        more = {"training": training} if self._takes_training() else {}
        return self.function(inputs, **{**more, **self.arguments})

    def _takes_training(self) -> bool:
        try:
            return "training" in inspect.signature(self.function).parameters
        except (TypeError, ValueError):  # some functions in C say nothing of what they take
            return False

    def get_config(self) -> dict[str, Any]:
        """The settings; a function without a name cannot be found again."""
        try:
            registered_name(self.function)
        except ValueError as error:
            raise ValueError(f"{self.name}: expected a function that a file can name, got {brief(self.function)}; "
                             "define it by def, put @fastmlp.register_serializable() above it, or write a layer of "
                             "your own") from error  # fmt: skip
        config, shape = super().get_config(), self.row_shape
        if callable(shape):
            config["output_shape"] = {"function": registered_name(shape)}
        else:
            config["output_shape"] = None if shape is None else list(shape)
        return config
