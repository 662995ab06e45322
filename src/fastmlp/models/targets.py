"""Targets checked against the model's outputs and its loss, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp._validate import brief
from fastmlp.lowering import operations_of
from fastmlp.models.feeds import as_array


def target_rows(where: str, y: Any, rows: int, outputs: int, loss: Any) -> np.ndarray:
    """y as it was given, in the loss's shape: labels (rows,) or a matrix (rows, outputs). Nothing is broadcast."""
    array = as_array(f"{where}: y", y)
    if array.ndim == 0 or len(array) != rows:
        raise ValueError(f"{where}: expected y with {rows} rows, as x has, got {brief(array)}; pair them up")
    if array.dtype.kind == "f" and rows and not np.isfinite(array.sum()) and np.isnan(array).any():
        bad = int(np.flatnonzero(np.isnan(array.reshape(rows, -1)).any(axis=1))[0])
        raise ValueError(f"{where}: expected y without NaN, got one in row {bad}; drop or fill such rows")
    if loss.sparse:
        return _labels(where, array, outputs)
    if array.ndim == 1 and outputs == 1:
        array = array[:, None]
    if array.ndim > 2:
        array = array.reshape(rows, -1)
    if array.shape != (rows, outputs):
        hint = "reshape y, or give the last layer as many units"
        if outputs > 1 and array.size == rows and array.dtype.kind in "iub":
            hint = "for class numbers take loss='sparse_categorical_crossentropy', or to_categorical(y)"
        raise ValueError(f"{where}: expected y of shape ({rows}, {outputs}) for the model's {outputs} outputs and loss "
                         f"'{loss.name}', got {np.shape(y)}; {hint}")  # fmt: skip
    return array


def _labels(where: str, array: np.ndarray, outputs: int) -> np.ndarray:
    if array.ndim > 1 and array.size == len(array):
        array = array.reshape(-1)
    if array.ndim != 1:
        hint = "take loss='categorical_crossentropy' for one-hot rows" if array.shape[-1] == outputs else "reshape y"
        raise ValueError(f"{where}: expected y with one class number a row, got shape {array.shape}; {hint}")
    return array


def look_for_traps(layers: Sequence[Any], compiled: Any, feed: Any, held: Any) -> list[str]:
    """Sentences on what runs without an error and yet is not what was meant."""
    loss = compiled.loss
    found = [
        _unscaled(layers, feed.x),
        _other_outputs(layers, loss),
        _no_shares(loss, feed.y),
        _accuracy_of_logits(compiled),
        _sorted_labels(loss, feed, held),
    ]
    return [message for message in found if message]


def _unscaled(layers: Sequence[Any], x: np.ndarray) -> str | None:
    first = next((op for layer in layers for op in layer.engine_operations()), {"op": ""})
    if first["op"] in ("affine", "batch_norm", "layer_norm", "unit_norm") or not x.size:
        return None
    few = np.asarray(x[:: max(1, len(x) // 256)], np.float64)
    low, high = float(few.min()), float(few.max())
    if not max(abs(low), abs(high)) > 20 or not np.isfinite([low, high]).all():
        return None
    return (f"fit: the features range from {low:.4g} to {high:.4g}; networks train better near unit size: put "
            "Rescaling or an adapted Normalization first, or divide x")  # fmt: skip


def _other_outputs(layers: Sequence[Any], loss: Any) -> str | None:
    """A loss of probabilities after layers that give none, or the other way round."""
    want = getattr(loss, "activation", None)
    if want is None:
        return None
    last = operations_of(layers)[-1]
    name = last["name"] if "name" in last else last.get("activation", ("linear",))[0]
    if loss.from_logits and name == want:
        return (f"fit: with from_logits=True the loss '{loss.name}' takes the {want} itself, and the model ends with "
                "one; leave out one of them")  # fmt: skip
    if not loss.from_logits and name == "linear":
        return (f"fit: the loss '{loss.name}' takes probabilities, and the model ends with any numbers; give the last "
                f"layer activation='{want}', or the loss from_logits=True")  # fmt: skip
    return None


def _no_shares(loss: Any, y: np.ndarray) -> str | None:
    if getattr(loss, "activation", None) != "sigmoid":
        return None
    low, high = float(y.min()), float(y.max())
    if low >= 0 and high <= 1:
        return None
    return (f"fit: the loss '{loss.name}' takes targets from 0 to 1, and y is from {low:.4g} to {high:.4g}; for "
            "classes take sparse_categorical_crossentropy, for other numbers mse")  # fmt: skip


def _accuracy_of_logits(compiled: Any) -> str | None:
    if not getattr(compiled.loss, "from_logits", False):
        return None
    thresholded = [name for name, metric in zip(compiled.names, compiled.metrics, strict=True)
                   if getattr(metric, "threshold", None) == 0.5]  # fmt: skip
    if not thresholded:
        return None
    return (f"fit: the metrics {thresholded} count outputs above 0.5 as yes, but with from_logits=True yes is above 0; "
            "take BinaryAccuracy(threshold=0), or end with a sigmoid")  # fmt: skip


def _classes(loss: Any, y: np.ndarray) -> set[int]:
    """The classes that targets are of; none if they are no classes."""
    last = getattr(loss, "activation", None)
    if loss.sparse:
        return set(np.unique(y).astype(np.int64).tolist())
    if last == "softmax":
        return set(np.unique(y.argmax(axis=1)).tolist())
    if last == "sigmoid" and y.shape[1] == 1:
        return set(np.unique(np.round(y)).astype(np.int64).tolist())
    return set()


def _sorted_labels(loss: Any, feed: Any, held: Any) -> str | None:
    new = set() if held is None else _classes(loss, held.y) - _classes(loss, feed.y)
    if not new:
        return None
    return (f"fit: validation_split takes the last rows, and they hold classes that training never sees "
            f"({brief(sorted(new))}): the rows seem to be sorted; shuffle x and y together first")  # fmt: skip
