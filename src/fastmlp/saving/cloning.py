"""Clones: models made of the same layers, or of others in their places, with weights of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastmlp._objects import Configurable, custom_object_scope, registered_name
from fastmlp._validate import brief

Clone = Callable[[Any], Any]


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Clone | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """A new model made of the same layers, with weights of its own, and compiled alike if it is compiled.

    Parameters
    ----------
    model
        A model; what follows is for those of inputs and outputs, and for Sequential ones.
    input_tensors
        What `Input` gave, to build it upon; a list or a dict of them where the model takes such.
    clone_function
        Called with each layer but the inputs, gives the one that stands in its place: itself, to share it, a changed
        or another one. Unless given, it is made anew of its config.
    call_function
        ``call_function(layer, *args, **kwargs)`` gives what is to be taken for ``layer(*args, **kwargs)``; for models
        of inputs and outputs alone.
    recursive
        Whether layers that are models themselves are cloned so as well, and not given to `clone_function`.

    >>> from fastmlp.layers import Dense, Dropout, Input
    >>> from fastmlp.models import Sequential
    >>> model = Sequential([Input(shape=(4,)), Dense(3), Dropout(0.5)])
    >>> sure = clone_model(model, clone_function=lambda one: Dropout(0.1) if isinstance(one, Dropout) else one)
    >>> [type(one).__name__ for one in sure.layers], sure.layers[1].rate, sure.layers[0] is model.layers[0]
    (['Dense', 'Dropout'], 0.1, True)
    """
    if not hasattr(model, "compile_from_config"):
        raise TypeError(f"clone_model: expected a model, got {brief(model)}; a layer's copy is made by from_config")
    for name, one in (("clone_function", clone_function), ("call_function", call_function)):
        if one is not None and not callable(one):
            raise TypeError(f"clone_model: {name}: expected a function, got {brief(one)}; give one, or None")
    with custom_object_scope(_classes(model)):
        if input_tensors is None and clone_function is None and call_function is None and not recursive:
            made = type(model).from_config(model.get_config())
        else:
            settings = {"clone_function": clone_function, "call_function": call_function, "recursive": recursive}
            made = model._replayed(input_tensors, _each_once(settings), call_function)
        if model.compiled:
            made.compile(**_like(model._compiled))
    return made


def _each_once(settings: Mapping[str, Any]) -> Clone:
    """What gives each layer its clone, a shared one the same wherever it stands."""
    known: dict[int, Any] = {}
    clone = settings["clone_function"] or (lambda layer: type(layer).from_config(layer.get_config()))

    def cloned(layer: Any) -> Any:
        if id(layer) not in known:
            inner = settings["recursive"] and hasattr(layer, "compile_from_config")
            given = settings if not inner or layer.takes_call_function else {**settings, "call_function": None}
            made = clone_model(layer, **given) if inner else clone(layer)
            if not hasattr(made, "get_weights"):
                raise TypeError(f"clone_model: expected a clone_function that gives layers, got {brief(made)} for "
                                f"'{layer.name}'; return the layer itself to keep it")  # fmt: skip
            known[id(layer)] = made
        return known[id(layer)]

    return cloned


def _like(compiled: Any) -> dict[str, Any]:
    """What compile was given, objects that remember anything made anew."""
    optimizer = compiled.optimizer
    given = {name: _anew(value) for name, value in compiled.given.items()}
    return {**given, "optimizer": type(optimizer).from_config(optimizer.get_config())}


def _anew(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {name: _anew(one) for name, one in given.items()}
    if isinstance(given, (list, tuple)):
        return [_anew(one) for one in given]
    return type(given).from_config(given.get_config()) if isinstance(given, Configurable) else given


def _classes(model: Any) -> dict[str, Any]:
    """The classes of its layers, of those within them and of what compile was given, by name."""
    found: dict[str, Any] = {}
    for layer in model.inner_layers():
        found |= {registered_name(type(layer)): type(layer), **_classes(layer)}
    compiled = getattr(model, "_compiled", None) if hasattr(model, "compile_from_config") else None
    if compiled is not None:
        found |= _known(compiled.given.values()) | _known([compiled.optimizer, compiled.optimizer._follow])
    return found


def _known(things: Iterable[Any]) -> dict[str, Any]:
    """Classes and functions of a user's own among these, in lists and dicts too, by name."""
    found: dict[str, Any] = {}
    for one in things:
        if isinstance(one, (list, tuple, Mapping)):
            found |= _known(one.values() if isinstance(one, Mapping) else one)
        elif isinstance(one, Configurable):
            found[registered_name(type(one))] = type(one)
    return found
