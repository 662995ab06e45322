"""Metrics: ``metrics.get("mse")``, the classes and the functions, named as in Keras.

An object follows one quantity over batches; training adds to its state in C. A function gives a value for each sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastmlp._objects import Family, deserializer, register_builtin, snake_case
from fastmlp._objects import deserialize as _deserialize
from fastmlp._objects import serialize as _serialize
from fastmlp.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from fastmlp.metrics.accuracies import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from fastmlp.metrics.auc import AUC
from fastmlp.metrics.base import KernelMetric, Metric, forget_names
from fastmlp.metrics.crossentropies import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from fastmlp.metrics.errors import (
    CategoricalHinge,
    ConcordanceCorrelation,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    PearsonCorrelation,
    Poisson,
    RootMeanSquaredError,
    SquaredHinge,
)
from fastmlp.metrics.functions import (
    binary_accuracy,
    categorical_accuracy,
    concordance_correlation,
    pearson_correlation,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from fastmlp.metrics.means import Mean, MeanMetricWrapper, Sum
from fastmlp.metrics.scores import BinaryIoU, F1Score, FBetaScore, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU, R2Score
from fastmlp.metrics.thresholds import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)

_CLASSES: tuple[type[Metric], ...] = (
    AUC, Accuracy, BinaryAccuracy, BinaryCrossentropy, BinaryIoU, CategoricalAccuracy, CategoricalCrossentropy,
    CategoricalHinge, ConcordanceCorrelation, CosineSimilarity, F1Score, FBetaScore, FalseNegatives, FalsePositives,
    Hinge, IoU, KLDivergence, LogCoshError, Mean, MeanAbsoluteError, MeanAbsolutePercentageError, MeanIoU,
    MeanMetricWrapper, MeanSquaredError, MeanSquaredLogarithmicError, OneHotIoU, OneHotMeanIoU, PearsonCorrelation,
    Poisson, Precision, PrecisionAtRecall, R2Score, Recall, RecallAtPrecision, RootMeanSquaredError,
    SensitivityAtSpecificity, SparseCategoricalAccuracy, SparseCategoricalCrossentropy, SparseTopKCategoricalAccuracy,
    SpecificityAtSensitivity, SquaredHinge, Sum, TopKCategoricalAccuracy, TrueNegatives, TruePositives,
)  # fmt: skip
_FUNCTIONS = tuple(
    register_builtin(function)
    for function in (
        binary_accuracy, categorical_accuracy, concordance_correlation, pearson_correlation,
        sparse_categorical_accuracy, sparse_top_k_categorical_accuracy, top_k_categorical_accuracy,
    )
)  # fmt: skip
_LOSSES = (
    binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy,
    categorical_hinge, hinge, huber, kl_divergence, log_cosh, mean_absolute_error, mean_absolute_percentage_error,
    mean_squared_error, mean_squared_logarithmic_error, poisson, sparse_categorical_crossentropy, squared_hinge,
)  # fmt: skip
_ALIASES: dict[str, type[Metric]] = {
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "kullback_leibler_divergence": KLDivergence,
    "log_cosh": LogCoshError,
    "logcosh": LogCoshError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
}
_NAMES: dict[str, type[Metric]] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{snake_case(cls.__name__): cls for cls in _CLASSES},
    **_ALIASES,
}
_family = Family("metric", Metric, _NAMES, rooms=("losses",))


def get(identifier: Any) -> Any:
    """The metric meant by a name, an object, a class, a function or a config.

    >>> get("mse")
    MeanSquaredError()
    """
    if isinstance(identifier, Mapping):
        known = _NAMES.get(str(identifier.get("class_name")))
        return known.from_config(identifier.get("config", {})) if known else _deserialize(identifier)
    return _family.get(identifier)


def serialize(metric: Any) -> Any:
    """A metric as JSON can hold it."""
    return _serialize(metric)


deserialize = deserializer(get)


def resolve(identifier: Any, y_shape: Sequence[int | None], outputs: int, loss: Any = None) -> Metric:
    """What an entry of ``compile(metrics=[…])`` means for targets of `y_shape`, rows first, and so many outputs.

    "accuracy" (or "acc") and "crossentropy" (or "ce") are binary for one output, sparse for labels, else categorical;
    the cross-entropy takes logits when the loss does. What is given by a string is named by it.

    >>> resolve("acc", (None,), 10)
    SparseCategoricalAccuracy(name='acc')
    """
    if identifier is None:
        raise ValueError("metrics: expected a name, a metric or a function, got None; leave it out")
    if isinstance(identifier, str):
        metric = _by_role(identifier.lower(), y_shape, outputs, loss) or _as_metric(get(identifier))
        metric.name = identifier
        return metric
    return _as_metric(get(identifier))


def _as_metric(found: Any) -> Metric:
    if isinstance(found, Metric):
        return found
    if found in _FUNCTIONS + _LOSSES and found.__name__ in _NAMES:  # in C
        return _NAMES[found.__name__](name=found.__name__)
    title = getattr(found, "name", None) or snake_case(getattr(found, "__name__", type(found).__name__))
    return MeanMetricWrapper(found, name=title)


def _by_role(role: str, y_shape: Sequence[int | None], outputs: int, loss: Any) -> Metric | None:
    labels = len(y_shape) < 2 or (y_shape[-1] == 1 and outputs > 1)
    form = 0 if outputs == 1 else 1 if labels else 2
    if role in ("accuracy", "acc"):
        return (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy)[form]()
    if role in ("crossentropy", "ce"):
        logits = bool(getattr(loss, "from_logits", False))
        cls = (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy)[form]
        return cls(from_logits=logits)
    return None


def result_names(metrics: Iterable[Metric], weighted: Iterable[Metric] = ()) -> list[str]:
    """A name for each, no two alike: a second `mse` is `mse_1`, a weighted one `weighted_mse`.

    >>> result_names([get("mse"), get("mse")], [get("mse")])
    ['mean_squared_error', 'mean_squared_error_1', 'weighted_mean_squared_error']
    """
    seen: dict[str, int] = {}

    def numbered(name: str) -> str:
        count = seen.get(name, 0)
        seen[name] = count + 1
        return f"{name}_{count}" if count else name

    names = [numbered(metric.name) for metric in metrics]
    return names + [numbered(f"weighted_{m.name}" if m.name in seen else m.name) for m in weighted]


__all__ = [cls.__name__ for cls in _CLASSES] + [function.__name__ for function in _FUNCTIONS + _LOSSES]  # noqa: PLE0605
__all__ += ["KernelMetric", "Metric", "deserialize", "forget_names", "get", "resolve", "result_names", "serialize"]
