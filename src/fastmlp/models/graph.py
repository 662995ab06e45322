"""Graph: the layers between the inputs and the outputs of a functional model, in an order in which they can run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastmlp._objects import NotLowered
from fastmlp._validate import brief
from fastmlp.layers.base import Layer
from fastmlp.layers.calls import leaves, mapped
from fastmlp.layers.core import InputLayer
from fastmlp.layers.symbolic import KerasTensor, Node


class Graph:
    """What leads from inputs to outputs.

    Parameters
    ----------
    inputs, outputs
        One of what `Input` and layers gave, or a list, tuple or dict of them.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = _alone(inputs), _alone(outputs)
        self.entries, self.exits = _flat(inputs), _flat(outputs)
        for one in (*self.entries, *self.exits):
            if not isinstance(one, KerasTensor):
                raise TypeError(f"Model: expected inputs and outputs made by Input and layers, got {brief(one)}; begin "
                                "with Input(shape=…) and call layers on it")  # fmt: skip
        self.nodes = list(self._in_order())

    def _in_order(self) -> Iterator[Node]:
        """Each node behind those whose outputs it takes."""
        entries, done = {id(one) for one in self.entries}, set[int]()
        stack = [(one, False) for one in reversed(self.exits)]
        while stack:
            one, ready = stack.pop()
            node = one.node
            if id(one) in entries or id(node) in done:
                continue
            if isinstance(node.operation, InputLayer):
                raise ValueError(f"Model: expected all that outputs are made of among the inputs, got outputs that "
                                 f"need '{one.name}'; add it to inputs")  # fmt: skip
            if ready:
                done.add(id(node))
                yield node
                continue
            stack.append((one, True))
            stack.extend((before, False) for before in reversed(node.inputs))

    @property
    def output_names(self) -> list[str]:
        """The names of the layers whose outputs these are, those of a dict by its sorted keys."""
        return [one.node.operation.name for one in self.exits]

    @property
    def layers(self) -> list[Any]:
        """All layers, inputs first, each once."""
        found = [one.node.operation for one in self.entries] + [node.operation for node in self.nodes]
        return list({id(layer): layer for layer in found if isinstance(layer, Layer)}.values())

    def chain(self) -> list[Layer]:
        """The layers, if each takes the output of the one before and no more."""
        at: Any = self.inputs
        if not isinstance(at, KerasTensor) or not isinstance(self.outputs, KerasTensor):
            raise NotLowered("it has several inputs or outputs")
        layers = [at.node.operation]
        for node in self.nodes:
            layer = node.operation
            if not isinstance(layer, Layer):
                raise NotLowered(f"the operation {layer.name} stands between its layers")
            plain = node.args == (at,) or (len(node.args) == 1 and node.args[0] is at)
            if not plain or node.settings or layer in layers or not isinstance(node.outputs, KerasTensor):
                raise NotLowered(f"the layer '{layer.name}' takes more than the output of the one before it")
            layers.append(layer)
            at = node.outputs
        if at is not self.outputs:
            raise NotLowered("its output is not that of the last layer")
        return layers

    def run(self, inputs: Any, training: bool) -> Any:
        """The outputs for these inputs."""
        known = dict(zip(map(id, self.entries), self._entries(inputs), strict=True))
        for node in self.nodes:
            settings = {"training": training} if isinstance(node.operation, Layer) else {}
            if "training" in node.settings:
                settings = {}
            found = node.run(lambda one: known[id(one)], **settings)
            known.update(zip(map(id, leaves(node.outputs)), leaves(found), strict=True))
        return mapped(lambda one: known[id(one)], self.outputs)

    def _entries(self, inputs: Any) -> list[Any]:
        """One array for each input, in their order; a dict names them as the inputs are named."""
        if isinstance(inputs, Mapping) and not isinstance(self.inputs, Mapping):
            names = [one.name for one in self.entries]
            missing = [name for name in names if name not in inputs]
            if missing:
                raise ValueError(f"inputs: expected arrays by the names {names}, got {sorted(inputs)}; name them so")
            return [inputs[name] for name in names]
        if isinstance(inputs, Mapping) and isinstance(self.inputs, Mapping):
            return _flat(inputs)
        found = list(leaves(inputs))
        if len(found) != len(self.entries):
            raise ValueError(f"inputs: expected {len(self.entries)} arrays, got {len(found)}; give one for each of "
                             f"{[one.name for one in self.entries]}")  # fmt: skip
        return found


def _alone(tree: Any) -> Any:
    """What is alone in a list, by itself."""
    return tree[0] if isinstance(tree, (list, tuple)) and len(tree) == 1 else tree


def _flat(tree: Any) -> list[Any]:
    """What is in a structure; dicts by their sorted keys, as Keras has them."""
    if isinstance(tree, Mapping):
        return [one for key in sorted(tree) for one in _flat(tree[key])]
    if isinstance(tree, (list, tuple)):
        return [one for part in tree for one in _flat(part)]
    return [tree]
