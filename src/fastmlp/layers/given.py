"""What a layer or a model of one's own was made with, so that it has a config without keeping it itself."""

from __future__ import annotations

import inspect
from typing import Any


def is_own(cls: type) -> bool:
    """Whether a class is the user's."""
    return cls.__module__.split(".")[0] != "fastmlp"


def simple_arguments(cls: type, args: tuple[Any, ...], settings: dict[str, Any]) -> dict[str, Any]:
    """The arguments of ``__init__`` by name, if all of them are such as JSON can hold; else none."""
    if not all(map(_is_simple, (*args, *settings.values()))):
        return {}
    try:
        bound = inspect.signature(cls.__init__).bind(None, *args, **settings)  # type: ignore[misc]
    except TypeError:  # which __init__ will say itself
        return {}
    found: dict[str, Any] = {}
    for argument in list(bound.signature.parameters.values())[1:]:
        if argument.kind == argument.VAR_KEYWORD:
            found |= bound.arguments.get(argument.name, {})
        elif argument.kind != argument.VAR_POSITIONAL and argument.name in bound.arguments:
            found[argument.name] = bound.arguments[argument.name]
    return found


def _is_simple(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_simple, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_simple(one) for key, one in value.items())
    return value is None or isinstance(value, (bool, int, float, str))


def need_config(where: str, settings: dict[str, inspect.Parameter], config: dict[str, Any]) -> None:
    """Refuse a config that nothing can be made of again."""
    missing = sorted(name for name, argument in settings.items()
                     if argument.default is argument.empty and name not in config)  # fmt: skip
    if missing:
        raise NotImplementedError(f"{where}: expected a get_config, got none, and no attributes {missing} to make one "
                                  "of; define get_config, or keep them under these names")  # fmt: skip
