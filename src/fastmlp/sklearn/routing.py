"""Routed parameters: ``optimizer__learning_rate=0.01`` is an argument of what stands before the two underscores."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastmlp import Model, losses, optimizers
from fastmlp._objects import Configurable, custom_object_scope
from fastmlp._validate import brief, unknown
from fastmlp.saving.cloning import _known, clone_model

Settings = dict[str, Any]

PREFIXES = ("model", "compile", "optimizer", "loss", "fit", "callbacks", "predict")


def is_routed(name: str) -> bool:
    """Whether a parameter is one of these."""
    prefix, _, rest = name.partition("__")
    return prefix in PREFIXES and rest != ""


def within(prefix: str, settings: Mapping[str, Any]) -> Settings:
    """Those behind a prefix, without it."""
    return {name[len(prefix) + 2 :]: value for name, value in settings.items() if name.startswith(f"{prefix}__")}


def need_names(prefix: str, settings: Iterable[str], names: Iterable[str]) -> None:
    """Refuse what is none of these names."""
    known = set(names)
    for name in settings:
        if name not in known:
            unknown(f"{prefix}__{name}", name, known)


def _arguments(function: Any) -> tuple[set[str], bool]:
    """The names a function or class takes, and whether it takes any others."""
    if isinstance(function, type) and issubclass(function, Configurable):
        return set(function._settings()), False
    found = inspect.signature(function).parameters.values()
    named = {one.name for one in found if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
    return named, any(one.kind == one.VAR_KEYWORD for one in found)


def _required(function: Any) -> set[str]:
    """The names a function takes that have no default."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    found = inspect.signature(function).parameters.values()
    return {one.name for one in found if one.kind in named and one.default is one.empty}


def arguments_of(method: Any, *without: str) -> set[str]:
    """The names a method takes from parameters, those left out that are given otherwise."""
    return _arguments(method)[0] - {"self", *without}


# ---- objects


def made(prefix: str, given: Any, settings: Settings) -> Any:
    """A new object: of a class with these settings, or like another one with these changed."""
    if isinstance(given, type):
        names, any_name = _arguments(given)
        need_names(prefix, () if any_name else settings, names)
        return given(**settings)
    if not settings:
        return copy.deepcopy(given)
    if not isinstance(given, Configurable):
        raise ValueError(f"{prefix}__{next(iter(settings))}: expected a class to be made with it, got {brief(given)}; "
                         f"write {prefix}={type(given).__name__}")  # fmt: skip
    need_names(prefix, settings, given._settings())
    return _like(given, settings)


def _like(given: Any, settings: Settings) -> Any:
    with custom_object_scope(_known([given, getattr(given, "_follow", None)])):
        return type(given).from_config({**given.get_config(), **settings})


def optimizer_of(given: Any, settings: Settings) -> Any:
    """A new optimizer, which remembers nothing."""
    if isinstance(given, type):
        return made("optimizer", given, settings)
    found: Any = optimizers.get(given)
    need_names("optimizer", settings, found._settings())
    return _like(found, settings)


def loss_of(given: Any, settings: Settings) -> Any:
    """A new loss."""
    return made("loss", given if isinstance(given, type) else losses.as_loss(given), settings)


def callbacks_of(given: Any, settings: Settings) -> list[Any]:
    """New callbacks: of one, of a list or of a dict of them, classes or objects.

    Those of a list take settings behind their number, ``callbacks__0__patience``, those of a dict behind their name.
    """
    if given is not None and not isinstance(given, (list, tuple, Mapping)):
        return [made("callbacks", given, settings)]
    parts = given.items() if isinstance(given, Mapping) else enumerate(given or ())
    named = {str(name): one for name, one in parts}
    for name in settings:
        if name.partition("__")[0] not in named:
            raise ValueError(f"callbacks__{name}: expected a callback that takes it, got {brief(given)}; give one in "
                             "callbacks, and its place in a list or its name in a dict: "
                             "callbacks__0__patience=3")  # fmt: skip
    return [made(f"callbacks__{name}", one, within(name, settings)) for name, one in named.items()]


# ---- the model


class Compiling:
    """What a model is to be compiled with.

    Parameters
    ----------
    asked
        Arguments of compile; None where the model's own stay.
    optimizer, loss
        Settings of these, of whatever kind they turn out to be.
    """

    def __init__(self, asked: Settings, optimizer: Settings, loss: Settings) -> None:
        self._asked = {name: value for name, value in asked.items() if value is not None}
        self._optimizer, self._loss = optimizer, loss

    def arguments(self) -> Settings:
        """What is known before there is a model."""
        asked = {"optimizer": "adam", "loss": None, "metrics": None, **self._asked}
        found = {name: copy.deepcopy(value) for name, value in asked.items() if name not in ("optimizer", "loss")}
        loss = asked["loss"] and loss_of(asked["loss"], self._loss)
        return {**found, "optimizer": optimizer_of(asked["optimizer"], self._optimizer), "loss": loss}

    def compile(self, model: Any, usual_loss: Callable[[], Any]) -> None:
        """Compile it so; what is not asked for stays as it is."""
        need_names("compile", self._asked, arguments_of(type(model).compile))
        given: Settings = {"optimizer": "adam", "loss": None}
        if model.compiled:
            own = model._compiled
            if own.loss is not None and not (self._asked or self._optimizer or self._loss):
                return
            given = {**own.given, "optimizer": own.optimizer, "loss": own.loss}
        given |= copy.deepcopy(self._asked)
        loss = usual_loss() if given["loss"] is None else given["loss"]
        optimizer = optimizer_of(given["optimizer"], self._optimizer)
        model.compile(**{**given, "optimizer": optimizer, "loss": loss_of(loss, self._loss)})


def _clone(model: Any) -> Any:
    """A model like it with new weights, but for what its layers know of data by `adapt`."""
    clone = clone_model(model)
    for one, other in zip(model.with_inner(), clone.with_inner(), strict=True):
        if hasattr(one, "adapt") and one.weights:
            other.build(one.input_shape)
            other.set_weights(one.get_weights())
    return clone


def model_of(given: Any, settings: Settings, meta: Settings, compiling: Compiling) -> Any:
    """A new model: what a function returns, or one like that given, with weights of its own."""
    if isinstance(given, Model):
        for name in settings:
            raise ValueError(f"model__{name}: expected a function as model, which takes it, got a model; write a "
                             "function that builds and returns it")  # fmt: skip
        return _clone(given)
    if not callable(given):
        raise TypeError(f"model: expected a function that builds and returns a model, or a model, got {brief(given)}; "
                        "write def build(hidden=64): return Sequential([…])")  # fmt: skip
    names, any_name = _arguments(given)
    need_names("model", () if any_name else settings, names - {"meta", "compile_kwargs"})
    told = {"meta": meta} if "meta" in names else {}
    told |= {"compile_kwargs": compiling.arguments()} if "compile_kwargs" in names else {}
    missing = _required(given) - told.keys() - settings.keys()
    if missing:
        name = min(missing)
        raise TypeError(f"model: expected what its argument '{name}' is to be, got nothing; write model__{name}=…, or "
                        "give it a default")  # fmt: skip
    found = given(**told, **settings)
    if not isinstance(found, Model):
        mend = "end it with return model" if found is None else "return a Sequential or Model of fastmlp"
        raise TypeError(f"model: expected a function that returns a model, got {brief(found)} from it; {mend}")
    return found
