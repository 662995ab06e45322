"""tf.data: data sets, whose elements are tensors here."""

from collections.abc import Iterator as _Iterator
from types import SimpleNamespace as _Namespace
from typing import Any as _Any

import numpy as _np

from fastmlp import data as _data
from fastmlp.autodiff import Tensor as _Tensor
from fastmlp.data import AUTOTUNE as AUTOTUNE
from fastmlp.data import INFINITE_CARDINALITY as INFINITE_CARDINALITY
from fastmlp.data import UNKNOWN_CARDINALITY as UNKNOWN_CARDINALITY
from fastmlp.data._structure import each as _each
from fastmlp.tf._spelling import missing as _missing

experimental = _Namespace(AUTOTUNE=AUTOTUNE)


class Dataset(_data.Dataset):
    """`fastmlp.data.Dataset`, with elements that are tensors: ``for x, y in dataset: x.numpy()``."""

    def __iter__(self) -> _Iterator[_Any]:
        return (_each(lambda part: part if isinstance(part, _Tensor) else _Tensor(part), e) for e in super().__iter__())

    def as_numpy_iterator(self) -> _Iterator[_Any]:
        """The elements as arrays."""
        return (_each(_np.asarray, element) for element in super().__iter__())


__getattr__ = _missing("tf.data")
