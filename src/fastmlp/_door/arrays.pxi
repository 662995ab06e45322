# arrays.pxi: from NumPy arrays to pointers, and from names to kinds.

cimport cython
cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t, uint64_t

import numpy as np
from collections import namedtuple

cnp.import_array()

cdef extern from "fastmlp.h" nogil:
    int FM_F32, FM_F64, FM_F16, FM_U8, FM_I8, FM_U16, FM_I16, FM_U32, FM_I32, FM_U64, FM_I64
    int FM_OK, FM_NO_MEMORY
    enum: FM_PARAMS
    enum: FM_SLOTS
    ctypedef struct fm_entry:
        const char *name
        const char *params
        int64_t traits
    int fm_registry(fm_entry *entry, const char *family, int64_t i)
    ctypedef struct fm_view:
        const void *data
        int64_t rows, cols, row_stride, col_stride
        int type, swapped
        const int64_t *starts
        const int32_t *columns

Kernel = namedtuple("Kernel", "kind params traits", module="fastmlp._core")
_registries = {}


def registry(str family):
    """The kernels of a family that are compiled in: ``{name: Kernel(kind, params, traits)}``."""
    cdef fm_entry entry
    if family not in _registries:
        found = {}
        while fm_registry(&entry, family.encode(), len(found)):
            params = entry.params.decode()
            found[entry.name.decode()] = Kernel(len(found), tuple(params.split(",")) if params else (), entry.traits)
        _registries[family] = found
    return _registries[family]


cdef object kernel_named(str family, str name):
    kernel = registry(family).get(name)
    if kernel is None:
        raise ValueError(f"{family}: expected one of {', '.join(registry(family))}, got {name!r}; use one of these")
    return kernel


cdef int kernel_kind(str family, str name, params, double *values) except -1:
    """Looks a kernel up and lays out its parameters, given in registry order."""
    kernel = kernel_named(family, name)
    if len(params) != len(kernel.params):
        raise ValueError(
            f"{name}: expected {len(kernel.params)} parameters ({', '.join(kernel.params) or 'none'}), "
            f"got {len(params)}; give each of them"
        )
    for i in range(len(params)):
        values[i] = params[i]
    return kernel.kind


cdef int real_type(cnp.ndarray a, str name) except -1:
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT32:
        return FM_F32
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT64:
        return FM_F64
    raise TypeError(f"{name}: expected float32 or float64, got {a.dtype}; convert with astype")


cdef cnp.ndarray dense_array(object value, str name):
    """A C-contiguous, aligned, native float array: the value itself when it is one, else a copy of it."""
    cdef cnp.ndarray a = np.require(value, requirements=["C", "A"])
    if not a.dtype.isnative:
        a = a.astype(a.dtype.newbyteorder("="))
    real_type(a, name)
    return a


cdef cnp.ndarray dense_like(object value, cnp.ndarray other, str name):
    """The same, and of the other array's type and shape."""
    cdef cnp.ndarray a = dense_array(value, name)
    if a.dtype != other.dtype or not cnp.PyArray_SAMESHAPE(a, other):
        raise ValueError(
            f"{name}: expected shape {np.shape(other)} of {other.dtype}, got {np.shape(a)} of {a.dtype}; "
            "give arrays of one shape and type"
        )
    return a


cdef cnp.ndarray output_like(object out, cnp.ndarray other):
    """A fresh array like `other`, or `out` if it can be written in place."""
    cdef cnp.ndarray a
    if out is None:
        return np.empty_like(other, order="C", subok=False)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out: expected a NumPy array, got {type(out).__name__}; pass an array to be filled")
    a = out
    if a.dtype != other.dtype or not cnp.PyArray_SAMESHAPE(a, other) or not a.flags.carray:
        raise ValueError(
            f"out: expected a writable C-contiguous array of shape {np.shape(other)} of {other.dtype}, "
            f"got {np.shape(a)} of {a.dtype}; leave it out to get a new one"
        )
    return a


cdef int view_type(cnp.ndarray a) noexcept:
    """What C calls the type of the elements; -1 for none of its number types. Asked of every array: no look-ups."""
    cdef int number = cnp.PyArray_TYPE(a), size = cnp.PyArray_ITEMSIZE(a)
    if number == cnp.NPY_FLOAT32:
        return FM_F32
    if number == cnp.NPY_FLOAT64:
        return FM_F64
    if number == cnp.NPY_FLOAT16:
        return FM_F16
    if cnp.PyTypeNum_ISBOOL(number):
        return FM_U8
    if cnp.PyTypeNum_ISUNSIGNED(number):
        return FM_U8 if size == 1 else FM_U16 if size == 2 else FM_U32 if size == 4 else FM_U64
    if cnp.PyTypeNum_ISSIGNED(number):
        return FM_I8 if size == 1 else FM_I16 if size == 2 else FM_I32 if size == 4 else FM_I64
    return -1


def is_rows(x, tuple shape not None):
    """Whether x is an array of numbers that C takes as they are, with rows of that shape."""
    cdef cnp.ndarray a
    cdef int i
    if not cnp.PyArray_CheckExact(x):
        return False
    a = x
    if cnp.PyArray_NDIM(a) != len(shape) + 1 or view_type(a) < 0:
        return False
    for i in range(len(shape)):
        if a.shape[i + 1] != shape[i]:
            return False
    return True


cdef cnp.ndarray matrix_view(object value, str name, int64_t columns, fm_view *view):
    """Describes a matrix of any number type, byte order and strides without copying it; the array that owns it."""
    cdef cnp.ndarray a = value if isinstance(value, cnp.ndarray) else np.asanyarray(value)
    view.type = view_type(a)
    if view.type < 0:
        raise TypeError(f"{name}: expected numbers (float16/32/64, integers, bool), got {a.dtype}; convert with astype")
    if cnp.PyArray_NDIM(a) != 2 or (columns >= 0 and a.shape[1] != columns):
        wanted = f"shape (rows, {columns})" if columns >= 0 else "two dimensions"
        raise ValueError(f"{name}: expected {wanted}, got shape {np.shape(a)}; reshape it")
    view.data = cnp.PyArray_DATA(a)
    view.rows, view.cols = a.shape[0], a.shape[1]
    view.row_stride, view.col_stride = a.strides[0], a.strides[1]
    view.swapped = cnp.PyArray_ISBYTESWAPPED(a)
    view.starts, view.columns = NULL, NULL
    return a


cdef cnp.ndarray row_index(object index, int64_t rows):
    """Row numbers as int64, each checked to lie in [0, rows).

    They are offsets and must stay as checked: a copy, unless the array is one that cannot be written.
    """
    still = (type(index) is np.ndarray and index.dtype == np.int64 and index.flags.c_contiguous and
             index.flags.owndata and not index.flags.writeable)
    cdef cnp.ndarray a = index if still else np.array(index, order="C")
    if a.ndim == 1 and a.size == 0:
        return np.empty(0, np.int64)
    if a.ndim != 1 or a.dtype.kind not in "iu":
        raise TypeError(f"index: expected a list of integers, got shape {np.shape(a)} of {a.dtype}; pass row numbers")
    if a.dtype == np.uint64 and a.max() > np.iinfo(np.int64).max:
        raise IndexError(f"index: expected rows 0 to {rows - 1}, got {a.max()}; drop those outside")
    a = a.astype(np.int64, copy=False)
    cdef const int64_t *values = <const int64_t *>cnp.PyArray_DATA(a)
    cdef int64_t i, least = values[0], largest = values[0]
    with nogil:
        for i in range(1, cnp.PyArray_SIZE(a)):
            least, largest = min(least, values[i]), max(largest, values[i])
    if least < 0 or largest >= rows:
        raise IndexError(f"index: expected rows 0 to {rows - 1}, got {least} to {largest}; drop those outside")
    return a


cdef int check_sizes(str where, sizes) except -1:
    """Sizes of 1 or more; what no machine could hold is told so before it is multiplied out."""
    for size in sizes:
        if size < 1:
            raise ValueError(f"{where}: expected sizes of 1 or more, got {size}; give a size")
        if size > 1 << 48:
            raise MemoryError(f"{where}: no memory for a size of {size}; use smaller sizes")
    return 0
