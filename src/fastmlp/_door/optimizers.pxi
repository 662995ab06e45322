# optimizers.pxi: optimizer steps, and the sums that clipping and penalties need.

cdef extern from "fastmlp.h" nogil:
    ctypedef struct fm_optimizer:
        int kind
        double params[FM_PARAMS]
        double learning_rate, weight_decay, clip_value, clip_norm, global_clip_norm
        int coupled
    void fm_optimizer_step(int type, const fm_optimizer *o, int64_t step, void *w, const void *g, void **slots,
                           int64_t n, double l1, double l2, double grad_scale)
    double fm_optimizer_start(int type, int kind, int slot, const double *params)
    double fm_clip_scale(double sum_squares, double limit)
    double fm_global_clip_scale(double sum_squares, double limit)
    double fm_sum_abs(int type, const void *x, int64_t n)
    double fm_sum_squares(int type, const void *x, int64_t n)
    double fm_sum_squares_of_gradient(int type, const void *g, const void *w, int64_t n, double l1, double l2)
    double fm_penalty(int type, const void *w, int64_t n, double l1, double l2)


cdef cnp.ndarray in_place(object value, str name):
    """An array that C can change where it lies."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array, got {type(value).__name__}; pass the array to be changed")
    cdef cnp.ndarray a = value
    real_type(a, name)
    if not a.flags.carray or not a.dtype.isnative:
        raise ValueError(
            f"{name}: expected a writable C-contiguous array in native byte order, got strides "
            f"{np.asarray(a).strides} of {a.dtype.str}, writeable={a.flags.writeable}; pass a copy made by np.array"
        )
    return a


cdef cnp.ndarray in_place_like(object value, cnp.ndarray other, str name):
    """The same, of the other array's type and shape."""
    cdef cnp.ndarray a = in_place(value, name)
    return dense_like(a, other, name)


def optimizer_slots(str name, params):
    """What each state array of an optimizer starts from."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("optimizer", name, params, values)
    return tuple(fm_optimizer_start(FM_F64, kind, i, values) for i in range(registry("optimizer")[name].traits))


def optimizer_step(str name, w, g, slots, int64_t step, double learning_rate, params, *, double weight_decay=0,
                   double clip_value=0, double clip_norm=0, double l1=0, double l2=0, double grad_scale=1,
                   bint coupled=False):
    """One step of ``registry('optimizer')[name]`` on w and its slots, in place; what is 0 is left out.

    In order: the gradient of ``l1·Σ|w| + l2·Σw²`` is added, the gradient scaled and clipped, the weights decayed or, if
    that is coupled, weight_decay·w added to the gradient.
    """
    cdef fm_optimizer o
    cdef void *pointers[FM_SLOTS]
    o.kind = kernel_kind("optimizer", name, params, o.params)
    cdef cnp.ndarray weights = in_place(w, "w")
    cdef cnp.ndarray gradient = dense_like(g, weights, "g")
    cdef int64_t count = registry("optimizer")[name].traits
    cdef int type = real_type(weights, "w")
    slots = tuple(slots)
    if len(slots) != count:
        raise ValueError(f"{name}: expected {count} slots, got {len(slots)}; optimizer_slots says what they start from")
    if step < 1:
        raise ValueError(f"{name}: expected step 1 or more, got {step}; count steps from 1")
    for i in range(count):
        pointers[i] = cnp.PyArray_DATA(in_place_like(slots[i], weights, f"slots[{i}]"))
    o.learning_rate, o.weight_decay, o.coupled = learning_rate, weight_decay, coupled
    o.clip_value, o.clip_norm, o.global_clip_norm = clip_value, clip_norm, 0
    with nogil:
        fm_optimizer_step(type, &o, step, cnp.PyArray_DATA(weights), cnp.PyArray_DATA(gradient), pointers,
                          cnp.PyArray_SIZE(weights), l1, l2, grad_scale)


def sum_abs(x):
    """``Σ|x|``."""
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef int type = real_type(a, "x")
    cdef double total
    with nogil:
        total = fm_sum_abs(type, cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a))
    return total


def sum_squares(x):
    """``Σx²``."""
    cdef cnp.ndarray a = dense_array(x, "x")
    cdef int type = real_type(a, "x")
    cdef double total
    with nogil:
        total = fm_sum_squares(type, cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a))
    return total


def gradient_sum_squares(g, w, double l1, double l2):
    """``Σ(g + l1·sign(w) + 2·l2·w)²``: what norm clipping measures."""
    cdef cnp.ndarray gradient = dense_array(g, "g")
    cdef cnp.ndarray weights = dense_like(w, gradient, "w")
    cdef int type = real_type(gradient, "g")
    cdef double total
    with nogil:
        total = fm_sum_squares_of_gradient(type, cnp.PyArray_DATA(gradient), cnp.PyArray_DATA(weights),
                                           cnp.PyArray_SIZE(gradient), l1, l2)
    return total


def penalty(w, double l1, double l2):
    """``l1·Σ|w| + l2·Σw²``."""
    cdef cnp.ndarray a = dense_array(w, "w")
    cdef int type = real_type(a, "w")
    cdef double total
    with nogil:
        total = fm_penalty(type, cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a), l1, l2)
    return total


def clip_scale(double sum_squares, double limit):
    """What brings one array's norm down to the limit: ``min(1, limit/norm)``."""
    return fm_clip_scale(sum_squares, limit)


def global_clip_scale(double sum_squares, double limit):
    """The same for the norm of all arrays together; NaN when that is infinite."""
    return fm_global_clip_scale(sum_squares, limit)
