"""Models of Keras's as configs of ours: layers in a row, and layers whose calls on each other's outputs are a graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastmlp._objects import find_class
from fastmlp._validate import brief
from fastmlp.neighbours.keras_names import is_kerass
from fastmlp.neighbours.keras_objects import is_object, our_object, ours

GRAPHS = ("Functional", "Model")  # what Keras calls a model of inputs and outputs


def is_model(description: Any) -> bool:
    """Whether it describes one of Keras's kinds of models."""
    return is_object(description) and is_kerass(description) and description["class_name"] in ("Sequential", *GRAPHS)


def our_model(description: Mapping[str, Any]) -> dict[str, Any]:
    """A model of Keras's as ``{"class_name", "config"}`` of ours."""
    config = description["config"]
    if description["class_name"] == "Sequential":
        return {"class_name": "Sequential", "config": _in_a_row(config)}
    if not isinstance(config, Mapping) or not {"layers", "input_layers", "output_layers"} <= set(config):
        raise ValueError(f"model: expected layers, input_layers and output_layers of a graph, got {brief(config)}; a "
                         "model of a class of one's own has to have that registered here")  # fmt: skip
    return {"class_name": "Model", "config": _Graph(config).config()}


def our_layer(description: Any) -> dict[str, Any]:
    """A layer of Keras's, or a model that stands in its place, as ours; it can be made."""
    if not is_object(description):
        raise ValueError(f"layers: expected layers with class_name and config, got {brief(description)}; the "
                         "description is damaged")  # fmt: skip
    if is_model(description):
        return our_model(description)
    config = description["config"]
    name = config.get("name", "") if isinstance(config, Mapping) else ""
    where = f"layer '{name}'"
    found = our_object(where, description, "layers")
    try:
        find_class(found["class_name"]).from_config(found["config"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error
    return found


# ---- in a row


def _in_a_row(config: Any) -> dict[str, Any]:
    settings = config if isinstance(config, Mapping) else {"layers": config}  # of Keras 1 a list
    given = settings.get("layers")
    if not isinstance(given, (list, tuple)):
        raise ValueError(f"Sequential: expected a list of layers, got {brief(given)}; the description is damaged")
    layers = [our_layer(one) for one in given]
    shape = given[0]["config"].get("batch_input_shape") if given and isinstance(given[0]["config"], Mapping) else None
    if shape is not None and layers[0]["class_name"] != "InputLayer":
        layers.insert(0, {"class_name": "InputLayer", "config": {"batch_shape": list(shape)}})
    return {**_model_settings(settings), "layers": layers, "build_input_shape": settings.get("build_input_shape")}


def _model_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": config.get("name"), "trainable": bool(config.get("trainable", True))}


# ---- a graph

Place = tuple[str, int, int]  # a layer's name, which call of it, which of its outputs


class _Graph:
    """The calls of a graph of Keras's in an order in which they can run."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._settings = config
        self._layers = {str(one.get("name", one["config"].get("name"))): one for one in config["layers"]}
        self._calls = {name: list(one.get("inbound_nodes") or [{"args": []}]) for name, one in self._layers.items()}
        self._shifted = self._counted_from_one()
        self._numbers: dict[tuple[str, int], int] = {}  # of our nodes, by layer and call

    def config(self) -> dict[str, Any]:
        """That of our model."""
        layers = [our_layer(one) for one in self._layers.values()]
        nodes = self._nodes()
        ends = {end: self._ends(self._settings[f"{end[:-1]}_layers"]) for end in ("inputs", "outputs")}
        return {**_model_settings(self._settings), "layers": layers, "nodes": nodes, **ends}

    def _counted_from_one(self) -> set[str]:
        """Models whose calls are counted from 1 in places: Keras has counted the making of the model for one."""
        used = [place for calls in self._calls.values() for call in calls for place in _places(call)]
        return {name for name, call, _ in used if call >= len(self._calls.get(name, ()))}

    def _nodes(self) -> list[dict[str, Any]]:
        """All calls, each behind those whose outputs it takes."""
        waiting = [(name, i) for name, calls in self._calls.items() for i in range(len(calls))]
        nodes: list[dict[str, Any]] = []
        while waiting:
            later = []
            for name, i in waiting:
                call = self._calls[name][i]
                known = all(self._key(place) in self._numbers for place in _places(call))
                if not known or (i and (name, i - 1) not in self._numbers):
                    later.append((name, i))
                    continue
                args, settings = self._arguments(f"layer '{name}'", call)
                self._numbers[name, i] = len(nodes)
                nodes.append({"layer": name, "args": args, "settings": {"dict": settings}})
            if len(later) == len(waiting):
                raise ValueError(f"model: expected calls on outputs of others, got {sorted({n for n, _ in later})}, "
                                 "which wait for each other; the description is damaged")  # fmt: skip
            waiting = later
        return nodes

    def _key(self, place: Place) -> tuple[str, int]:
        return place[0], place[1] - (place[0] in self._shifted)

    def _arguments(self, where: str, call: Any) -> tuple[list[Any], dict[str, Any]]:
        """What a layer is called with, as `fastmlp.models.wiring` writes it."""
        if isinstance(call, Mapping):
            kwargs = call.get("kwargs") or {}
            args = [self._argument(where, one) for one in call["args"]]
        else:  # of Keras 2
            refs, kwargs = [self._ref(place) for place in _places(call)], _kwargs_of(call)
            args = [refs if len(refs) > 1 else refs[0]] if refs else []
        return args, {key: self._argument(where, one) for key, one in kwargs.items() if one is not None}

    def _ref(self, place: Place) -> dict[str, Any]:
        return {"keras_tensor": [self._numbers[self._key(place)], place[2]]}

    def _argument(self, where: str, value: Any) -> Any:
        if _is_tensor(value):
            return self._ref(_place(value["config"]["keras_history"]))
        if is_object(value):
            return ours(where, value, "layers")
        if isinstance(value, Mapping):
            return {"dict": {key: self._argument(where, value[key]) for key in sorted(value)}}
        if isinstance(value, (list, tuple)):
            return [self._argument(where, one) for one in value]
        return value

    def _ends(self, ends: Any) -> Any:
        """Inputs or outputs of the model; those of models in it are counted from 1 there."""
        if isinstance(ends, Mapping):
            return {"dict": {key: self._ends(ends[key]) for key in sorted(ends)}}
        if not _is_place(ends):
            return [self._ends(one) for one in ends]
        name, call, output = _place(ends)
        made_before = self._layers[name]["class_name"] in GRAPHS or call >= len(self._calls[name])
        return {"keras_tensor": [self._numbers[name, call - made_before], output]}


def _is_tensor(value: Any) -> bool:
    return is_object(value) and value["class_name"] == "__keras_tensor__"


def _is_place(value: Any) -> bool:
    """Whether it is a layer's name, a call and an output, with settings of the call behind in Keras 2."""
    return isinstance(value, (list, tuple)) and len(value) in (3, 4) and isinstance(value[0], str)


def _place(value: Any) -> Place:
    return str(value[0]), int(value[1]), int(value[2])


def _places(call: Any) -> Iterator[Place]:
    """Whose outputs a call takes."""
    if _is_tensor(call):
        yield _place(call["config"]["keras_history"])
    elif isinstance(call, Mapping):
        for one in call.values():
            yield from _places(one)
    elif _is_place(call):
        yield _place(call)
    elif isinstance(call, (list, tuple)):
        for one in call:
            yield from _places(one)


def _kwargs_of(call: Any) -> dict[str, Any]:
    """The settings that a call of Keras 2 has."""
    return {key: one for place in call if len(place) > 3 for key, one in place[3].items()}
