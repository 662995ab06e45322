"""Lets allocations of the engine fail, one after the other, and looks at what that leaves."""

from __future__ import annotations

from fastmlp import _core

LAST = 1 << 62


def asked(call, *args):
    """What a call gives, and how many allocations it asks for."""
    _core.refuse_allocations(0, 0)
    result = call(*args)
    return result, _core.refuse_allocations(0, 0)


def refused(first, last, call, *args):
    """What a call gives while some of its allocations fail; the exception, if that is a MemoryError."""
    _core.refuse_allocations(first, last)
    try:
        return call(*args)
    except MemoryError as error:
        return error
    finally:
        _core.refuse_allocations(0, 0)


def each_refused(made, call, state):
    """Let each allocation of call(made()) fail by itself, and with all after it; how many there are.

    It raises MemoryError and leaves the state as it was, and the call made again comes to what it would have come to;
    or it does without that memory, to the same result.
    """
    subject = made()
    want, count = asked(call, subject)
    after = state(subject)
    for first in range(1, count + 1):
        for last in (first, LAST):
            subject = made()
            before = state(subject)
            found = refused(first, last, call, subject)
            if isinstance(found, MemoryError):
                assert "no memory" in str(found), "it says for what"
                assert state(subject) == before, (first, last)
                found = call(subject)
            assert found == want, (first, last)
            assert state(subject) == after, (first, last)
    return count
