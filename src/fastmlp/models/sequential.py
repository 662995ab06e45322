"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fastmlp._objects import custom_object_scope, deserialize, registered_name, serialize
from fastmlp._validate import brief
from fastmlp.layers.base import Layer, mapped_shapes
from fastmlp.layers.calls import leaves
from fastmlp.layers.core import InputLayer
from fastmlp.layers.symbolic import KerasTensor, Node
from fastmlp.models.graph import spread
from fastmlp.models.model import Model
from fastmlp.models.outputs import Outputs
from fastmlp.models.turns import in_turn
from fastmlp.saving.weights import need_built


class Sequential(Model):
    """Layers one after the other, trained as one program where all of them can be lowered into it.

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
        if layers is not None and not isinstance(layers, Iterable):
            raise TypeError(f"Sequential: expected a list of layers, got {brief(layers)}; put it into one")
        found = list(map(_layer, layers or ()))
        super().__init__(name=name, trainable=trainable)
        self._layers: list[Layer] = []
        self._wires: list[Node] = []  # what its layers take and give
        for layer in found:
            self.add(layer)

    # ---- layers

    @property
    def layers(self) -> list[Layer]:  # type: ignore[override]
        """All but the input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    @in_turn
    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer, or a model, at the end."""
        layer = _layer(layer)
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
        for node in self._wires[-1:]:
            node.forget()
        self._wires = self._wires[:-1]
        return self._layers.pop()

    # ---- what it computes

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The output of the last layer."""
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    def in_line(self) -> list[Any]:
        """Its layers, an `Input` first; NotLowered says why they are no chain."""
        if type(self).call is not Sequential.call:
            return Model.in_line(self)
        return spread(self._layers)

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer."""
        return [layer.name for layer in self._layers[-1:]]

    @property
    def input_names(self) -> list[str]:
        """The name of the input."""
        return [layer.name for layer in self._layers[:1] if isinstance(layer, InputLayer)]

    def _known_outputs(self) -> Outputs | None:
        if type(self).call is not Sequential.call:
            return None
        return Outputs(None, self.output_names or None)

    def _takes_structures(self) -> bool:
        return type(self).call is not Sequential.call

    def _build_for(self, rows: Any) -> None:
        self.build((None, *(rows.shape[1:] if rows.ndim > 1 else (1,))))

    # ---- building

    @property
    def built(self) -> bool:
        """Whether its weights are there."""
        return bool(self._layers) and all(layer.built for layer in self._layers)

    @built.setter
    def built(self, value: bool) -> None:
        """What layers are, it is."""

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

    def needs_a_call(self) -> bool:
        """Never: shapes go from one layer to the next."""
        return False

    def _build_layers(self, layers: Sequence[Layer], input_shape: Sequence[int | None]) -> None:
        """Build what is to be the model; if that fails, another shape may do."""
        fresh = [layer for layer in layers if not layer.built]
        shape = tuple(input_shape)
        try:
            for layer in layers:
                layer.build(shape)
                if layer.input_shape is not None and tuple(layer.input_shape[1:]) != shape[1:]:
                    raise ValueError(f"{self.name}: expected '{layer.name}' to take rows of shape {shape[1:]}, got a "
                                     f"layer built for {layer.input_shape[1:]}; make a new layer")  # fmt: skip
                if layer.output_shape is None:
                    layer.output_shape = layer.compute_output_shape(shape)
                shape = layer.output_shape
        except BaseException:
            for layer in fresh:
                layer._unbuild()
            raise
        for layer in layers if not self._trainable else ():
            layer.trainable = False
        self._wire(layers)

    def _wire(self, layers: Sequence[Layer]) -> None:
        """Let each layer know what it takes and gives, as layers of other models do."""
        for node in self._wires:
            node.forget()
        at, self._wires = Node.of_input(layers[0]), []
        self._wires.append(at.node)
        for layer in layers[1:]:
            outputs = mapped_shapes(layer.output_shape, layer.variable_dtype)
            self._wires.append(Node.wired(layer, (at,), {}, outputs))
            at = self._wires[-1].outputs

    def _unbuild(self) -> None:
        for layer in self.layers:
            layer._unbuild()
        self._layers = self.layers

    def __getattr__(self, name: str) -> Any:
        wires = vars(self).get("_wires")
        if wires and name in ("input", "output", "inputs", "outputs"):
            found = wires[0].outputs if name.startswith("input") else wires[-1].outputs
            return list(leaves(found)) if name.endswith("s") else found
        return super().__getattr__(name)

    takes_call_function = False

    def _replayed(self, inputs: Any, clone: Callable[[Any], Any], call: Callable[..., Any] | None) -> Any:
        """A model of the layers that `clone` gives, one after the other, upon another input."""
        if call is not None:
            raise ValueError(f"clone_model: expected no call_function for '{self.name}', a Sequential model, whose "
                             "layers are not called while it is made; leave it out")  # fmt: skip
        first: list[Any] = [deserialize(serialize(one)) for one in self._layers[:1] if isinstance(one, InputLayer)]
        if inputs is not None:
            first = [_one("clone_model: input_tensors", inputs)]
        return Sequential([*first, *map(clone, self.layers)], trainable=self._trainable, name=self.name)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_wires": []}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        if self.built:
            self._wire(self._layers)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape it takes, rows first."""
        need_built("input_shape", self)
        return tuple(self._layers[0].input_shape)

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape it gives, rows first."""
        need_built("output_shape", self)
        return tuple(self._layers[-1].output_shape)

    def get_config(self) -> dict[str, Any]:
        """What it is made of, without numbers."""
        layers = [{"class_name": registered_name(type(layer)), "config": {**layer.get_config(), "name": layer.name}}
                  for layer in self._layers]  # fmt: skip
        shape = [None, *self.input_shape[1:]] if self.built else None
        return {"name": self.name, "trainable": self._trainable, "layers": layers, "build_input_shape": shape}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Sequential:
        """A new model made of the same, with weights of its own; classes not registered are found by these names."""
        if not (isinstance(config, Mapping) and isinstance(config.get("layers"), Iterable)):
            raise TypeError(f"{cls.__name__}.from_config: expected a dict with a list of layers, got {brief(config)}; "
                            "take it from get_config")  # fmt: skip
        with custom_object_scope(custom_objects):
            model = cls([deserialize(layer) for layer in config["layers"]], name=config.get("name"))
        if config.get("build_input_shape") is not None and not model.built:
            model.build(config["build_input_shape"])
        if not config.get("trainable", True):
            model.trainable = False
        return model


def _layer(given: Any) -> Layer:
    """The layer itself, that of an `Input` included."""
    if isinstance(given, KerasTensor) and isinstance(given.node.operation, InputLayer):
        return given.node.operation
    if isinstance(given, type) and issubclass(given, Layer):
        raise TypeError(f"add: expected a layer, got a class; make one: {given.__name__}(…)")
    if not isinstance(given, Layer):
        raise TypeError(f"add: expected a layer, got {brief(given)}; take one of fastmlp.layers")
    return given


def _one(where: str, tensors: Any) -> Any:
    """The one tensor to build it upon."""
    if isinstance(tensors, (list, tuple)):
        if len(tensors) != 1:
            raise ValueError(f"{where}: expected one tensor, got {brief(tensors)}; a Sequential model has one input")
        return tensors[0]
    return tensors
