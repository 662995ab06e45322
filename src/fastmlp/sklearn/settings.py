"""What an estimator's parameters say, in fastmlp's words; those beyond scikit-learn's are checked here."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.validation import _check_sample_weight

from fastmlp import activations, losses
from fastmlp._objects import NotLowered
from fastmlp._validate import brief
from fastmlp.layers import Layer
from fastmlp.losses.base import WITH_PENALTY, Loss
from fastmlp.losses.penalized import HalfPoisson, HalfSquaredError, LogLoss, SparseLogLoss
from fastmlp.models.hooks import CallbackList
from fastmlp.sklearn import solvers

HIDDEN = {"identity": "linear", "logistic": "sigmoid"}
OUT = {"identity": "linear", "logistic": "sigmoid", "softmax": "softmax", "exp": "exponential"}
LOSSES = {"logistic": LogLoss, "softmax": SparseLogLoss, "identity": HalfSquaredError, "exp": HalfPoisson}

CONSTRAINTS: dict[str, Any] = {
    "activation": [StrOptions({*HIDDEN, *activations._family.names}), callable, list, tuple],
    "verbose": ["verbose", StrOptions({"bar"})],
    "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
    "class_weight": [dict, list, StrOptions({"balanced"}), None],
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


def each_activation(estimator: Any, layers: int) -> list[Any]:
    """Those behind the hidden layers, as they are given."""
    return _each("activation", estimator.activation, layers)


def is_logistic(activation: Any) -> bool:
    """Whether it is the sigmoid, before which scikit-learn's first weights are smaller."""
    return activation is activations.sigmoid or (isinstance(activation, str) and activation in ("logistic", "sigmoid"))


def hidden_activations(estimator: Any, layers: int) -> list[Any]:
    """Those behind the hidden layers."""
    found = []
    for one in each_activation(estimator, layers):
        one = HIDDEN.get(one, one) if isinstance(one, str) else one
        found.append(copy.deepcopy(one) if isinstance(one, Layer) else activations.get(one))  # a layer is built
    return found


def ends_with(estimator: Any) -> str:
    """What `out_activation_` will be for the targets that were seen."""
    if is_classifier(estimator):
        return "softmax" if estimator._label_binarizer.y_type_ == "multiclass" else "logistic"
    return "exp" if isinstance(estimator.loss, str) and estimator.loss == "poisson" else "identity"


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
    """Refuse what is wrong in itself, and what cannot go together, before anything is done."""
    sizes = estimator.hidden_layer_sizes
    layers = len(sizes) if hasattr(sizes, "__len__") else 1
    hidden_activations(estimator, layers)
    dropout_rates(estimator, layers)
    dtype_of(estimator, None)
    CallbackList(estimator.callbacks)
    if estimator.optimizer is not None and not solvers.goes_on(estimator):
        solvers.own(estimator.optimizer)
    if estimator.solver != "lbfgs":
        return
    given = {"optimizer": estimator.optimizer is not None, "dropout": drops(estimator),
             "callbacks": bool(estimator.callbacks), "verbose": estimator.verbose == "bar"}  # fmt: skip
    for name in filter(given.get, given):
        raise ValueError(f"{name}: expected none with solver='lbfgs', which has no batches and epochs, got "
                         f"{brief(getattr(estimator, name))}; take solver='adam'")  # fmt: skip


def dtype_of(estimator: Any, found: Any) -> Any:
    """The type that is computed in: the one asked for, else that of the data."""
    if estimator.dtype is None:
        return found
    kind = np.dtype(estimator.dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected float32 or float64, got {kind.name}; or None, for that of the data")
    return kind.type


# ---- weights of samples


def weigh_classes(estimator: Any, y: Any, sample_weight: Any, incremental: bool) -> Any:
    """The weights of samples, times those of their classes."""
    weights = estimator.class_weight
    if weights is None or y is None:
        return sample_weight
    if incremental and isinstance(weights, str):
        raise ValueError("class_weight: expected weights for partial_fit, which sees a part of the data, got "
                         "'balanced'; give {class: weight}, by compute_class_weight('balanced', …)")  # fmt: skip
    own = _of_part(estimator, weights, y) if incremental else compute_sample_weight(weights, y)
    return own if sample_weight is None else _check_sample_weight(sample_weight, y) * own


def _of_part(estimator: Any, weights: Any, y: Any) -> Any:
    """Of rows among which there need not be all classes."""
    labels = y if hasattr(y, "toarray") else np.asarray(y)
    if labels.ndim > 1 and labels.shape[1] > 1:
        return compute_sample_weight(weights, y)
    classes, labels = estimator.classes_, labels.ravel()
    each = compute_class_weight(weights, classes=classes, y=classes)
    return each[np.searchsorted(classes, labels).clip(0, len(classes) - 1)]  # other labels scikit-learn refuses


# ---- the loss


def loss_of(estimator: Any, out: str) -> Any:
    """A new loss that trains as the estimator's does, on the output of this activation."""
    given, usual = estimator.loss, ("log_loss",) if is_classifier(estimator) else ("squared_error", "poisson")
    if isinstance(given, str) and given in usual:
        return LOSSES[out]()
    if isinstance(given, str) and given in ("log_loss", "squared_error"):
        raise ValueError(f"loss: expected {' or '.join(map(repr, usual))}, or one of fastmlp.losses, got {given!r}; "
                         "take one of these")  # fmt: skip
    loss = copy.copy(losses.as_loss(given))
    if not isinstance(loss, Loss):
        raise TypeError(f"loss: expected a loss of fastmlp's, by name or as an object, got {brief(given)}; see "
                        "fastmlp.losses")  # fmt: skip
    if loss.reduction in (None, "sum", "none"):
        raise ValueError(f"loss: expected a mean over the batch, got reduction={loss.reduction!r}; leave it out")
    try:
        loss.lower()
    except NotLowered as why:
        raise ValueError(f"loss: expected one that C has, got {brief(given)} ({why}); take one of fastmlp.losses, or a "
                         "ModelClassifier or ModelRegressor, which run others too") from None  # fmt: skip
    _fit(loss, out)
    loss.reduction = WITH_PENALTY
    return loss


_ENDS = {"logistic": "sigmoids", "softmax": "a softmax", "identity": "any numbers", "exp": "exponentials"}
_OF_SHARES = ("categorical_focal_crossentropy", "categorical_hinge", "kl_divergence")
_POSITIVE = ("logistic", "softmax", "exp")


def _fit(loss: Any, out: str) -> None:
    """Refuse a loss that is for other outputs than this."""
    if getattr(loss, "from_logits", False):
        raise ValueError(f"loss: expected one of what the network ends with, {_ENDS[out]}, got {loss.name} with "
                         "from_logits=True; leave that out")  # fmt: skip
    shares = loss.sparse or loss.activation == "softmax" or loss.kernel in _OF_SHARES
    fits: tuple[str, ...] | None = {"sigmoid": ("logistic", "softmax")}.get(loss.activation)
    fits = ("softmax",) if shares else _POSITIVE if loss.kernel == "poisson" else fits
    if fits is not None and out not in fits:
        mend = "binary_crossentropy" if out == "logistic" else "mse, mae or huber"
        raise ValueError(f"loss: expected one for a network that ends with {_ENDS[out]}, got {loss.name}, which is for "
                         f"{' or '.join(_ENDS[one] for one in fits)}; take {mend}")  # fmt: skip


def targets(loss: Any, y: np.ndarray) -> np.ndarray:
    """scikit-learn's columns as the loss takes them."""
    if loss.sparse:
        return np.asarray(y.argmax(axis=1))
    return y if y.dtype.kind == "f" else y.astype(np.float32 if y.dtype == bool else np.float64)


@contextmanager
def instead(estimator: Any, **other: Any) -> Iterator[None]:
    """For a call into scikit-learn, which knows its own values alone."""
    own = {name: getattr(estimator, name) for name in other}
    take(estimator, other)
    try:
        yield
    finally:
        take(estimator, own)


@contextmanager
def kept_without_memory(estimator: Any, unless: bool) -> Iterator[None]:
    """Within, a lack of memory leaves the estimator as it was: what is fitted goes on answering.

    `unless` its training goes on from there; then it is left after the last whole step.
    """
    before = dict(vars(estimator))
    try:
        yield
    except MemoryError:
        if not unless:
            vars(estimator).clear()
            vars(estimator).update(before)
        raise


def take(estimator: Any, arguments: dict[str, Any]) -> None:
    """Keep the arguments of `__init__` as they are, which is scikit-learn's custom."""
    for name, value in arguments.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)
