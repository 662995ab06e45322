"""The state of training: all that makes going on the same, bit for bit, as never having stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from fastmlp._objects import registered_name
from fastmlp._validate import brief, whole
from fastmlp.saving import atomic, native, weights

_NAMES = ("epoch", "steps", "shuffle_seed", "program_seed")  # attributes of models, with an underscore before


def notes(model: Any) -> dict[str, Any]:
    """What belongs to it besides variables."""
    state = {name: getattr(model, f"_{name}") for name in _NAMES}
    return {**state, "optimizer": registered_name(type(model.optimizer))}


def checked(state: Mapping[str, Any]) -> dict[str, int]:
    """The same from a file."""
    given = {"steps": 0, **state}  # which older files have not
    found = {name: whole(f"training_state: {name}", given.get(name), 0) for name in _NAMES}
    if max(found.values()) >= 1 << 64:
        raise ValueError(f"training_state: expected numbers of 64 bits, got {brief(found)}; the file is damaged")
    return found


def restore(model: Any, state: Mapping[str, int]) -> None:
    """Give the model these; what it runs on is made anew from them."""
    for name, value in state.items():
        setattr(model, f"_{name}", value)
    model._forget_programs()


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

    def contents() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        optimizer.build(model.trainable_weights)
        return weights.values(weights.by_path(model) | weights.of_optimizer(optimizer)), notes(model)

    tensors, state = model._turn.take("save_state", contents)
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
            state, extra = checked(found), file.json("extra")
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
    restore(model, state)
    return extra
