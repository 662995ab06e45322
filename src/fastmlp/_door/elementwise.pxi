# elementwise.pxi: vector maths and activations over flat arrays.

cdef extern from "fastmlp.h" nogil:
    void fm_vmath(int type, int kind, void *y, const void *x, int64_t n)
    void fm_activation_fwd(int type, int kind, void *Y, const void *Z, int64_t n, const double *params)
    void fm_activation_bwd(int type, int kind, void *dZ, const void *saved, const void *dY, int64_t n,
                           const double *params)


def vmath(str name, x, out=None):
    """``name(x)`` for one of ``registry('vmath')``."""
    cdef double params[FM_PARAMS]
    cdef int kind = kernel_kind("vmath", name, (), params)
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef cnp.ndarray y = output_like(out, a)
    cdef int type = real_type(a, "x")
    with nogil:
        fm_vmath(type, kind, cnp.PyArray_DATA(y), cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a))
    return y


def activation_fwd(str name, z, params=(), out=None):
    """``Y = f(Z)`` elementwise; params in the order the registry names them."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("activation", name, params, values)
    cdef cnp.ndarray a = dense_array(z, "z")
    cdef cnp.ndarray y = output_like(out, a)
    cdef int type = real_type(a, "z")
    with nogil:
        fm_activation_fwd(type, kind, cnp.PyArray_DATA(y), cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a), values)
    return y


def activation_bwd(str name, saved, dy, params=(), out=None):
    """``dZ = f' · dY``; `saved` is Z for a kernel whose traits are 1, Y otherwise."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("activation", name, params, values)
    cdef cnp.ndarray s = dense_array(saved, "saved")
    cdef cnp.ndarray d = dense_like(dy, s, "dy")
    cdef cnp.ndarray dz = output_like(out, s)
    cdef int type = real_type(s, "saved")
    with nogil:
        fm_activation_bwd(type, kind, cnp.PyArray_DATA(dz), cnp.PyArray_DATA(s), cnp.PyArray_DATA(d),
                          cnp.PyArray_SIZE(s), values)
    return dz
