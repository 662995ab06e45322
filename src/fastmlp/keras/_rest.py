"""What the modules of this room say of names that they do not have: older spellings, and what is left to Keras."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping
from functools import reduce
from types import ModuleType
from typing import Any

from fastmlp._spelling import older_spelling
from fastmlp._validate import no_such_name, outside
from fastmlp.keras._names import MODULES_BEFORE, NAMES, NAMES_BEFORE, SECOND_MODULES

_ROOT = "fastmlp.keras"


def rest(module: str, older: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module of this room.

    `older` maps spellings of scripts for older Keras to those of today, as paths below `fastmlp.keras`. What Keras has,
    or had, and fastmlp has not, raises by its name.
    """
    where = module.removeprefix(_ROOT).removeprefix(".")
    title = where or "keras"
    before = dict(older or {})
    theirs = {*NAMES.get(where, "").split(), *NAMES_BEFORE.get(where, "").split()}

    def get(name: str) -> Any:
        if name in before:
            try:
                found = reduce(getattr, before[name].split("."), sys.modules[_ROOT])
            except AttributeError as error:
                raise no_such_name(str(error)) from None
            older_spelling(f"{title}.{name} is the older spelling; write keras.{before[name]}")
            return found
        if name in theirs:
            raise no_such_name(outside(title, name))
        known = [*(key for key in vars(sys.modules[module]) if key[0] != "_"), *before]
        near = [] if name[:1] == "_" else difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"dir({module}) lists them"
        raise no_such_name(f"{title}: expected one of its names, got {name}; {hint}")

    return get


def add_modules() -> None:
    """Make the modules that Keras has, or had, and that have no file here.

    They can be imported. Their names are another module's, with a warning where the path is an older one, or raise.
    """
    for path in sorted({*NAMES, *NAMES_BEFORE, *MODULES_BEFORE}):
        if _full(path) not in sys.modules:
            _add(path)
    for path, home in SECOND_MODULES.items():
        both = set(NAMES[path].split()) & set(vars(sys.modules[_full(home)]))
        vars(sys.modules[_full(path)]).update({name: getattr(sys.modules[_full(home)], name) for name in both})


def _add(path: str) -> None:
    parent, _, last = _full(path).rpartition(".")
    if parent not in sys.modules:
        _add(path.rpartition(".")[0])
    module, older = ModuleType(_full(path), f"``keras.{path}``"), {}
    if path in MODULES_BEFORE:
        today = MODULES_BEFORE[path]
        names = {*vars(sys.modules[_full(today)]), *NAMES[today].split()}
        older = {name: f"{today}.{name}" for name in names if name[0] != "_"}
    vars(module)["__getattr__"] = rest(_full(path), older)
    sys.modules[_full(path)] = module
    setattr(sys.modules[parent], last, module)


def _full(path: str) -> str:
    return f"{_ROOT}.{path}" if path else _ROOT
