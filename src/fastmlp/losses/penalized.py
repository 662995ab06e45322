"""scikit-learn's losses: sums over a sample's outputs whose slope by the logit is prediction − target.

Batches are averaged with the penalty of the weights: (Σ w·l + penalty) / Σ w. The estimators of `fastmlp.sklearn` train
with them; they stand here so that models which these save can be loaded without scikit-learn.
"""

from __future__ import annotations

from typing import ClassVar

from fastmlp.losses.base import WITH_PENALTY, KernelLoss


class _Summed(KernelLoss):
    def __init__(self) -> None:
        super().__init__()
        self.reduction = WITH_PENALTY


class HalfSquaredError(_Summed):
    """½ Σ (y − p)²."""

    kernel = "half_squared_error"


class HalfPoisson(_Summed):
    """Half of the deviance Σ y·log(y/p) − y + p, of p = exp(z)."""

    kernel = "half_poisson"
    activation: ClassVar[str | None] = "exponential"


class LogLoss(_Summed):
    """−Σ y·log p + (1 − y)·log(1 − p) of p = sigmoid(z), no term of which is above −log ε."""

    kernel = "log_loss"
    activation: ClassVar[str | None] = "sigmoid"


class SparseLogLoss(_Summed):
    """−log p of the label's p, one of softmax(z), at most −log ε."""

    kernel = "sparse_log_loss"
    activation: ClassVar[str | None] = "softmax"
    sparse = True

    def parameters(self) -> tuple[float, ...]:
        """No label is ignored."""
        return (float("nan"),)
