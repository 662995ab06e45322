"""Layers that make one tensor of several."""

from __future__ import annotations

from typing import Any

from fastmlp._validate import brief
from fastmlp.autodiff import shapes
from fastmlp.layers.base import Layer


class _Merge(Layer):
    """Several inputs of one shape (or shapes that broadcast), folded into one."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs one after the other, each merged with what there is."""
        merged = _several(self.name, inputs)[0]
        for one in inputs[1:]:
            merged = self.merge(merged, one)
        return merged

    def merge(self, a: Any, b: Any) -> Any:
        """Two made one."""
        raise NotImplementedError


def _several(where: str, inputs: Any) -> Any:
    if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
        raise ValueError(f"{where}: expected a list of two inputs or more, got {brief(inputs)}; write {where}([a, b])")
    return inputs


class Add(_Merge):
    """Inputs added up: a + b + … for a list of them."""

    def merge(self, a: Any, b: Any) -> Any:
        """a + b."""
        return a + b


class Multiply(_Merge):
    """Inputs multiplied: a · b · … for a list of them."""

    def merge(self, a: Any, b: Any) -> Any:
        """a · b."""
        return a * b


class Concatenate(Layer):
    """Inputs side by side along an axis.

    Parameters
    ----------
    axis
        The features' unless given.
    """

    def __init__(self, axis: int = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = axis

    def call(self, inputs: Any, training: bool = False) -> Any:
        """All in one."""
        return shapes.concatenate(_several(self.name, inputs), self.axis)
