# constraints.pxi: constraints on weights, in place.

cdef extern from "fastmlp.h" nogil:
    void fm_constrain(int type, int kind, void *W, int64_t rows, int64_t cols, int axis, const double *params)


def constrain(str name, w, int axis, params):
    """Holds w to ``registry('constraint')[name]``, in place: the norms along `axis` (0 of a vector: all of it)."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("constraint", name, params, values)
    cdef cnp.ndarray weights = in_place(w, "w")
    cdef int type = real_type(weights, "w")
    cdef int64_t rows, cols
    if weights.ndim not in (1, 2):
        raise ValueError(
            f"{name}: expected a vector or a matrix, got w.shape={np.shape(w)}; reshape it to (inputs, outputs)"
        )
    if not 0 <= axis < weights.ndim:
        raise ValueError(f"{name}: expected an axis of w.shape={np.shape(w)}, got {axis}; count from 0")
    rows, cols = np.atleast_2d(weights).shape
    if weights.ndim == 1:
        axis = 1
    with nogil:
        fm_constrain(type, kind, cnp.PyArray_DATA(weights), rows, cols, axis, values)
