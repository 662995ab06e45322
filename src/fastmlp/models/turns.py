"""Any number of threads predict with a model, or one does anything else: nobody else's numbers get in between."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakSet

_Model = TypeVar("_Model", bound=Any)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class _Own(threading.local):
    """A lock for each thread that predicts, gone when the thread is."""

    def __init__(self, turn: Turn) -> None:
        self.lock = threading.RLock()
        with turn.entering:
            turn.predicting.add(self.lock)


class Turn:
    """Whose turn it is. A thread that has it may take it again: a callback of fit may evaluate.

    Who predicts holds a lock of its own meanwhile, so that threads which predict do not even meet. Who does more says
    so in `writer`, where everybody sees it who comes later, and passes through all those locks: nobody is left in. All
    locks are taken and given back by C alone: Ctrl-C cannot come in between.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()  # of the writer
        self.writer: int | None = None  # the thread that has the model for itself
        self.fitting: int | None = None  # the thread that is in the middle of fit
        self.predicting: WeakSet[Any] = WeakSet()  # locks
        self.entering = threading.RLock()  # of that set
        self.own = _Own(self)
        _turns.add(self)

    def __reduce__(self) -> tuple[type[Turn], tuple[()]]:
        return Turn, ()  # that of a copied model is free

    def alone(self, where: str, act: Callable[[], _Result]) -> _Result:
        """Run `act` while no other thread uses the model; wait for others, but not for the end of a fit."""
        me, fitting = threading.get_ident(), self.fitting
        if fitting is not None and fitting != me:
            raise RuntimeError(f"{where}: expected a model that no other thread trains, got one in the middle of fit; "
                               "wait for its end, or give each thread a model (clone_model)")  # fmt: skip
        with self.lock:
            outer, self.writer = self.writer, me
            try:
                if outer is None:
                    self._let_out()
                if where == "fit":
                    self.fitting = me
                return act()
            finally:
                self.writer, self.fitting = outer, fitting

    def _let_out(self) -> None:
        """Wait for those who predict."""
        with self.entering:
            locks = list(self.predicting)
        for lock in locks:
            with lock:
                pass


_turns: WeakSet[Turn] = WeakSet()


def _after_fork() -> None:
    """Nobody predicts in a child but the thread that forked."""
    for turn in _turns:
        turn.entering = threading.RLock()
        turn.predicting = WeakSet([turn.own.lock])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def in_turn(method: Callable[Concatenate[_Model, _Given], _Result]) -> Callable[Concatenate[_Model, _Given], _Result]:
    """A method of a model that wants it for itself."""
    where = method.__name__.strip("_")

    @functools.wraps(method)
    def call(self: _Model, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        turn: Turn = self._turn
        return turn.alone(where, functools.partial(method, self, *args, **kwargs))

    return call
