"""What is to come: the inputs and outputs of layers in a model that is being put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from fastmlp._room import borrow
from fastmlp.autodiff.primitive import Primitive
from fastmlp.autodiff.tensor import Operators, Shape, Tensor, listening


class KerasTensor(Operators):
    """Stands for an array of this shape and type, rows (None) first, that a model will be given or will make.

    Layers and operations called on it note that they were, and `Model(inputs, outputs)` runs them.
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None, node: Any = None) -> None:
        self.shape = Shape(None if n is None else int(n) for n in shape)
        self.dtype, self.node = np.dtype(dtype), node
        self.name = name or "keras_tensor"

    @property
    def ndim(self) -> int:
        """How many axes."""
        return len(self.shape)

    def __symbolic__(self, primitive: Primitive, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        return Node(primitive, inputs, settings).outputs

    def _no_numbers(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"'{self.name}': expected numbers, got what is to come: the input or output of a layer in a "
                        "model that is being put together; use layers and operations of fastmlp on it, or put the "
                        "code into a layer's call")  # fmt: skip

    __array__ = __bool__ = __float__ = __int__ = __index__ = numpy = _no_numbers

    def __repr__(self) -> str:
        return f"<KerasTensor shape={tuple(self.shape)}, dtype={self.dtype.name}, name={self.name}>"


class Node:
    """A layer or an operation called once, on things to come among others; `outputs` are what it will make."""

    def __init__(self, operation: Any, args: Any, settings: Mapping[str, Any]) -> None:
        self.operation, self.args, self.settings = operation, args, dict(settings)
        self.outputs: Any = None
        if operation is not None:
            few, more = self._example(2), self._example(3)
            self.outputs = _both(self._output, few, more)
            self._note()

    @classmethod
    def wired(cls, operation: Any, args: Any, settings: Mapping[str, Any], outputs: Any) -> Node:
        """A call whose outputs are known to be like these, so that nothing need be computed for them."""
        node = cls(None, args, settings)
        node.operation = operation
        node.outputs = replaced(outputs, lambda one: KerasTensor(one.shape, one.dtype, one.name, node))
        node._note()
        return node

    @classmethod
    def of_input(cls, layer: Any) -> KerasTensor:
        """What an input layer gives."""
        made: KerasTensor = cls.wired(layer, (), {}, KerasTensor(layer.batch_shape, layer.dtype, layer.name)).outputs
        return made

    def _note(self) -> None:
        """Let a layer know where it was called: its first call is what `layer.output` is about."""
        if not isinstance(self.operation, Primitive):
            vars(self.operation).setdefault("_nodes", []).append(self)

    def forget(self) -> None:
        """Be no call of the layer any more."""
        nodes = vars(self.operation).get("_nodes", [])
        nodes[:] = [node for node in nodes if node is not self]

    @property
    def taken(self) -> Any:
        """Its first argument, that of an input layer being what it gives."""
        first = [*self.args, *self.settings.values()][:1]
        return first[0] if first else self.outputs

    @property
    def inputs(self) -> list[KerasTensor]:
        """What it takes of what is to come."""
        return list(symbols((self.args, self.settings)))

    def _example(self, rows: int) -> Any:
        """The outputs for zeros, so many rows of them."""

        def zeros(one: KerasTensor) -> Any:
            shape = [rows if n is None else n for n in one.shape]
            borrow(one.name, shape)
            return Tensor(np.zeros(shape, one.dtype))

        with listening():
            found = self.run(zeros)
        if not isinstance(self.operation, Primitive):
            self.operation.clear_losses()
        return found

    def _output(self, few: Any, more: Any) -> KerasTensor:
        if few is None:
            raise TypeError(f"{self.operation.name}: expected call to return its output, got None; "
                            "end it with return")  # fmt: skip
        shape = [a if a == b else None for a, b in zip(few.shape, more.shape, strict=True)]
        return KerasTensor(shape, few.dtype, getattr(self.operation, "name", None), self)

    def run(self, value: Callable[[KerasTensor], Any], **settings: Any) -> Any:
        """What it makes when `value` gives what has come; the settings of the call beside those given."""
        args, own = replaced((self.args, self.settings), value)
        return self.operation(*args, **{**own, **settings})


def symbols(tree: Any) -> Iterator[KerasTensor]:
    """What is to come, in a structure of arguments."""
    if isinstance(tree, Mapping):
        for one in tree.values():
            yield from symbols(one)
    elif isinstance(tree, (list, tuple)):
        for one in tree:
            yield from symbols(one)
    elif isinstance(tree, KerasTensor):
        yield tree


def replaced(tree: Any, value: Callable[[Any], Any], kind: type = KerasTensor) -> Any:
    """Arguments with numbers, or whatever `value` gives, in place of what was to come."""
    if isinstance(tree, kind):
        return value(tree)
    if isinstance(tree, Mapping):
        return {key: replaced(one, value, kind) for key, one in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(replaced(one, value, kind) for one in tree)
    return tree


def _both(make: Callable[[Any, Any], Any], few: Any, more: Any) -> Any:
    """Two structures of one form, leaf by leaf."""
    if isinstance(few, Mapping):
        return {key: _both(make, few[key], more[key]) for key in few}
    if isinstance(few, (list, tuple)):
        return type(few)(_both(make, a, b) for a, b in zip(few, more, strict=True))
    return make(few, more)
