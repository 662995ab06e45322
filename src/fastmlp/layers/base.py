"""Layer: names, weights and shapes of one layer, what it computes, and what it is to a program."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np

from fastmlp import config, constraints, eager, initializers, regularizers
from fastmlp._objects import Configurable, NotLowered, serialize, snake_case, written_anew
from fastmlp._room import claim
from fastmlp._spelling import older_spelling
from fastmlp._validate import brief, flag, title, whole
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.tensor import Tensor
from fastmlp.layers.calls import Calls, leaves
from fastmlp.layers.given import is_own, need_config, simple_arguments
from fastmlp.layers.symbolic import KerasTensor, Node
from fastmlp.layers.tracing import operations_of_call
from fastmlp.layers.weights import HasWeights, once, weight_settings
from fastmlp.variables import Variable

Shape = tuple[int | None, ...]

_names: Counter[str] = Counter()


def automatic_name(cls: type) -> str:
    """``dense``, ``dense_1``, … as they are made."""
    stem = snake_case(cls.__name__)
    _names[stem] += 1
    return stem if _names[stem] == 1 else f"{stem}_{_names[stem] - 1}"


def forget_names() -> None:
    """Start counting names anew."""
    _names.clear()


def not_here(where: str, **arguments: Any) -> None:
    """Refuse arguments of Keras that nothing here does, unless they ask for nothing."""
    for name, value in arguments.items():
        if value is not None and value is not False:
            raise ValueError(f"{where}: expected no {name}, got {brief(value)}; not in fastmlp: use Keras for this")


class Layer(Calls, HasWeights, Configurable):
    """A step of a network: made with settings, built for an input shape, and computed by operations on tensors.

    A layer of one's own makes its weights in `build` with `add_weight` and says in `call` what it computes:

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()([[1.0, 2.0]]).numpy().tolist()
    [[1.0, 2.0]]
    """

    built: bool = False
    input_shape: Any = None
    output_shape: Any = None

    def __new__(cls, *args: Any, **settings: Any) -> Any:
        """A new one, which remembers the plain settings it was made with."""
        made = super().__new__(cls)
        if is_own(cls) and (args or settings):
            vars(made)["_given"] = simple_arguments(cls, args, settings)
        return made

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        **legacy: Any,
    ) -> None:
        where = type(self).__name__
        given_name = None if name is None else title(where, name)
        self._trainable = flag(f"{where}: trainable", trainable)
        self._policy = config.DTypePolicy(config.policy_name(where, dtype))
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._variables: list[Variable] = []
        self._losses: list[Any] = []
        self.draws = count()
        self.declared_shape = self._legacy_shape(legacy)
        self.name = given_name or automatic_name(type(self))

    def _legacy_shape(self, legacy: dict[str, Any]) -> Shape | None:
        """The input shape that older scripts give to a first layer."""
        shape = None
        if "input_dim" in legacy:
            shape = (None, whole(f"{type(self).__name__}: input_dim", legacy.pop("input_dim")))
        elif "input_shape" in legacy:
            given = legacy.pop("input_shape")
            shape = (None, *(given if isinstance(given, Sequence) else (given,)))
        elif "batch_input_shape" in legacy:
            shape = tuple(legacy.pop("batch_input_shape"))
        if shape is not None:
            older_spelling(f"{type(self).__name__}: input_dim and input_shape are the older spelling; "
                           f"put Input(shape={shape[1:]}) first in the model")  # fmt: skip
        if legacy:
            raise TypeError(f"{type(self).__name__}: expected arguments among {', '.join(self._settings())}, got "
                            f"{sorted(legacy)}; check the spelling")  # fmt: skip
        return shape

    # ---- types

    @property
    def dtype(self) -> str:
        """Another name of `variable_dtype`."""
        return self.variable_dtype

    @property
    def dtype_policy(self) -> config.DTypePolicy:
        """The types it computes in and keeps its variables in; the latter's stays once they are there."""
        return self._policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy = config.DTypePolicy(config.policy_name(self.name, value))
        if self._variables and policy.variable_dtype != self.variable_dtype:
            raise ValueError(f"{self.name}: expected a policy for weights of {self.variable_dtype}, which it has, got "
                             f"{policy.name!r}; make another layer, with dtype={policy.name!r}")  # fmt: skip
        self._policy = policy
        Variable.changes += 1  # so that models look whether their programs still fit

    @property
    def variable_dtype(self) -> str:
        """The type of its variables."""
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The type that its products, if it has any, are computed in."""
        return self.dtype_policy.compute_dtype

    # ---- what a kind of layer says about itself

    def build_weights(self, shape: Shape) -> None:
        """Make the weights with `add_weight`; `shape` is the input's, rows (None) first."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for the input's: that of the input, or what a call of one's own gives for zeros."""
        if not self.has_own_call():
            return input_shape
        outputs = Node(self, (mapped_shapes(input_shape, self.variable_dtype),), {}).outputs
        return tuple(outputs.shape) if isinstance(outputs, KerasTensor) else outputs

    def lower(self) -> list[dict[str, Any]]:
        """The operations this layer is, once built, over rows of flat features; fastmlp.lowering knows their kinds."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method call(inputs), got none; define what the "
                                  "layer computes")  # fmt: skip

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The output for a tensor of rows. A layer of one's own says here, in operations, what it computes."""
        return eager.run(self, inputs, training)

    # ---- building

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if "build" in vars(cls) and is_own(cls):
            cls.build = once(cls.build)  # type: ignore[method-assign]

    def build(self, input_shape: Any) -> None:
        """Make the weights for this input shape, rows (None) first. Once. Layers of one's own override it."""
        if self.built:
            return
        where = f"{self.name}: input shape"
        if not isinstance(input_shape, (list, tuple, dict)):
            raise TypeError(f"{where}: expected a tuple, got {brief(input_shape)}; write (None, 784) for 784 features")
        if not _is_shape(input_shape):  # of several inputs
            self.build_weights(input_shape)  # type: ignore[arg-type]
            self.input_shape, self.built = input_shape, True
            return
        shape = tuple(None if n is None else whole(where, n, 0) for n in input_shape)
        output_shape = None if self.has_own_call() else self.compute_output_shape(shape)
        try:
            self.build_weights(shape)
        except BaseException:
            self._unbuild()
            raise
        self.input_shape, self.output_shape, self.built = shape, output_shape, True

    def _held(self) -> Iterator[Any]:
        """What its attributes hold; one of the engine's has the weights it made, and no layers."""
        return super()._held() if self.has_own_call() else iter(self._variables)

    def has_own_call(self) -> bool:
        """Whether it is not made of operations of the engine: a class of one's own says what it computes."""
        return type(self).call is not Layer.call

    def _unbuild(self) -> None:
        """Be as before `build`: what a failed one has made is not for the next."""
        self.input_shape, self.output_shape, self.built = None, None, False
        made = {id(v) for v in self._variables}
        for name in [name for name, value in vars(self).items() if id(value) in made]:
            delattr(self, name)
        self._variables = []

    def features(self, shape: Shape) -> int:
        """How many features a row has. Rows of pictures and the like are refused: a layer that asks works on rows."""
        if len(shape) > 2:
            raise ValueError(f"{self.name}: expected rows of features, got input shape {shape}; put Flatten() first")
        if len(shape) < 2 or not shape[1]:
            raise ValueError(f"{self.name}: expected a known number of features, got input shape {shape}; "
                             "put Input(shape=(features,)) first")  # fmt: skip
        return shape[1]

    def last_axis(self, axis: Any, shape: Shape) -> int:
        """How many features a row has, `axis` being theirs."""
        width = self.features(shape)
        if (list(axis) if isinstance(axis, (list, tuple)) else [axis]) not in ([-1], [1]):
            raise ValueError(f"{self.name}: expected axis=-1, that of the features, got {axis!r}; leave it out")
        return width

    def add_weight(self, *args: Any, **settings: Any) -> Variable:
        """A new variable of this layer, by name or in this order.

        Parameters
        ----------
        shape
            Its axes; () unless given.
        initializer
            What it starts from, ``"glorot_uniform"`` unless given (zeros for whole numbers).
        dtype, trainable, regularizer, constraint, name
            As its words say; the dtype is the layer's unless given.
        """
        given = weight_settings(self.name, args, settings)
        name = str(given["name"] or "variable")
        shape = given["shape"]
        axes = shape if isinstance(shape, Iterable) else (shape,)
        shape = tuple(whole(f"{self.name}: shape of {name}", n, 0) for n in axes)
        claim(f"{self.name}/{name}", shape)
        dtype = np.dtype(given["dtype"] or self.variable_dtype)
        usual = "glorot_uniform" if dtype.kind == "f" else "zeros"
        initializer = initializers.get(usual if given["initializer"] is None else given["initializer"])
        variable = Variable(
            initializer(shape, dtype=dtype),
            dtype=dtype,
            name=name,
            trainable=given["trainable"],
            regularizer=regularizers.get(given["regularizer"]),
            constraint=constraints.get(given["constraint"]),
        )
        variable.path = f"{self.name}/{name}"
        self._variables.append(variable)
        return variable

    def engine_operations(self) -> list[dict[str, Any]]:
        """What it is to a program, the penalty on its output included."""
        if self.has_own_call():
            if self.activity_regularizer is not None:
                raise NotLowered(f"the layer '{self.name}' has a call of its own and an activity_regularizer")
            return operations_of_call(self)
        operations = self.lower()
        penalty = self.activity_regularizer
        if penalty is not None:
            if written_anew(penalty, "__call__") or not isinstance(
                penalty, regularizers.L1 | regularizers.L2 | regularizers.L1L2
            ):
                operations.append({"op": "python", "name": "activity_regularizer", "function": self._penalised})
            else:
                operations.append({"op": "activity", "l1": penalty.l1, "l2": penalty.l2})
        return operations

    def _penalised(self, outputs: Any) -> Any:
        """The outputs, with the activity regularizer's price of them, a row's on average, added to the losses."""
        self.add_loss(self.activity_regularizer(outputs) / max(1, outputs.shape[0]))
        return outputs

    # ---- weights

    @property
    def trainable(self) -> bool:
        """Whether training changes its weights; compile the model anew after changing it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = flag(f"{self.name}: trainable", value)
        for layer in self.inner_layers():
            layer.trainable = value

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        if not self.built:
            raise RuntimeError(f"count_params: expected a built layer, got '{self.name}' before it has seen an input "
                               "shape; call it or its model once, or build it")  # fmt: skip
        return sum(v.size for v in self.weights)

    def __getattr__(self, name: str) -> Any:
        if name in ("_variables", "_policy", "_trainable", "_losses", "_turn", "_graph"):
            raise RuntimeError(f"{type(self).__name__}: expected super().__init__() before anything else in __init__, "
                               "got none; call it first")  # fmt: skip
        if name in ("input", "output"):
            return self._first_call(name)
        for cls in type(self).__mro__:
            if name in inspect.get_annotations(cls):
                raise AttributeError(f"{type(self).__name__}: expected a built layer, got no {name} before it has seen "
                                     "an input shape; call it or its model once, or build it")  # fmt: skip
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def _first_call(self, name: str) -> Any:
        """What it was first called on in a model being put together, or what that gave: `layer.input`, `layer.output`.

        No properties, so that layers of one's own may have attributes of these names.
        """
        nodes = vars(self).get("_nodes")
        if not nodes:
            raise AttributeError(f"{self.name}: expected a layer of a model, got no {name} before it was called on "
                                 "Input(shape=…) or put into a Sequential with one; do so")  # fmt: skip
        return nodes[0].outputs if name == "output" else nodes[0].taken

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_nodes"}  # graphs note them anew

    # ---- by itself

    def _check_inputs(self, inputs: Any) -> Any:
        """Rows of the shape it was built for; a call of one's own takes what it likes."""
        if self.has_own_call():
            return inputs
        if not isinstance(inputs, Tensor):
            raise TypeError(f"{self.name}: expected one array of rows, got {brief(inputs)}; put them together first")
        if inputs.ndim < 2:
            raise ValueError(f"{self.name}: expected rows of features, an array of 2 or more axes, got {brief(inputs)};"
                             " put a single row into a list")  # fmt: skip
        want = tuple(self.input_shape[1:]) if self.built else tuple(inputs.shape[1:])
        if inputs.shape[1:] != want and not self._variables:
            self.compute_output_shape(tuple(inputs.shape))  # which looks whether settings fit
        elif inputs.shape[1:] != want:
            raise ValueError(f"{self.name}: expected rows of shape {want}, for which it was built, got an input of "
                             f"shape {tuple(inputs.shape)}; reshape it, or make another layer")  # fmt: skip
        return inputs if inputs.dtype.kind == "f" else as_tensor(inputs, self.variable_dtype)

    def _after_call(self, outputs: Any) -> Any:
        """The outputs, with the price that an activity regularizer puts on them."""
        if self.activity_regularizer is not None:
            for one in leaves(outputs):
                self._penalised(one)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """The settings, what every layer has only where it is not as usual; its policy always, for that may change."""
        config = {**vars(self).get("_given", {}), **super().get_config()}
        if is_own(type(self)):
            need_config(type(self).__name__, self._settings(), config)
        if "dtype" in config:
            config["dtype"] = self._policy.name
        for key, usual in {"activity_regularizer": None, "trainable": True, "compat": "keras"}.items():
            if config.get(key) == usual:
                config.pop(key, None)
        return config

    def __repr__(self) -> str:
        shown, defaults = [], self._defaults()
        for key, argument in self._settings().items():
            usual = defaults.get(key, argument.default)
            value = getattr(self, key, usual)
            if key == "dtype":
                value, usual = self._policy.name, config.dtype_policy().name
            if not _is_usual(value, usual):
                shown.append(f"{key}={repr(value.__name__) if inspect.isroutine(value) else brief(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _is_shape(given: Any) -> bool:
    """Whether it is the shape of one input, and not a list of several."""
    return isinstance(given, (list, tuple)) and not any(isinstance(n, (list, tuple, dict)) for n in given)


def mapped_shapes(shapes: Any, dtype: str) -> Any:
    """What is to come, of these shapes."""
    if _is_shape(shapes):
        return KerasTensor(shapes, dtype)
    if isinstance(shapes, Mapping):
        return {key: mapped_shapes(one, dtype) for key, one in shapes.items()}
    return type(shapes)(mapped_shapes(one, dtype) for one in shapes)


def _is_usual(value: Any, default: Any) -> bool:
    """Whether a setting is its default, which may be the name of what is kept."""
    if isinstance(default, Mapping):
        return bool(serialize(value) == default)
    if isinstance(default, str) and isinstance(value, Configurable):
        return repr(value).lower() == default.lower().replace("_", "") + "()"
    if default is None and inspect.isroutine(value):
        return bool(value.__name__ == "linear")
    return type(value) is type(default) and bool(value == default)
