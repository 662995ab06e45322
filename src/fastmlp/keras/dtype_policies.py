"""``keras.dtype_policies``."""

from __future__ import annotations

from typing import Any

from fastmlp._objects import deserializer
from fastmlp._objects import serialize as serialize
from fastmlp.config import DTypePolicy as DTypePolicy
from fastmlp.config import policy_name
from fastmlp.keras._rest import rest

FloatDTypePolicy = DTypePolicy

__getattr__ = rest(__name__)


def get(identifier: Any) -> DTypePolicy:
    """The policy meant by a name, a config or itself.

    >>> get("mixed_bfloat16")
    <DTypePolicy 'mixed_bfloat16'>
    """
    return DTypePolicy(policy_name("dtype_policies.get", identifier))


deserialize = deserializer(get)
