# norm.pxi: batch, layer and unit normalisation along the last axis; the moments of data.

cdef extern from "fastmlp.h" nogil:
    void fm_batch_norm_fwd(int type, void *Y, void *mean, void *r, void *moving_mean, void *moving_variance,
                           const void *X, const void *gamma, const void *beta, const fm_rows *shape, double momentum,
                           double epsilon, int unbiased, int training)
    void fm_batch_norm_bwd(int type, void *dX, void *dgamma, void *dbeta, const void *dY, const void *X,
                           const void *mean, const void *r, const void *gamma, const fm_rows *shape, int training)
    void fm_layer_norm_fwd(int type, void *Y, void *mean, void *r, const void *X, const void *gamma,
                           const void *beta, const fm_rows *shape, double epsilon)
    void fm_layer_norm_bwd(int type, void *dX, void *dgamma, void *dbeta, const void *dY, const void *X,
                           const void *mean, const void *r, const void *gamma, const fm_rows *shape)
    void fm_unit_norm_fwd(int type, void *Y, const void *X, const fm_rows *shape, double epsilon)
    void fm_unit_norm_bwd(int type, void *dX, const void *dY, const void *X, const fm_rows *shape, double epsilon)
    int fm_feature_moments(double *mean, double *variance, const fm_view *X)


cdef cnp.ndarray moving_vector(object value, int64_t length, cnp.ndarray a, str name, bint written):
    cdef cnp.ndarray v = vector_of(value, length, a, name)
    if written and (v is not value or not v.flags.writeable):
        raise ValueError(f"{name}: expected a writable contiguous array to move in place, got a read-only or strided "
                         "one; pass the array that holds the weights")
    return v


cdef object optional_vector(object value, int64_t length, cnp.ndarray a, str name):
    return None if value is None else vector_of(value, length, a, name)


def batch_norm_fwd(x, gamma, beta, moving_mean, moving_variance, double momentum, double epsilon, bint training,
                   columns=None, out=None, bint unbiased=False):
    """``Y, mean, r``: batch normalisation of columns, r = 1/√(variance + epsilon).

    Training moves the moving moments, in place, by the biased variance or by the unbiased one.
    """
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef int type = real_type(a, "x")
    g = optional_vector(gamma, shape.k, a, "gamma")
    b = optional_vector(beta, shape.k, a, "beta")
    cdef cnp.ndarray moving_m = moving_vector(moving_mean, shape.k, a, "moving_mean", training)
    cdef cnp.ndarray moving_v = moving_vector(moving_variance, shape.k, a, "moving_variance", training)
    cdef cnp.ndarray y = rows_output(out, a, columns)
    cdef cnp.ndarray mean = np.empty(shape.k, a.dtype)
    cdef cnp.ndarray r = np.empty(shape.k, a.dtype)
    cdef void *pg = data_or_null(g)
    cdef void *pb = data_or_null(b)
    with nogil:
        fm_batch_norm_fwd(type, cnp.PyArray_DATA(y), cnp.PyArray_DATA(mean), cnp.PyArray_DATA(r),
                          cnp.PyArray_DATA(moving_m), cnp.PyArray_DATA(moving_v), cnp.PyArray_DATA(a), pg, pb, &shape,
                          momentum, epsilon, unbiased, training)
    return y, mean, r


def batch_norm_bwd(dy, x, mean, r, gamma, bint training, columns=None, out=None):
    """``dX, dgamma, dbeta`` from what the forward pass returned."""
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef cnp.ndarray d = dense_like(dy, a, "dy")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef int type = real_type(a, "x")
    cdef cnp.ndarray m = vector_of(mean, shape.k, a, "mean")
    cdef cnp.ndarray scale = vector_of(r, shape.k, a, "r")
    g = optional_vector(gamma, shape.k, a, "gamma")
    cdef void *pg = data_or_null(g)
    cdef cnp.ndarray dx = rows_output(out, a, columns)
    cdef cnp.ndarray dgamma = np.empty(shape.k, a.dtype)
    cdef cnp.ndarray dbeta = np.empty(shape.k, a.dtype)
    with nogil:
        fm_batch_norm_bwd(type, cnp.PyArray_DATA(dx), cnp.PyArray_DATA(dgamma), cnp.PyArray_DATA(dbeta),
                          cnp.PyArray_DATA(d), cnp.PyArray_DATA(a), cnp.PyArray_DATA(m), cnp.PyArray_DATA(scale), pg,
                          &shape, training)
    return dx, dgamma, dbeta


def layer_norm_fwd(x, gamma, beta, double epsilon, columns=None, out=None):
    """``Y, mean, r``: layer normalisation of rows; mean and r have one element a row."""
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef int type = real_type(a, "x")
    g = optional_vector(gamma, shape.k, a, "gamma")
    b = optional_vector(beta, shape.k, a, "beta")
    cdef void *pg = data_or_null(g)
    cdef void *pb = data_or_null(b)
    cdef cnp.ndarray y = rows_output(out, a, columns)
    cdef cnp.ndarray mean = np.empty(shape.n, a.dtype)
    cdef cnp.ndarray r = np.empty(shape.n, a.dtype)
    with nogil:
        fm_layer_norm_fwd(type, cnp.PyArray_DATA(y), cnp.PyArray_DATA(mean), cnp.PyArray_DATA(r),
                          cnp.PyArray_DATA(a), pg, pb, &shape, epsilon)
    return y, mean, r


def layer_norm_bwd(dy, x, mean, r, gamma, columns=None, out=None):
    """``dX, dgamma, dbeta`` from what the forward pass returned."""
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef cnp.ndarray d = dense_like(dy, a, "dy")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef int type = real_type(a, "x")
    cdef cnp.ndarray m = vector_of(mean, shape.n, a, "mean")
    cdef cnp.ndarray scale = vector_of(r, shape.n, a, "r")
    g = optional_vector(gamma, shape.k, a, "gamma")
    cdef void *pg = data_or_null(g)
    cdef cnp.ndarray dx = rows_output(out, a, columns)
    cdef cnp.ndarray dgamma = np.empty(shape.k, a.dtype)
    cdef cnp.ndarray dbeta = np.empty(shape.k, a.dtype)
    with nogil:
        fm_layer_norm_bwd(type, cnp.PyArray_DATA(dx), cnp.PyArray_DATA(dgamma), cnp.PyArray_DATA(dbeta),
                          cnp.PyArray_DATA(d), cnp.PyArray_DATA(a), cnp.PyArray_DATA(m), cnp.PyArray_DATA(scale), pg,
                          &shape)
    return dx, dgamma, dbeta


def unit_norm_fwd(x, double epsilon, columns=None, out=None):
    """``x / max(|x|, epsilon)`` by rows."""
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef int type = real_type(a, "x")
    cdef cnp.ndarray y = rows_output(out, a, columns)
    with nogil:
        fm_unit_norm_fwd(type, cnp.PyArray_DATA(y), cnp.PyArray_DATA(a), &shape, epsilon)
    return y


def unit_norm_bwd(dy, x, double epsilon, columns=None, out=None):
    """The derivative of `unit_norm_fwd` at x, applied to dy."""
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef cnp.ndarray d = dense_like(dy, a, "dy")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef int type = real_type(a, "x")
    cdef cnp.ndarray dx = rows_output(out, a, columns)
    with nogil:
        fm_unit_norm_bwd(type, cnp.PyArray_DATA(dx), cnp.PyArray_DATA(d), cnp.PyArray_DATA(a), &shape, epsilon)
    return dx


def feature_moments(x):
    """``mean, variance`` of each column of any real matrix, in float64."""
    cdef fm_view view
    cdef cnp.ndarray a = matrix_view(x, "x", -1, &view)
    cdef int status
    if view.rows == 0:
        raise ValueError(f"x: expected 1 row or more, got shape {np.shape(a)}; there is no mean of nothing")
    cdef cnp.ndarray mean = np.empty(view.cols)
    cdef cnp.ndarray variance = np.empty(view.cols)
    with nogil:
        status = fm_feature_moments(<double *> cnp.PyArray_DATA(mean), <double *> cnp.PyArray_DATA(variance), &view)
    if status == FM_NO_MEMORY:
        raise MemoryError(f"feature_moments: no memory for the partial sums of shape {np.shape(a)}")
    return mean, variance
