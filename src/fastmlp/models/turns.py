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

_SLICE = 0.002  # seconds that one side has the model before the other has, where both want it
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

    Where some go on predicting and others go on changing it, they have it for a slice of time by turns: if somebody
    waits to predict, the next writer leaves the model open for a slice, and then writers need not for another.

    All locks are taken and given back by C alone: Ctrl-C cannot come in between. But for the gates of others, by which
    one waits: should Ctrl-C leave one shut, its place in the queue is gone already, and who waits looks at that again.
    """

    def __init__(self) -> None:
        self.queue: deque[tuple[int, Any]] = deque()  # it is the turn of the first; a lock is his while he is there
        self.writer: int | None = None  # the thread that has the model for itself
        self.fitting: int | None = None  # the thread that is in the middle of fit
        self.predicting: WeakSet[Any] = WeakSet()  # locks
        self.entering = threading.RLock()  # of that set
        self.own = _Own(self)
        self.asked = False  # whether somebody waits to predict
        self.open_until = self.shut_until = 0.0  # when the slice ends in which one may, and the one after it
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
                    self._wait(where, first[1])
                return act()
            finally:
                if mine in self.queue:
                    self.queue.remove(mine)

    def alone(self, where: str, act: Callable[[], _Result]) -> _Result:
        """Run `act` while no other thread uses the model; wait for others, but not for the end of a fit."""
        return self.take(where, functools.partial(self._by_itself, where, act))

    def renew(self, where: str, is_current: Callable[[], bool], act: Callable[[], object]) -> None:
        """Wait until one may predict, at last in the queue; of all who waited the first runs `act`, if need be."""
        me, end = threading.get_ident(), time.monotonic() + _LOOK
        while (queue := list(self.queue)) and queue[0][0] != me and self.open_until < time.monotonic() < end:
            self.asked = True
            self._wait(where, queue[0][1])
            time.sleep(max(0.0, self.shut_until - time.monotonic()))
        if time.monotonic() > end or not is_current():
            self.take(where, lambda: is_current() or self.alone(where, act))

    def _wait(self, where: str, gate: Any) -> None:
        """Wait until its owner is there no longer, or a moment; but not for who trains, nor for who waits for us."""
        if self.fitting is not None:
            raise RuntimeError(f"{where}: expected a model that no other thread trains, got one in the middle of fit; "
                               "wait for its end, or give each thread a model (clone_model)")  # fmt: skip
        if self.writer is not None and self.own.seat.inside:
            raise RuntimeError(f"{where}: expected a model that no other thread changes, got one that waits to, for "
                               "the end of the prediction in which this is called; call it after that")  # fmt: skip
        if gate.acquire(timeout=_LOOK):
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
        """Let those in who wait to predict, if it is their slice; wait for those who predict."""
        if self.asked and (now := time.monotonic()) > self.shut_until:
            self.asked, self.open_until = False, now + _SLICE
            time.sleep(_SLICE)
            self.shut_until = time.monotonic() + _SLICE
        self.open_until = 0.0
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
