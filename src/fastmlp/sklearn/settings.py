"""What an estimator's parameters say, in fastmlp's words; those beyond scikit-learn's are checked here."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight

from fastmlp import activations, losses, optimizers
from fastmlp._validate import brief
from fastmlp.sklearn.losses import HalfPoisson, HalfSquaredError, LogLoss, SparseLogLoss, averaged_with_penalty

HIDDEN = {"identity": "linear", "logistic": "sigmoid"}
OUT = {"identity": "linear", "logistic": "sigmoid", "softmax": "softmax", "exp": "exponential"}
LOSSES = ("log_loss", "squared_error", "poisson")  # scikit-learn's

CONSTRAINTS: dict[str, Any] = {
    "activation": [StrOptions({*HIDDEN, *activations._family.names}), callable, list, tuple],
    "verbose": ["verbose", StrOptions({"bar"})],
    "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
    "class_weight": [dict, StrOptions({"balanced"}), None],
    "callbacks": "no_validation",
    "loss": "no_validation",
    "optimizer": "no_validation",
    "dtype": [StrOptions({"float32", "float64"}), type, np.dtype, None],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
}


def _each(name: str, given: Any, layers: int) -> list[Any]:
    """One for each hidden layer."""
    if not isinstance(given, (list, tuple)):
        return [given] * layers
    if len(given) != layers:
        raise ValueError(f"{name}: expected one for each of {layers} hidden layers, got {len(given)}; give as many, or "
                         "one for all")  # fmt: skip
    return list(given)


def hidden_activations(estimator: Any, layers: int) -> list[Any]:
    """Those behind the hidden layers."""
    return [HIDDEN.get(one, one) if isinstance(one, str) else one
            for one in _each("activation", estimator.activation, layers)]  # fmt: skip


def out_activation(estimator: Any) -> str:
    """The one behind the last layer."""
    return OUT[estimator.out_activation_]


def dropout_rates(estimator: Any, layers: int) -> list[float]:
    """The share of each hidden layer's outputs that a step leaves out."""
    rates = _each("dropout", estimator.dropout, layers)
    for rate in rates:
        if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 <= float(rate) < 1:
            raise ValueError(f"dropout: expected shares in [0, 1), got {brief(estimator.dropout)}; 0.2 is usual")
    return [float(rate) for rate in rates]


def drops(estimator: Any) -> bool:
    """Whether training draws noise."""
    rates = estimator.dropout
    return any(rates) if isinstance(rates, (list, tuple)) else bool(rates)


def check(estimator: Any) -> None:
    """Refuse what cannot go together."""
    if estimator.solver != "lbfgs":
        return
    given = {"optimizer": estimator.optimizer is not None, "dropout": drops(estimator),
             "callbacks": bool(estimator.callbacks), "verbose": estimator.verbose == "bar"}  # fmt: skip
    for name in filter(given.get, given):
        raise ValueError(f"{name}: expected none with solver='lbfgs', which has no batches and epochs, got "
                         f"{brief(getattr(estimator, name))}; take solver='adam'")  # fmt: skip


def dtype_of(estimator: Any, found: Any) -> Any:
    """The type that is computed in: the one asked for, else that of the data."""
    return found if estimator.dtype is None else real_type(estimator.dtype)


def real_type(dtype: Any) -> Any:
    """float32 or float64."""
    kind = np.dtype(dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected float32 or float64, got {kind.name}; or None, for that of the data")
    return kind.type


def optimizer_of(estimator: Any) -> Any:
    """A new optimizer that makes the steps of the estimator's solver."""
    if estimator.optimizer is not None:
        given: Any = optimizers.get(estimator.optimizer)
        return type(given).from_config(given.get_config())
    rate = estimator.learning_rate_init
    if estimator.solver == "adam":
        return optimizers.Adam(rate, estimator.beta_1, estimator.beta_2, estimator.epsilon, compat="sklearn")
    nesterov = bool(estimator.nesterovs_momentum and estimator.momentum)
    return optimizers.SGD(rate, estimator.momentum, nesterov, compat="sklearn")


def loss_of(estimator: Any) -> Any:
    """A new loss that trains as the estimator's does."""
    if estimator.loss not in LOSSES:
        return averaged_with_penalty(losses.as_loss(estimator.loss))
    kinds = {"logistic": LogLoss, "softmax": SparseLogLoss, "exp": HalfPoisson, "identity": HalfSquaredError}
    return kinds[estimator.out_activation_]()


def targets(loss: Any, y: np.ndarray) -> np.ndarray:
    """scikit-learn's columns as the loss takes them."""
    if loss.sparse:
        return y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0].astype(np.int64)
    return y if y.dtype.kind == "f" else y.astype(np.float32 if y.dtype == bool else np.float64)


def weigh_classes(class_weight: Any, y: Any, sample_weight: Any, incremental: bool) -> Any:
    """The weights of samples, times those of their classes."""
    if class_weight is None:
        return sample_weight
    if incremental and class_weight == "balanced":
        raise ValueError("class_weight: expected weights for partial_fit, which sees a part of the data, got "
                         "'balanced'; give {class: weight}, as compute_class_weight('balanced', …) has "
                         "them")  # fmt: skip
    own = compute_sample_weight(class_weight, y)
    return own if sample_weight is None else np.asarray(sample_weight) * own


def take(estimator: Any, arguments: dict[str, Any]) -> None:
    """Keep the arguments of `__init__` as they are, which is scikit-learn's custom."""
    for name in arguments.keys() - {"self", "__class__"}:
        setattr(estimator, name, arguments[name])
