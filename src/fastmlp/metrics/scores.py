"""Scores that are worked out by class or by output: F-scores, R², overlap of classes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp._room import claim
from fastmlp._validate import brief, number, unknown, user_level, whole
from fastmlp.metrics.base import KernelMetric, Metric, as_result
from fastmlp.metrics.rows import Array, spread

_EPSILON = 1e-7


class FBetaScore(KernelMetric):
    """(1 + β²)·precision·recall / (β²·precision + recall) of each class, or what `average` makes of them.

    Predicted are outputs above `threshold`; without one the largest of each row. `average`: None (one score a class),
    "micro" (over all classes together), "macro" (their mean), "weighted" (by their share of the targets).
    """

    kernel = "fbeta_counts"
    layout = "columns"
    default_name = "fbeta_score"
    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        if average not in (None, "micro", "macro", "weighted"):
            unknown(f"{self.name}: average", average, ("micro", "macro", "weighted"))
        self.average, self.beta = average, number(f"{self.name}: beta", beta, above=0)
        self.threshold = None if threshold is None else number(f"{self.name}: threshold", threshold, high=1, above=0)

    def kernel_params(self) -> tuple[float, ...]:
        """The threshold, NaN for none."""
        return (np.nan if self.threshold is None else self.threshold,)

    def work_out(self) -> Any:
        """The score of each class, or their average."""
        tp, fp, fn, positives = self.state.reshape(4, -1)
        if self.average == "micro":
            tp, fp, fn = (part.sum(keepdims=True) for part in (tp, fp, fn))
        precision, recall = tp / (tp + fp + _EPSILON), tp / (tp + fn + _EPSILON)
        square = self.beta**2
        scores = (1 + square) * precision * recall / (square * precision + recall + _EPSILON)
        if self.average == "weighted":
            return float(scores @ (positives / (positives.sum() + _EPSILON)))
        return scores.astype(self.dtype) if self.average is None else float(scores.mean())


class F1Score(FBetaScore):
    """2·precision·recall / (precision + recall) of each class, or what `average` makes of them.

    >>> score = F1Score(threshold=0.5)
    >>> score([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]).numpy().round(3)
    array([0.5  , 0.8  , 0.667], dtype=float32)
    """

    default_name = "f1_score"

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)


class R2Score(KernelMetric):
    """1 - Σ (y_true - y_pred)² / Σ (y_true - mean)²: the part of the targets' variance that is explained.

    `class_aggregation`: what becomes of several outputs: None (a score each), "uniform_average",
    "variance_weighted_average". With `num_regressors` the score is adjusted for so many inputs.

    >>> round(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]), 5)
    0.57143
    """

    kernel = "r2_sums"
    layout = "columns"
    default_name = "r2_score"
    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            unknown(f"{self.name}: class_aggregation", class_aggregation,
                    ("uniform_average", "variance_weighted_average"))  # fmt: skip
        self.class_aggregation = class_aggregation
        self.num_regressors = whole(f"{self.name}: num_regressors", num_regressors, 0)

    def work_out(self) -> Any:
        """The score of each output, or their average."""
        total, squares, residual, count = self.state[1:].reshape(4, -1)
        with np.errstate(divide="ignore", invalid="ignore"):
            variation = squares - total * (total / count)
            scores = 1 - residual / variation
            scores[np.isinf(scores)] = 0
            if self.class_aggregation == "uniform_average":
                scores = scores.mean()
            elif self.class_aggregation is not None:
                scores = (variation @ scores) / variation.sum()
        scores = self._adjusted(scores)
        return scores.astype(self.dtype) if self.class_aggregation is None else float(scores)

    def _adjusted(self, scores: Any) -> Any:
        seen = self.state[0]
        if not self.num_regressors:
            return scores
        if self.num_regressors >= seen - 1:
            warnings.warn(
                f"{self.name}: expected more than {self.num_regressors + 1} samples to adjust the score for "
                f"{self.num_regressors} regressors, got {seen:.0f}; it is left as it is",
                stacklevel=user_level(),
            )
            return scores
        return 1 - (1 - scores) * (seen - 1) / (seen - self.num_regressors - 1)


# ---- overlap of predicted and true classes


class IoU(Metric):
    """Intersection over union: TP / (TP + FP + FN), the mean over `target_class_ids`.

    y_true and y_pred are class numbers, or with `sparse_…=False` scores whose largest along `axis` is the class.

    >>> round(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]), 4)
    0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name, "int64" if dtype is None else dtype)
        self.num_classes = whole(f"{self.name}: num_classes", num_classes)
        claim(f"{self.name}: num_classes", (self.num_classes, self.num_classes))
        self.target_class_ids = [whole(f"{self.name}: target_class_ids", i, 0) for i in target_class_ids]
        if max(self.target_class_ids) >= self.num_classes:
            raise ValueError(f"{self.name}: expected target_class_ids below {self.num_classes}, "
                             f"got {self.target_class_ids}; they count from 0")  # fmt: skip
        self.ignore_class = (
            None if ignore_class is None else whole(f"{self.name}: ignore_class", ignore_class, -(2**31))
        )
        self.axis = axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.state = np.zeros(self.num_classes**2)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. With an int dtype, the ordinary one, weights lose their fractions."""
        true = self._classes(y_true, self.sparse_y_true)
        predicted = self._classes(y_pred, self.sparse_y_pred)
        if true.size != predicted.size:
            raise ValueError(f"{self.name}: expected as many classes in y_true as in y_pred, {predicted.size}, got "
                             f"{brief(np.asarray(y_true))}; check sparse_y_true and sparse_y_pred")  # fmt: skip
        w = np.ones(true.size) if sample_weight is None else spread(
            self.name, np.ravel(sample_weight) if np.ndim(sample_weight) else sample_weight, true.shape, share=False
        )  # fmt: skip
        w = np.asarray(w).astype(self.dtype)
        known = (true >= 0) & (true < self.num_classes) & (predicted >= 0) & (predicted < self.num_classes)
        if self.ignore_class is not None:
            known &= true != self.ignore_class
        np.add.at(self.state, true[known] * self.num_classes + predicted[known], w[known])

    def _classes(self, values: Any, sparse: bool) -> Array:
        array = np.asarray(values)
        if not sparse:
            array = np.argmax(array, axis=self.axis)
        return array.reshape(-1).astype(np.int64)

    def result(self) -> Any:
        """The mean over those of the target classes that occur."""
        table = self.state.reshape(self.num_classes, self.num_classes)
        hits = np.diag(table)[self.target_class_ids]
        union = (table.sum(axis=0) + table.sum(axis=1))[self.target_class_ids] - hits
        valid = union > 1e-9
        mean = np.sum(hits[valid] / (union[valid] + _EPSILON)) / (valid.sum() + _EPSILON)
        return as_result(mean, self.dtype)


class BinaryIoU(IoU):
    """IoU of predictions of at least `threshold` and those below."""

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = number(f"{self.name}: threshold", threshold)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets (0 or 1) and predictions."""
        predicted = np.asarray(y_pred, np.float32) >= np.float32(self.threshold)
        super().update_state(y_true, predicted, sample_weight)


class MeanIoU(IoU):
    """The mean of all classes' IoU."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(whole("MeanIoU: num_classes", num_classes)),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )


class OneHotIoU(IoU):
    """IoU with one-hot targets."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """The mean of all classes' IoU with one-hot targets."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
