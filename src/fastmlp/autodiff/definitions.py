"""What kernels compute, in operations on tensors: for gradients of gradients.

A kernel that is registered has an entry here, by its name and with its parameters in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from fastmlp.autodiff.activations import (
    binary_step,
    celu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_softmax,
    mish,
    relu,
    relu6,
    relu_general,
    selu,
    silu,
    soft_shrink,
    softmax,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh_shrink,
    threshold,
)
from fastmlp.autodiff.arithmetic import where
from fastmlp.autodiff.arranging import split
from fastmlp.autodiff.extremes import absolute, maximum, minimum
from fastmlp.autodiff.functions import exp, expm1, square
from fastmlp.autodiff.logistic import log_sigmoid, sigmoid, softplus
from fastmlp.autodiff.losses import LOSSES
from fastmlp.autodiff.normalising import l2_normalize, normalised
from fastmlp.autodiff.products import matmul
from fastmlp.autodiff.reductions import mean, var
from fastmlp.autodiff.shapes import reshape, sum  # noqa: A004 - names of operations
from fastmlp.autodiff.trigonometry import arctan, tanh


def activation(x: Any, name: str, params: Sequence[float]) -> Any:
    """f(x), each number by itself."""
    return ACTIVATIONS[name](x, *params)


def row_activation(x: Any, name: str) -> Any:
    """f of each row."""
    return ROW_ACTIVATIONS[name](x)


def pieces(x: Any, name: str, pieces: int) -> Any:
    """One feature made of several, which stand one width apart."""
    return PIECES[name](x, pieces)


def trainable(x: Any, theta: Any, name: str, shared: bool) -> Any:
    """f(x; θ), a row of θ for each parameter, of one number where it is shared."""
    return TRAINABLE[name](x, *[theta[row] for row in range(theta.shape[0])])


def dense(x: Any, kernel: Any, *bias: Any, bf16: bool) -> Any:
    """XW + b; numbers as they are, where the kernel may round them to bfloat16."""
    y = matmul(x, kernel)
    return y + bias[0] if bias else y


def batch_norm(
    x: Any, gamma: Any, beta: Any, moving: Any, momentum: float, epsilon: float, training: bool, unbiased: bool = False
) -> Any:
    """γ (x - mean) / √(variance + ε) + β by columns, with the batch's own moments in training."""
    at, spread = (mean(x, 0), var(x, 0)) if training else moving
    return normalised(x, at, spread, beta, gamma, epsilon)


def layer_norm(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """γ (x - mean) / √(variance + ε) + β by rows."""
    return normalised(x, mean(x, -1, True), var(x, -1, True), beta, gamma, epsilon)


def unit_norm(x: Any, epsilon: float) -> Any:
    """x / max(|x|, ε) by rows."""
    return l2_normalize(x, -1, epsilon**2)


def loss(pred: Any, target: Any, name: str, params: Sequence[float]) -> Any:
    """The loss of each row."""
    return LOSSES[name](pred, target, *params)


def penalty(x: Any, l1: float, l2: float) -> Any:
    """l1 Σ|x| + l2 Σ x²."""
    return l1 * sum(absolute(x)) + l2 * sum(square(x))


# ---- activations that learn


def _prelu(x: Any, alpha: Any) -> Any:
    return where(x > 0, x, alpha * x)


def _swish_beta(x: Any, beta: Any) -> Any:
    return x * sigmoid(beta * x)


def _pelu(x: Any, a: Any, b: Any) -> Any:
    return where(x >= 0, a / b * x, a * expm1(minimum(x, 0) / b))


def _srelu(x: Any, t_left: Any, a_left: Any, t_right: Any, a_right: Any) -> Any:
    left, right = t_left + a_left * (x - t_left), t_right + a_right * (x - t_right)
    return where(x >= t_right, right, where(x <= t_left, left, x))


def _apl(x: Any, *q: Any) -> Any:
    hinges = len(q) // 2
    return reduce(lambda y, ab: y + ab[0] * relu(ab[1] - x), zip(q[:hinges], q[hinges:]), relu(x))


# ---- by name

ACTIVATIONS: dict[str, Any] = {
    "linear": lambda x: reshape(x, x.shape),
    "scaled_linear": lambda x, alpha: x * alpha,
    "relu": relu,
    "relu_general": relu_general,
    "leaky_relu": leaky_relu,
    "relu6": relu6,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "elu": elu,
    "selu": selu,
    "celu": celu,
    "softplus": softplus,
    "softsign": softsign,
    "exponential": exp,
    "gelu": lambda x: gelu(x, approximate=False),
    "gelu_tanh": lambda x: gelu(x, approximate=True),
    "silu": silu,
    "swish": silu,
    "mish": mish,
    "hard_sigmoid": hard_sigmoid,
    "hard_tanh": hard_tanh,
    "hard_silu": hard_silu,
    "log_sigmoid": log_sigmoid,
    "soft_shrink": soft_shrink,
    "hard_shrink": hard_shrink,
    "tanh_shrink": tanh_shrink,
    "threshold": threshold,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "squareplus": squareplus,
    "arctan": arctan,
    "binary_step": binary_step,
}
ROW_ACTIVATIONS: dict[str, Any] = {"softmax": softmax, "log_softmax": log_softmax, "sparsemax": sparsemax}
PIECES: dict[str, Any] = {
    "maxout": lambda x, pieces: reduce(maximum, split(x, pieces, -1)),  # the first of equals has the gradient
    "glu": lambda x, pieces: glu(x),
}
TRAINABLE: dict[str, Any] = {
    "prelu": _prelu,
    "swish_beta": _swish_beta,
    "pelu": _pelu,
    "srelu": _srelu,
    "apl": _apl,
}
