"""tf.dtypes: types of numbers, which are NumPy's here."""

import numpy as _np

from fastmlp.autodiff.asking import cast as _cast
from fastmlp.autodiff.making import dtype_named as _dtype_named
from fastmlp.tf._spelling import missing as _missing
from fastmlp.tf._spelling import spelled as _spelled

DType = _np.dtype
bool = _np.dtype("bool")
int8, int16, int32, int64 = (_np.dtype(f"int{n}") for n in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (_np.dtype(f"uint{n}") for n in (8, 16, 32, 64))
float16, float32, float64 = (_np.dtype(f"float{n}") for n in (16, 32, 64))
half, double = float16, float64
string = _np.dtype("S")
as_dtype = _spelled(_dtype_named, "type_value")
cast = _spelled(_cast, "x, dtype")

__getattr__ = _missing("tf.dtypes")
