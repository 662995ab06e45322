"""Keras's serialised objects as ours and ours as Keras's: layers, initializers, losses, optimizers, one at a time.

Keras writes ``{"module", "class_name", "config", "registered_name"}``, we write ``{"class_name", "config"}``; names and
meanings of settings are the same. What is not the same is said here. Nothing is imported by a name that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastmlp._objects import deserialize, find_class, find_registered, registered_name
from fastmlp._validate import brief
from fastmlp.layers.given import is_own
from fastmlp.neighbours.keras_names import (
    HARMLESS,
    LEARN_NOTHING,
    OF_NO_ACCOUNT,
    OLDER,
    ONLY_OURS,
    ROOMS,
    UNKNOWN_THERE,
    class_named,
    is_kerass,
    kerass_name,
    room_of_key,
)


def is_object(value: Any) -> bool:
    """Whether it is one serialised object, and not a dict of several."""
    return isinstance(value, Mapping) and "class_name" in value and "config" in value


# ---- Keras's as ours


def ours(where: str, value: Any, room: str) -> Any:
    """A value of a config of Keras's as it stands in one of ours; `room` says of which kind an object in it is."""
    if isinstance(value, (list, tuple)):
        return [ours(where, one, room) for one in value]
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, Mapping):
        return value
    if not is_object(value):
        return {key: ours(where, one, room_of_key(str(key), room)) for key, one in value.items()}
    plain = _PLAIN.get(str(value["class_name"]))
    if plain is not None:
        return plain(where, value, room)
    return our_object(where, value, room)


def our_object(where: str, description: Mapping[str, Any], room: str) -> dict[str, Any]:
    """An object of Keras's as ``{"class_name", "config"}`` of ours."""
    module = str(description.get("module") or "")
    if is_kerass(description):
        room = next((kind for kind in reversed(ROOMS) if f".{kind}." in f"{module}."), room)
    cls = class_named(where, description, room)
    config = description["config"]
    if not isinstance(config, Mapping):
        raise ValueError(f"{where}: expected settings by name for {brief(description['class_name'])}, got "
                         f"{brief(config)}; the description is damaged")  # fmt: skip
    name = registered_name(cls)
    found = {key: ours(where, one, room_of_key(key, room)) for key, one in config.items()}
    if not is_own(cls):
        return {"class_name": name, "config": _settings(where, cls, found, room)}
    return {"class_name": name, "config": {key: one for key, one in found.items() if (key, one) != ("autocast", True)}}


def _settings(where: str, cls: Any, config: dict[str, Any], room: str) -> dict[str, Any]:
    """The settings by today's names, without those that ask for nothing."""
    title = cls.__name__
    config = {{**OLDER[""], **OLDER.get(title, {})}.get(key, key): value for key, value in config.items()}
    known = cls._settings()
    if room == "losses":
        config.pop("fn", None)
        if config.get("reduction") == "auto":
            config["reduction"] = "sum_over_batch_size"
    if room == "optimizers":
        _slow_down(config)
    for key, value in list(config.items()):
        if key in known and key not in OF_NO_ACCOUNT:
            continue
        nothing = (
            key in OF_NO_ACCOUNT or value is None or value is False or (key in HARMLESS and value == HARMLESS[key])
        )
        if not nothing:
            raise ValueError(f"{where}: expected settings of {title} that fastmlp has, got {key}={brief(value)}; leave "
                             f"out {key}, or use Keras for this")  # fmt: skip
        del config[key]
    return config


def _slow_down(config: dict[str, Any]) -> None:
    """Keras 2's `decay` of the learning rate, η/(1 + decay·steps), as the schedule it is."""
    decay, rate = config.pop("decay", None), config.get("learning_rate")
    if decay and isinstance(rate, (int, float)):
        settings = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay}
        config["learning_rate"] = {"class_name": "InverseTimeDecay", "config": settings}


def _policy(where: str, value: Mapping[str, Any], room: str) -> Any:
    return value["config"].get("name")


def _refused(where: str, value: Mapping[str, Any], room: str) -> Any:
    raise ValueError(f"{where}: expected settings that are no code, got {value['class_name']}; name a function of "
                     "fastmlp's, or register a class of your own")  # fmt: skip


def _function(where: str, value: Mapping[str, Any], room: str) -> Any:
    name = value["config"]
    if not isinstance(name, str):
        _refused(where, value, room)
    try:
        return {"function": registered_name(find_registered(name))}
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


_PLAIN: dict[str, Callable[[str, Mapping[str, Any], str], Any]] = {
    "DTypePolicy": _policy,
    "FloatDTypePolicy": _policy,
    "Policy": _policy,
    "SeedGenerator": lambda where, value, room: value["config"].get("seed"),
    "Lambda": _refused,
    "__lambda__": _refused,
    "__tuple__": lambda where, value, room: ours(where, value["config"]["value"], room),
    "__numpy__": lambda where, value, room: value["config"]["value"],
    "__tensor__": lambda where, value, room: value["config"]["value"],
    "function": _function,
}


# ---- ours as Keras's


def theirs(where: str, value: Any) -> Any:
    """A value of one of our configs as Keras writes it."""
    if isinstance(value, (list, tuple)):
        return [theirs(where, one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"class_name", "config"}:
        return their_object(where, value)
    if set(value) == {"function"}:
        name = str(value["function"]).rpartition(">")[2]
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    return {key: theirs(where, one) for key, one in value.items()}


def their_object(where: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """One of our objects, ``{"class_name", "config"}``, as Keras writes it."""
    cls, config = find_class(value["class_name"]), dict(value["config"])
    named = kerass_name(where, cls)
    if not is_own(cls):
        _drop_conventions(where, value, config)
        for key, usual in UNKNOWN_THERE.get(cls.__name__, {}).items():
            if config.pop(key, usual) != usual:
                raise ValueError(
                    f"{where}: expected settings that Keras has, got {key} of {cls.__name__}; leave it out"
                )
    activation = config.get("activation")
    if isinstance(activation, str) and activation in ONLY_OURS:
        raise ValueError(f"{where}: expected what Keras has as well, got the activation {activation!r}; it is "
                         "fastmlp's alone: take another, or save as .safetensors")  # fmt: skip
    if named["class_name"] in LEARN_NOTHING:
        config.pop("trainable", None)
    config = {key: theirs(where, one) for key, one in config.items()}
    if hasattr(cls, "build_weights") and cls.__name__ != "InputLayer":
        policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": config.get("dtype")},
                  "registered_name": None}  # fmt: skip
        config = {"name": config.get("name"), **config, "dtype": policy}
    return {"module": named["module"], "class_name": named["class_name"], "config": config,
            "registered_name": named["registered_name"]}  # fmt: skip


def _drop_conventions(where: str, value: Mapping[str, Any], config: dict[str, Any]) -> None:
    """Take `compat` and what belongs to it out of a config, which must mean the same without."""
    convention = config.pop("compat", "keras")
    config.pop("epsilon_mode", None)
    if value["class_name"] == "L2" and convention != "keras":
        config.pop("rows", None)
        config["l2"] = deserialize(value).l2
        return
    given = find_class(value["class_name"])
    differs = given.__name__ == "BatchNormalization" and convention == "torch"  # in the moving variance
    if hasattr(given, "slot_names"):
        mine, plain = deserialize(value), deserialize({"class_name": value["class_name"], "config": config})
        differs = _step_of(mine) != _step_of(plain)
    if differs:
        raise ValueError(f"{where}: expected Keras's formula, got {given.__name__} with compat={convention!r}, which "
                         "has another; leave out compat, or save as .safetensors")  # fmt: skip


def _step_of(optimizer: Any) -> Any:
    clipping = optimizer.clipping()
    return optimizer.lower(), {**clipping, "coupled": clipping["coupled"] and bool(clipping["weight_decay"])}
