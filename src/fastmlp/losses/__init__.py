"""Losses: ``losses.get("mse")``, the classes and the functions, named as in Keras.

A class makes an object whose call gives one number for a batch; the function of its name gives one for each sample.
"""

from __future__ import annotations

from typing import Any, NoReturn

from fastmlp._objects import Family, deserializer, register_builtin
from fastmlp._objects import serialize as _serialize
from fastmlp._validate import brief, no_such_name, outside
from fastmlp.losses import penalized as penalized  # for files to find its classes
from fastmlp.losses.base import FunctionLoss, KernelLoss, Loss
from fastmlp.losses.crossentropy import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from fastmlp.losses.regression import (
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
    categorical_hinge,
    cosine_similarity,
    hinge,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    squared_hinge,
)

_CLASSES: tuple[type[KernelLoss], ...] = (
    BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy,
    CategoricalHinge, CosineSimilarity, Hinge, Huber, KLDivergence, LogCosh, MeanAbsoluteError,
    MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
    SparseCategoricalCrossentropy, SquaredHinge,
)  # fmt: skip
_TWINS = {register_builtin(globals()[cls.kernel]): cls for cls in _CLASSES}  # a function's class

BCE = bce = binary_crossentropy
KLD = kld = kullback_leibler_divergence = kl_divergence
MAE = mae = mean_absolute_error
MAPE = mape = mean_absolute_percentage_error
MSE = mse = mean_squared_error
MSLE = msle = mean_squared_logarithmic_error
logcosh = log_cosh

_ALIASES = {"bce": bce, "kld": kld, "mae": mae, "mape": mape, "mse": mse, "msle": msle}
_family = Family(
    "loss",
    Loss,
    {function.__name__: function for function in _TWINS} | _ALIASES | {cls.__name__: cls for cls in _CLASSES},
)
_OUTSIDE = {name.replace("_", "").lower() for name in ("CTC", "Circle", "Dice", "Tversky")}
_OUTSIDE |= {"categoricalgeneralizedcrossentropy"}


def get(identifier: Any) -> Any:
    """The loss meant by a name, an object, a class, a function or a config: names of functions give the function.

    >>> get("mse") is mean_squared_error
    True
    >>> get("BinaryCrossentropy")
    BinaryCrossentropy()
    """
    if isinstance(identifier, str) and identifier.replace("_", "").lower() in _OUTSIDE:
        raise ValueError(outside("loss", identifier))
    return _family.get(identifier)


def as_loss(identifier: Any) -> Loss | None:
    """What `get` finds, as an object: a function of ours as its class, any other as a `FunctionLoss`.

    >>> as_loss("mse").name
    'mean_squared_error'
    """
    found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    if isinstance(found, type) or not callable(found):
        raise TypeError(f"loss: expected a name, a loss or a function of (y_true, y_pred), got {brief(identifier)}; "
                        "for instance 'mse'")  # fmt: skip
    return _TWINS[found]() if found in _TWINS else FunctionLoss(found)


def serialize(loss: Any) -> Any:
    """A loss as JSON can hold it."""
    return _serialize(loss)


deserialize = deserializer(get)


def __getattr__(name: str) -> NoReturn:
    if name.replace("_", "").lower() in _OUTSIDE:
        raise no_such_name(outside("losses", name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BCE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLD",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "as_loss",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]
