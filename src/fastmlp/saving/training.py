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
_EXTRA = "extra"  # that of arrays among what was given besides


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
        What else to remember: numbers, text, arrays, lists and dicts of them. Lists and tuples come back as lists.
    """
    weights.need_built("save_state", model)
    optimizer = model._need_compiled("save_state").optimizer
    path = atomic.target("save_state", filepath, True)
    more, given = apart("save_state", extra or {})

    def all_of_it() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        optimizer.build(model.trainable_weights)
        note, arrays = contents(model)
        return weights.values(weights.by_path(model) | weights.of_optimizer(optimizer)) | arrays, note

    tensors, state = model._turn.take("save_state", all_of_it)
    native.write(path, tensors | given, {"training_state": state, **more})


def load_state(model: Any, filepath: Any) -> dict[str, Any]:
    """Bring a model, made and compiled alike, to the state that `save_state` wrote; returns the extra values.

    Nothing is changed unless all fits.
    """
    weights.need_model("load_state", model)
    extra: dict[str, Any] = model._turn.alone("load_state", partial(_load_state, model, filepath))
    return extra


def _load_state(model: Any, filepath: Any) -> dict[str, Any]:
    where, path = "load_state", atomic.checked_path("load_state", filepath)
    weights.need_built(where, model)
    optimizer = model._need_compiled(where).optimizer
    with native.opened(where, path) as file:
        with native.blaming(where, path):
            found = file.json("training_state")
            state, extra = checked(model, file), _together(file)
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


# ---- what is remembered besides


def apart(where: str, extra: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Values as notes in JSON, where null stands for each array, whose place is noted, and the arrays by path."""
    found: list[tuple[list[Any], np.ndarray]] = []
    try:
        notes = {"extra": json.dumps(_without_arrays(dict(extra), [], found))}
        if found:
            notes["extra_arrays"] = json.dumps({"places": [place for place, _ in found]})
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{where}: expected extra values that JSON can hold, and arrays, got {brief(extra)}: {error}; "
                         "give numbers, text, arrays, lists and dicts") from error  # fmt: skip
    return notes, {f"{_EXTRA}/{i}": array for i, (_, array) in enumerate(found)}


def _without_arrays(value: Any, place: list[Any], found: list[tuple[list[Any], np.ndarray]]) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        if native.code(value.dtype) == value.dtype.name:
            raise TypeError(f"an array of type {value.dtype}")
        found.append((place, np.asarray(value, value.dtype.newbyteorder("="))))
        return None
    if isinstance(value, Mapping):
        named = {_key(key): one for key, one in value.items()}
        return {key: _without_arrays(one, [*place, key], found) for key, one in named.items()}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(one, [*place, i], found) for i, one in enumerate(value)]
    return value


def _key(key: Any) -> str:
    """What JSON makes of the key of a dict."""
    [name] = json.loads(json.dumps({key: None}))
    return str(name)


def _together(file: native.File) -> dict[str, Any]:
    """The same from a file; what was a number of NumPy's is one again."""
    extra = file.json("extra")
    for i, place in enumerate(native.as_list("extra_arrays", file.json("extra_arrays").get("places", []))):
        *way, last = native.as_list("extra_arrays", place)
        where: Any = extra
        for one in way:
            where = where[one]
        if where[last] is not None:
            raise ValueError(f"extra_arrays: expected null in the place {brief(place)}, got {brief(where[last])}")
        where[last] = file.read(f"{_EXTRA}/{i}")[()]
    return extra
