"""Our models as Keras writes them: layers one after the other, graphs as the calls of each layer."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastmlp._objects import find_class, registered_name
from fastmlp._validate import brief
from fastmlp.autodiff.primitive import Primitive
from fastmlp.layers.calls import leaves
from fastmlp.layers.symbolic import KerasTensor
from fastmlp.neighbours.keras_names import kerass_name
from fastmlp.neighbours.keras_objects import their_object, theirs


def their_model(model: Any) -> dict[str, Any]:
    """A model of ours as Keras writes it, without how it was compiled."""
    importlib.import_module("fastmlp.models")
    if type(model) is find_class("Sequential"):
        named = {"module": "keras", "class_name": "Sequential", "registered_name": None}
        shape = list(model.input_shape) if model.built else None
        config: dict[str, Any] = {**_settings(model), "layers": [their_layer(layer) for layer in model._layers]}
        if shape is not None:
            config["build_input_shape"] = shape
        return {**named, "config": config, **_built(model)}
    if type(model) is find_class("Model"):
        if model._graph is None:
            raise ValueError(f"model '{model.name}': expected inputs and outputs, or a class of its own, got neither; "
                             "give them")  # fmt: skip
        named = {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional"}
        return {**named, "config": {**_settings(model), **_Calls(model._graph).config()}, **_built(model)}
    where = f"model '{model.name}'"
    return {**kerass_name(where, type(model)), "config": theirs(where, model.get_config()), **_built(model)}


def their_layer(layer: Any) -> dict[str, Any]:
    """A layer of ours, or a model in its place, as Keras writes it."""
    if hasattr(layer, "compile_from_config"):
        return their_model(layer)
    config = {**layer.get_config(), "name": layer.name}
    described = their_object(f"layer '{layer.name}'", {"class_name": registered_name(type(layer)), "config": config})
    return {**described, **_built(layer)} if layer.weights else described


def _settings(model: Any) -> dict[str, Any]:
    return {"name": model.name, "trainable": model.trainable}


def _built(layer: Any) -> dict[str, Any]:
    return {"build_config": {"input_shape": _plain(layer.input_shape)}} if layer.built else {}


def _plain(shape: Any) -> Any:
    """A shape, or a structure of shapes, in lists."""
    if isinstance(shape, Mapping):
        return {key: _plain(one) for key, one in shape.items()}
    return [_plain(one) for one in shape] if isinstance(shape, (list, tuple)) else shape


class _Calls:
    """A graph of ours as the calls of each of its layers."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._nodes = graph.all_nodes()
        self._counts: dict[int, int] = {}  # calls of a layer so far
        self._places: dict[int, list[Any]] = {}  # where a tensor to come comes from
        for node in self._nodes:
            operation = node.operation
            if isinstance(operation, Primitive):
                raise ValueError(f"model: expected layers alone in the graph, got the operation {operation.name}; take "
                                 "the layer that does it, or put it into the call of a layer")  # fmt: skip
            call = self._counts[id(operation)] = self._counts.get(id(operation), -1) + 1
            for output, one in enumerate(_in_order(node.outputs)):
                self._places[id(one)] = [operation.name, call, output]

    def config(self) -> dict[str, Any]:
        """Layers with their calls, inputs and outputs."""
        layers = []
        for layer in self._graph.layers:
            calls = [self._call(node) for node in self._nodes if node.operation is layer and node.inputs]
            layers.append({**their_layer(layer), "name": layer.name, "inbound_nodes": calls})
        return {"layers": layers, "input_layers": self._ends(self._graph.inputs),
                "output_layers": self._ends(self._graph.outputs)}  # fmt: skip

    def _call(self, node: Any) -> dict[str, Any]:
        where = f"layer '{node.operation.name}'"
        return {"args": [self._argument(where, one) for one in node.args],
                "kwargs": {key: self._argument(where, one) for key, one in node.settings.items()}}  # fmt: skip

    def _argument(self, where: str, value: Any) -> Any:
        if isinstance(value, KerasTensor):
            config = {"shape": list(value.shape), "dtype": value.dtype.name, "keras_history": self._places[id(value)]}
            return {"class_name": "__keras_tensor__", "config": config}
        if isinstance(value, (list, tuple)):
            return [self._argument(where, one) for one in value]
        if isinstance(value, Mapping):
            return {key: self._argument(where, one) for key, one in value.items()}
        if isinstance(value, np.ndarray):
            return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": value.dtype.name}}
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise ValueError(f"{where}: expected arguments of calls that Keras can write, got {brief(value)}; put them "
                         "into the settings of a layer")  # fmt: skip

    def _ends(self, ends: Any) -> Any:
        """Inputs or outputs; a graph in it, Keras counts as called once when it was made."""
        if isinstance(ends, Mapping):
            return {key: self._ends(one) for key, one in ends.items()}
        if isinstance(ends, (list, tuple)):
            return [self._ends(one) for one in ends]
        name, call, output = self._places[id(ends)]
        return [name, call + (type(ends.node.operation) is find_class("Model")), output]


def _in_order(outputs: Any) -> list[Any]:
    """What a call gives, as Keras counts it: of a dict by its sorted keys."""
    if isinstance(outputs, Mapping):
        return [one for key in sorted(outputs) for one in _in_order(outputs[key])]
    if isinstance(outputs, (list, tuple)):
        return [one for part in outputs for one in _in_order(part)]
    return list(leaves(outputs))
