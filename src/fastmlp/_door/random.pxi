# random.pxi: fills, dropout and noise, integers and permutations. A place in a stream is
# at = (seed, stream, step, row, column of the first element).

from libc.stdint cimport uint32_t, uint64_t

cdef extern from "fastmlp.h" nogil:
    ctypedef struct fm_draw:
        uint64_t seed
        uint32_t stream
        uint64_t step
        int64_t row, col
    void fm_random_words(uint32_t *out, int64_t rows, int64_t cols, const fm_draw *at)
    void fm_fill(int type, int kind, void *X, const fm_rows *shape, const double *params, const fm_draw *at)
    void fm_noise_fwd(int type, int kind, void *Y, const void *X, const fm_rows *shape, const double *params,
                      const fm_draw *at)
    void fm_noise_bwd(int type, int kind, void *dX, const void *dY, const fm_rows *shape, const double *params,
                      const fm_draw *at)
    void fm_random_integers(int64_t *out, int64_t n, int64_t below, const fm_draw *at)
    void fm_random_permutation(int64_t *out, int64_t n, const fm_draw *at)

_draw_bits = {"seed": 64, "stream": 32, "step": 56, "row": 32, "col": 32}


cdef fm_draw draw_at(at) except *:
    if not isinstance(at, tuple) or len(at) != 5:
        raise ValueError(f"at: expected (seed, stream, step, row, col), got {at!r}; give five integers")
    for (name, bits), value in zip(_draw_bits.items(), at):
        if not hasattr(value, "__index__"):
            raise TypeError(f"at: expected an integer {name}, got {value!r}; give five integers")
        if not 0 <= value < 1 << bits:
            raise ValueError(f"at: expected {name} in [0, 2^{bits}), got {value}; take it modulo 2^{bits}")
    cdef fm_draw place
    place.seed, place.stream, place.step, place.row, place.col = at
    return place


def random_words(int64_t rows, int64_t cols, at):
    """Raw 32-bit words."""
    cdef fm_draw place = draw_at(at)
    cdef cnp.ndarray out = np.empty((rows, cols), np.uint32)
    with nogil:
        fm_random_words(<uint32_t *> cnp.PyArray_DATA(out), rows, cols, &place)
    return out


def fill(str name, out, params, at, columns=None):
    """Fills an array by one of ``registry('fill')``; rows along the last axis, or panels of so many columns."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("fill", name, params, values)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out: expected a NumPy array, got {type(out).__name__}; pass an array to be filled")
    cdef cnp.ndarray x = output_like(out, out)
    cdef int element = real_type(x, "out")
    cdef fm_rows shape = rows_shape(x, columns, "out")
    cdef fm_draw place = draw_at(at)
    with nogil:
        fm_fill(element, kind, cnp.PyArray_DATA(x), &shape, values, &place)
    return x


def noise_fwd(str name, x, params, at, columns=None, out=None):
    """Dropout or noise by one of ``registry('noise')``; rows along the last axis, or panels of so many columns."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("noise", name, params, values)
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef int type = real_type(a, "x")
    cdef fm_rows shape = rows_shape(a, columns, "x")
    cdef fm_draw place = draw_at(at)
    cdef cnp.ndarray y = rows_output(out, a, columns)
    with nogil:
        fm_noise_fwd(type, kind, cnp.PyArray_DATA(y), cnp.PyArray_DATA(a), &shape, values, &place)
    return y


def noise_bwd(str name, dy, params, at, columns=None, out=None):
    """The derivative of `noise_fwd` at the same place, applied to dy."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("noise", name, params, values)
    cdef cnp.ndarray d = dense_array(dy, "dy")
    cdef int type = real_type(d, "dy")
    cdef fm_rows shape = rows_shape(d, columns, "dy")
    cdef fm_draw place = draw_at(at)
    cdef cnp.ndarray dx = rows_output(out, d, columns)
    with nogil:
        fm_noise_bwd(type, kind, cnp.PyArray_DATA(dx), cnp.PyArray_DATA(d), &shape, values, &place)
    return dx


def random_integers(int64_t n, int64_t below, at):
    """n integers of [0, below), in sequence from the start of (seed, stream, step): row and col are not used."""
    cdef fm_draw place = draw_at(at)
    if below < 1:
        raise ValueError(f"below: expected 1 or more, got {below}; integers are drawn from [0, below)")
    cdef cnp.ndarray out = np.empty(n, np.int64)
    with nogil:
        fm_random_integers(<int64_t *> cnp.PyArray_DATA(out), n, below, &place)
    return out


def random_permutation(int64_t n, at):
    """A permutation of 0 … n-1, in sequence as `random_integers`."""
    cdef fm_draw place = draw_at(at)
    cdef cnp.ndarray out = np.empty(n, np.int64)
    with nogil:
        fm_random_permutation(<int64_t *> cnp.PyArray_DATA(out), n, &place)
    return out
