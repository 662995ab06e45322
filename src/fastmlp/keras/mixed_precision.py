"""``keras.mixed_precision``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.mixed_precision import DTypePolicy as DTypePolicy
from fastmlp.mixed_precision import Policy as Policy
from fastmlp.mixed_precision import dtype_policy as dtype_policy
from fastmlp.mixed_precision import global_policy as global_policy
from fastmlp.mixed_precision import set_dtype_policy as set_dtype_policy
from fastmlp.mixed_precision import set_global_policy as set_global_policy

__getattr__ = rest(__name__)
