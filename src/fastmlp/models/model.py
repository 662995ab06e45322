"""Model: layers that are trained, in whatever graph or by whatever code they hang together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastmlp import exporting, saving
from fastmlp._room import borrow
from fastmlp._validate import unknown, whole
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.tensor import Tensor, is_symbolic, listening, recorders
from fastmlp.layers.base import Layer, mapped_shapes
from fastmlp.layers.calls import leaves, mapped, outermost
from fastmlp.models.columns import Columns, tree_of
from fastmlp.models.feeds import ArrayFeed
from fastmlp.models.graph import Graph
from fastmlp.models.memory import MemoryReport, memory_report
from fastmlp.models.outputs import Outputs
from fastmlp.models.summary import summary as print_summary
from fastmlp.models.trainer import Trainer, _outputs
from fastmlp.models.turns import in_turn
from fastmlp.saving.weights import need_built
from fastmlp.variables import all_or_nothing


class Model(Trainer, Layer):
    """Layers that are trained: those between `inputs` and `outputs`, or of a class of one's own with a `call`.

    A graph that is a chain trains as one program in C; any other, and code of one's own, by the tape. `why_taped` says
    which, and why.

    Parameters
    ----------
    inputs, outputs
        What `Input` gave, and what layers made of it: one, or a list, tuple or dict of them.
    name
        ``model``, ``model_1``, … unless given.

    Examples
    --------
    >>> from fastmlp.layers import Add, Dense, Input
    >>> x = Input(shape=(4,))
    >>> h = Dense(4, activation="relu")(x)
    >>> model = Model(x, Dense(1)(Add()([x, h])))
    >>> model.count_params()
    25
    """

    def __init__(self, inputs: Any = None, outputs: Any = None, *, name: str | None = None, **settings: Any) -> None:
        Layer.__init__(self, name=name, **settings)
        if (inputs is None) != (outputs is None):
            raise TypeError(
                f"{type(self).__name__}: expected inputs and outputs, or neither, got one of them; give both"
            )
        graph = None if inputs is None else Graph(inputs, outputs)
        self._begin()
        self._graph = graph
        if self._graph is not None:
            self.built = True
            self.input_shape = _shapes(self._graph.inputs)
            self.output_shape = _shapes(self._graph.outputs)

    # ---- what it computes

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The outputs. A class of one's own says here, in layers and operations, what it computes."""
        if self._graph is None:
            raise NotImplementedError(f"{type(self).__name__}: expected a method call(inputs), got none; define what "
                                      "the model computes, or give inputs and outputs")  # fmt: skip
        return self._graph.run(inputs, training)

    def has_own_call(self) -> bool:
        """It is never one operation by itself."""
        return True

    def _as_input(self, value: Any) -> Any:
        """A tensor; floats in the type that its inputs say, if that is wider: it may be that of its layers alone."""
        tensor = super()._as_input(value)
        kinds = {one.dtype for one in self.inputs if one.dtype.kind == "f"} if self.input_names else set()
        if tensor.dtype.kind != "f" or len(kinds) != 1:
            return tensor
        return as_tensor(as_tensor(value), np.promote_types(kinds.pop(), tensor.dtype))

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """Its output for rows, a tensor; in training with noise, and with the moments of this batch."""
        plain = len(args) == 1 and not (settings and any(settings.values())) and not recorders() and outermost()
        if plain and self.built and not self.why_taped and not is_symbolic(args[0]):
            return Tensor(self._read("call", args[0], _outputs))
        if any(is_symbolic(one) for one in leaves((args, settings))):
            return super().__call__(*args, **settings)

        def by_layers() -> Any:
            with all_or_nothing():  # moments and averages of layers that had their turn
                return super(Model, self).__call__(*args, **settings)

        return self._turn.alone("call", by_layers)

    # ---- layers

    @property
    def layers(self) -> list[Any]:  # type: ignore[override]
        """Its layers, in the order in which they run or were made; the inputs of a graph among them."""
        return self.inner_layers() if self._graph is None else self._graph.layers

    def inner_layers(self) -> list[Any]:
        """The layers it is made of: those of the graph, and its attributes."""
        held = super().inner_layers()
        return held if self._graph is None else [*self._graph.layers, *(one for one in held if one not in self.layers)]

    def in_line(self) -> list[Any]:
        """Its layers, an `Input` first, one after the other; NotLowered says why it is no chain."""
        if self._graph is None or type(self).call is not Model.call:
            return super().in_line()
        return self._graph.in_line()

    @property
    def output_names(self) -> list[str]:
        """The names of the layers whose outputs it gives, in their order."""
        return [] if self._graph is None else self._graph.output_names

    @property
    def input_names(self) -> list[str]:
        """The names of its inputs, in their order."""
        return [] if self._graph is None else [one.name for one in self._graph.entries]

    def _known_outputs(self) -> Outputs | None:
        if self._graph is None or type(self).call is not Model.call:
            return None
        return Outputs(self._graph.outputs, self._graph.output_names)

    def __getattr__(self, name: str) -> Any:
        graph = None if name.startswith("_") else vars(self).get("_graph")
        if graph is not None and name in ("input", "output", "inputs", "outputs"):
            ends = {"inputs": graph.entries, "outputs": graph.exits, "input": graph.inputs, "output": graph.outputs}
            return ends[name]
        return super().__getattr__(name)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer of that name, or the i-th."""
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"get_layer: expected a name or an index, got {name!r} and {index!r}; give one of them")
        if name is None:
            index = whole("get_layer: index", index, -len(layers))
            if index >= len(layers):
                raise ValueError(f"get_layer: expected an index below {len(layers)}, got {index}; lower it")
            return layers[index]
        for layer in self.inner_layers():
            if layer.name == name:
                return layer
        unknown("get_layer", name, [layer.name for layer in self.inner_layers()])

    # ---- building

    def _takes_structures(self) -> bool:
        return self._graph is None or not is_symbolic(self._graph.inputs)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights, for inputs of this shape, rows (None) first."""
        if self.built:
            return
        if input_shape is None:
            raise ValueError("build: expected an input shape, got none; give (None, features)")
        self.built, self.input_shape = True, input_shape  # the layers inside are built by their first call

    def _build_for(self, rows: Any) -> None:
        """Run the model once on a few rows, which builds its layers; without a call its steps do it."""
        if self._graph is None and type(self).call is Model.call and self.own_steps() == "train_step":
            return
        few = mapped(as_tensor, tree_of(rows[:2]))
        with listening():
            outputs = self(few, training=False)
        if outputs is None and not self.own_steps():
            raise TypeError(f"{self.name}: expected call to return its output, got None; end it with return")
        self.output_shape = mapped(lambda one: (None, *one.shape[1:]), outputs)

    def needs_a_call(self) -> bool:
        """Whether its layers are made by its first call, and not with it."""
        return self._graph is None

    def build_by_call(self, input_shape: Any) -> None:
        """Call it on zeros of this shape, or this structure of shapes, which makes its weights."""
        symbols = mapped_shapes(input_shape, self.variable_dtype)
        mapped(lambda one: borrow(one.name, (2, *one.shape[1:])), symbols)
        self._build_for(Columns(mapped(lambda one: np.zeros((2, *one.shape[1:]), one.dtype), symbols)))

    # ---- weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all variables, at a time when no other thread changes them."""
        return self._turn.take("get_weights", super().get_weights)

    @in_turn
    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write what `get_weights` gave; all shapes are looked at before the first is written."""
        if not self.weights:
            need_built("set_weights", self)
        super().set_weights(weights)

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        need_built("count_params", self)
        return sum(v.size for v in self.weights)

    # ---- what it is

    @in_turn
    def memory_report(self, x: Any = None, y: Any = None, batch_size: int | None = None) -> MemoryReport:
        """What it takes in memory, part by part, and what fit on x and y would take; print it.

        >>> from fastmlp import Sequential
        >>> from fastmlp.layers import Dense, Input
        >>> model = Sequential([Input(shape=(784,)), Dense(128, activation="relu"), Dense(10)])
        >>> model.compile("adam", "mse")
        >>> report = model.memory_report()
        >>> report.weights, report.optimizer
        (407080, 814160)
        """
        feed = None
        if x is not None:
            rows = self._rows_of("memory_report", x)
            feed = ArrayFeed(rows, None, None) if y is None else self._feed_of("memory_report", x, y, None)
        need_built("memory_report", self)
        if self.why_taped:
            raise NotImplementedError("memory_report: expected a model that is a program, got one that runs by the "
                                      f"tape ({self.why_taped}); what a step takes is freed after it")  # fmt: skip
        size = whole("memory_report: batch_size", 32 if batch_size is None else batch_size)
        size = size if feed is None else min(size, feed.rows)
        program = self._network(size)
        return memory_report(self._new_program(size) if size > program.network.batch else program, feed)

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """Print a table of its layers."""
        print_summary(self, *args, **kwargs)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} name={self.name}, built={self.built}, layers={[one.name for one in self.layers]}>"
        )

    # ---- files

    def _is_its_graph(self) -> bool:
        """Whether it is nothing but its inputs and outputs: no class of one's own makes them."""
        takes = inspect.signature(type(self).__init__).parameters
        return self._graph is not None and "inputs" in takes and "outputs" in takes

    def get_config(self) -> dict[str, Any]:
        """What it is made of, without numbers: of a graph its layers and their calls, else what it was made with."""
        if self._is_its_graph():
            assert self._graph is not None
            return {"name": self.name, "trainable": self._trainable, **self._graph.get_config()}
        config = {key: value for key, value in super().get_config().items() if key not in ("inputs", "outputs")}
        return {**config, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A new model made of the same, with weights of its own."""
        if not isinstance(config, Mapping) or "nodes" not in config or "layers" not in config:
            return super().from_config(config)
        inputs, outputs = Graph.ends_of(config)
        model = cls(inputs, outputs, name=config.get("name"))
        if not config.get("trainable", True):
            model.trainable = False
        return model

    takes_call_function = True  # as clone_model may be given one

    def _replayed(self, inputs: Any, clone: Callable[[Any], Any], call: Callable[..., Any] | None) -> Any:
        """A model of the same graph upon other inputs, of layers that `clone` gives."""
        if self._graph is None or type(self).call is not Model.call:
            raise ValueError("clone_model: expected a model of inputs and outputs, or a Sequential one, got "
                             f"'{self.name}' of class {type(self).__name__}; leave out all but it")  # fmt: skip
        ends = self._graph.replayed(inputs, clone, call)
        made = (type(self) if self._is_its_graph() else Model)(*ends, name=self.name)
        if not self._trainable:
            made.trainable = False
        return made

    def save(
        self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, *, save_format: str | None = None
    ) -> None:
        """Write it whole into one file, from which `load_model` makes it again: of ours, or a ``.keras`` or ``.h5``."""
        saving.save_model(self, filepath, overwrite, include_optimizer, save_format=save_format)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write its weights: to a file of ours, or to one of Keras's, ``.weights.h5``."""
        saving.save_weights(self, filepath, overwrite)

    def load_weights(
        self, filepath: Any, skip_mismatch: bool = False, *, by_name: bool = False, map: Any = None
    ) -> None:
        """Read weights that this model, or one built alike, has saved, here or in Keras; by `map` those of others."""
        saving.load_weights(self, filepath, skip_mismatch, by_name=by_name, map=map)

    def to_keras(self) -> Any:
        """A model of Keras's like this one, see `fastmlp.to_keras`."""
        from fastmlp.neighbours.keras import to_keras

        return to_keras(self)

    def to_torch(self) -> Any:
        """An ``nn.Sequential`` of PyTorch that predicts the same, in eval mode: see `fastmlp.neighbours.torch`."""
        from fastmlp.neighbours.torch import to_torch

        return to_torch(self)

    def export(self, filepath: Any, *args: Any, **options: Any) -> None:
        """Write it to a file that other programs run; see `fastmlp.exporting.export`."""
        exporting.export(self, filepath, *args, **options)

    def to_sklearn(self, classes: Sequence[Any] | None = None) -> Any:
        """A fitted network of scikit-learn that predicts the same: see `fastmlp.neighbours.sklearn`."""
        from fastmlp.neighbours.sklearn import to_sklearn

        return to_sklearn(self, classes)

    def to_json(self, **kwargs: Any) -> str:
        """Its config and that of compile; further arguments are those of ``json.dumps``."""
        return str(saving.model_to_json(self, **kwargs))


def _shapes(tree: Any) -> Any:
    return mapped(lambda one: tuple(one.shape), tree)
