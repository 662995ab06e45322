"""Refuses, on import, any interpreter of a process but the main one: NumPy and the engine have one state a process.

C would refuse all but the first, whichever that is, and say no more than that there are two.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec


def _is_main() -> bool:
    """Whether this is the main interpreter, as far as Python can tell."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # from 3.13 on, and before
        if find_spec(name) is not None:
            interpreters = import_module(name)
            return bool(interpreters.get_current() == interpreters.get_main())
    return True


if not _is_main():
    raise ImportError("fastmlp: expected to be imported into the main interpreter, got a subinterpreter; use threads "
                      "or processes (in mod_wsgi: WSGIApplicationGroup %{GLOBAL})")  # fmt: skip
