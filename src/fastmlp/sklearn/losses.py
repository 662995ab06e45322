"""scikit-learn's losses: sums over a sample's outputs whose slope by the logit is prediction − target.

Batches are averaged with the penalty of the weights: (Σ w·l + penalty) / Σ w. They are of the estimators alone.
"""

from __future__ import annotations

from typing import Any, ClassVar

from fastmlp.losses.base import KernelLoss, Loss

WITH_PENALTY = "mean_with_penalty"


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


def averaged_with_penalty(loss: Any) -> Any:
    """A loss of one's choice, averaged as these are."""
    if not isinstance(loss, Loss):
        raise TypeError(f"loss: expected a loss of fastmlp's, by name or as an object, got {loss!r}; see "
                        "fastmlp.losses")  # fmt: skip
    if loss.reduction in (None, "sum", "none"):
        raise ValueError(f"loss: expected a mean over the batch, got reduction={loss.reduction!r}; leave it out")
    same = type(loss).from_config(loss.get_config())
    same.reduction = WITH_PENALTY
    return same
