"""Keras's files: whole models as ``x.keras`` and ``x.h5``, weights as ``x.weights.h5``, written and read."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from fastmlp._room import MOST_BESIDES, room
from fastmlp._spelling import user_level
from fastmlp.neighbours import keras_config
from fastmlp.saving import atomic, hdf5, keras_archive, keras_hdf5, keras_legacy, native, training, weights
from fastmlp.saving.keras_optimizer import Kept, give, remembered

_OURS, _STATE = "fastmlp", "training_state"  # a group that Keras passes by, and what is noted there

# ---- writing


def save(where: str, path: str, model: Any, include_optimizer: bool, more: Mapping[str, Any] | None = None) -> None:
    """Write a model in the format that its name says; an archive may have notes besides, as JSON can hold them."""
    if atomic.ending(path) == ".keras":
        atomic.write(path, (_archive(where, model, include_optimizer, more or {}),))
    else:
        atomic.write(path, (_legacy(where, model, include_optimizer),))


def save_weights(where: str, path: str, model: Any) -> None:
    """Write the weights and, of a compiled model, what its optimizer remembers."""
    held = model._turn.take(where, lambda: keras_hdf5.contents(model, model.optimizer))
    atomic.write(path, (keras_hdf5.image(where, lambda file: keras_hdf5.put(file, held)),))


def _described(model: Any, with_optimizer: bool) -> tuple[dict[str, Any], Callable[[Any], None]]:
    """What a model is made of as Keras writes it, and how to note in a file what only fastmlp knows of its training."""
    description = keras_config.description_of(model)
    if not with_optimizer:
        description.pop("compile_config", None)
        return description, lambda file: None
    note, arrays = training.contents(model)

    def put(file: Any) -> None:
        group = file.create_group(_OURS)
        group.attrs[_STATE] = json.dumps({"state": note, "arrays": list(arrays)})
        for i, array in enumerate(arrays.values()):
            group[str(i)] = array

    return description, put


def _archive(where: str, model: Any, include_optimizer: bool, more: Mapping[str, Any]) -> bytes:
    def taken() -> Any:
        optimizer = model.optimizer if include_optimizer else None
        return *_described(model, optimizer is not None), keras_hdf5.contents(model, optimizer)

    description, put_state, held = model._turn.take(where, taken)

    def fill(file: Any) -> None:
        keras_hdf5.put(file, held)
        put_state(file)

    return keras_archive.zipped(description, more, keras_hdf5.image(where, fill))


def _legacy(where: str, model: Any, include_optimizer: bool) -> bytes:
    if model.needs_a_call():
        raise ValueError(f"{where}: expected a Sequential model or one of inputs and outputs for a .h5 file, got "
                         f"'{model.name}' of class {type(model).__name__}; save it as .keras")  # fmt: skip
    warnings.warn(f"{where}: .h5 is Keras's older format; write a .keras file, which holds all of a model",
                  UserWarning, stacklevel=user_level())  # fmt: skip

    def taken() -> Any:
        optimizer = model.optimizer if include_optimizer else None
        kept = [] if optimizer is None else keras_legacy.of_optimizer(optimizer)
        return *_described(model, optimizer is not None), keras_legacy.contents(model), kept

    description, put_state, (layers, own), kept = model._turn.take(where, taken)

    def fill(file: Any) -> None:
        file.attrs["keras_version"], file.attrs["backend"] = keras_archive.VERSION, "numpy"
        class_name = description["registered_name"] or description["class_name"]
        file.attrs["model_config"] = json.dumps({"class_name": class_name, "config": description["config"]})
        if "compile_config" in description:
            file.attrs["training_config"] = keras_legacy.training_config(description["compile_config"])
        keras_legacy.put_weights(file.create_group("model_weights"), layers, own, keras_archive.VERSION)
        if kept:
            keras_legacy.put_arrays(file.create_group("optimizer_weights"), kept)
        put_state(file)

    return keras_hdf5.image(where, fill)


# ---- reading


def load(where: str, path: str, compile: bool) -> Any:
    """A new model of what a file says."""
    read = _read_archive if atomic.ending(path) == ".keras" else _read_legacy
    data = native.start_of(where, path)
    with native.blaming(where, path):
        root, description, compile_config = read(data)
        held = keras_hdf5.count(root)
        with room(held):
            model = keras_config.model_of(description)
        layout = keras_legacy if keras_legacy.is_of_this_layout(root) else keras_hdf5
        stored, variables = layout.of_model(root, model)
    wrong = weights.mismatches(stored, "", variables, exact=False)
    weights.refuse(where, path, wrong, "save the model again")
    weights.assign(where, path, stored, variables)
    if compile and compile_config:
        with native.blaming(where, path), room(MOST_BESIDES, held):
            keras_config.compile_as(model, compile_config)
            state = _state(root, model)
            kept = _kept(root, model)
        if kept or atomic.ending(path) == ".keras":
            give(model.optimizer, remembered(where, path, kept, model, build=True))
        if state is not None:
            model._take_state(state)
    return model


def _read_archive(data: bytes) -> tuple[Any, Any, Any]:
    """The arrays, what the model is made of, and how it was compiled."""
    config, _, held = keras_archive.members(data)
    return hdf5.read(held, len(data)), config, config.get("compile_config")


def _state(root: Any, model: Any) -> dict[str, Any] | None:
    """What a file says of the model's training that only fastmlp knows, for it to take; None if nothing."""
    group = keras_hdf5.group_at(root, _OURS)
    note = keras_legacy.note(group, _STATE) if group else None
    if note is None:
        return None
    arrays = {name.partition("/")[2]: group[str(i)].read() for i, name in enumerate(note["arrays"])}
    return dict(model._checked_state(native.as_dict(_STATE, note["state"]), arrays))


def notes(where: str, path: str) -> dict[str, Any]:
    """What an archive of ours says besides what Keras asks for."""
    data = native.start_of(where, path)
    with native.blaming(where, path):
        return keras_archive.members(data)[1]


def _read_legacy(data: bytes) -> tuple[Any, Any, Any]:
    root = hdf5.read(data)
    config = keras_legacy.note(root, "model_config")
    if config is None:
        raise ValueError("weights alone: make the model and call its load_weights")
    return root, config, keras_legacy.compiled(root)


def _kept(root: Any, model: Any) -> Kept:
    """What a file holds for the model's optimizer."""
    if keras_legacy.is_of_this_layout(root):
        return keras_legacy.kept(root)
    return keras_hdf5.kept(root, model.optimizer)


def load_weights(where: str, path: str, model: Any, skip_mismatch: bool, by_name: bool) -> None:
    """Give a model the weights in a file, and its optimizer what that remembered if both are alike."""
    data = native.start_of(where, path)
    with native.blaming(where, path):
        held = keras_archive.members(data)[2] if atomic.ending(path) == ".keras" else data
        root = hdf5.read(held, len(data))
        legacy = keras_legacy.is_of_this_layout(root)
        if by_name and not legacy:
            raise ValueError("no names of layers to go by: leave out by_name, or say skip_mismatch=True")
        fitting = keras_legacy.of_model(root, model, by_name) if legacy else keras_hdf5.of_model(root, model)
        remembers = not legacy and model.compiled and "optimizer" in root
        kept = keras_hdf5.kept(root, model.optimizer) if remembers else []
    stored, variables = fitting
    wrong = weights.mismatches(stored, "", variables, exact=False)
    mend = "build the model alike, or say skip_mismatch=True"
    variables = dict(weights.fitting(where, path, variables, wrong, mend, skip_mismatch))
    values = remembered(where, path, kept, model, build=False) if remembers else []
    weights.assign(where, path, stored, variables)
    give(model.optimizer, values)
