"""What kernels compute, in operations on tensors: for gradients of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastmlp.autodiff.products import matmul


def activation(x: Any, name: str, params: Sequence[float]) -> Any:
    """f(x), each number by itself."""
    return ACTIVATIONS[name](x, *params)


def row_activation(x: Any, name: str) -> Any:
    """f of each row."""
    return ROW_ACTIVATIONS[name](x)


def pieces(x: Any, name: str, pieces: int) -> Any:
    """One feature made of several."""
    return PIECES[name](x, pieces)


def trainable(x: Any, theta: Any, name: str, shared: bool) -> Any:
    """f(x; θ)."""
    return TRAINABLE[name](x, theta)


def dense(x: Any, kernel: Any, *bias: Any, bf16: bool) -> Any:
    """XW + b; numbers as they are, where the kernel may round them to bfloat16."""
    y = matmul(x, kernel)
    return y + bias[0] if bias else y


def batch_norm(
    x: Any, gamma: Any, beta: Any, moving: Any, momentum: float, epsilon: float, training: bool, unbiased: bool = False
) -> Any:
    """γ (x - mean) / √(variance + ε) + β by columns."""
    raise NotImplementedError


def layer_norm(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """γ (x - mean) / √(variance + ε) + β by rows."""
    raise NotImplementedError


def unit_norm(x: Any, epsilon: float) -> Any:
    """Rows of length 1."""
    raise NotImplementedError


def loss(pred: Any, target: Any, name: str, params: Sequence[float]) -> Any:
    """The loss of each row."""
    return LOSSES[name](pred, target, *params)


ACTIVATIONS: dict[str, Any] = {"linear": lambda x: x}
ROW_ACTIVATIONS: dict[str, Any] = {}
PIECES: dict[str, Any] = {}
TRAINABLE: dict[str, Any] = {}
LOSSES: dict[str, Any] = {}
