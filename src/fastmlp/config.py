"""Settings for everything: the type that models compute in, and the small number that keeps divisions safe."""

from __future__ import annotations

from typing import Any

from fastmlp._validate import number, unknown

_TYPES = ("float32", "float64")
_settings: dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7}


def floatx() -> str:
    """The type of the weights of layers made without a dtype.

    >>> floatx()
    'float32'
    """
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Choose that type: "float32" or "float64"."""
    if value not in _TYPES:
        unknown("set_floatx", value, _TYPES)
    _settings["floatx"] = value


def epsilon() -> float:
    """What Keras names ``backend.epsilon()``."""
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Choose another, for code that asks for it: the losses' clipping is fixed."""
    _settings["epsilon"] = number("set_epsilon", value, above=0)
