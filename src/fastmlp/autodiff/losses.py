"""The losses of rows as operations on predictions and targets: what the kernels of losses compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.autodiff.activations import log_softmax, relu
from fastmlp.autodiff.arithmetic import where
from fastmlp.autodiff.comparisons import equal, not_equal
from fastmlp.autodiff.control import stop_gradient
from fastmlp.autodiff.extremes import absolute, clip, max, maximum  # noqa: A004 - names of operations
from fastmlp.autodiff.functions import exp, expm1, log, log1p, power, square
from fastmlp.autodiff.logistic import sigmoid, softplus
from fastmlp.autodiff.normalising import l2_normalize
from fastmlp.autodiff.picking import take_along_axis
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.reductions import mean
from fastmlp.autodiff.shapes import reshape, sum  # noqa: A004

_EPSILON = 1e-7  # keeps logarithms and quotients finite


def _probability(p: Any) -> Any:
    return clip(p, _EPSILON, 1 - _EPSILON)


# ---- regression


def _huber(p: Any, y: Any, delta: float) -> Any:
    e = p - y
    size = absolute(e)
    return mean(where(size > delta, delta * (size - delta / 2), square(e) / 2), -1)


def _log_cosh(p: Any, y: Any) -> Any:
    """With log cosh e = log(1 + e^2e) - e - log 2, whose second derivative is right at 0, too."""
    e = p - y
    return mean(softplus(2 * e) - e - float(np.log(2)), -1)


def _mean_absolute_percentage_error(p: Any, y: Any) -> Any:
    return 100 * mean(absolute(p - y) / maximum(absolute(y), _EPSILON), -1)


def _mean_squared_logarithmic_error(p: Any, y: Any) -> Any:
    return mean(square(log1p(maximum(p, _EPSILON)) - log1p(maximum(y, _EPSILON))), -1)


# ---- margins and angles


def _categorical_hinge(p: Any, y: Any) -> Any:
    return relu(max((1 - y) * p, -1) - sum(y * p, -1) + 1)


def _cosine_similarity(p: Any, y: Any) -> Any:
    return -sum(l2_normalize(p, -1, _EPSILON**2) * l2_normalize(y, -1, _EPSILON**2), -1)


def _kl_divergence(p: Any, y: Any) -> Any:
    q, t = clip(p, _EPSILON, 1), clip(y, _EPSILON, 1)
    return sum(t * log(t / q), -1)


# ---- two classes


def _entropy(p: Any, y: Any) -> Any:
    q = _probability(p)
    return -(y * log(q) + (1 - y) * log(1 - q))


def _entropy_of_logits(z: Any, y: Any) -> Any:
    return y * softplus(-z) + (1 - y) * softplus(z)


def _towards_half(y: Any, smoothing: float) -> Any:
    return y * (1 - smoothing) + smoothing / 2


def _binary_crossentropy(p: Any, y: Any, smoothing: float) -> Any:
    return mean(_entropy(p, _towards_half(y, smoothing)), -1)


def _binary_crossentropy_logits(z: Any, y: Any, smoothing: float) -> Any:
    return mean(_entropy_of_logits(z, _towards_half(y, smoothing)), -1)


def _balance(y: Any, alpha: float, balancing: float) -> Any:
    return alpha * y + (1 - alpha) * (1 - y) if balancing else 1.0


def _binary_focal_crossentropy(p: Any, y: Any, alpha: float, gamma: float, balancing: float, smoothing: float) -> Any:
    y = _towards_half(y, smoothing)
    wrong = y * (1 - p) + (1 - y) * p  # the probability given to the wrong side
    return mean(_balance(y, alpha, balancing) * power(wrong, gamma) * _entropy(p, y), -1)


def _binary_focal_crossentropy_logits(
    z: Any, y: Any, alpha: float, gamma: float, balancing: float, smoothing: float
) -> Any:
    y = _towards_half(y, smoothing)
    wrong = y * sigmoid(-z) + (1 - y) * sigmoid(z)
    return mean(_balance(y, alpha, balancing) * power(wrong, gamma) * _entropy_of_logits(z, y), -1)


# ---- several classes


def _shares(p: Any) -> Any:
    return _probability(p / sum(p, -1, True))


def _towards_equal(t: Any, smoothing: float) -> Any:
    return t * (1 - smoothing) + smoothing / t.shape[-1]


def _log_shares(z: Any, t: Any) -> Any:
    """Log softmax(z), finite where t asks for nothing: 0 · -∞ is to be 0."""
    found = log_softmax(z)
    return where(equal(t, 0), maximum(found, float(np.finfo(found.dtype).min)), found)


def _categorical_crossentropy(p: Any, t: Any, smoothing: float) -> Any:
    return -sum(_towards_equal(t, smoothing) * log(_shares(p)), -1)


def _categorical_crossentropy_logits(z: Any, t: Any, smoothing: float) -> Any:
    t = _towards_equal(t, smoothing)
    return -sum(t * _log_shares(z, t), -1)


def _categorical_focal_crossentropy(p: Any, t: Any, alpha: float, gamma: float, smoothing: float) -> Any:
    q = _shares(p)
    return -alpha * sum(_towards_equal(t, smoothing) * power(1 - q, gamma) * log(q), -1)


def _categorical_focal_crossentropy_logits(z: Any, t: Any, alpha: float, gamma: float, smoothing: float) -> Any:
    if gamma == 0:
        return alpha * _categorical_crossentropy_logits(z, t, smoothing)
    t = _towards_equal(t, smoothing)
    price = _log_shares(z, t)
    rest = -expm1(price)  # 1 - p; where that is 0 its power may have an infinite slope, but its logarithm is 0, too
    certain = equal(rest, 0)
    return -alpha * sum(where(certain, 0.0, t * power(where(certain, 1.0, rest), gamma) * price), -1)


def _of_labels(logarithm: Any) -> Any:
    """-logarithm(x) at the label, 0 in rows of the class to ignore, whatever is predicted there."""

    def loss(x: Any, labels: Any, ignore_class: float) -> Any:
        given = reshape(labels, (-1, 1))
        kept = not_equal(given, ignore_class)
        found = logarithm(where(kept, x, 1.0))
        own = take_along_axis(found, as_tensor(where(kept, given, 0), np.int64), -1)[:, 0]
        return where(kept[:, 0], -own, 0.0)

    return loss


# ---- scikit-learn's


def _half_poisson_logits(z: Any, y: Any) -> Any:
    kept = where(equal(y, 0), 1.0, y)  # 0 log 0 is 0
    return sum(y * (log(kept) - z) - y + exp(z), -1)


def _at_most(loss: Any) -> Any:
    """No more than -log ε, with the slope of what is more."""
    most = float(-np.log(np.finfo(loss.dtype).eps))
    return loss - stop_gradient(maximum(loss - most, 0.0))


LOSSES: dict[str, Any] = {
    "mean_squared_error": lambda p, y: mean(square(p - y), -1),
    "mean_absolute_error": lambda p, y: mean(absolute(p - y), -1),
    "mean_absolute_percentage_error": _mean_absolute_percentage_error,
    "mean_squared_logarithmic_error": _mean_squared_logarithmic_error,
    "huber": _huber,
    "log_cosh": _log_cosh,
    "poisson": lambda p, y: mean(p - y * log(p + _EPSILON), -1),
    "hinge": lambda p, y: mean(relu(1 - y * p), -1),
    "squared_hinge": lambda p, y: mean(square(relu(1 - y * p)), -1),
    "kl_divergence": _kl_divergence,
    "binary_crossentropy": _binary_crossentropy,
    "binary_crossentropy_logits": _binary_crossentropy_logits,
    "binary_focal_crossentropy": _binary_focal_crossentropy,
    "binary_focal_crossentropy_logits": _binary_focal_crossentropy_logits,
    "categorical_hinge": _categorical_hinge,
    "cosine_similarity": _cosine_similarity,
    "categorical_crossentropy": _categorical_crossentropy,
    "categorical_crossentropy_logits": _categorical_crossentropy_logits,
    "categorical_focal_crossentropy": _categorical_focal_crossentropy,
    "categorical_focal_crossentropy_logits": _categorical_focal_crossentropy_logits,
    "sparse_categorical_crossentropy": _of_labels(lambda p: log(_shares(p))),
    "sparse_categorical_crossentropy_logits": _of_labels(log_softmax),
    "half_squared_error": lambda p, y: sum(square(p - y), -1) / 2,
    "half_poisson_logits": _half_poisson_logits,
    "log_loss_logits": lambda z, y: sum(_at_most(_entropy_of_logits(z, y)), -1),
    "sparse_log_loss_logits": lambda z, y, ignored: _at_most(_of_labels(log_softmax)(z, y, ignored)),
}
