"""What a model ends with: which loss and which targets go with it, and what its outputs say."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import activations, losses
from fastmlp._objects import NotLowered
from fastmlp.layers.symbolic import KerasTensor
from fastmlp.lowering import operations_of

# Last activations of a classifier, and what their outputs are: a share for each output, or shares that make one.
_SHARES = {"sigmoid": "sigmoid", "hard_sigmoid": "sigmoid", "softmax": "softmax", "sparsemax": "softmax"}
_GIVE = {"sigmoid": "binary_crossentropy", "softmax": "sparse_categorical_crossentropy"}


def units_of(model: Any) -> int:
    """How many numbers a row's output is."""
    shape = model.output_shape
    one_row = isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int)
    if not one_row or len(model.input_names) > 1:
        what = f"{len(model.input_names)} inputs" if one_row else f"outputs of shape {shape}"
        raise ValueError(f"fit: expected a model with one input and one output of shape (rows, units), got {what}; "
                         "end it with a Dense, and train what has several by its own fit")  # fmt: skip
    return int(shape[1])


def last_activation(model: Any) -> str | None:
    """The activation the model ends with; None if that is Python's affair."""
    try:
        layers = model.in_line()
    except NotLowered:
        output = getattr(model, "output", None)
        layers = [output.node.operation] if isinstance(output, KerasTensor) else []
    try:
        found = [one for one in operations_of(layers) if one["op"] not in ("noise", "activity")] if layers else []
    except (NotLowered, AttributeError):  # a layer of one's own, an operation that is no layer
        found = []
    if not found or found[-1]["op"] == "python":
        return None
    last = found[-1]
    return str(last["name"] if "name" in last else last.get("activation", ("linear",))[0])


def link(model: Any, loss: Any) -> str | None:
    """What makes answers of what the loss is given: of logits the activation they lack, else the last one."""
    return loss.activation if loss.from_logits else last_activation(model)


def shares(model: Any, loss: Any) -> str | None:
    """Whether a classifier's answers are of "sigmoid" or "softmax"; None if neither model nor loss tells."""
    name = link(model, loss) or getattr(loss, "activation", None)
    return _SHARES.get(str(name))


def answers(model: Any, outputs: Any) -> np.ndarray:
    """The outputs as probabilities, if the model gives logits."""
    loss = model._compiled.loss
    return np.asarray(getattr(activations, loss.activation)(outputs) if loss.from_logits else outputs)


# ---- classifiers


def usual_loss(model: Any, units: int, labels: bool) -> Any:
    """The loss of a classifier of which none is given; `labels`: one for each row, not a column for each label."""
    name = last_activation(model)
    if name == "linear":
        kind, logits = ("softmax" if labels and units > 1 else "sigmoid"), True
    elif name in _GIVE:
        kind, logits = name, False
    else:
        got = "one that is not known" if name is None else repr(name)
        raise ValueError(f"loss: expected one to be given where the last activation is neither sigmoid, softmax nor "
                         f"none, got {got}; end the model with one of these, or write "
                         f"loss='{_GIVE['softmax' if units > 1 else 'sigmoid']}'")  # fmt: skip
    if kind == "sigmoid":
        return losses.BinaryCrossentropy(from_logits=logits)
    sort = losses.SparseCategoricalCrossentropy if labels else losses.CategoricalCrossentropy
    return sort(from_logits=logits)


def need_units(units: int, classes: int, labels: bool) -> None:
    """Refuse a classifier's model with other outputs than classes."""
    if labels and units not in ((1, 2) if classes == 2 else (classes,)):
        rule = "1 output and sigmoid, or 2 and softmax, for 2" if classes == 2 else f"{classes} outputs for {classes}"
        raise ValueError(f"fit: expected a model with {rule} classes, got {units}; give its last layer as many "
                         "units: a function finds them in its argument meta, meta['n_classes_']")  # fmt: skip
    if not labels and units != classes:
        raise ValueError(f"fit: expected a model with {classes} outputs for y of {classes} columns, got {units}; give "
                         "its last layer as many units: a function finds them in its argument meta, "
                         "meta['n_outputs_']")  # fmt: skip


def need_shares(model: Any, loss: Any, units: int, labels: bool) -> None:
    """Refuse outputs that are no probabilities of classes, and a loss that is not for them."""
    found, name = shares(model, loss), link(model, loss)
    want = ("softmax" if units > 1 else "sigmoid") if labels else found
    if loss.wants_signs or (name is not None and found is None):
        got = f"the loss '{loss.name}'" if loss.wants_signs else f"'{name}'"
        raise ValueError(f"fit: expected outputs that are probabilities, got {got}; end the model with "
                         f"'{want or 'sigmoid'}' and leave out loss")  # fmt: skip
    if found is not None and found != want:
        raise ValueError(f"fit: expected '{want}' for one of {max(2, units)} classes behind {units} outputs, got "
                         f"'{name}'; end the model with activation='{want}'")  # fmt: skip
    asked = getattr(loss, "activation", None)
    if None not in (asked, found) and asked != found:
        raise ValueError(f"loss: expected one that goes with '{found}' at the end of the model, got '{loss.name}'; "
                         f"take '{_GIVE[str(found)]}', or leave it out")  # fmt: skip


def class_targets(loss: Any, codes: np.ndarray, classes: int, units: int) -> np.ndarray:
    """Classes by number as the loss takes them."""
    if loss.sparse:
        return codes
    return codes.astype(np.float32) if units == 1 else np.eye(classes, dtype=np.float32)[codes]


def column_targets(model: Any, loss: Any, y: np.ndarray) -> np.ndarray:
    """A column of 0 and 1 for each label as the loss takes them."""
    if shares(model, loss) == "softmax":
        wrong = np.flatnonzero(y.sum(axis=1) != 1)
        if len(wrong):
            raise ValueError(f"fit: expected y with a single 1 in each row for 'softmax', got {int(y[wrong[0]].sum())} "
                             f"in row {wrong[0]}; for several labels a row end the model with 'sigmoid', and take "
                             "loss='binary_crossentropy'")  # fmt: skip
    return y.argmax(axis=1) if loss.sparse else y.astype(np.float32)
