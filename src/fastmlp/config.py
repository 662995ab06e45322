"""Settings for everything: the types that models compute in, and the small number that keeps divisions safe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from fastmlp._objects import Configurable
from fastmlp._validate import brief, number, unknown

_TYPES = ("float32", "float64")
_COMPUTE = {"mixed_bfloat16": "bfloat16"}  # where that is not the type of the variables
_VARIABLE = {"mixed_bfloat16": "float32"}
_POLICIES = (*_TYPES, "mixed_bfloat16")
_settings: dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7, "policy": None}


def floatx() -> str:
    """The type of the weights of layers made without a dtype, unless a policy is chosen.

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


def backend() -> str:
    """What computes, as scripts ask Keras."""
    return "fastmlp"


def image_data_format() -> str:
    """Where images keep their colours: in the last axis."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Nothing, but see that it is "channels_last", the one there is."""
    if data_format != "channels_last":
        raise ValueError(f"set_image_data_format: expected 'channels_last', got {brief(data_format)}; "
                         "transpose the images")  # fmt: skip


def disable_traceback_filtering() -> None:
    """Nothing: tracebacks are always whole here."""


def is_traceback_filtering_enabled() -> bool:
    """No: they are always whole."""
    return False


class DTypePolicy(Configurable):
    """The types a layer computes in and keeps its variables in.

    Parameters
    ----------
    name
        "float32" or "float64": both the same. "mixed_bfloat16": the products of dense layers, forward and backward,
        take numbers rounded to bfloat16 and add them in float32; weights, the optimizer's state, activations, losses
        and all else are float32.

    Examples
    --------
    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: str) -> None:
        self.name = policy_name("DTypePolicy", name)

    @property
    def compute_dtype(self) -> str:
        """The type that the products read."""
        return _COMPUTE.get(self.name, self.name)

    @property
    def variable_dtype(self) -> str:
        """The type of the weights."""
        return _VARIABLE.get(self.name, self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<DTypePolicy {self.name!r}>"


def dtype_policy() -> DTypePolicy:
    """That of layers made without a dtype."""
    return DTypePolicy(_settings["policy"] or floatx())


def set_dtype_policy(policy: str | DTypePolicy | None) -> None:
    """Choose it, for layers made from now on; None: to follow `floatx` again.

    >>> set_dtype_policy("mixed_bfloat16")
    >>> dtype_policy()
    <DTypePolicy 'mixed_bfloat16'>
    >>> set_dtype_policy(None)
    """
    _settings["policy"] = None if policy is None else policy_name("set_dtype_policy", policy)


def policy_name(where: str, dtype: Any) -> str:
    """The name of a policy, whatever it is given as; None means that of layers made now."""
    if dtype is None:
        return dtype_policy().name
    if isinstance(dtype, DTypePolicy):
        return dtype.name
    name = _named(dtype)
    if not isinstance(name, str) or name not in _POLICIES:
        _no_policy(where, name)
    return str(name)


def _named(dtype: Any) -> Any:
    """What a type of numbers is called, or a policy as configs of Keras have it; anything else as it is."""
    if isinstance(dtype, Mapping):
        settings = dtype.get("config")
        return settings.get("name", dtype) if isinstance(settings, Mapping) else dtype
    try:
        return dtype if dtype in _POLICIES else np.dtype(dtype).name
    except (TypeError, ValueError):
        return dtype


def _no_policy(where: str, name: Any) -> NoReturn:
    names = "'float32', 'float64' or 'mixed_bfloat16'"
    mend = "take one of these"
    if name in ("mixed_float16", "float16", "bfloat16"):
        mend = "take 'mixed_bfloat16', whose weights are float32 and whose losses need no scaling"
    raise ValueError(f"{where}: expected dtype {names}, got {brief(name)}; {mend}")
