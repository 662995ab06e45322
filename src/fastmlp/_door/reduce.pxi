# reduce.pxi: sums and maxima; and what every kernel over rows needs to know of its arrays.

cdef extern from "fastmlp.h" nogil:
    int FM_PANEL
    ctypedef struct fm_rows:
        int64_t n, k, rs, cs
    void fm_reduce_rows(int type, int kind, void *out, const void *X, const fm_rows *shape)
    int fm_reduce_all(int type, int kind, double *out, const void *X, int64_t n)
    void fm_column_sums(int type, void *out, const void *X, const fm_rows *shape)


cdef fm_rows rows_shape(cnp.ndarray a, object columns, str name) except *:
    """Rows along the last axis; or, given their number of columns, panels: shape (⌈columns / 32⌉, rows, 32)."""
    cdef fm_rows s
    shape = np.shape(a)
    if columns is None:
        s.k = shape[-1] if shape else 1
        s.n = int(np.prod(shape[:-1], dtype=np.int64))
        s.rs, s.cs = s.k, FM_PANEL
        return s
    if len(shape) != 3 or shape[2] != FM_PANEL or columns < 0 or shape[0] != -(-columns // FM_PANEL):
        raise ValueError(
            f"{name}: expected panels of shape ({-(-columns // FM_PANEL)}, rows, {FM_PANEL}) for "
            f"columns={columns}, got {shape}; leave columns out for a plain matrix"
        )
    s.n, s.k, s.rs, s.cs = shape[1], columns, FM_PANEL, FM_PANEL * shape[1]
    return s


cdef cnp.ndarray rows_output(object out, cnp.ndarray a, object columns):
    """An output like `a`; lanes past the last column of fresh panels are zero."""
    return output_like(np.zeros_like(a, order="C", subok=False) if out is None and columns is not None else out, a)


cdef tuple row_axes(cnp.ndarray a, object columns):
    """The shape of one result a row."""
    return np.shape(a)[:-1] if columns is None else np.shape(a)[1:2]


cdef cnp.ndarray vector_of(object value, int64_t length, cnp.ndarray a, str name):
    """A vector of that length, of the type of `a`."""
    cdef cnp.ndarray v = dense_array(value, name)
    if v.dtype != a.dtype or np.shape(v) != (length,):
        raise ValueError(
            f"{name}: expected shape ({length},) of {a.dtype}, got {np.shape(v)} of {v.dtype}; "
            "give one element for each"
        )
    return v


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
