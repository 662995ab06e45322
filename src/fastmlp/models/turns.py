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


class Seat:
    """What a thread that predicts has for itself: a lock, and whether it was let in."""

    __slots__ = ("inside", "lock", "thread")

    def __init__(self) -> None:
        self.lock, self.thread, self.inside = threading.RLock(), threading.get_ident(), False


class _Own(threading.local):
    """A seat for each thread that predicts, gone when the thread is."""

    def __init__(self, turn: Turn) -> None:
        self.seat = Seat()
        with turn.entering:
            turn.predicting.add(self.seat.lock)


class Turn:
    """Whose turn it is. A thread that has it may take it again: a callback of fit may evaluate.

    Who predicts holds a lock of its own meanwhile, so that threads which predict do not even meet. Who does more says
    so in `writer`, where everybody sees it who comes later, and passes through all those locks: nobody is left in. All
    locks are taken and given back by C alone: Ctrl-C cannot come in between. No code of the user's runs while a thread
    predicts but what Python puts in between, such as a signal's handler; if that predicts, its thread is in already.
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
        """Run `act` while no other thread uses the model; wait for others, but not for the end of a fit under way."""
        me, fitting = self._out_of_fit(where)
        with self.lock:
            outer = self.writer
            try:
                if where == "fit":
                    self.fitting = me  # before anybody can see the writer, and wait for him
                self.writer = me
                if outer is None:
                    self._let_out()
                return act()
            finally:
                self.writer, self.fitting = outer, fitting

    def renew(self, where: str, is_current: Callable[[], bool], act: Callable[[], object]) -> None:
        """Wait for who changes the model, as `alone` does; then run `act` alone, unless all is as it should be.

        Of many threads that waited only the first has to act, and who has not does not keep others from predicting.
        """
        self._out_of_fit(where)
        with self.lock:
            if not is_current():
                self.alone(where, act)

    def _out_of_fit(self, where: str) -> tuple[int, int | None]:
        """Which thread calls, and which is in the middle of fit; no other may be."""
        me, fitting = threading.get_ident(), self.fitting
        if fitting is not None and fitting != me:
            raise RuntimeError(f"{where}: expected a model that no other thread trains, got one in the middle of fit; "
                               "wait for its end, or give each thread a model (clone_model)")  # fmt: skip
        return me, fitting

    def _let_out(self) -> None:
        """Wait for those who predict."""
        with self.entering:
            locks = list(self.predicting)
        for lock in locks:
            with lock:
                pass


_turns: WeakSet[Turn] = WeakSet()


def _after_fork() -> None:
    """Nobody is in a child but the thread that forked."""
    for turn in _turns:
        turn.entering = threading.RLock()
        turn.predicting = WeakSet([turn.own.seat.lock])
        if turn.writer != threading.get_ident():
            turn.lock, turn.writer, turn.fitting = threading.RLock(), None, None


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
