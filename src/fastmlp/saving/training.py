"""The state of training: all that makes going on the same, bit for bit, as never having stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from fastmlp._objects import registered_name
from fastmlp._validate import brief
from fastmlp.saving import atomic, native, weights

_EPOCH = "epoch"  # the folder of what an epoch that has begun has gathered


def contents(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What belongs to it besides variables: a note, and arrays by path."""
    note, arrays = model._state()
    note["optimizer"] = registered_name(type(model.optimizer))
    return note, {f"{_EPOCH}/{name}": array for name, array in arrays.items()}


def checked(model: Any, file: native.File) -> dict[str, Any]:
    """The same from a file, for this model to take."""
    arrays = {path.removeprefix(f"{_EPOCH}/"): file.read(path) for path in file.under(_EPOCH)}
    state: dict[str, Any] = model._checked_state(file.json("training_state"), arrays)
    return state


def save_state(model: Any, filepath: Any, extra: Mapping[str, Any] | None = None) -> None:
    """Write all that a training run needs to go on: weights, optimizer, epoch, seeds.

    Parameters
    ----------
    model
        Built and compiled.
    filepath
        The file; an old one stays until the new one is complete.
    extra
        What else to remember, as JSON can hold it.
    """
    weights.need_built("save_state", model)
    optimizer = model._need_compiled("save_state").optimizer
    try:
        more = json.dumps(dict(extra or {}))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"save_state: expected extra values that JSON can hold, got {brief(extra)}: {error}; "
                         "give numbers, text, lists and dicts") from error  # fmt: skip

    def all_of_it() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        optimizer.build(model.trainable_weights)
        note, arrays = contents(model)
        return weights.values(weights.by_path(model) | weights.of_optimizer(optimizer)) | arrays, note

    tensors, state = model._turn.take("save_state", all_of_it)
    native.write(atomic.target("save_state", filepath, True), tensors, {"training_state": state, "extra": more})


def load_state(model: Any, filepath: Any) -> dict[str, Any]:
    """Bring a model, made and compiled alike, to the state that `save_state` wrote; returns the extra values.

    Nothing is changed unless all fits.
    """
    extra: dict[str, Any] = model._turn.alone("load_state", partial(_load_state, model, filepath))
    return extra


def _load_state(model: Any, filepath: Any) -> dict[str, Any]:
    where, path = "load_state", atomic.checked_path("load_state", filepath)
    weights.need_built(where, model)
    optimizer = model._need_compiled(where).optimizer
    with native.opened(where, path) as file:
        with native.blaming(where, path):
            found = file.json("training_state")
            state, extra = checked(model, file), file.json("extra")
        mine = registered_name(type(optimizer))
        if found.get("optimizer") != mine:
            raise ValueError(f"{where}: expected the state of a model with optimizer {mine}, got one with "
                             f"{brief(found.get('optimizer'))} in {path!r}; compile the model alike")  # fmt: skip
        optimizer.build(model.trainable_weights)
        variables = weights.by_path(model)
        remembered = weights.of_optimizer(optimizer)
        wrong = weights.mismatches(file, "weights", variables, exact=True)
        wrong |= weights.mismatches(file, "optimizer", remembered, exact=True)
        weights.refuse(where, path, wrong, "make and compile the model as it was when saved")
        weights.assign(where, path, file, variables | remembered)
    model._take_state(state)
    return extra
