"""What losses, metrics, optimizers, layers … have in common: a config, a copy, a repr; and finding one by name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

import numpy as np

from fastmlp._validate import brief, unknown
from fastmlp.compat import usual

_C = TypeVar("_C", bound="Configurable")

everyones_objects: dict[str, Any] = {}  # in scope everywhere, by names that a user gives
_registered: dict[str, Any] = {}
_scopes: ContextVar[tuple[Mapping[str, Any], ...]] = ContextVar("custom objects", default=())


def snake_case(name: str) -> str:
    """``LeakyReLU`` → ``leaky_re_lu``, as Keras names what nobody named."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


class Configurable:
    """An object made from named settings, each kept under its name.

    Its config, its copy and its repr are read off the signature of ``__init__``: an argument `rate` is found as
    ``self.rate``. What is kept under another form says so in ``get_config``.
    """

    _prefix: ClassVar[str] = ""  # of the name it is saved by: losses and metrics have classes of one name

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if cls.__module__.split(".")[0] == "fastmlp" and not cls.__name__.startswith("_"):
            _registered[cls._prefix + cls.__name__] = cls

    @classmethod
    def _settings(cls) -> dict[str, inspect.Parameter]:
        """The arguments of ``__init__``, those passed on to a base class by ``**kwargs`` included."""
        found: dict[str, inspect.Parameter] = {}
        for _, arguments in cls._makers():
            for argument in arguments:
                if argument.kind in (argument.POSITIONAL_OR_KEYWORD, argument.KEYWORD_ONLY):
                    found.setdefault(argument.name, argument)
        return found

    @classmethod
    def _makers(cls) -> Iterator[tuple[Any, list[inspect.Parameter]]]:
        """Every ``__init__`` that has a say, its own first, with its arguments."""
        for base in cls.__mro__:
            init = base.__dict__.get("__init__")
            if init is None:
                continue
            arguments = list(inspect.signature(init).parameters.values())[1:]
            yield init, arguments
            if not any(argument.kind == argument.VAR_KEYWORD for argument in arguments):
                break

    def _defaults(self) -> dict[str, Any]:
        """What each setting is unless given, by the convention that it follows if it does one (`compat`)."""
        settings = self._settings()
        found: dict[str, Any] = {}
        convention = getattr(self, "compat", "keras")
        for init, arguments in self._makers():
            special = usual(init, convention, {name: getattr(self, name, None) for name in settings})
            for argument in arguments:
                if argument.name in settings:
                    found.setdefault(argument.name, special.get(argument.name, argument.default))
        return found

    def get_config(self) -> dict[str, Any]:
        """The settings, as values that JSON can hold."""
        return {name: serialize(self._setting(name)) for name in self._settings() if hasattr(self, name)}

    def _setting(self, name: str, default: Any = None) -> Any:
        """A setting as it was given."""
        return getattr(self, name, default)

    @classmethod
    def from_config(cls: type[_C], config: Mapping[str, Any]) -> _C:
        """A new object with these settings."""
        if not isinstance(config, Mapping):
            raise TypeError(f"{cls.__name__}.from_config: expected settings by name, got {brief(config)}; take them "
                            "from get_config")  # fmt: skip
        return cls(**{name: deserialize(value) for name, value in config.items()})

    def __repr__(self) -> str:
        shown = []
        for name, default in self._defaults().items():
            value = self._setting(name, default)
            if not _same(value, default):
                shown.append(f"{name}={brief(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def written_anew(thing: Any, *methods: str) -> str | None:
    """Which of these methods a class derived from one of fastmlp's has in words of its own; None if none."""
    kind: Any = type(thing)
    return _written_anew(kind, methods)


@lru_cache(maxsize=1024)
def _written_anew(kind: type, methods: tuple[str, ...]) -> str | None:
    for cls in kind.__mro__:
        if cls.__module__.split(".")[0] == "fastmlp":
            return None
        for method in methods:
            if method in vars(cls):
                return method
    return None


class NotLowered(Exception):  # noqa: N818 - it is an answer, not a mishap
    """Why something cannot be part of a program in C, and runs by the tape instead."""


def need_as_it_is(thing: Any, *methods: str) -> None:
    """Refuse for a program what derives from a class of fastmlp and says anew what C computes."""
    method = written_anew(thing, *methods)
    if method is not None:
        raise NotLowered(f"the class {type(thing).__name__} has a {method} of its own")


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and isinstance(a, (int, float, str, tuple, bool)) and a == b)


def serialize(value: Any) -> Any:
    """A setting as JSON can hold it; objects as ``{"class_name", "config"}``, registered functions by name."""
    if isinstance(value, Configurable):
        return {"class_name": registered_name(type(value)), "config": value.get_config()}
    if isinstance(value, Mapping):
        return {key: serialize(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [serialize(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (np.generic,)):
        return value.item()
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, (np.generic, float, int))):
        return np.dtype(value).name
    if callable(value):
        return {"function": registered_name(value)}
    return value


def deserialize(value: Any) -> Any:
    """What `serialize` wrote, as it was. Classes and functions are found among those registered, never imported."""
    if isinstance(value, Mapping):
        if set(value) == {"class_name", "config"}:
            return find_class(value["class_name"]).from_config(_config_of(value))
        if set(value) == {"function"}:
            return find_registered(value["function"])
        return {key: deserialize(item) for key, item in value.items()}
    if isinstance(value, list):
        return [deserialize(item) for item in value]
    return value


def described(value: Any) -> Any:
    """The object that a config is of; what is no config is refused."""
    if not (isinstance(value, Mapping) and {"class_name", "config"} <= set(value)):
        raise TypeError(f"deserialize: expected a config of class_name and config, got {brief(value)}; take one from "
                        "serialize")  # fmt: skip
    return deserialize({key: value[key] for key in ("class_name", "config")})


def _config_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    config = value["config"]
    if not isinstance(config, Mapping):
        raise ValueError(f"from_config: expected settings by name for {brief(value['class_name'])}, got "
                         f"{brief(config)}; take them from get_config")  # fmt: skip
    return config


def registered_name(thing: Any) -> str:
    """The name under which `thing` can be found again: the registered one or, for `custom_objects`, its own."""
    for name, known in reversed(_registered.items()):
        if known is thing:
            return name
    name = getattr(thing, "__name__", repr(thing))
    if name.isidentifier() and not getattr(thing, "__module__", "").startswith("fastmlp."):
        return f"Custom>{name}"
    raise ValueError(f"get_config: expected classes and functions that are registered, got {name}; "
                     f"put @fastmlp.register_serializable() above its definition")  # fmt: skip


def custom_object(name: str) -> Any:
    """What a `custom_object_scope`, or everybody, gives this name to; None if nothing."""
    return next((scope[name] for scope in (*_scopes.get(), everyones_objects) if name in scope), None)


def find_registered(name: str) -> Any:
    """The class or function of that name, one of a `custom_object_scope` before all others."""
    found = _look_up(name) if isinstance(name, str) else None
    if found is None and isinstance(name, str) and name.startswith("Custom>"):
        own = name.removeprefix("Custom>")
        raise ValueError(f"from_config: expected classes and functions that are known, got {brief(own)}; give "
                         f"custom_objects={{{brief(own)}: …}}, or put @fastmlp.register_serializable() above its "
                         "definition")  # fmt: skip
    if found is None:
        unknown("from_config", name, _registered)
    return found


def find_class(name: str) -> Any:
    """The class of that name, which can be made from a config."""
    found = find_registered(name)
    if not (isinstance(found, type) and hasattr(found, "from_config")):
        raise ValueError(f"from_config: expected a class with from_config, got {brief(name)}; take it from get_config")
    return found


def _look_up(name: str) -> Any:
    """What has this name, None if nothing has; custom objects also go by the last part of theirs."""
    scopes = (*_scopes.get(), everyones_objects)
    names = [(scope, name) for scope in scopes] + [(_registered, name)]
    names += [(scope, name.rpartition(">")[2]) for scope in scopes]
    return next((known[key] for known, key in names if key in known), None)


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Within, and on this thread only, these names mean these classes and functions.

    >>> with custom_object_scope({"Half": Family}):
    ...     find_registered("Custom>Half") is Family
    True
    """
    if not isinstance(custom_objects, (Mapping, type(None))):
        raise TypeError(f"custom_objects: expected classes and functions by name, got {brief(custom_objects)}; write "
                        "{'MyLayer': MyLayer}")  # fmt: skip
    for name, thing in (custom_objects or {}).items():
        if not isinstance(name, str) or not callable(thing):
            raise TypeError(f"custom_objects: expected classes and functions by name, got {brief(name)}: "
                            f"{brief(thing)}; write {{'MyLayer': MyLayer}}")  # fmt: skip
    token = _scopes.set((dict(custom_objects or {}), *_scopes.get()))
    try:
        yield
    finally:
        _scopes.reset(token)


def deserializer(get: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function that gives what `get` finds for a config, where names may mean custom objects."""

    def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that a config describes, or a name means; `custom_objects` are classes and functions by name."""
        with custom_object_scope(custom_objects):
            return get(config)

    return deserialize


def register_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Decorator: what it stands above can be saved by name and found again when loading.

    >>> @register_serializable()
    ... def double(x):
    ...     return 2 * x
    """

    def note(thing: Any) -> Any:
        named = name is not None or hasattr(thing, "__name__")
        if not named or isinstance(thing, type) and not hasattr(thing, "get_config"):
            raise ValueError(f"register_serializable: expected a class with get_config, or a function, got "
                             f"{brief(thing)}; derive it from a class of fastmlp, or write the method")  # fmt: skip
        key = f"{package}>{name or thing.__name__}"
        _registered.pop(key, None)  # the last of a thing's names is the one it is saved by
        _registered[key] = thing
        return thing

    return note


def register_builtin(thing: Any) -> Any:
    """As `register_serializable`, for functions of fastmlp's own: under their plain name."""
    _registered[thing.__name__] = thing
    return thing


class Family:
    """Objects of one kind, found by what users write: an object, its class, a name in any spelling, a config.

    `names` maps what may be written to a class or a function. `rooms` are the packages whose functions do as well.
    """

    def __init__(self, title: str, base: type | None, names: Mapping[str, Any], rooms: tuple[str, ...] = ()) -> None:
        self.title, self.base, self.names, self.rooms = title, base, dict(names), rooms

    def _registered(self, name: str) -> Any:
        """What a user has registered under that name, if it is of this kind."""
        found = _look_up(name)
        if isinstance(found, type):
            return found if self.base is not None and issubclass(found, self.base) else None
        home = str(getattr(found, "__module__", "")).split(".")
        return found if callable(found) and (home[0] != "fastmlp" or home[1] in self.rooms) else None

    def get(self, identifier: Any) -> Any:
        """The object meant; None stays None."""
        if identifier is None:
            return None
        if isinstance(identifier, str):
            entry = self.names.get(identifier) or self.names.get(identifier.lower())
            entry = entry or self.names.get(snake_case(identifier)) or self._registered(identifier)
            if entry is None:
                unknown(self.title, identifier, self.names)
            return entry() if isinstance(entry, type) else entry
        if isinstance(identifier, Mapping):
            return deserialize(identifier)
        if isinstance(identifier, type) and self.base is not None and issubclass(identifier, self.base):
            return identifier()
        if (self.base is not None and isinstance(identifier, self.base)) or callable(identifier):
            return identifier
        raise TypeError(f"{self.title}: expected a name, an object or a function, got {brief(identifier)}; "
                        f"for instance {next(iter(self.names))!r}")  # fmt: skip
