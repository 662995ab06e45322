"""tf.initializers: what weights start from."""

from fastmlp import initializers as _initializers
from fastmlp.tf._spelling import missing as _missing

__getattr__ = _missing("tf.initializers", lambda name: getattr(_initializers, name, None))
