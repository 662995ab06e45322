"""Where Keras keeps what in files of weights: ``layers/dense_1/vars/0``, by attributes and classes, not by names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from fastmlp._objects import snake_case
from fastmlp.layers.base import Layer
from fastmlp.layers.weights import HasWeights
from fastmlp.variables import Variable


def places(model: Any) -> dict[str, Any]:
    """The model and all layers inside by the path of their group; a layer that is met twice stands where met first.

    >>> from fastmlp import Sequential
    >>> from fastmlp.layers import Dense, Dropout, Input
    >>> list(places(Sequential([Input((2,)), Dense(3), Dropout(0.5), Dense(1)])))
    ['', 'layers/dense', 'layers/dropout', 'layers/dense_1']
    """
    return dict(_walk(model, "", set()))


def variables_at(path: str, layer: Any) -> dict[str, Variable]:
    """Its own variables by the path of their dataset."""
    return {joined(path, f"vars/{i}"): one for i, one in enumerate(layer.own_variables())}


def joined(path: str, name: str) -> str:
    """A path below another, which may be the root's."""
    return f"{path}/{name}" if path else name


def _walk(layer: Any, path: str, met: set[int]) -> Iterator[tuple[str, Any]]:
    """A layer and those inside, each once: first those that a model runs, then what attributes hold, by name."""
    if id(layer) in met:
        return
    met.add(id(layer))
    yield path, layer
    for name, held in _children(layer):
        if isinstance(held, HasWeights):
            yield from _walk(held, joined(path, name), met)
        elif isinstance(held, (list, tuple, Mapping)):
            yield from _walk_all(held, joined(path, name), met, set())


def _walk_all(held: Any, path: str, met: set[int], opened: set[int]) -> Iterator[tuple[str, Any]]:
    """What a list, tuple or dict holds, by class and number."""
    if id(held) in opened:
        return
    opened.add(id(held))
    taken: dict[str, int] = {}
    for one in held.values() if isinstance(held, Mapping) else held:
        if isinstance(one, HasWeights):
            yield from _walk(one, joined(path, numbered(_kind(one), taken)), met)
        elif isinstance(one, (list, tuple, Mapping)):
            yield from _walk_all(one, joined(path, numbered("container", taken)), met, opened)


def _kind(layer: Any) -> str:
    """What Keras calls its class: a model of inputs and outputs is of a class of its own there."""
    name = type(layer).__name__
    is_graph = name == "Model" and not layer.needs_a_call()
    return "functional" if is_graph else snake_case(name)


def numbered(name: str, taken: dict[str, int]) -> str:
    """The name, the next time name_1 and so on, whatever else is called so."""
    taken[name] = taken.get(name, -1) + 1
    return f"{name}_{taken[name]}" if taken[name] else name


def _children(layer: Any) -> Iterator[tuple[str, Any]]:
    """What may hold layers, in the order in which Keras looks at it; a layer of the engine holds none."""
    if not layer.has_own_call():
        return
    is_model = hasattr(layer, "in_line")
    if is_model and not layer.needs_a_call():
        yield "layers", layer.layers
    names = {*(vars(layer).keys() - _everyones()), *_properties(type(layer)), *(["layers"] if is_model else [])}
    for name in sorted(names, key=lambda name: f"~{name}" if name.startswith("_") else name):
        try:
            yield name, getattr(layer, name)
        except Exception:  # noqa: S112 - a property of a user's that has nothing to give yet; Keras passes it by, too
            continue


def _properties(cls: type) -> set[str]:
    """Those that the user's classes add, whose values are attributes as well."""
    own = [base for base in cls.__mro__ if base.__module__.split(".")[0] not in ("fastmlp", "builtins")]
    return {name for base in own for name, value in vars(base).items()
            if isinstance(value, property) and not hasattr(Layer, name)}  # fmt: skip


@lru_cache(maxsize=1)
def _everyones() -> frozenset[str]:
    """The attributes that every layer is made with: none of them is a user's."""
    return frozenset({*vars(Layer(name="any")), "_layers", "_given", "_nodes"})
