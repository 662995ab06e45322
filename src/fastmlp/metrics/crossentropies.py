"""Cross-entropies of predicted probabilities, averaged over samples."""

from __future__ import annotations

import math
from typing import Any

from fastmlp._validate import flag, number, whole
from fastmlp.metrics.errors import KernelError, last_axis


class _Crossentropy(KernelError):
    """Of probabilities, or of logits: what comes before the last sigmoid or softmax."""

    def __init__(self, name: str | None, dtype: Any, from_logits: bool) -> None:
        super().__init__(name, dtype)
        self.from_logits = flag(f"{type(self).__name__}: from_logits", from_logits)
        if self.from_logits:
            self.kernel = f"{self.kernel}_logits"


class BinaryCrossentropy(_Crossentropy):
    """The mean of -y·log p - (1 - y)·log(1 - p), y moved towards 1/2 by `label_smoothing`.

    >>> round(BinaryCrossentropy()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]), 5)
    0.81492
    """

    kernel = "binary_crossentropy"

    def __init__(
        self, name: str | None = None, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0
    ) -> None:
        super().__init__(name, dtype, from_logits)
        self.label_smoothing = number(f"{self.name}: label_smoothing", label_smoothing, 0, 1)

    def kernel_params(self) -> tuple[float, ...]:
        """The smoothing."""
        return (self.label_smoothing,)


class CategoricalCrossentropy(_Crossentropy):
    """The mean of -Σ y·log p over one-hot targets, y moved towards 1/k by `label_smoothing`."""

    kernel = "categorical_crossentropy"

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits)
        self.axis = last_axis(self.name, axis)
        self.label_smoothing = number(f"{self.name}: label_smoothing", label_smoothing, 0, 1)

    def kernel_params(self) -> tuple[float, ...]:
        """The smoothing."""
        return (self.label_smoothing,)


class SparseCategoricalCrossentropy(_Crossentropy):
    """The mean of -log p of the label's class; `ignore_class` is a label whose rows cost nothing."""

    kernel = "sparse_categorical_crossentropy"
    layout = "labels"

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits)
        self.axis = last_axis(self.name, axis)
        self.ignore_class = (
            None if ignore_class is None else whole(f"{self.name}: ignore_class", ignore_class, -(2**31))
        )

    def kernel_params(self) -> tuple[float, ...]:
        """The ignored label, NaN for none."""
        return (math.nan if self.ignore_class is None else float(self.ignore_class),)
