"""Older spellings: warnings of them that point at the user's line."""

from __future__ import annotations

import warnings

from fastmlp._validate import user_level as user_level


def older_spelling(message: str) -> None:
    """Warn of what scripts for older Keras say."""
    warnings.warn(message, DeprecationWarning, stacklevel=user_level())
