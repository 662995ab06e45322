"""tf.data: data sets."""

from types import SimpleNamespace as _Namespace

from fastmlp.data import AUTOTUNE as AUTOTUNE
from fastmlp.data import INFINITE_CARDINALITY as INFINITE_CARDINALITY
from fastmlp.data import UNKNOWN_CARDINALITY as UNKNOWN_CARDINALITY
from fastmlp.data import Dataset as Dataset
from fastmlp.tf._spelling import missing as _missing

experimental = _Namespace(AUTOTUNE=AUTOTUNE)

__getattr__ = _missing("tf.data")
