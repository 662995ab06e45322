"""Keras's models as ours and ours as Keras's: layers, names, weights, and the state of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastmlp._validate import brief, need_package
from fastmlp.layers.base import Layer
from fastmlp.neighbours.keras_config import compile_as, description_of, model_of
from fastmlp.neighbours.keras_twins import Twins


def need_keras(where: str) -> Any:
    """The library, of version 3."""
    keras = need_package(where, "keras", "keras 3", "pip install 'fastmlp[keras]' and one of its backends")
    if int(keras.__version__.partition(".")[0]) < 3:
        raise ImportError(f"{where}: expected keras 3, got {keras.__version__}; pip install -U 'fastmlp[keras]'")
    return keras


def from_keras(model: Any, compile: bool = True) -> Any:
    """A model like this one of Keras's: the same layers and names, with copies of its weights.

    Predictions are equal but for rounding, and training goes on where it was: the optimizer's count of steps and all it
    remembers of weights go along. What fastmlp has not is an error that names the layer. The model given stays as it
    is.

    Parameters
    ----------
    model
        A ``keras.Sequential``, or a ``keras.Model`` of inputs and outputs, of any backend.
    compile
        Whether to compile it alike, if it is compiled.
    """
    keras = need_keras("from_keras")
    if not isinstance(model, keras.Model):
        raise TypeError(f"from_keras: expected a model of Keras's, got {brief(model)}; give a keras.Sequential or "
                        "keras.Model")  # fmt: skip
    return twins_of(model, compile).mine


def twins_of(model: Any, compile: bool = True) -> Twins:
    """Keras's model and a new one of ours like it."""
    mine = model_of(_description(model))
    if model.built and not mine.built:
        raise ValueError(f"from_keras: expected a model whose shapes are known, got '{model.name}', whose layers are "
                         "built and it is not; call it on data, or put Input first")  # fmt: skip
    if compile and model.compiled:
        compile_as(mine, _compile_config(model))
    twins = Twins(model, mine)
    twins.need_same_learn()
    twins.give_me(twins.weights)
    if compile and model.compiled and model.built:
        twins.bind_mine()
        if model.optimizer.built:
            twins.give_me(twins.of_optimizer)
    return twins


def _description(model: Any) -> dict[str, Any]:
    import keras

    kind = type(model)
    return {"module": kind.__module__, "class_name": kind.__name__, "config": model.get_config(),
            "registered_name": keras.saving.get_registered_name(kind)}  # fmt: skip


def _compile_config(model: Any) -> dict[str, Any]:
    """What compile was given, written from the objects themselves, some of which tell less than all in their config."""
    given = {**model._compile_config.config, "optimizer": model.optimizer}  # which Keras, saving a .h5, takes out
    return {key: _written(f"compile: {key}", one) for key, one in given.items()}


def _written(where: str, given: Any) -> Any:
    import keras

    if given is None or isinstance(given, (str, bool, int, float)):
        return given
    if isinstance(given, Mapping):
        return {key: _written(where, one) for key, one in given.items()}
    if isinstance(given, (list, tuple)):
        return [_written(where, one) for one in given]
    if hasattr(given, "__code__") and str(given.__module__).partition(".")[0] != "keras":
        raise ValueError(f"{where}: expected names and objects of Keras's, got the function {given.__name__}, whose "
                         "code is Keras's alone; convert with compile=False, and compile with a function of "
                         "fastmlp.ops")  # fmt: skip
    described = keras.saving.serialize_keras_object(given)
    settings = getattr(given, "_fn_kwargs", {})  # such as Huber's delta, which Keras leaves out of its config
    if settings:
        described["config"] = {**settings, **described["config"]}
    return described


def to_keras(model: Any) -> Any:
    """A model of Keras's like this one: the same layers and names, with copies of its weights; compiled, if it is.

    Which backend it has, the environment variable KERAS_BACKEND says, as always. What Keras has not is an error that
    names the layer. The model given stays as it is.

    Parameters
    ----------
    model
        A `Sequential`, or a `Model` of inputs and outputs.
    """
    keras = need_keras("to_keras")
    if not (isinstance(model, Layer) and hasattr(model, "compile_from_config")):
        raise TypeError(f"to_keras: expected a model, got {brief(model)}; give a Sequential or Model")
    return model._turn.take("to_keras", lambda: _to_keras(keras, model))


def _to_keras(keras: Any, model: Any) -> Any:
    description = description_of(model)
    compile_config = description.pop("compile_config", None)
    made = keras.saving.deserialize_keras_object(description)
    _set_trainable(made, model)
    if compile_config is not None:
        made.compile(**keras.saving.deserialize_keras_object(compile_config))
    if model.built:
        twins = Twins(made, model)
        twins.give_them(twins.weights)
        _take_in(made)
        if compile_config is not None:
            twins.bind_theirs()
            if model.optimizer.built:
                twins.give_them(twins.of_optimizer)
    return made


def _take_in(made: Any) -> None:
    """Let layers that work on a form of their weights, as Normalization does, make it of the new ones."""
    for layer in made._flatten_layers():
        getattr(layer, "finalize_state", lambda: None)()


def _set_trainable(theirs: Any, mine: Any) -> None:
    """Outer layers first: what is said of a model, Keras says of all in it."""
    theirs.trainable = mine._trainable
    for layer in theirs.layers:
        twin = mine.get_layer(layer.name)
        if hasattr(twin, "get_layer") and twin._trainable:
            _set_trainable(layer, twin)
        else:  # nothing in a model learns here that does not itself
            layer.trainable = twin._trainable
