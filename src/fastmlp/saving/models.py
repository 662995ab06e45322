"""Whole models: to files and JSON, and back."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from fastmlp import config as defaults
from fastmlp._objects import custom_object_scope, find_class, registered_name
from fastmlp._room import MOST_BESIDES, room
from fastmlp._spelling import older_spelling
from fastmlp._validate import brief, flag, user_level
from fastmlp.saving import atomic, native, training, weights

Objects = Mapping[str, Any] | None


def _described(model: Any) -> dict[str, Any]:
    return {"class_name": registered_name(type(model)), "config": model.get_config()}


def _made(class_name: Any, config: Any) -> Any:
    """A model of that class."""
    importlib.import_module("fastmlp.models")  # classes are known by name once their modules are imported
    cls = find_class(class_name)
    if not hasattr(cls, "compile_from_config"):
        raise ValueError(f"class_name: expected a class of models, got {brief(class_name)}; save a model")
    return cls.from_config(native.as_dict("config", config))


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    include_optimizer: bool = True,
    *,
    save_format: str | None = None,
) -> None:
    """Write a model to one file: what it is made of, its weights and, if compiled, all that goes on training needs.

    Parameters
    ----------
    model
        A model; one that is not built yet is saved without weights.
    filepath
        ``"model.safetensors"``, for one. The old file stays until the new one is complete. A name that ends in
        ``.keras`` makes a file that Keras opens, too, one in ``.h5`` or ``.hdf5`` one in the format of older Keras;
        both take ``pip install 'fastmlp[keras]'``. What Keras knows nothing of, fastmlp's counts of epochs and seeds,
        is in them besides, and lost when Keras writes the file anew.
    overwrite
        False: raise FileExistsError rather than replace a file.
    include_optimizer
        False: leave out what compile was given and what the optimizer remembers.
    save_format
        For scripts that have it; the name says it, and has to.
    """
    weights.need_model("save", model)
    path = atomic.target("save", filepath, flag("save: overwrite", overwrite), atomic.OF_KERAS)
    flag("save: include_optimizer", include_optimizer)
    if save_format is not None:
        if not atomic.ending(path):
            raise ValueError(f"save: expected a name that ends in .keras or .h5 with save_format={brief(save_format)}, "
                             f"got {path!r}; add the ending, and leave out save_format")  # fmt: skip
        older_spelling("save: save_format is the older spelling; the ending of the name says it")
    if atomic.ending(path):
        from fastmlp.saving import keras_files

        keras_files.save("save", path, model, include_optimizer)
        return
    tensors, notes = model._turn.take("save", partial(_contents, model, include_optimizer))
    native.write(path, tensors, notes)


def _contents(model: Any, include_optimizer: bool) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """All that a file of the model holds."""
    tensors, notes = {}, _described(model)
    if model.built:
        tensors = weights.values(weights.by_path(model))
        if model.needs_a_call():
            notes["built_for"] = {"input_shape": model.input_shape}
    if include_optimizer and model.compiled:
        notes["compile_config"] = model.get_compile_config()
        notes["training_state"], begun = training.contents(model)
        tensors |= begun | weights.values(weights.of_optimizer(model.optimizer))
    return tensors, notes


def load_model(filepath: Any, custom_objects: Objects = None, compile: bool = True, safe_mode: bool = True) -> Any:
    """Read a model that `save` wrote. Training it goes on, bit for bit, as it would have without the detour.

    Models that Keras has written, in ``.keras`` files or in ``.h5`` ones, are read as well, with what their optimizers
    remember.

    Parameters
    ----------
    filepath
        The file.
    custom_objects
        Classes and functions of your own by name, unless they are registered.
    compile
        Whether to compile it as it was, too.
    safe_mode
        Keras's; files hold no code here, whatever this says.
    """
    flag("load_model: compile", compile)
    where, path = "load_model", atomic.checked_path("load_model", filepath, atomic.OF_KERAS)
    if atomic.ending(path):
        from fastmlp.saving import keras_files

        with custom_object_scope(custom_objects):
            return keras_files.load(where, path, compile)
    with custom_object_scope(custom_objects), native.opened(where, path) as file:
        if "config" not in file.metadata:
            raise ValueError(f"{where}: expected a file of a whole model, got {path!r}, which holds weights alone; "
                             "make the model and call its load_weights")  # fmt: skip
        held = file.count(file.under("weights"))
        with native.blaming(where, path), room(held):
            model = _made(file.metadata.get("class_name"), _in_its_type(file))
            if "built_for" in file.metadata and not model.built:
                model.build_by_call(file.json("built_for").get("input_shape"))
            variables = weights.by_path(model) if model.built else {}
        weights.fill(where, path, file, "weights", variables)
        if compile and "compile_config" in file.metadata:
            with native.blaming(where, path), room(MOST_BESIDES, held):
                model.compile_from_config(file.json("compile_config"))
                state = training.checked(model, file)
            _restore_optimizer(where, path, file, model)
            model._take_state(state)
    return model


def _in_its_type(file: native.File) -> dict[str, Any]:
    """The model's config.

    Layers of older files say of which type they are only if it was not the usual one then; others are of that of the
    weights, whatever is usual now.
    """
    config = file.json("config")
    kinds = {file.codes[name] for name in file.under("weights")} & {"F32", "F64"}  # Normalization has a count
    usual = defaults.dtype_policy().name
    other = next((name for name in ("float32", "float64") if kinds == {native.code(name)} and name != usual), None)
    layers = config.get("layers")
    if other is not None and isinstance(layers, list):
        for layer in layers:
            native.as_dict("config", native.as_dict("layers", layer).get("config")).setdefault("dtype", other)
    return config


def _restore_optimizer(where: str, path: str, file: native.File, model: Any) -> None:
    """What the optimizer remembered; with a warning nothing, if other weights can be trained now than then."""
    optimizer = model.optimizer
    kept = len(file.under("optimizer"))
    if model.built and kept > len(optimizer.variables):
        optimizer.build(model.trainable_weights)
    if kept != len(optimizer.variables):
        warnings.warn(f"load_model: the optimizer of {path!r} has {kept} variables, and would have "
                      f"{len(optimizer.variables)} for what can be trained now; it begins anew",
                      UserWarning, stacklevel=user_level())  # fmt: skip
        return
    weights.fill(where, path, file, "optimizer", weights.of_optimizer(optimizer))


def model_to_json(model: Any, **options: Any) -> str:
    """What a model is made of and compiled with, without weights, as JSON; options are those of ``json.dumps``."""
    weights.need_model("to_json", model)
    compiled = {"compile_config": model.get_compile_config()} if model.compiled else {}
    return json.dumps({**_described(model), **compiled}, **options)


def model_from_json(json_string: str, custom_objects: Objects = None) -> Any:
    """A new model from what `model_to_json` gave, with weights of its own."""
    if not isinstance(json_string, str):
        raise TypeError(f"model_from_json: expected text, got {brief(json_string)}; take it from to_json")
    try:
        parsed = native.parse(json_string)
    except json.JSONDecodeError as error:
        raise ValueError(f"model_from_json: expected text in JSON, got {brief(json_string)}: {error}; take it from "
                         "to_json") from error  # fmt: skip
    found = native.as_dict("model_from_json", parsed)
    with custom_object_scope(custom_objects):
        model = _made(found.get("class_name"), found.get("config"))
        if found.get("compile_config") is not None:
            model.compile_from_config(found["compile_config"])
    return model
