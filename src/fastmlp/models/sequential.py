"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fastmlp import saving
from fastmlp._objects import Configurable, deserialize, registered_name
from fastmlp._validate import brief, unknown, whole
from fastmlp.layers.base import Layer, automatic_name
from fastmlp.layers.core import InputLayer
from fastmlp.layers.weights import HasWeights
from fastmlp.models.feeds import ArrayFeed
from fastmlp.models.memory import MemoryReport, memory_report
from fastmlp.models.summary import summary as print_summary
from fastmlp.models.trainer import Trainer
from fastmlp.models.turns import in_turn
from fastmlp.saving.weights import need_built
from fastmlp.variables import Variable


class Sequential(Trainer, HasWeights, Configurable):
    """Layers one after the other, trained as one program.

    Parameters
    ----------
    layers
        Layers, an `Input` first if the input's shape is to be known before data comes.
    trainable
        False freezes all layers.
    name
        ``sequential``, ``sequential_1``, … unless given.

    Examples
    --------
    >>> from fastmlp.layers import Dense, Input
    >>> model = Sequential([Input(shape=(3,)), Dense(5, activation="relu"), Dense(2)])
    >>> model.count_params()
    32
    """

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__()
        self.name = automatic_name(type(self)) if name is None else str(name)
        self._layers: list[Layer] = []
        self._trainable = bool(trainable)
        if layers is not None and not isinstance(layers, Iterable):
            raise TypeError(f"Sequential: expected a list of layers, got {brief(layers)}; put it into one")
        for layer in layers or ():
            self.add(layer)

    # ---- layers

    @property
    def layers(self) -> list[Layer]:
        """All but the input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    @in_turn
    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer, or the layers of another Sequential, at the end."""
        if isinstance(layer, Sequential):
            before = self._layers
            try:
                for inner in layer._layers if not self._layers else layer.layers:
                    self.add(inner)
            except BaseException:
                self._layers = before
                raise
            return
        if isinstance(layer, type) and issubclass(layer, Layer):
            raise TypeError(f"add: expected a layer, got a class; make one: {layer.__name__}(…)")
        if not isinstance(layer, Layer):
            raise TypeError(f"add: expected a layer, got {brief(layer)}; take one of fastmlp.layers")
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError(f"add: expected Input first, got it after {len(self._layers)} layers; make a new model")
        if any(layer.name == other.name for other in self._layers):
            what = "the same layer twice" if layer in self._layers else f"a second layer named '{layer.name}'"
            raise ValueError(f"add: expected layers of different names, got {what}; give it another name=")
        layers = [*self._layers, layer]
        if layer.declared_shape is not None and not self._layers and not isinstance(layer, InputLayer):
            layers.insert(0, InputLayer(batch_shape=layer.declared_shape))
        if isinstance(layers[0], InputLayer):
            self._build_layers(layers, layers[0].batch_shape)
        self._forget_programs()
        self._layers = layers

    @in_turn
    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away."""
        if not self.layers:
            raise RuntimeError("pop: expected a model with layers, got an empty one; add some")
        self._forget_programs()
        return self._layers.pop()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or the i-th."""
        if (name is None) == (index is None):
            raise ValueError(f"get_layer: expected a name or an index, got {name!r} and {index!r}; give one of them")
        if name is None:
            if not -len(self.layers) <= index < len(self.layers):  # type: ignore[operator]
                raise ValueError(f"get_layer: expected an index below {len(self.layers)}, got {index}; lower it")
            return self.layers[index]  # type: ignore[index]
        for layer in self._layers:
            if layer.name == name:
                return layer
        unknown("get_layer", name, [layer.name for layer in self._layers])

    @property
    def trainable(self) -> bool:
        """Whether training changes its weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._layers:
            layer.trainable = bool(value)

    # ---- building

    @property
    def built(self) -> bool:
        """Whether its weights are there."""
        return bool(self._layers) and all(layer.built for layer in self._layers)

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Make the weights, for inputs of this shape, rows (None) first."""
        if input_shape is None:
            if not (self._layers and isinstance(self._layers[0], InputLayer)):
                raise ValueError("build: expected an input shape, got none; give (None, features), or put Input first")
            input_shape = self._layers[0].batch_shape
        if not isinstance(input_shape, Iterable):
            raise TypeError(f"build: expected an input shape, rows (None) first, got {brief(input_shape)}; "
                            f"give (None, {brief(input_shape)})")  # fmt: skip
        if not self.layers:
            raise RuntimeError("build: expected a model with layers, got an empty one; add some")
        layers = self._layers
        if not isinstance(layers[0], InputLayer):
            layers = [InputLayer(batch_shape=(None, *tuple(input_shape)[1:])), *layers]
        self._build_layers(layers, input_shape)
        self._layers = layers

    def _build_layers(self, layers: Sequence[Layer], input_shape: Sequence[int | None]) -> None:
        """Build what is to be the model; if that fails, another shape may do."""
        fresh = [layer for layer in layers if not layer.built]
        shape = tuple(input_shape)
        try:
            for layer in layers:
                layer.build(shape)
                if layer.input_shape is not None and layer.input_shape[1:] != shape[1:]:
                    raise ValueError(f"{self.name}: expected '{layer.name}' to take rows of shape {shape[1:]}, got a "
                                     f"layer built for {layer.input_shape[1:]}; make a new layer")  # fmt: skip
                shape = layer.output_shape  # type: ignore[assignment]
        except BaseException:
            for layer in fresh:
                layer._unbuild()
            raise
        for layer in layers if not self._trainable else ():
            layer.trainable = False

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape it takes, rows first."""
        need_built("input_shape", self)
        return self._layers[0].input_shape  # type: ignore[return-value]

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape it gives, rows first."""
        need_built("output_shape", self)
        return self._layers[-1].output_shape  # type: ignore[return-value]

    # ---- weights

    @property
    def weights(self) -> list[Variable]:
        """The variables of all layers, layer by layer."""
        return [v for layer in self._layers for v in layer.weights]

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that training changes."""
        return [] if not self._trainable else [v for layer in self._layers for v in layer.trainable_weights]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all variables, at a time when no other thread changes them."""
        return self._turn.take("get_weights", super().get_weights)

    @in_turn
    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write what `get_weights` gave; all shapes are looked at before the first is written."""
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
        size = whole("memory_report: batch_size", 32 if batch_size is None else batch_size)
        size = size if feed is None else min(size, feed.rows)
        program = self._network(size)
        return memory_report(self._new_program(size) if size > program.network.batch else program, feed)

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """Print a table of its layers."""
        print_summary(self, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """What it is made of, without numbers."""
        layers = [{"class_name": registered_name(type(layer)), "config": {**layer.get_config(), "name": layer.name}}
                  for layer in self._layers]  # fmt: skip
        shape = [None, *self.input_shape[1:]] if self.built else None
        return {"name": self.name, "trainable": self._trainable, "layers": layers, "build_input_shape": shape}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Sequential:
        """A new model made of the same, with weights of its own."""
        model = cls([deserialize(layer) for layer in config["layers"]], name=config.get("name"))
        if config.get("build_input_shape") is not None and not model.built:
            model.build(config["build_input_shape"])
        if not config.get("trainable", True):
            model.trainable = False
        return model

    def __repr__(self) -> str:
        return f"<Sequential name={self.name}, built={self.built}, layers={[layer.name for layer in self.layers]}>"

    # ---- files

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write it whole into one file, from which `load_model` makes it again."""
        saving.save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write its weights."""
        saving.save_weights(self, filepath, overwrite)

    @in_turn
    def load_weights(self, filepath: Any, skip_mismatch: bool = False) -> None:
        """Read weights that this model, or one built alike, has saved."""
        saving.load_weights(self, filepath, skip_mismatch)

    def to_json(self) -> str:
        """Its config."""
        return str(saving.model_to_json(self))
