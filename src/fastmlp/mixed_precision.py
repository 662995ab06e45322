"""The names under which ``tf.keras.mixed_precision`` and ``keras.mixed_precision`` have `fastmlp.config`'s policies."""

from __future__ import annotations

from fastmlp.config import DTypePolicy, dtype_policy, set_dtype_policy

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

__all__ = ["DTypePolicy", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]
