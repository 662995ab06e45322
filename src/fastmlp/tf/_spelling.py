"""How a function of fastmlp is called by TensorFlow's names for its arguments."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def spelled(function: Callable[..., Any], parameters: str, spells: Any = None) -> Callable[..., Any]:
    """The function, its arguments in their order called so; besides, a `name` may be given, which says nothing here.

    As an activation it is the function itself, or the one that it `spells`: layers then train with the kernel of that,
    and files have its name.

    >>> half = spelled(lambda a, b: a / b, "x, y=2")
    >>> half(x=4.0), half(6, 3, name="quotient")
    (2.0, 2.0)
    """
    names = [parameter.partition("=")[0].strip(" *") for parameter in parameters.split(", ")]
    passed = ", ".join("*" + n if "*" + n in parameters else n for n in names)
    # by text, as namedtuple makes its classes: Python itself then looks after defaults, keywords and errors
    made: Callable[..., Any] = eval(f"lambda {parameters}, name=None: function({passed})", {"function": function})
    made.__doc__ = function.__doc__
    made.spells = function if spells is None else spells  # type: ignore[attr-defined]
    return made


def missing(module: str, lazy: Callable[[str], Any] | None = None) -> Callable[[str], Any]:
    """`__getattr__` of a module: says of any other name that it is TensorFlow's to give.

    It stands last in the module, whose functions get their names here: pickle and help find them by these.
    """
    home = f"fastmlp.{module}"
    for name, value in list(vars(sys.modules[home]).items()):
        if getattr(value, "__name__", "") == "<lambda>" and hasattr(value, "spells"):
            value.__name__ = value.__qualname__ = name
            value.__module__ = home

    def getattr_of_module(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module '{module}' has no attribute '{name}'")
        if lazy is not None and (found := lazy(name)) is not None:
            return found
        raise AttributeError(
            f"{module}: expected a name that fastmlp has, got '{name}'; it is not in fastmlp: use TensorFlow for this"
        )

    return getattr_of_module
