"""One thread at a time uses a model: its buffers are its own, and nobody else's numbers get in between."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

_Model = TypeVar("_Model", bound=Any)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Turn:
    """Whose turn it is. A thread that has it may take it again: a callback of fit may evaluate."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.fitting: int | None = None  # the thread

    def __reduce__(self) -> tuple[type[Turn], tuple[()]]:
        return Turn, ()  # that of a copied model is free


def in_turn(method: Callable[Concatenate[_Model, _Given], _Result]) -> Callable[Concatenate[_Model, _Given], _Result]:
    """A method of a model that one thread at a time may run; it waits for another's, but not for the end of a fit."""
    where = method.__name__.strip("_")

    @functools.wraps(method)
    def call(self: _Model, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        turn, me = self._turn, threading.get_ident()
        fitting = turn.fitting
        if fitting is not None and fitting != me:
            raise RuntimeError(f"{where}: expected a model that no other thread trains, got one in the middle of fit; "
                               "wait for its end, or give each thread a model (clone_model)")  # fmt: skip
        with turn.lock:  # taken and given back by C alone: Ctrl-C cannot come in between
            if where != "fit":
                return method(self, *args, **kwargs)
            turn.fitting = me
            try:
                return method(self, *args, **kwargs)
            finally:
                turn.fitting = fitting

    return call
