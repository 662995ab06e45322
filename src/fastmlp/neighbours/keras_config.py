"""Models as Keras describes them in its files and configs, and the other way."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from fastmlp._objects import find_class
from fastmlp._validate import brief
from fastmlp.neighbours.keras_describe import their_model
from fastmlp.neighbours.keras_graph import is_model, our_model
from fastmlp.neighbours.keras_objects import is_object, our_object, ours, theirs

_WAYS_OF_RUNNING = ("run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss", "sample_weight_mode")


# ---- Keras's as ours


def model_of(description: Mapping[str, Any]) -> Any:
    """A new model of what Keras has written, built if its shapes are known, and not compiled.

    Parameters
    ----------
    description
        ``{"class_name", "config", …}`` of Keras 3 or 2, as config.json of a .keras file, `to_json` or
        ``serialize_keras_object`` has it.

    Examples
    --------
    >>> layers = [{"class_name": "InputLayer", "config": {"batch_shape": [None, 3], "name": "x"}},
    ...           {"class_name": "Dense", "config": {"units": 2, "name": "line"}}]
    >>> model_of({"class_name": "Sequential", "config": {"name": "small", "layers": layers}}).count_params()
    8
    """
    importlib.import_module("fastmlp.models")  # classes are known by name once their modules are imported
    if not is_object(description):
        raise ValueError(f"model: expected a description with class_name and config, got {brief(description)}; take it "
                         "from to_json or config.json")  # fmt: skip
    found = our_model(description) if is_model(description) else our_object("model", description, "layers")
    cls = find_class(found["class_name"])
    if not hasattr(cls, "compile_from_config"):
        raise ValueError(f"model: expected a class of models, got {brief(description['class_name'])}; give a whole "
                         "model")  # fmt: skip
    model = cls.from_config(found["config"])
    shape = (description.get("build_config") or {}).get("input_shape")
    if not model.built and shape is not None:
        if model.needs_a_call():
            model.build_by_call(shape)
        else:
            model.build(shape)
    set_trainable(model, description)
    return model


def set_trainable(model: Any, description: Mapping[str, Any]) -> None:
    """Let each layer learn or not, as described: a model that does not may have layers that would."""
    model._trainable = _says_trainable(description)
    _set_inner(model, description)


def _set_inner(model: Any, description: Mapping[str, Any]) -> None:
    """In Keras the weights say whether they learn: a model in a model does if a layer in it does, whatever it says."""
    config = description["config"]
    described = (config.get("layers") if isinstance(config, Mapping) else config) if is_model(description) else ()
    layers = {layer.name: layer for layer in getattr(model, "layers", ())}
    for one in described or ():
        layer = layers.get(one["config"].get("name")) if isinstance(one["config"], Mapping) else None
        if layer is not None:
            _set_inner(layer, one)
            inner = layer.layers if is_model(one) else ()
            layer._trainable = _says_trainable(one) or any(part._trainable for part in inner)


def _says_trainable(description: Mapping[str, Any]) -> bool:
    config = description["config"]
    return bool(config.get("trainable", True)) if isinstance(config, Mapping) else True


def compile_as(model: Any, compile_config: Mapping[str, Any] | None) -> None:
    """Compile a model as Keras's was, from its ``compile_config`` or Keras 2's ``training_config``; {} is none."""
    if not compile_config:
        return
    config = {("optimizer" if key == "optimizer_config" else key): one for key, one in compile_config.items()}
    config = {key: one for key, one in config.items() if key not in _WAYS_OF_RUNNING}
    rooms = {"optimizer": "optimizers", "loss": "losses", "loss_weights": "losses", "metrics": "metrics",
             "weighted_metrics": "metrics"}  # fmt: skip
    unknown = sorted(set(config) - set(rooms))
    if unknown:
        raise ValueError(f"compile: expected settings among {sorted(rooms)}, got {unknown}; leave them out")
    model.compile_from_config({key: _named(ours(f"compile: {key}", one, rooms[key])) for key, one in config.items()})


def _named(value: Any) -> Any:
    """Functions of fastmlp's by their names, as they would be given to compile."""
    if isinstance(value, list):
        return [_named(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"function"} and ">" not in value["function"]:
        return value["function"]
    if value.get("class_name") == "metrics>MeanMetricWrapper":
        return _unwrapped(value)
    return value if is_object(value) else {key: _named(one) for key, one in value.items()}


def _unwrapped(value: Mapping[str, Any]) -> Any:
    """The metric that wraps a function known by name, as Keras 2 writes all of them."""
    fn = value["config"].get("fn")
    name = fn["function"] if isinstance(fn, Mapping) else fn
    if not isinstance(name, str) or ">" in name:
        return value
    from fastmlp import metrics

    metric = metrics.get(name)
    if not isinstance(metric, metrics.Metric):
        return value
    settings = {key: one for key, one in value["config"].items() if key != "fn"}
    return {"class_name": f"metrics>{type(metric).__name__}", "config": {**metric.get_config(), **settings}}


# ---- ours as Keras's


def description_of(model: Any) -> dict[str, Any]:
    """What Keras 3 would write of such a model, ``compile_config`` included if it is compiled.

    >>> from fastmlp import Sequential
    >>> from fastmlp.layers import Dense, Input
    >>> description_of(Sequential([Input((3,)), Dense(2)]))["build_config"]
    {'input_shape': [None, 3]}
    """
    described = their_model(model)
    if model.compiled:
        described["compile_config"] = compile_config_of(model)
    return described


def compile_config_of(model: Any) -> dict[str, Any]:
    """What compile was given, as Keras 3 writes it."""
    config = {"loss_weights": None, **model.get_compile_config()}
    return {
        **{key: theirs(f"compile: {key}", one) for key, one in config.items()},
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }
