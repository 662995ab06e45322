"""Checks of what a user gives, and what they raise: ``<where>: expected <rule>, got <value>; <how to mend>``."""

from __future__ import annotations

import difflib
import importlib
import math
import sys
from collections.abc import Iterable
from dis import opmap
from typing import Any, NoReturn

import numpy as np


def brief(value: Any) -> str:
    """A value as an error can quote it: short, arrays by shape and type."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array of shape {tuple(value.shape)} and type {value.dtype}"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def unknown(where: str, name: Any, names: Iterable[str]) -> NoReturn:
    """Raise for a name that is none of those known, with the nearest one."""
    known = sorted(names)
    near = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else "take one of these"
    raise ValueError(f"{where}: expected one of {', '.join(repr(n) for n in known)}, got {brief(name)}; {hint}")


def number(
    where: str, value: Any, low: float | None = None, high: float | None = None, *, above: float | None = None
) -> float:
    """A finite real number, low <= value <= high and value > above where these are given."""
    try:
        real = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: expected a number, got {brief(value)}; give one") from None
    rules = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    rules += [f"above {above}"] * (above is not None)
    inside = (low is None or real >= low) and (high is None or real <= high) and (above is None or real > above)
    if not (inside and abs(real) < float("inf")):
        raise ValueError(
            f"{where}: expected a number {' and '.join(rules) or 'that is finite'}, got {value!r}; change it"
        )
    return real


def whole(where: str, value: Any, low: int = 1) -> int:
    """A whole number of at least `low`; 3.0 will do, 3.5, True and '3' will not."""
    try:
        good = not isinstance(value, (bool, str)) and int(value) == value
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        raise TypeError(f"{where}: expected a whole number, got {brief(value)}; give an int")
    if value < low:
        raise ValueError(f"{where}: expected a whole number of at least {low}, got {value!r}; raise it")
    return int(value)


def need_room(where: str, sizes: Iterable[float]) -> None:
    """Refuse an array of more numbers than any machine holds; NumPy multiplies sizes out, and may wrap around."""
    sizes = list(sizes)
    if math.prod(sizes) >= 1 << 60:
        listed = " × ".join(f"{size:.0f}" if isinstance(size, float) else str(size) for size in sizes)
        raise MemoryError(f"{where}: no memory for {listed} numbers; use smaller sizes")


def flag(where: str, value: Any) -> bool:
    """True or False, as 1 or 0 too and of NumPy; nothing else that only counts as such."""
    plain = value.item() if isinstance(value, (np.generic, np.ndarray)) and not value.ndim else value
    if not isinstance(plain, int) or plain not in (0, 1):
        raise TypeError(f"{where}: expected True or False, got {brief(value)}; give one")
    return bool(plain)


def title(where: str, value: Any) -> str:
    """A name that something is given: text, and not none of it."""
    if not (isinstance(value, str) and value):
        raise TypeError(f"{where}: expected a name of letters, got {brief(value)}; name='first', for one, or none")
    return str(value)


def user_level() -> int:
    """The stacklevel by which a warning, raised where this is called, points at the user's line."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith(("fastmlp.", "contextlib.")):
        level, frame = level + 1, frame.f_back
    return level


def need_package(where: str, package: str, title: str, mend: str) -> Any:
    """A package that need not be installed; an ImportError says how to get it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(f"{where}: expected {title}, which is not installed; {mend}") from error


def outside(where: str, name: str) -> str:
    """The sentence for a name that Keras has and fastmlp leaves to it."""
    return f"{where}: expected a name that fastmlp has, got '{name}'; it is not in fastmlp: use Keras for this"


def no_such_name(message: str) -> Exception:
    """What the ``__getattr__`` of a module raises: an AttributeError, so that `hasattr` says no.

    For ``from … import name``, which would drop its message, it is an ImportError.
    """
    asker = sys._getframe(2)
    importing = asker.f_lasti >= 0 and asker.f_code.co_code[asker.f_lasti] == opmap["IMPORT_FROM"]
    return (ImportError if importing else AttributeError)(message)
