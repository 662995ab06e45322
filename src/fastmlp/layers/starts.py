"""What the weights of dense layers start from by other conventions than Keras's."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from fastmlp import activations
from fastmlp._objects import Configurable, snake_case
from fastmlp.initializers import VarianceScaling

_THIRD = 1 / 3  # a uniform number within ±b has the variance b²/3


class BiasScaling(VarianceScaling):
    """For a bias: `VarianceScaling` by the inputs and outputs of the kernel beside it, not by the bias's own shape."""

    _kernel: Sequence[int] | None = None

    def beside(self, kernel: Sequence[int]) -> BiasScaling:
        """The same beside a kernel of that shape; dense layers ask for it."""
        known = copy.copy(self)
        known._kernel = kernel
        return known

    def stddev(self, shape: Sequence[int]) -> float:
        """The standard deviation for the kernel's shape, if that is known."""
        return super().stddev(self._kernel or shape)


def _name(activation: Any) -> str:
    """An activation's name, whether a function, a layer or a name stands for it."""
    found = activation if isinstance(activation, Configurable | type) else activations.get(activation)
    cls = found if isinstance(found, type) else type(found)
    return snake_case(cls.__name__) if issubclass(cls, Configurable) else str(getattr(found, "__name__", ""))


def settings_of(name: str, **settings: Any) -> dict[str, Any]:
    """An initializer yet to be made, so that each layer gets one with numbers of its own."""
    return {"class_name": name, "config": settings}


def _uniform(name: str, mode: str, scale: float) -> dict[str, Any]:
    rest = {"seed": None, "input_axes": None, "output_axes": None}
    return settings_of(name, scale=scale, mode=mode, distribution="uniform", **rest)


def _sklearn_scale(given: Mapping[str, Any]) -> float:
    return _THIRD if _name(given.get("activation")) == "sigmoid" else 1.0


def _lecture_kernel(given: Mapping[str, Any]) -> dict[str, Any]:
    """He's for relu and those like it, which cut off a half; Xavier's for all others."""
    kin = ("relu", "relu6", "leaky_relu", "re_lu", "leaky_re_lu")
    variance = "2/n_in" if _name(given.get("activation")) in kin else "1/n_in"
    return settings_of("ScaledNormal", variance=variance, seed=None)


STARTS: dict[str, dict[str, Any]] = {
    "torch": {
        "kernel_initializer": _uniform("VarianceScaling", "fan_in", _THIRD),
        "bias_initializer": _uniform("BiasScaling", "fan_in", _THIRD),
    },
    "sklearn": {
        "kernel_initializer": lambda given: _uniform("VarianceScaling", "fan_avg", _sklearn_scale(given)),
        "bias_initializer": lambda given: _uniform("BiasScaling", "fan_avg", _sklearn_scale(given)),
    },
    "lecture": {"kernel_initializer": _lecture_kernel},
}
