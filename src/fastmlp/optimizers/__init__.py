"""Optimizers: ``optimizers.get("adam")``, the classes, named as in Keras, and the average that momentum is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp._arrays import numbers
from fastmlp._objects import Family, deserializer
from fastmlp._objects import serialize as _serialize
from fastmlp._validate import brief, flag, no_such_name, number, outside
from fastmlp.optimizers import schedules as schedules
from fastmlp.optimizers.adam import Adam, Adamax, AdamW, Nadam
from fastmlp.optimizers.base import Optimizer
from fastmlp.optimizers.rules import SGD, Adadelta, Adagrad, Ftrl, Lion, Momentum, RMSprop

RMSProp = RMSprop

_CLASSES = (SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Ftrl, Lion, Momentum, Nadam, RMSprop)
_family = Family("optimizer", Optimizer, {cls.__name__.lower(): cls for cls in _CLASSES})
_OUTSIDE = {
    "Adafactor", "Lamb", "LossScale", "LossScaleOptimizer", "MultiOptimizer", "Muon", "ScheduleFreeAdamW",
}  # fmt: skip


def _is_outside(name: str) -> bool:
    return name.lower() in {other.lower() for other in _OUTSIDE}


def get(identifier: Any) -> Optimizer | None:
    """The optimizer meant by a name in any case, an object, a class or a config.

    >>> get("RMSProp")
    RMSprop(learning_rate=0.001, name='rm_sprop')
    """
    if isinstance(identifier, str) and _is_outside(identifier):
        raise ValueError(outside("optimizer", identifier))
    if isinstance(identifier, Mapping) and {"class_name", "config"} <= set(identifier):
        name = str(identifier["class_name"])
        if _is_outside(name):
            raise ValueError(outside("optimizer", name))
        cls = _family.names.get(name.lower().rpartition(">")[2])
        config = {"class_name": cls.__name__ if cls else name, "config": identifier["config"]}
        found = _family.get(config)
    else:
        found = _family.get(identifier)
    if found is not None and not isinstance(found, Optimizer):
        raise TypeError(f"optimizer: expected a name or an optimizer, got {brief(identifier)}; for instance 'adam'")
    return found


def serialize(optimizer: Optimizer) -> Any:
    """An optimizer's settings as JSON can hold them."""
    return _serialize(optimizer)


deserialize = deserializer(get)


def ewa(theta: ArrayLike, beta: float = 0.9, bias_correction: bool = False) -> NDArray[np.float64]:
    """Exponentially weighted averages V_k = β·V_{k−1} + (1 − β)·θ_k of a series along its first axis, from V₀ = 0.

    It looks back over about 1/(1 − β) values: 10 for β = 0.9, 50 for 0.98, 2 for 0.5 (and 6, not 5, for 0.8333).

    Parameters
    ----------
    theta
        The values θ₁, θ₂, …
    beta
        β, from 0 to 1.
    bias_correction
        Divide V_k by 1 − βᵏ, the sum of its weights, which is small at first.

    Examples
    --------
    >>> ewa([1.0, 1.0], 0.98).round(4).tolist()
    [0.02, 0.0396]
    >>> ewa([1.0, 1.0], 0.98, bias_correction=True).round(4).tolist()
    [1.0, 1.0]
    """
    beta = number("ewa: beta", beta, 0, 1)
    values = numbers("ewa", theta).astype(np.float64)
    if values.ndim == 0:
        raise ValueError(f"ewa: expected a series, got {brief(values)}; give a list")
    if flag("ewa: bias_correction", bias_correction) and beta == 1:
        raise ValueError("ewa: expected beta below 1, got 1 with bias correction; lower it")
    averages, average = np.empty_like(values), np.zeros(values.shape[1:])
    for k, value in enumerate(values):
        average = beta * average + (1 - beta) * value
        averages[k] = average / (1 - beta ** (k + 1)) if bias_correction else average
    return averages


def __getattr__(name: str) -> NoReturn:
    if _is_outside(name):
        raise no_such_name(outside("optimizers", name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "Momentum",
    "Nadam",
    "Optimizer",
    "RMSProp",
    "RMSprop",
    "deserialize",
    "ewa",
    "get",
    "schedules",
    "serialize",
]
