"""Any number of threads predict with a model, or one does anything else: nobody else's numbers get in between."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakSet

_Model = TypeVar("_Model", bound=Any)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

_Place = tuple[int, Any]

_PATIENCE = 0.005  # seconds that who predicts waits without queueing
_LOOK = 0.05  # seconds between two looks of who waits: whether a fit has begun, or the other waits for him


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

    Who predicts holds a lock of its own meanwhile, so that threads which predict do not even meet. Who does more queues
    for the turn. Who changes anything says so in `writer`, where everybody sees it who comes later, and passes through
    all those locks: nobody is left in. No code of the user's runs while a thread predicts but what Python puts in
    between, such as a signal's handler; if that predicts, its thread is in already, and if it changes the model, it
    does not wait for who waits for its thread.

    All locks are taken and given back by C alone: Ctrl-C cannot come in between. But for the gates of others, by which
    one waits: should Ctrl-C leave one shut, its place in the queue is gone already, and who waits looks at that again.
    """

    def __init__(self) -> None:
        self.queue: deque[_Place] = deque()  # it is the turn of the first; with a lock that is his while he is there
        self.writer: int | None = None  # the thread that has the model for itself
        self.fitting: int | None = None  # the thread that is in the middle of fit
        self.predicting: WeakSet[Any] = WeakSet()  # locks
        self.entering = threading.RLock()  # of that set
        self.own = _Own(self)
        _turns.add(self)

    def __reduce__(self) -> tuple[type[Turn], tuple[()]]:
        return Turn, ()  # that of a copied model is free

    def take(self, where: str, act: Callable[[], _Result]) -> _Result:
        """Run `act` while no other thread changes the model; wait for others, but not for the end of a fit."""
        me, gate = mine = threading.get_ident(), threading.Lock()
        with gate:
            try:
                self.queue.append(mine)
                while (first := self.queue[0])[0] != me:  # a place from before will do: a turn within a turn
                    self._wait(where, first, _LOOK)
                return act()
            finally:
                if mine in self.queue:
                    self.queue.remove(mine)

    def alone(self, where: str, act: Callable[[], _Result]) -> _Result:
        """Run `act` while no other thread uses the model; wait for others, but not for the end of a fit."""
        return self.take(where, functools.partial(self._by_itself, where, act))

    def renew(self, where: str, is_current: Callable[[], bool], act: Callable[[], object]) -> None:
        """Wait for who changes the model, as `alone` does; then run `act` alone, unless all is as it should be.

        Of many threads that waited only the first has to act, and who has not does not keep others from predicting. At
        first nobody stands in the queue for that: who trains step by step does not wait for all of them after each.
        """
        me, end = threading.get_ident(), time.monotonic() + _PATIENCE
        while (queue := list(self.queue)) and queue[0][0] != me and time.monotonic() < end:
            self._wait(where, queue[0], _PATIENCE)
            if self.writer is None and is_current():
                return
        self.take(where, lambda: is_current() or self.alone(where, act))

    def _wait(self, where: str, other: _Place, seconds: float) -> None:
        """Wait until another is there no longer, so long at most; but not for who trains, nor for who waits for us."""
        if self.fitting is not None:
            raise RuntimeError(f"{where}: expected a model that no other thread trains, got one in the middle of fit; "
                               "wait for its end, or give each thread a model (clone_model)")  # fmt: skip
        if self.writer is not None and self.own.seat.inside:
            raise RuntimeError(f"{where}: expected a model that no other thread changes, got one that waits to, for "
                               "the end of the prediction in which this is called; call it after that")  # fmt: skip
        gate = other[1]
        if gate.acquire(timeout=seconds):
            gate.release()

    def _by_itself(self, where: str, act: Callable[[], _Result]) -> _Result:
        """Run `act` in our turn, with nobody in."""
        me, outer, fitting = threading.get_ident(), self.writer, self.fitting
        try:
            if where == "fit":
                self.fitting = me  # before anybody can see the writer, and wait for him
            self.writer = me
            if outer is None:
                self._let_out()
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
    """Nobody is in a child but the thread that forked."""
    me = threading.get_ident()
    for turn in _turns:
        turn.entering = threading.RLock()
        turn.predicting = WeakSet([turn.own.seat.lock])
        turn.queue = deque(place for place in turn.queue if place[0] == me)
        if turn.writer != me:
            turn.writer, turn.fitting = None, None


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
