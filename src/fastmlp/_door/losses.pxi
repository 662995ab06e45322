# losses.pxi: the loss of each row and its gradient, and what becomes of a batch of them.

cdef extern from "fastmlp.h" nogil:
    int FM_REDUCE_SUM, FM_REDUCE_BATCH, FM_REDUCE_WEIGHTS, FM_REDUCE_ALL
    void fm_loss(int type, int kind, void *loss, void *d, const void *pred, const void *target, const int32_t *labels,
                 const void *scale, const fm_rows *shape, const double *params)
    int fm_loss_block(int type, int kind, void *loss, void *d, const void *pred, const void *target, const void *scale,
                      int64_t n, int64_t k, int64_t ld, const double *params)
    double fm_loss_reduce(int type, int reduction, const void *loss, const void *weights, int64_t n)
    void fm_loss_weigh(int type, void *weighted, const void *loss, const void *weights, int64_t n)

_REDUCTIONS = {
    "sum": FM_REDUCE_SUM,
    "sum_over_batch_size": FM_REDUCE_BATCH,
    "mean": FM_REDUCE_BATCH,
    "mean_with_sample_weight": FM_REDUCE_WEIGHTS,
    "mean_with_penalty": FM_REDUCE_ALL,  # of a network: (Σ w·loss + penalties of weights) / Σ w
}


cdef void *data_or_null(object array):
    return NULL if array is None else cnp.PyArray_DATA(<cnp.ndarray>array)


cdef object row_numbers(object value, cnp.ndarray other, int64_t n, str name):
    """One number a row, of the other array's type; None stays None."""
    cdef cnp.ndarray a
    if value is None:
        return None
    a = dense_array(value, name)
    if a.dtype != other.dtype or cnp.PyArray_NDIM(a) != 1 or cnp.PyArray_DIM(a, 0) != n:
        raise ValueError(
            f"{name}: expected shape ({n},) of {other.dtype}, got {np.shape(a)} of {a.dtype}; give one number a row"
        )
    return a


cdef cnp.ndarray class_labels(object target, int64_t n, int64_t k, double *ignored):
    """Labels as int32, each checked, for it becomes an offset into a row of k predictions.

    The ignored label may be any number: its rows, and `ignored`, get a mark that no class has.
    """
    given = np.asarray(target)
    if given.dtype.kind not in "iub":
        raise TypeError(f"target: expected integer labels, got {given.dtype}; convert with astype")
    if given.shape != (n,):
        raise ValueError(f"target: expected shape ({n},), got {given.shape}; give one label a row")
    if k > 0x7FFFFFFF:
        raise ValueError(f"target: expected labels of fewer than 2**31 classes, got {k}; give rows of numbers")
    skipped = given == ignored[0]
    wrong = ((given < 0) | (given >= k)) & ~skipped
    if wrong.any():
        row = int(np.argmax(wrong))
        mend = "correct the label or give the model an output for it"
        if k == 1:
            mend = "take loss='binary_crossentropy' for one output"
        elif given.min() == 1 and given.max() == k:
            mend = "number the classes from 0: y - 1"
        raise ValueError(
            f"target: expected labels from 0 to {k - 1}, got {given[row]} in row {row}; {mend}"
        )
    labels = np.where(skipped, 0, given).astype(np.int32, order="C")
    if skipped.any():
        labels[skipped] = ignored[0] = -1
    return labels


def loss(str name, pred, target, params=(), scale=None, gradient=True, columns=None, out=None):
    """(loss of each row, scale · ∂loss/∂pred or None) for pred (n, k) and target (n, k), or n labels.

    `gradient` says whether it is wanted, or is an array to put it in, which may be pred. With their number of
    `columns`, pred and target are panels.
    """
    cdef double values[FM_PARAMS]
    cdef cnp.ndarray p = dense_array(pred, "pred")
    cdef int kind = kernel_kind("loss", name, params, values), type = real_type(p, "pred")
    cdef fm_rows shape = rows_shape(p, columns, "pred")
    if columns is None and cnp.PyArray_NDIM(p) != 2 or shape.k == 0:
        raise ValueError(f"pred: expected shape (rows, at least one column), got {np.shape(p)}; reshape it")
    dense = labels = None
    if registry("loss")[name].traits:
        labels = class_labels(target, shape.n, shape.k, values)
    else:
        dense = dense_like(target, p, "target")
    scales = row_numbers(scale, p, shape.n, "scale")
    d = None if gradient is False else rows_output(None if gradient is True else gradient, p, columns)
    cdef cnp.ndarray losses = output_like(out, np.empty(shape.n, p.dtype))
    cdef void *t = data_or_null(dense)
    cdef void *classes = data_or_null(labels)
    cdef void *s = data_or_null(scales)
    cdef void *g = data_or_null(d)
    with nogil:
        fm_loss(type, kind, cnp.PyArray_DATA(losses), g, cnp.PyArray_DATA(p), t, <int32_t *>classes, s, &shape, values)
    return losses, d


def loss_block(str name, pred, target, params=(), scale=None, gradient=True, out=None, samples=None):
    """The same for pred (k, n), a sample to each column (the first `samples` of them); elementwise losses only."""
    cdef double values[FM_PARAMS]
    cdef int kind = kernel_kind("loss", name, params, values), done
    cdef cnp.ndarray p = dense_array(pred, "pred")
    cdef int type = real_type(p, "pred")
    if cnp.PyArray_NDIM(p) != 2 or cnp.PyArray_DIM(p, 0) == 0:
        raise ValueError(f"pred: expected shape (at least one row, samples), got {np.shape(p)}; reshape it")
    cdef int64_t ld = cnp.PyArray_DIM(p, 1), k = cnp.PyArray_DIM(p, 0)
    cdef int64_t n = ld if samples is None else samples
    if n < 0 or n > ld:
        raise ValueError(f"samples: expected 0 to {ld}, got {n}; leave it out to take all")
    cdef cnp.ndarray t = dense_like(target, p, "target")
    scales = row_numbers(scale, p, n, "scale")
    d = None if gradient is False else output_like(None if gradient is True else gradient, p)
    cdef cnp.ndarray losses = output_like(out, np.empty(n, p.dtype))
    cdef void *s = data_or_null(scales)
    cdef void *g = data_or_null(d)
    with nogil:
        done = fm_loss_block(type, kind, cnp.PyArray_DATA(losses), g, cnp.PyArray_DATA(p), cnp.PyArray_DATA(t), s, n,
                             k, ld, values)
    if not done:
        raise ValueError(f"loss_block: expected an elementwise loss, got {name!r}; use loss")
    return losses, d


cdef int reduction_kind(str reduction) except -1:
    if reduction not in _REDUCTIONS:
        raise ValueError(f"reduction: expected one of {', '.join(_REDUCTIONS)}, got {reduction!r}; use one of these")
    return _REDUCTIONS[reduction]


def loss_reduce(losses, str reduction, weights=None):
    """One number from the losses of a batch: their weighted sum over 1, over their count or over the weights' sum."""
    cdef cnp.ndarray a = dense_array(losses, "losses")
    cdef int type = real_type(a, "losses"), kind
    kind = reduction_kind(reduction)
    if cnp.PyArray_NDIM(a) != 1:
        raise ValueError(f"losses: expected one number a row, got shape {np.shape(a)}; use ravel()")
    cdef int64_t n = cnp.PyArray_SIZE(a)
    kept = row_numbers(weights, a, n, "weights")
    cdef void *w = data_or_null(kept)
    cdef double result
    with nogil:
        result = fm_loss_reduce(type, kind, cnp.PyArray_DATA(a), w, n)
    return result


def loss_weigh(losses, weights):
    """weights · losses, row by row."""
    cdef cnp.ndarray a = dense_array(losses, "losses")
    cdef int type = real_type(a, "losses")
    cdef cnp.ndarray w = dense_like(weights, a, "weights")
    cdef cnp.ndarray out = output_like(None, a)
    with nogil:
        fm_loss_weigh(type, cnp.PyArray_DATA(out), cnp.PyArray_DATA(a), cnp.PyArray_DATA(w), cnp.PyArray_SIZE(a))
    return out
