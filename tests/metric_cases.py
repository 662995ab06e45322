"""What the tests of metrics share: every class, batches such as a model would meet."""

from __future__ import annotations

import inspect

import numpy as np
from fastmlp import metrics

SIZES = (7, 1, 12)  # of the batches


def batches(kind, rng):
    """Batches of (y_true, y_pred, weights); half of the predictions lie on a grid, where thresholds are."""
    for n in SIZES:
        grid = rng.integers(0, 9, (n, 4)) / 8
        p = np.where(rng.random((n, 4)) < 0.5, grid, rng.random((n, 4))).astype(np.float32)
        share = (p + 0.01) / (p + 0.01).sum(axis=1, keepdims=True)
        labels = rng.integers(0, 4, n)
        hot = np.eye(4, dtype=np.float32)[labels]
        some = rng.integers(0, 2, (n, 4)).astype(np.float32)
        normal = rng.normal(size=(2, n, 4)).astype(np.float32)
        y, p = {
            "real": (normal[0], normal[1]),
            "positive": (np.exp(normal[0]), np.exp(normal[1])),
            "binary": (some[:, :1], p[:, :1]),
            "flat binary": (some[:, 0], p[:, 0]),
            "flat beside column": (some[:, 0], p[:, :1]),
            "column beside flat": (some[:, :1], p[:, 0]),
            "labels of columns": (some, p),
            "logits of columns": (some, normal[0]),
            "one-hot": (hot, share),
            "one-hot logits": (hot, normal[0]),
            "labels": (labels, share),
            "column of labels": (labels[:, None], share),
            "label logits": (labels, normal[0]),
            "ids": (labels, rng.integers(0, 4, n)),
            "deep": (np.stack([some, 1 - some], 1), np.stack([p, p[:, ::-1]], 1)),
            "deep labels": (np.stack([labels, labels[::-1]], 1), np.stack([share, share[::-1] ** 2], 1)),
        }[kind]
        yield y, p, rng.uniform(0.2, 2, n).astype(np.float32)


NEEDED = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 2},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "MeanMetricWrapper": {"fn": metrics.binary_accuracy},
}
CLASSES = sorted(
    n for n in metrics.__all__ if inspect.isclass(getattr(metrics, n)) and n not in ("Metric", "KernelMetric")
)
