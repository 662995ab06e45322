# row_activations.pxi: activations that see a whole row, and those that make one column of several.

cdef extern from "fastmlp.h" nogil:
    enum: FM_MOST_PIECES
    void fm_row_activation_fwd(int type, int kind, void *Y, const void *Z, const fm_rows *shape, const double *params)
    void fm_row_activation_bwd(int type, int kind, void *dZ, const void *Y, const void *dY, const fm_rows *shape,
                               const double *params)
    void fm_pieces_fwd(int type, int kind, void *Y, const fm_rows *y_shape, const void *X, const fm_rows *x_shape)
    void fm_pieces_bwd(int type, int kind, void *dX, const fm_rows *x_shape, const void *X, const void *dY,
                       const fm_rows *y_shape)


cdef tuple folded(cnp.ndarray x, int64_t m, object columns):
    """The shape of an array with m columns, laid out like x."""
    return np.shape(x)[:-1] + (m,) if columns is None else (-(-m // FM_PANEL), np.shape(x)[1], FM_PANEL)


def row_activation_fwd(str name, z, params=(), columns=None, out=None):
    """``Y = f(Z)`` row by row."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("row_activation", name, params, values)
    cdef cnp.ndarray a = dense_array(z, "z")
    cdef fm_rows s = rows_shape(a, columns, "z")
    cdef cnp.ndarray y = rows_output(out, a, columns)
    cdef int type = real_type(a, "z")
    with nogil:
        fm_row_activation_fwd(type, kind, cnp.PyArray_DATA(y), cnp.PyArray_DATA(a), &s, values)
    return y


def row_activation_bwd(str name, y, dy, params=(), columns=None, out=None):
    """``dZ`` from ``Y = f(Z)`` and ``dY``."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("row_activation", name, params, values)
    cdef cnp.ndarray a = dense_array(y, "y")
    cdef cnp.ndarray d = dense_like(dy, a, "dy")
    cdef fm_rows s = rows_shape(a, columns, "y")
    cdef cnp.ndarray dz = rows_output(out, a, columns)
    cdef int type = real_type(a, "y")
    with nogil:
        fm_row_activation_bwd(type, kind, cnp.PyArray_DATA(dz), cnp.PyArray_DATA(a), cnp.PyArray_DATA(d), &s, values)
    return dz


cdef int64_t output_width(str name, int64_t pieces, int64_t columns) except -1:
    cdef int64_t fixed = registry("pieces")[name].traits
    if pieces < 1 or pieces > FM_MOST_PIECES or (fixed and pieces != fixed):
        raise ValueError(f"{name}: expected pieces={fixed or f'1 … {FM_MOST_PIECES}'}, got {pieces}; change pieces")
    if columns % pieces:
        raise ValueError(
            f"{name}: expected a number of columns divisible by {pieces}, got {columns}; make the layer before it wider"
        )
    return columns // pieces


def pieces_fwd(str name, x, int64_t pieces, columns=None, out=None):
    """``Y`` with 1/pieces of the columns of X."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("pieces", name, (), values)
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows s = rows_shape(a, columns, "x")
    cdef int64_t m = output_width(name, pieces, s.k)
    cdef cnp.ndarray like = np.broadcast_to(np.zeros((), a.dtype), folded(a, m, columns))  # without memory
    cdef cnp.ndarray y = rows_output(out, like, columns)
    cdef fm_rows ys = rows_shape(y, None if columns is None else m, "y")
    cdef int type = real_type(a, "x")
    with nogil:
        fm_pieces_fwd(type, kind, cnp.PyArray_DATA(y), &ys, cnp.PyArray_DATA(a), &s)
    return y


def pieces_bwd(str name, x, dy, int64_t pieces, columns=None, out=None):
    """``dX`` from X and ``dY``."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("pieces", name, (), values)
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows s = rows_shape(a, columns, "x")
    cdef int64_t m = output_width(name, pieces, s.k)
    cdef cnp.ndarray like = np.broadcast_to(np.zeros((), a.dtype), folded(a, m, columns))
    cdef cnp.ndarray d = dense_like(dy, like, "dy")
    cdef fm_rows ys = rows_shape(d, None if columns is None else m, "dy")
    cdef cnp.ndarray dx = rows_output(out, a, columns)
    cdef int type = real_type(a, "x")
    with nogil:
        fm_pieces_bwd(type, kind, cnp.PyArray_DATA(dx), &s, cnp.PyArray_DATA(a), cnp.PyArray_DATA(d), &ys)
    return dx
