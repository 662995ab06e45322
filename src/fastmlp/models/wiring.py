"""Wiring: which calls lead from inputs to outputs, in an order in which they can run, and as files hold them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fastmlp import autodiff
from fastmlp._objects import Configurable, deserialize, serialize
from fastmlp._validate import brief
from fastmlp.autodiff.primitive import Primitive
from fastmlp.autodiff.tensor import Tensor
from fastmlp.layers.calls import leaves
from fastmlp.layers.symbolic import KerasTensor, Node

# ---- their order


def _first_seen(exits: Sequence[KerasTensor], given: set[int]) -> tuple[list[Node], dict[int, int]]:
    """Each node behind those whose outputs it takes, and when a search from the outputs has met each operation."""
    finished: list[Node] = []
    known: set[int] = set()
    places: dict[int, int] = {}
    for end in exits:
        stack: list[tuple[Node, Iterator[KerasTensor]]] = []

        def meet(one: KerasTensor, stack: list[tuple[Node, Iterator[KerasTensor]]] = stack) -> None:
            node = one.node
            if id(node) in known or (id(one) in given and node.args):
                return
            known.add(id(node))
            places.setdefault(key_of(node), len(places))
            stack.append((node, iter(node.inputs)))

        meet(end)
        while stack:
            node, rest = stack[-1]
            before = next(rest, None)
            if before is None:
                finished.append(node)
                stack.pop()
            else:
                meet(before)
    return finished, places


def key_of(node: Node) -> int:
    """What tells operations apart: a layer is one however often it is called, other operations are one a call."""
    return id(node) if isinstance(node.operation, Primitive) else id(node.operation)


def in_order(entries: Sequence[KerasTensor], exits: Sequence[KerasTensor]) -> tuple[list[Node], list[list[Node]]]:
    """Nodes as they can run, and those of each operation, as Keras lists them: the farthest from an output first."""
    finished, places = _first_seen(exits, {id(one) for one in entries})
    distance: dict[int, int] = {}  # of a node from the outputs
    depth: dict[int, int] = {}  # of an operation: the largest of its calls
    for node in reversed(finished):
        far = max(distance.get(id(node), 0), depth.get(key_of(node), 0))
        distance[id(node)] = depth[key_of(node)] = far
        for one in node.inputs:
            distance[id(one.node)] = max(far + 1, distance.get(id(one.node), 0))
    for one in entries:  # those that lead nowhere
        depth.setdefault(key_of(one.node), 0)
        places.setdefault(key_of(one.node), -1)
    nodes = sorted(finished, key=lambda node: -distance[id(node)])
    calls: dict[int, list[Node]] = {}
    for node in dict.fromkeys((*(one.node for one in entries), *nodes)):
        calls.setdefault(key_of(node), []).append(node)
    return nodes, [calls[key] for key in sorted(calls, key=lambda key: (-depth[key], places[key]))]


# ---- their numbers


@dataclass(frozen=True)
class Ref:
    """The i-th output of the n-th node."""

    node: int
    output: int


def refs(nodes: Sequence[Node]) -> Callable[[KerasTensor], Ref]:
    """From what is to come to where it comes from."""
    places = {id(one): Ref(n, i) for n, node in enumerate(nodes) for i, one in enumerate(leaves(node.outputs))}

    def find(one: KerasTensor) -> Ref:
        return places[id(one)]

    return find


# ---- in files


def operation_name(operation: Primitive) -> str:
    """The name by which an operation is found again."""
    if not is_known(operation):
        raise ValueError(f"get_config: expected layers and operations of fastmlp, got the operation "
                         f"{operation.name!r}; put it into the call of a layer")  # fmt: skip
    return f"{operation.forward.__module__.rpartition('.')[2]}.{operation.name}"


def is_known(operation: Primitive) -> bool:
    """Whether it is one of fastmlp's, which a name finds again."""
    home = operation.forward.__module__
    return home.rpartition(".")[0] == autodiff.__name__ and _look_up(home, operation.name) is operation


def find_operation(name: Any) -> Primitive:
    """The operation of that name. Nothing but fastmlp's own modules is looked at."""
    home, _, title = str(name).partition(".")
    found = _look_up(f"{autodiff.__name__}.{home}", title) if home in _homes() else None
    if found is None:
        raise ValueError(f"from_config: expected an operation of fastmlp, got {brief(name)}; take it from get_config")
    return found


@cache
def _homes() -> set[str]:
    """The modules in which operations are, looked up on the disk once."""
    return {module.name for module in pkgutil.iter_modules(autodiff.__path__)}


def _look_up(home: str, title: str) -> Primitive | None:
    module = vars(importlib.import_module(home))
    return next((one for one in module.values() if isinstance(one, Primitive) and one.name == title
                 and one.forward.__module__ == home), None)  # fmt: skip


def written(tree: Any, find: Callable[[KerasTensor], Ref]) -> Any:
    """Arguments of a call as JSON can hold them: what has no form of its own there is a dict of one key."""
    if tree is None or tree is Ellipsis or isinstance(tree, (bool, int, float, str)):
        return {"ellipsis": True} if tree is Ellipsis else tree
    if isinstance(tree, KerasTensor):
        ref = find(tree)
        return {"keras_tensor": [ref.node, ref.output]}
    if isinstance(tree, list):
        return [written(one, find) for one in tree]
    if isinstance(tree, tuple):
        return {"tuple": [written(one, find) for one in tree]}
    if isinstance(tree, slice):
        return {"slice": [written(one, find) for one in (tree.start, tree.stop, tree.step)]}
    if isinstance(tree, Mapping) and all(isinstance(key, str) for key in tree):
        return {"dict": {key: written(one, find) for key, one in tree.items()}}
    if isinstance(tree, (np.ndarray, np.generic, Tensor)):
        array = np.asarray(tree)
        return {"array": [array.dtype.name, array.tolist()]}
    if isinstance(tree, np.dtype) or (isinstance(tree, type) and issubclass(tree, np.generic)):
        return {"dtype": np.dtype(tree).name}
    if isinstance(tree, Configurable):
        return {"object": serialize(tree)}
    raise ValueError(f"get_config: expected arguments of calls that a file can hold, got {brief(tree)}; put them into "
                     "a layer")  # fmt: skip


def read(tree: Any, value: Callable[[Ref], Any]) -> Any:
    """What `written` wrote."""
    if isinstance(tree, list):
        return [read(one, value) for one in tree]
    if not isinstance(tree, Mapping):
        return tree
    (kind, inner), *more = tree.items()
    if more or kind not in _READ:
        raise ValueError(f"from_config: expected one of {sorted(_READ)}, got {brief(list(tree))}; take it from "
                         "get_config")  # fmt: skip
    return _READ[kind](inner, value)


_READ: dict[str, Callable[[Any, Any], Any]] = {
    "ellipsis": lambda inner, value: Ellipsis,
    "keras_tensor": lambda inner, value: value(Ref(*map(int, inner))),
    "tuple": lambda inner, value: tuple(read(one, value) for one in inner),
    "slice": lambda inner, value: slice(*(read(one, value) for one in inner)),
    "dict": lambda inner, value: {key: read(one, value) for key, one in inner.items()},
    "array": lambda inner, value: np.array(inner[1], np.dtype(inner[0])),
    "dtype": lambda inner, value: np.dtype(inner),
    "object": lambda inner, value: deserialize(inner),
}
