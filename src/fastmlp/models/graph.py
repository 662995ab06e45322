"""Graph: the layers between the inputs and the outputs of a functional model, in an order in which they can run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastmlp._objects import NotLowered, deserialize, registered_name, serialize
from fastmlp._validate import brief
from fastmlp.autodiff.primitive import Primitive, as_tensor
from fastmlp.autodiff.shapes import reshape
from fastmlp.layers.base import Layer
from fastmlp.layers.calls import leaves, mapped
from fastmlp.layers.core import InputLayer
from fastmlp.layers.symbolic import KerasTensor, Node, replaced
from fastmlp.models.wiring import Ref, find_operation, in_order, is_known, operation_name, read, refs, written


class Graph:
    """What leads from inputs to outputs.

    Parameters
    ----------
    inputs, outputs
        One of what `Input` and layers gave, or a list, tuple or dict of them.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        for one in (*_flat(inputs), *_flat(outputs)):
            if not isinstance(one, KerasTensor):
                raise TypeError(f"Model: expected inputs and outputs made by Input and layers, got {brief(one)}; begin "
                                "with Input(shape=…) and call layers on it")  # fmt: skip
        if not _flat(outputs):
            raise ValueError(
                f"Model: expected one output or more, got {brief(outputs)}; give what layers make of inputs"
            )
        if any(not isinstance(one.node.operation, InputLayer) for one in _flat(inputs)):
            inputs, outputs = _rerooted(inputs, outputs)
        self._take(inputs, outputs)
        entries = {id(one.node) for one in self.entries}
        for node in self.nodes:
            if isinstance(node.operation, InputLayer) and id(node) not in entries:
                raise ValueError(f"Model: expected all that outputs are made of among the inputs, got outputs that "
                                 f"need '{node.operation.name}': the graph is disconnected; add it")  # fmt: skip
        twice = [name for name, count in Counter(layer.name for layer in self.layers).items() if count > 1]
        if twice:
            raise ValueError(f"Model: expected layers of different names, got several named {twice}; give them others "
                             "by name=")  # fmt: skip

    def _take(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = _alone(inputs), _alone(outputs)
        self.entries, self.exits = _flat(inputs), _flat(outputs)
        self.nodes, self.operations = in_order(self.entries, self.exits)
        self.layers: list[Any] = [calls[0].operation for calls in self.operations
                                  if isinstance(calls[0].operation, Layer)]  # fmt: skip
        self.calls = [node for node in self.nodes if not isinstance(node.operation, InputLayer)]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers whose outputs these are, those of a dict by its sorted keys."""
        return [one.node.operation.name for one in self.exits]

    def in_line(self) -> list[Layer]:
        """The layers, those within models within it included, if each takes the output of the one before."""
        at: Any = self.inputs
        if not isinstance(at, KerasTensor) or not isinstance(self.outputs, KerasTensor):
            raise NotLowered("it has several inputs or outputs")
        layers = [at.node.operation]
        for node in self.calls:
            layer = node.operation
            if not isinstance(layer, Layer):
                raise NotLowered(f"the operation {layer.name} stands between its layers")
            plain = len(node.args) == 1 and node.args[0] is at and not node.settings
            if not plain or layer in layers or not isinstance(node.outputs, KerasTensor):
                raise NotLowered(f"the layer '{layer.name}' takes more than the output of the one before it")
            layers.append(layer)
            at = node.outputs
        if at is not self.outputs:
            raise NotLowered("its output is not that of the last layer")
        return spread(layers)

    def run(self, inputs: Any, training: bool) -> Any:
        """The outputs for these inputs."""
        known = dict(zip(map(id, self.entries), self._entries(inputs), strict=True))
        for node in self.calls:
            settings = {"training": training} if isinstance(node.operation, Layer) else {}
            if "training" in node.settings:
                settings = {}
            found = node.run(lambda one: known[id(one)], **settings)
            known.update(zip(map(id, leaves(node.outputs)), leaves(found), strict=True))
        return mapped(lambda one: known[id(one)], self.outputs)

    # ---- what it is given

    def _entries(self, inputs: Any) -> list[Any]:
        """One tensor for each input, in their order, of the shapes they have."""
        return [_fitting(one, given) for one, given in zip(self.entries, self._one_by_one(inputs), strict=True)]

    def _one_by_one(self, inputs: Any) -> list[Any]:
        """One array for each input; a dict names them by its own keys or as the inputs are named."""
        if isinstance(inputs, Mapping):
            keys = list(self.inputs) if isinstance(self.inputs, Mapping) else []
            if keys and set(keys) <= set(inputs):
                return _flat({key: inputs[key] for key in keys})
            names = [one.name for one in self.entries]
            missing = [name for name in names if name not in inputs]
            if missing:
                raise ValueError(f"inputs: expected arrays by the names {keys or names}, got {sorted(inputs)}; name "
                                 "them so")  # fmt: skip
            return [inputs[name] for name in names]
        found = _flat(inputs)
        if len(found) != len(self.entries):
            raise ValueError(f"inputs: expected {len(self.entries)} arrays, got {len(found)}; give one for each of "
                             f"{[one.name for one in self.entries]}")  # fmt: skip
        return found

    # ---- in files, in pickles

    def get_config(self) -> dict[str, Any]:
        """Its layers, its calls one after the other, and which of their outputs go in and out, as JSON can hold it."""
        nodes = self.all_nodes()
        find = refs(nodes)
        layers = [{"class_name": registered_name(type(layer)), "config": {**layer.get_config(), "name": layer.name}}
                  for layer in self.layers]  # fmt: skip
        calls = [{**_named(node.operation), "args": written(list(node.args), find),
                  "settings": written(node.settings, find)} for node in nodes]  # fmt: skip
        return {"layers": layers, "nodes": calls, "inputs": written(self.inputs, find),
                "outputs": written(self.outputs, find)}  # fmt: skip

    @staticmethod
    def ends_of(config: Mapping[str, Any]) -> tuple[Any, Any]:
        """Inputs and outputs of new layers, called as those were that `get_config` is of."""
        layers = {layer.name: layer for layer in map(deserialize, config["layers"])}
        made: list[list[KerasTensor]] = []

        def value(ref: Ref) -> KerasTensor:
            if not (0 <= ref.node < len(made) and 0 <= ref.output < len(made[ref.node])):
                raise ValueError(f"from_config: expected outputs of calls before, got {ref}; take it from get_config")
            return made[ref.node][ref.output]

        for call in config["nodes"]:
            operation = find_operation(call["operation"]) if "operation" in call else layers[call["layer"]]
            if isinstance(operation, InputLayer):
                made.append([Node.of_input(operation)])
                continue
            found = operation(*read(call["args"], value), **read(call["settings"], value))
            made.append(list(leaves(found)))
        return read(config["inputs"], value), read(config["outputs"], value)

    def replayed(self, inputs: Any, clone: Callable[[Any], Any], call: Callable[..., Any] | None) -> tuple[Any, Any]:
        """Inputs and outputs of the same calls upon other inputs (None: alike), of layers that `clone` gives."""
        if inputs is None:
            made = [Node.of_input(deserialize(serialize(one.node.operation))) for one in self.entries]
        else:
            made = self._one_by_one(inputs)
        for one in made:
            if not isinstance(one, KerasTensor):
                raise ValueError(f"clone_model: expected input_tensors made by Input, got {brief(one)}; give these")
        known = dict(zip(map(id, self.entries), made, strict=True))
        for node in self.calls:
            one = node.operation
            operation = clone(one) if isinstance(one, Layer) else one
            args, settings = replaced((node.args, dict(node.settings)), lambda one: known[id(one)])
            found = operation(*args, **settings) if call is None else call(operation, *args, **settings)
            known.update(zip(map(id, leaves(node.outputs)), leaves(found), strict=True))
        return replaced(self.inputs, lambda one: known[id(one)]), replaced(self.outputs, lambda one: known[id(one)])

    def all_nodes(self) -> list[Node]:
        """Those of the inputs first, then all calls."""
        return [*(one.node for one in self.entries), *self.calls]

    def __getstate__(self) -> dict[str, Any]:
        """Without links from one to the next, which would take Python too deep."""
        nodes = self.all_nodes()
        find = refs(nodes)
        calls = [(_kept(node.operation), replaced((node.args, node.settings), find), replaced(node.outputs, _spec))
                 for node in nodes]  # fmt: skip
        return {"calls": calls, "ends": replaced((self.inputs, self.outputs), find)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        made: list[list[KerasTensor]] = []

        def value(ref: Ref) -> KerasTensor:
            return made[ref.node][ref.output]

        for operation, call, outputs in state["calls"]:
            if isinstance(operation, str):
                operation = find_operation(operation)
            args, settings = replaced(call, value, Ref)
            specs = replaced(outputs, lambda one: KerasTensor(one.shape, one.dtype, one.name), _Spec)
            made.append(list(leaves(Node.wired(operation, args, settings, specs).outputs)))
        self._take(*replaced(state["ends"], value, Ref))


class _Spec:
    """Shape, type and name of what is to come."""

    def __init__(self, shape: Any, dtype: Any, name: str) -> None:
        self.shape, self.dtype, self.name = tuple(shape), dtype, name


def _spec(one: KerasTensor) -> _Spec:
    return _Spec(one.shape, one.dtype, one.name)


def _kept(operation: Any) -> Any:
    """An operation in a copy: those of fastmlp by name, layers and operations of one's own as they are."""
    return operation_name(operation) if isinstance(operation, Primitive) and is_known(operation) else operation


def _named(operation: Any) -> dict[str, Any]:
    if isinstance(operation, Primitive):
        return {"operation": operation_name(operation)}
    return {"layer": operation.name}


def spread(layers: Sequence[Any]) -> list[Any]:
    """Layers, with those of a model among them in its place; NotLowered where that is no chain."""
    found: list[Any] = []
    for layer in layers:
        if not hasattr(layer, "in_line"):
            found.append(layer)
            continue
        inner = [one for one in layer.in_line() if not isinstance(one, InputLayer)]
        if not layer.trainable and any(one.trainable for one in inner):
            raise NotLowered(f"layers of '{layer.name}' are trainable, and it is not")
        if layer.activity_regularizer is not None:
            raise NotLowered(f"the model '{layer.name}' has an activity_regularizer")
        found += inner
    if len({id(layer) for layer in found}) < len(found):
        raise NotLowered("a layer stands in two places of it")
    return found


def _rerooted(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The same calls on inputs of their own, where models are to begin in the midst of others."""
    known: dict[int, KerasTensor] = {}
    for one in _flat(inputs):
        layer = one.node.operation
        if not isinstance(layer, InputLayer):
            layer = InputLayer(batch_shape=one.shape, dtype=one.dtype)
        known[id(one)] = Node.of_input(layer)

    def value(one: KerasTensor) -> KerasTensor:
        return known.get(id(one), one)

    for node in in_order(_flat(inputs), _flat(outputs))[0]:
        if any(id(one) in known for one in leaves(node.outputs)) or isinstance(node.operation, InputLayer):
            continue
        args, settings = replaced((node.args, node.settings), value)
        again = Node.wired(node.operation, args, settings, node.outputs)
        known.update(zip(map(id, leaves(node.outputs)), leaves(again.outputs), strict=True))
    return replaced(inputs, value), replaced(outputs, value)


def _fitting(entry: KerasTensor, given: Any) -> Any:
    """An array in the shape and of the kind of an input; a last axis of one is put there or taken away."""
    x, want = as_tensor(given), tuple(entry.shape)
    if len(x.shape) == len(want) - 1 and want[-1] == 1:
        x = reshape(x, (*x.shape, 1))
    elif len(x.shape) == len(want) + 1 and x.shape[-1] == 1:
        x = reshape(x, x.shape[:-1])
    fits = len(x.shape) == len(want) and all(n in (None, m) for n, m in zip(want[1:], x.shape[1:], strict=True))
    if not fits:
        raise ValueError(f"inputs: expected rows of shape {want[1:]} for '{entry.name}', got an array of shape "
                         f"{tuple(x.shape)}; reshape it, or give arrays in the order of the inputs")  # fmt: skip
    return x if x.dtype.kind == entry.dtype.kind else as_tensor(x, entry.dtype)


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
