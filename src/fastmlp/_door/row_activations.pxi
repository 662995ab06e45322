# row_activations.pxi: activations that see a whole row, and those that make one column of several.

cdef extern from "fastmlp.h" nogil:
    enum: FM_MOST_PIECES
    void fm_row_activation_fwd(int type, int kind, void *Y, const void *Z, int64_t n, int64_t k, int64_t capacity,
                               const double *params)
    void fm_row_activation_bwd(int type, int kind, void *dZ, const void *Y, const void *dY, int64_t n, int64_t k,
                               int64_t capacity, const double *params)
    void fm_pieces_fwd(int type, int kind, void *Y, const void *X, int64_t n, int64_t m, int64_t pieces,
                       int64_t capacity)
    void fm_pieces_bwd(int type, int kind, void *dX, const void *X, const void *dY, int64_t n, int64_t m,
                       int64_t pieces, int64_t capacity)

cdef struct matrix_shape:
    int64_t n, k, capacity


cdef matrix_shape shape_of(cnp.ndarray a, object columns, str name) except *:
    """A matrix, (n, k), or its panels, (ceil(k / 32), n, 32) with k given as `columns`."""
    cdef matrix_shape s
    if a.ndim == 2 and columns is None:
        s.n, s.k, s.capacity = a.shape[0], a.shape[1], 0
        return s
    if a.ndim == 3 and columns is not None and a.shape[2] == 32 and columns >= 0 and a.shape[0] == (columns + 31) // 32:
        s.n, s.k, s.capacity = a.shape[1], columns, a.shape[1]
        return s
    raise ValueError(
        f"{name}: expected a matrix, or panels of shape (ceil(columns / 32), n, 32), got shape {np.shape(a)} "
        f"with columns={columns}; reshape it"
    )


cdef cnp.ndarray with_columns(cnp.ndarray like, int64_t k):
    """The shape and type, without memory, of an array with k columns laid out like `like`."""
    cdef object shape = (np.shape(like)[0], k)
    if like.ndim == 3:
        shape = ((k + 31) // 32, np.shape(like)[1], 32)
    return np.broadcast_to(np.zeros((), like.dtype), shape)


cdef cnp.ndarray output_of(object out, cnp.ndarray like, int64_t k):
    """An output with k columns, laid out like `like`; new panels have zeros in the lanes past the last column."""
    other = with_columns(like, k)
    if out is None and like.ndim == 3:
        return np.zeros(np.shape(other), like.dtype)
    return output_like(out, other)


def row_activation_fwd(str name, z, params=(), columns=None, out=None):
    """``Y = f(Z)`` row by row."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("row_activation", name, params, values)
    cdef cnp.ndarray a = dense_array(z, "z")
    cdef matrix_shape s = shape_of(a, columns, "z")
    cdef cnp.ndarray y = output_of(out, a, s.k)
    cdef int type = real_type(a, "z")
    with nogil:
        fm_row_activation_fwd(type, kind, cnp.PyArray_DATA(y), cnp.PyArray_DATA(a), s.n, s.k, s.capacity, values)
    return y


def row_activation_bwd(str name, y, dy, params=(), columns=None, out=None):
    """``dZ`` from ``Y = f(Z)`` and ``dY``."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("row_activation", name, params, values)
    cdef cnp.ndarray a = dense_array(y, "y")
    cdef cnp.ndarray d = dense_like(dy, a, "dy")
    cdef matrix_shape s = shape_of(a, columns, "y")
    cdef cnp.ndarray dz = output_of(out, a, s.k)
    cdef int type = real_type(a, "y")
    with nogil:
        fm_row_activation_bwd(type, kind, cnp.PyArray_DATA(dz), cnp.PyArray_DATA(a), cnp.PyArray_DATA(d), s.n, s.k,
                              s.capacity, values)
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
    cdef matrix_shape s = shape_of(a, columns, "x")
    cdef int64_t m = output_width(name, pieces, s.k)
    cdef cnp.ndarray y = output_of(out, a, m)
    cdef int type = real_type(a, "x")
    with nogil:
        fm_pieces_fwd(type, kind, cnp.PyArray_DATA(y), cnp.PyArray_DATA(a), s.n, m, pieces, s.capacity)
    return y


def pieces_bwd(str name, x, dy, int64_t pieces, columns=None, out=None):
    """``dX`` from X and ``dY``."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("pieces", name, (), values)
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef matrix_shape s = shape_of(a, columns, "x")
    cdef int64_t m = output_width(name, pieces, s.k)
    cdef cnp.ndarray d = dense_like(dy, with_columns(a, m), "dy")
    cdef cnp.ndarray dx = output_of(out, a, s.k)
    cdef int type = real_type(a, "x")
    with nogil:
        fm_pieces_bwd(type, kind, cnp.PyArray_DATA(dx), cnp.PyArray_DATA(a), cnp.PyArray_DATA(d), s.n, m, pieces,
                      s.capacity)
    return dx
