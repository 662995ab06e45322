# reduce.pxi: sums and maxima.

cdef extern from "fastmlp.h" nogil:
    void fm_reduce_rows(int type, int kind, void *out, const void *X, const fm_rows *shape)
    int fm_reduce_all(int type, int kind, double *out, const void *X, int64_t n)
    void fm_column_sums(int type, void *out, const void *X, const fm_rows *shape)


def reduce_rows(str name, x, columns=None):
    """One of ``registry('reduction')`` along the last axis."""
    cdef double params[FM_PARAMS]
    cdef int kind = kernel_kind("reduction", name, (), params)
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef int type = real_type(a, "x")
    index = registry("reduction")[name].traits
    if shape.k == 0 and name in ("max", "argmax"):
        raise ValueError(f"{name}: expected rows of 1 element or more, got none; check x.shape")
    cdef cnp.ndarray out = np.empty(row_axes(a, columns), np.int64 if index else a.dtype)
    with nogil:
        fm_reduce_rows(type, kind, cnp.PyArray_DATA(out), cnp.PyArray_DATA(a), &shape)
    return out


def reduce_all(str name, x):
    """One of ``registry('reduction')`` that yields a value, over every element: a float."""
    cdef double params[FM_PARAMS]
    cdef double result
    cdef int kind = kernel_kind("reduction", name, (), params)
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef int type = real_type(a, "x")
    cdef int status
    if cnp.PyArray_SIZE(a) == 0 and name == "max":
        raise ValueError("max: expected 1 element or more, got none; check x.shape")
    if registry("reduction")[name].traits:
        raise ValueError(
            f"reduce_all: expected a reduction to a value, got {name!r}; use reduce_rows on x.reshape(1, -1)"
        )
    with nogil:
        status = fm_reduce_all(type, kind, &result, cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a))
    if status == FM_NO_MEMORY:
        raise MemoryError(f"reduce_all: no memory for the partial results of {cnp.PyArray_SIZE(a)} elements")
    return result


def column_sums(x, columns=None):
    """The sum of each column, one row after the other."""
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef int type = real_type(a, "x")
    cdef cnp.ndarray out = np.empty(shape.k, a.dtype)
    with nogil:
        fm_column_sums(type, cnp.PyArray_DATA(out), cnp.PyArray_DATA(a), &shape)
    return out
