"""What a graph's layers and operations are connected to, for a table of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastmlp.layers.calls import leaves
from fastmlp.layers.symbolic import Node

_TITLES = {"getitem": "get_item"}  # where Keras calls an operation otherwise


class Step:
    """An operation between layers, as a table shows it: it has no weights."""

    built, trainable = True, False
    weights: tuple[Any, ...] = ()

    def __init__(self, name: str, node: Node) -> None:
        self.name = name
        self.kind = "".join(part.capitalize() for part in _title(node).split("_"))
        self.output_shape = tuple(node.outputs.shape)

    def count_params(self) -> int:
        """None."""
        return 0


def _title(node: Node) -> str:
    return _TITLES.get(node.operation.name, str(node.operation.name))


def _named(graph: Any) -> Iterator[tuple[str, list[Node]]]:
    """The calls of each layer and operation, by a name of its own."""
    taken = Counter(layer.name for layer in graph.layers)
    for calls in graph.operations:
        name = _title(calls[0])
        if calls[0].operation in graph.layers:
            yield name, calls
            continue
        free, number = name, 0
        while taken[free]:
            number += 1
            free = f"{name}_{number}"
        taken[free] += 1
        yield free, calls


def _graph_of(model: Any) -> Any:
    return vars(model).get("_graph")


def steps(model: Any) -> list[Any]:
    """The layers of a model, and the operations between them."""
    graph = _graph_of(model)
    if graph is None:
        return list(model.layers)
    return [calls[0].operation if calls[0].operation in graph.layers else Step(name, calls[0])
            for name, calls in _named(graph)]  # fmt: skip


def connected(model: Any) -> dict[str, str] | None:
    """By name what each takes: ``dense[1][0]``, the first output of the second call of dense; None of a mere chain."""
    graph = _graph_of(model)
    if graph is None or _is_chain(graph):
        return None
    places: dict[int, str] = {}
    named = list(_named(graph))
    for name, calls in named:
        for n, node in enumerate(calls):
            places |= {id(one): f"{name}[{n}][{i}]" for i, one in enumerate(leaves(node.outputs))}
    taken = {name: ", ".join(places[id(one)] for node in calls for one in node.inputs) for name, calls in named}
    return {name: text or "-" for name, text in taken.items()}


def _is_chain(graph: Any) -> bool:
    """Whether each step takes the one output of the one before."""
    at = graph.inputs
    for node in graph.calls:
        if [id(one) for one in node.inputs] != [id(at)]:
            return False
        at = node.outputs
    return len(graph.entries) == 1 and len(graph.operations) == len(graph.nodes)
