"""Layer: names, weights and shapes of one layer, and what it is to a program."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp import config, constraints, initializers, regularizers
from fastmlp._objects import Configurable, need_as_it_is, snake_case
from fastmlp._room import claim
from fastmlp._validate import brief, whole
from fastmlp.layers.weights import HasWeights
from fastmlp.program import Program
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


def user_level() -> int:
    """The stacklevel by which a warning, raised where this is called, points at the user's line."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("fastmlp."):
        level, frame = level + 1, frame.f_back
    return level


def older_spelling(message: str) -> None:
    """Warn of what scripts for older Keras say."""
    warnings.warn(message, DeprecationWarning, stacklevel=user_level())


def not_here(where: str, **arguments: Any) -> None:
    """Refuse arguments of Keras that nothing here does, unless they ask for nothing."""
    for name, value in arguments.items():
        if value is not None and value is not False:
            raise ValueError(f"{where}: expected no {name}, got {brief(value)}; not in fastmlp: use Keras for this")


class Layer(HasWeights, Configurable):
    """A step of a network: made with settings, built for an input shape, lowered into operations of a program."""

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        **legacy: Any,
    ) -> None:
        self.name = automatic_name(type(self)) if name is None else str(name)
        self._policy = config.DTypePolicy(config.policy_name(type(self).__name__, dtype))
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = False
        self.input_shape: Shape | None = None
        self.output_shape: Shape | None = None
        self._trainable = bool(trainable)
        self._variables: list[Variable] = []
        self._eager: Program | None = None
        self.declared_shape = self._legacy_shape(legacy)

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
            allowed = ", ".join(self._settings())
            raise TypeError(f"{type(self).__name__}: expected arguments among {allowed}, got {sorted(legacy)}; "
                            "check the spelling")  # fmt: skip
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
        self._eager = None  # which computes in the types there were
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

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The output's shape for the input's."""
        return input_shape

    def lower(self) -> list[dict[str, Any]]:
        """The operations this layer is, once built, over rows of flat features; fastmlp.lowering knows their kinds."""
        raise NotImplementedError(f"{self.name}: expected one of the layers of fastmlp, got a {type(self).__name__} of "
                                  "one's own; put it together from those")  # fmt: skip

    # ---- building

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights for this input shape, rows (None) first. Once."""
        if self.built:
            return
        where = f"{self.name}: input shape"
        shape = tuple(None if n is None else whole(where, n, 0) for n in input_shape)
        output_shape = self.compute_output_shape(shape)
        try:
            self.build_weights(shape)
        except BaseException:
            self._unbuild()
            raise
        self.input_shape, self.output_shape, self.built = shape, output_shape, True

    def _unbuild(self) -> None:
        """Be as before `build`: what a failed one has made is not for the next."""
        self.input_shape, self.output_shape, self.built = None, None, False
        self._variables, self._eager = [], None

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

    def add_weight(
        self,
        shape: Sequence[int],
        initializer: Any = None,
        name: str = "weight",
        *,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Variable:
        """A new variable of this layer."""
        shape = tuple(whole(f"{self.name}: shape of {name}", n, 0) for n in shape)
        claim(f"{self.name}/{name}", shape)
        initializer = initializers.get("glorot_uniform" if initializer is None else initializer)
        dtype = np.dtype(dtype or self.variable_dtype)
        variable = Variable(
            initializer(shape, dtype=dtype),
            dtype=dtype,
            name=name,
            trainable=trainable,
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
        )
        variable.path = f"{self.name}/{name}"
        self._variables.append(variable)
        return variable

    def operations(self) -> list[dict[str, Any]]:
        """What it is to a program, the penalty on its output included."""
        need_as_it_is(self.name, self, "call", "__call__")
        operations = self.lower()
        penalty = self.activity_regularizer
        if penalty is not None:
            need_as_it_is(self.name, penalty, "__call__")
            if not isinstance(penalty, regularizers.L1 | regularizers.L2 | regularizers.L1L2):
                raise ValueError(f"{self.name}: expected L1, L2 or L1L2 as activity_regularizer, got {penalty!r}; "
                                 "take one of these")  # fmt: skip
            operations.append({"op": "activity", "l1": penalty.l1, "l2": penalty.l2})
        return operations

    # ---- weights

    @property
    def trainable(self) -> bool:
        """Whether training changes its weights; compile the model anew after changing it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        self._eager = None  # which is made for layers that learn, or for those that do not

    @property
    def weights(self) -> list[Variable]:
        """All variables, trainable ones first."""
        return sorted(self._variables, key=lambda v: not v.trainable)

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that training changes."""
        return [v for v in self._variables if v.trainable] if self.trainable else []

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        if not self.built:
            raise RuntimeError(f"count_params: expected a built layer, got '{self.name}' before it has seen an input "
                               "shape; call it or its model once, or build it")  # fmt: skip
        return sum(v.size for v in self._variables)

    def __getattr__(self, name: str) -> Any:
        for cls in type(self).__mro__:
            if name in inspect.get_annotations(cls):
                raise AttributeError(f"{type(self).__name__}: expected a built layer, got no {name} before it has seen "
                                     "an input shape; call it or its model once, or build it")  # fmt: skip
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    # ---- by itself

    def __call__(self, inputs: Any, training: bool = False) -> np.ndarray:
        """Its output for an array of rows."""
        if isinstance(inputs, Layer):
            raise TypeError(f"{self.name}: expected an array, got the layer '{inputs.name}'; layers are not called on "
                            "layers here: put them into Sequential([…])")  # fmt: skip
        x = np.asarray(inputs)
        if x.ndim < 2:
            raise ValueError(f"{self.name}: expected rows of features, an array of 2 or more axes, got {brief(x)}; "
                             "put a single row into a list")  # fmt: skip
        if not self.built:
            self.build((None, *x.shape[1:]))
        want = self.input_shape[1:] if self.input_shape else ()
        if x.shape[1:] != want:
            raise ValueError(f"{self.name}: expected rows of shape {want}, for which it was built, got an input of "
                             f"shape {x.shape}; reshape it, or make another layer")  # fmt: skip
        if self._eager is None:
            self._eager = Program([self])
        return self._eager.call(x, training=training)

    def get_config(self) -> dict[str, Any]:
        """The settings, what every layer has only where it is not as usual; its policy always, for that may change."""
        config = super().get_config()
        if "dtype" in config:
            config["dtype"] = self._policy.name
        for key, usual in {"activity_regularizer": None, "trainable": True}.items():
            if config.get(key) == usual:
                config.pop(key, None)
        return config

    def __repr__(self) -> str:
        shown = []
        for key, argument in self._settings().items():
            value, usual = getattr(self, key, argument.default), argument.default
            if key == "dtype":
                value, usual = self._policy.name, config.dtype_policy().name
            if not _is_usual(value, usual):
                shown.append(f"{key}={repr(value.__name__) if inspect.isroutine(value) else brief(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_eager": None}


def _is_usual(value: Any, default: Any) -> bool:
    """Whether a setting is its default, which may be the name of what is kept."""
    if isinstance(default, str) and isinstance(value, Configurable):
        return repr(value).lower() == default.lower().replace("_", "") + "()"
    if default is None and inspect.isroutine(value):
        return bool(value.__name__ == "linear")
    return type(value) is type(default) and bool(value == default)
