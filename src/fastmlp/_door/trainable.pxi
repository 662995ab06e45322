# trainable.pxi: activations with parameters of their own.

cdef extern from "fastmlp.h" nogil:
    enum: FM_MOST_PARAMETERS
    void fm_trainable_fwd(int type, int kind, void *Y, const void *X, const void *Theta, int64_t parameters, int shared,
                          int64_t n, int64_t m, int64_t capacity)
    void fm_trainable_bwd(int type, int kind, void *dX, void *dTheta, const void *X, const void *dY, const void *Theta,
                          int64_t parameters, int shared, int64_t n, int64_t m, int64_t capacity)
    void fm_trainable_fold(int type, void *dShared, const void *dTheta, int64_t parameters, int64_t m, int64_t capacity)


cdef bint parameter_rows_fit(object kernel, int64_t rows):
    """Does a parameter matrix of this kernel have so many rows?"""
    names = len(kernel.params)
    return 0 <= rows <= FM_MOST_PARAMETERS and rows % names == 0 if kernel.traits else rows == names


cdef cnp.ndarray parameters_like(object theta, object kernel, cnp.ndarray x, int64_t m, object panels, bint shared,
                                 str name):
    """The parameter matrix, in x's layout: rows as the kernel wants them, a column for each of x's or one for all."""
    cdef cnp.ndarray t = dense_array(theta, "theta")
    cdef int64_t columns = 1 if shared else m, rows
    names = kernel.params
    rows = t.shape[t.ndim - 2] if t.ndim >= 2 else -1
    cdef object shape = (rows, columns)
    if panels is not None:
        shape = (-(-columns // FM_PANEL), rows, FM_PANEL)
    if t.dtype != x.dtype or np.shape(t) != shape or not parameter_rows_fit(kernel, rows):
        wanted = f"{len(names)}·S rows, at most {FM_MOST_PARAMETERS}," if kernel.traits else f"{len(names)} rows"
        raise ValueError(
            f"{name}: expected {wanted} of parameters ({', '.join(names)}) and {columns} columns of {x.dtype}, "
            f"laid out like x, got shape {np.shape(t)} of {t.dtype}; give one row a parameter"
        )
    return t


def trainable_fwd(str name, x, theta, bint shared=False, columns=None, out=None):
    """``Y = f(X; Theta)``."""
    kernel = kernel_named("trainable", name)
    cdef int kind = kernel.kind
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows s = rows_shape(a, columns, "x")
    cdef int64_t capacity = 0 if columns is None else s.n
    cdef cnp.ndarray t = parameters_like(theta, kernel, a, s.k, columns, shared, name)
    cdef int64_t rows = t.shape[t.ndim - 2]
    cdef cnp.ndarray y = rows_output(out, a, columns)
    cdef int type = real_type(a, "x")
    with nogil:
        fm_trainable_fwd(type, kind, cnp.PyArray_DATA(y), cnp.PyArray_DATA(a), cnp.PyArray_DATA(t), rows, shared, s.n,
                         s.k, capacity)
    return y


def trainable_bwd(str name, x, dy, theta, bint shared=False, columns=None, out=None):
    """``(dX, dTheta)``, dTheta of Theta's own shape."""
    kernel = kernel_named("trainable", name)
    cdef int kind = kernel.kind
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows s = rows_shape(a, columns, "x")
    cdef int64_t capacity = 0 if columns is None else s.n
    cdef cnp.ndarray d = dense_like(dy, a, "dy")
    cdef cnp.ndarray t = parameters_like(theta, kernel, a, s.k, columns, shared, name)
    cdef int64_t rows = t.shape[t.ndim - 2]
    cdef cnp.ndarray dx = rows_output(out, a, columns)
    cdef cnp.ndarray dtheta = np.zeros((rows, s.k) if columns is None else (np.shape(a)[0], rows, FM_PANEL), a.dtype)
    cdef cnp.ndarray folded = np.zeros_like(t) if shared else dtheta
    cdef int type = real_type(a, "x")
    with nogil:
        fm_trainable_bwd(type, kind, cnp.PyArray_DATA(dx), cnp.PyArray_DATA(dtheta), cnp.PyArray_DATA(a),
                         cnp.PyArray_DATA(d), cnp.PyArray_DATA(t), rows, shared, s.n, s.k, capacity)
        if shared:
            fm_trainable_fold(type, cnp.PyArray_DATA(folded), cnp.PyArray_DATA(dtheta), rows, s.k, capacity)
    return dx, folded
