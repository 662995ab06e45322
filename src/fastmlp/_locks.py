"""Locks that no fork finds held: its child has not the thread that would give them back."""

from __future__ import annotations

import os
import threading
from typing import Any


def forkable_lock() -> Any:
    """A lock that a fork waits for; it lets its thread in again, as the handler of a signal may come in between."""
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock
