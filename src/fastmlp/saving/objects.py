"""Objects as configs and by name, under the names that Keras has for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastmlp._objects import (
    _registered,
    custom_object_scope,
    deserialize,
    everyones_objects,
    find_registered,
    serialize,
)
from fastmlp._validate import brief

__all__ = [
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "serialize_keras_object",
]


def get_custom_objects() -> dict[str, Any]:
    """The classes and functions that names mean everywhere, to add to.

    >>> get_custom_objects()["Half"] = dict
    >>> get_registered_object("Half")
    <class 'dict'>
    >>> get_custom_objects().clear()
    """
    return everyones_objects


def get_registered_name(obj: Any) -> str:
    """The name under which it is registered, or else its own."""
    if not hasattr(obj, "__name__"):
        raise TypeError(f"get_registered_name: expected a class or a function, got {brief(obj)}; give type(obj), say")
    return next((name for name, known in reversed(_registered.items()) if known is obj), str(obj.__name__))


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """The class or function of that name, first of those given; None if there is none."""
    with custom_object_scope({**(module_objects or {}), **(custom_objects or {})}):
        try:
            return find_registered(name)
        except ValueError:
            return None


def serialize_keras_object(obj: Any) -> Any:
    """It, as JSON can hold it: objects by class and config."""
    return serialize(obj)


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """What `serialize_keras_object` wrote, as it was; no code is ever run out of a config."""
    if isinstance(config, Mapping) and {"class_name", "config"} <= set(config):
        config = {key: config[key] for key in ("class_name", "config")}
    with custom_object_scope(custom_objects):
        return deserialize(config)
