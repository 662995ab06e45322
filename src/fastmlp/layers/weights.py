"""Whose weights they are: what layers and models do with variables, their own and those of layers inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fastmlp._arrays import numbers
from fastmlp._spelling import older_spelling
from fastmlp._validate import brief
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.tensor import Operators
from fastmlp.random import SeedGenerator
from fastmlp.variables import Variable

# attributes of layers and models by which no program is other than before
PASSING = ("_losses", "_nodes", "_trainable", "_place", "_under_way")


class HasWeights:
    """Whoever has variables and layers as attributes, also in lists, tuples and dicts: copies and writes them."""

    name: str
    revision: int = 0  # how often settings or weights were replaced since it was built
    _trainable: bool
    _losses: list[Any]

    def __setattr__(self, name: str, value: Any) -> None:
        """Note that a setting or a weight is replaced, for programs that were made of what it was.

        A tensor in a weight's place was worked out of others, as where weights are normalised.
        """
        mine = vars(self)
        if isinstance(mine.get(name), Variable) and not isinstance(value, (Operators, type(None))):
            raise TypeError(f"{self.name}: expected a Variable as {name}, got {brief(value)}; {name}.assign writes "
                            "numbers into the one there is")  # fmt: skip
        super().__setattr__(name, value)
        if mine.get("built") and name not in PASSING and not isinstance(getattr(type(self), name, None), property):
            mine["revision"] = self.revision + 1
            Variable.changes += 1

    # ---- what it owns

    def _held(self) -> Iterator[Any]:
        """What its attributes hold, each once."""
        found: dict[int, Any] = {}
        for value in list(vars(self).values()):
            if isinstance(value, _WANTED):
                _collect(value, found)
        return iter(found.values())

    def inner_layers(self) -> list[Any]:
        """The layers it is made of."""
        return [one for one in self._held() if isinstance(one, HasWeights)]

    def with_inner(self) -> list[Any]:
        """Itself and all layers inside, those inside them included, each once."""
        found, waiting = {id(self): self}, self.inner_layers()
        while waiting:
            one = waiting.pop(0)
            if id(one) not in found:
                found[id(one)] = one
                waiting = [*one.inner_layers(), *waiting]
        return list(found.values())

    def generators(self) -> list[SeedGenerator]:
        """The sequences of seeds that it and the layers inside keep as attributes, to draw from."""
        held = [value for layer in self.with_inner() for value in vars(layer).values()]
        return list({id(one): one for one in held if isinstance(one, SeedGenerator)}.values())

    def own_variables(self) -> list[Variable]:
        """Its variables but those of the layers inside, trainable ones first."""
        found = [one for one in self._held() if isinstance(one, Variable)]
        return sorted(found, key=lambda v: not v.trainable)

    @property
    def weights(self) -> list[Variable]:
        """All variables, in the order in which `get_weights` gives them: its own, then those of its layers."""
        return _each_once(self.own_variables(), *(layer.weights for layer in self.inner_layers()))

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that training changes."""
        if not self._trainable:
            return []
        own = [v for v in self.own_variables() if v.trainable]
        return _each_once(own, *(layer.trainable_weights for layer in self.inner_layers()))

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those that it does not."""
        trained = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def variables(self) -> list[Variable]:
        """Another name of `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """Another name of `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """Another name of `non_trainable_weights`."""
        return self.non_trainable_weights

    # ---- what it adds to the loss

    def add_loss(self, loss: Any) -> None:
        """Something that training is to make small besides, worked out in `call`."""
        for one in loss if isinstance(loss, (list, tuple)) else [loss]:
            price = as_tensor(one)
            if price.dtype.kind not in "fiub":
                raise TypeError(f"{self.name}: expected a number as a loss, got {brief(one)}; work one out of tensors")
            self._losses.append(price)

    @property
    def losses(self) -> list[Any]:
        """What the latest call has added, and the penalties of trainable weights: each once, shared or not."""
        added = [one for layer in self.with_inner() for one in layer._losses]
        return [*added, *(v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None)]

    def losses_added(self) -> bool:
        """Whether calls have added any."""
        return bool(self._losses) or any(layer.losses_added() for layer in self.inner_layers())

    def clear_losses(self) -> None:
        """Forget what calls have added."""
        self._losses = []
        for layer in self.inner_layers():
            layer.clear_losses()

    # ---- their numbers

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all variables."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write what `get_weights` gave. All arrays are looked at before the first is written."""
        if not isinstance(weights, Iterable):
            raise TypeError(f"set_weights: expected a list of arrays, got {brief(weights)}; take one from get_weights")
        mine, given = self.weights, [numbers("set_weights", w) for w in weights]
        want, got = [tuple(v.shape) for v in mine], [w.shape for w in given]
        if want != got:
            raise ValueError(f"set_weights: expected arrays of shapes {want} for '{self.name}', got {got}; "
                             "take them from get_weights of what is built alike")  # fmt: skip
        for variable, values in zip(mine, given, strict=True):
            variable.assign(values)


_WANTED = (Variable, HasWeights, list, tuple, dict)


def _collect(value: Any, found: dict[int, Any]) -> None:
    """Add the variables and layers in a structure."""
    if isinstance(value, (Variable, HasWeights)):
        found.setdefault(id(value), value)
    else:
        for one in value.values() if isinstance(value, dict) else value:
            if isinstance(one, _WANTED):
                _collect(one, found)


def _each_once(*lists: list[Variable]) -> list[Variable]:
    return list({id(v): v for some in lists for v in some}.values())


# ---- the arguments of add_weight

_NOW = {"shape": (), "initializer": None, "dtype": None, "trainable": True, "autocast": True, "regularizer": None,
        "constraint": None, "aggregation": "none", "overwrite_with_gradient": False, "name": None}  # fmt: skip
_THEN = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
_NOTHING_HERE = ("use_resource", "synchronization", "partitioner", "experimental_autocast", "collections", "getter")


def weight_settings(where: str, args: Sequence[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `add_weight` by name, in today's order or, where a name comes first, in that of Keras 2."""
    order = list(_NOW)
    if args and isinstance(args[0], str):
        order = list(_THEN)
        older_spelling(f"add_weight: add_weight({args[0]!r}, …) is the older spelling; write name={args[0]!r}")
    if len(args) > len(order):
        raise TypeError(f"{where}: expected at most {len(order)} arguments of add_weight, got {len(args)}; name them")
    given = dict(zip(order, args))
    known = [key for key in settings if key in _NOW]
    unknown = [key for key in settings if key not in _NOW and key not in _NOTHING_HERE]
    twice = [key for key in known if key in given]
    if unknown or twice:
        raise TypeError(f"{where}: expected arguments of add_weight among {', '.join(_NOW)}, each once, got "
                        f"{brief(unknown or twice)}; check the spelling")  # fmt: skip
    return {**_NOW, **given, **{key: settings[key] for key in known}}


def once(build: Callable[..., Any]) -> Callable[..., Any]:
    """The `build` of a class of one's own, such that it is done once, and again after it failed."""

    def built(self: Any, *shapes: Any, **settings: Any) -> None:
        if self.built:
            return
        try:
            build(self, *shapes, **settings)
        except BaseException:
            self._unbuild()
            raise
        if self.input_shape is None and shapes:
            self.input_shape = tuple(shapes[0]) if isinstance(shapes[0], (list, tuple)) else shapes[0]
        self.built = True

    built.__doc__ = build.__doc__
    return built
