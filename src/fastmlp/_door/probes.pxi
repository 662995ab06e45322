# probes.pxi: what this machine can do at most, to compare with.

cdef extern from "fastmlp.h" nogil:
    double fm_peak(int type, int threads, int64_t rounds)
    void fm_sweep(int type, void *x, int64_t n, int threads, int64_t rounds)


def peak(dtype, int threads, int64_t rounds):
    """The floating-point operations that `rounds` of fused multiply-adds on registers do."""
    cdef int type = real_type(np.empty(0, dtype), "dtype")
    cdef double flops
    with nogil:
        flops = fm_peak(type, threads, rounds)
    return flops


def sweep(cnp.ndarray x, int threads, int64_t rounds):
    """x = -x so many times, in place, each thread in a part of its own; the bytes read and written."""
    cdef int type = real_type(x, "x")
    if not x.flags.carray:
        raise ValueError("x: expected a writable C-contiguous array, got another; make one by np.empty")
    with nogil:
        fm_sweep(type, cnp.PyArray_DATA(x), cnp.PyArray_SIZE(x), threads, rounds)
    return 2 * x.nbytes * rounds
