"""Older spellings: warnings of them that point at the user's line."""

from __future__ import annotations

import inspect
import warnings


def user_level() -> int:
    """The stacklevel by which a warning, raised where this is called, points at the user's line."""
    level, frame = 1, inspect.currentframe()
    frame = frame.f_back if frame is not None else None
    while frame is not None and frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("fastmlp."):
        level, frame = level + 1, frame.f_back
    return level


def older_spelling(message: str) -> None:
    """Warn of what scripts for older Keras say."""
    warnings.warn(message, DeprecationWarning, stacklevel=user_level())
