# metrics.pxi: batches into the state of metrics.

cdef extern from "fastmlp.h" nogil:
    ctypedef struct fm_metric:
        int kind, weighted
        double params[FM_PARAMS]
        const double *thresholds
        int64_t threshold_count
        double *state
    int64_t fm_metric_size(int kind, const double *params, int64_t threshold_count, int64_t k)
    void fm_metric_rows(int type, const fm_metric *m, const void *prediction, const void *target, const int32_t *labels,
                        const double *weights, const fm_rows *shape, void *scratch)


cdef cnp.ndarray metric_settings(str name, params, thresholds, int64_t columns, fm_metric *m):
    """Fills in all but the state, checked for rows of so many columns; the array that keeps the thresholds."""
    m.kind = kernel_kind("metric", name, params, m.params)
    cdef cnp.ndarray kept = np.array(() if thresholds is None else thresholds, np.float64, order="C")
    if kept.ndim != 1 or not (np.diff(kept) >= 0).all():
        raise ValueError(f"{name}: expected thresholds in ascending order, got {kept}; sort them")
    if name == "threshold_counts" and m.params[0] != 0 and kept.size < 2:
        raise ValueError(f"{name}: expected evenly spread thresholds to be two or more, got {kept.size}; set even to 0")
    if columns < 1:
        raise ValueError(f"{name}: expected rows of at least one column, got {columns}; reshape the prediction")
    for parameter, limit in (("class_id", columns - 1), ("top_k", columns)):
        if parameter in registry("metric")[name].params:
            value = params[registry("metric")[name].params.index(parameter)]
            if not value <= limit:
                raise ValueError(
                    f"{name}: expected {parameter} of at most {limit} for {columns} columns, got {value}; lower it"
                )
    m.thresholds = <const double *>cnp.PyArray_DATA(kept)
    m.threshold_count = kept.size
    m.weighted = 1
    return kept


cdef int metric_state(str name, object state, int64_t columns, fm_metric *m) except -1:
    """The state, which must be of the size that the settings ask for; the caller keeps it alive."""
    cdef int64_t size = fm_metric_size(m.kind, m.params, m.threshold_count, columns)
    if not (isinstance(state, np.ndarray) and state.dtype == np.float64 and state.flags.carray):
        raise TypeError(f"{name}: expected a writable float64 array as the state, got {type(state).__name__}; make one")
    if state.shape != (size,):
        raise ValueError(f"{name}: expected a state of shape ({size},), got {state.shape}; ask metric_size")
    m.state = <double *>cnp.PyArray_DATA(<cnp.ndarray>state)
    return 0


cdef cnp.ndarray any_labels(object target, int64_t n, int64_t k):
    """Labels as int32; those of no class, whatever they are, become -1, which is never predicted."""
    given = np.asarray(target)
    if given.dtype.kind not in "iub":
        raise TypeError(f"y_true: expected integer labels, got {given.dtype}; convert with astype")
    if given.shape != (n,):
        raise ValueError(f"y_true: expected shape ({n},), got {given.shape}; give one label a row")
    return np.where((given >= 0) & (given < k), given, -1).astype(np.int32, order="C")


def metric_size(str name, params, thresholds, columns):
    """How many numbers the state of a metric over rows of so many columns holds."""
    cdef fm_metric m
    metric_settings(name, params, thresholds, columns, &m)
    return fm_metric_size(m.kind, m.params, m.threshold_count, columns)


def metric_update(str name, params, thresholds, state, y_true, y_pred, sample_weight=None, columns=None):
    """Adds y_pred (n, k) with y_true (n, k), or n labels, and n weights to the state.

    With their number of `columns`, y_pred and y_true are panels.
    """
    cdef fm_metric m
    cdef cnp.ndarray p = dense_array(y_pred, "y_pred")
    cdef int type = real_type(p, "y_pred")
    cdef fm_rows shape = rows_shape(p, columns, "y_pred")
    if columns is None and cnp.PyArray_NDIM(p) != 2:
        raise ValueError(f"y_pred: expected shape (rows, columns), got {np.shape(p)}; reshape it")
    kept = metric_settings(name, params, thresholds, shape.k, &m)
    metric_state(name, state, shape.k, &m)
    dense = labels = weights = None
    if registry("metric")[name].traits:
        if registry("metric")[name].params == ("ignore_class",):  # a loss, which looks its label up
            labels = class_labels(y_true, shape.n, shape.k, m.params)
        else:
            labels = any_labels(y_true, shape.n, shape.k)
    else:
        dense = dense_like(y_true, p, "y_true")
    if sample_weight is not None:
        weights = vector_of(sample_weight, shape.n, np.empty(0), "sample_weight")
    scratch = np.empty(shape.n, p.dtype)
    cdef void *t = data_or_null(dense)
    cdef void *classes = data_or_null(labels)
    cdef void *w = data_or_null(weights)
    cdef void *space = data_or_null(scratch)
    with nogil:
        fm_metric_rows(type, &m, cnp.PyArray_DATA(p), t, <int32_t *>classes, <double *>w, &shape, space)
