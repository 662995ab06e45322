# rows.pxi: what every kernel over rows needs to know of its arrays, row-major or in panels.

cdef extern from "fastmlp.h" nogil:
    int FM_PANEL
    ctypedef struct fm_rows:
        int64_t n, k, rs, cs


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
