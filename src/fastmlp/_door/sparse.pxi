# sparse.pxi: matrices that are mostly zeros, row by row (CSR), known by their attributes: SciPy is not needed.


cdef object NEEDED = ("data", "indices", "indptr", "shape")


cdef bint is_sparse(x) except -1:
    return not isinstance(x, np.ndarray) and all([hasattr(x, name) for name in NEEDED])


cdef tuple sparse_parts(x, str name, int64_t columns):
    """Numbers, columns and starts of a CSR matrix, the last two as copies, which are offsets and stay as checked."""
    if getattr(x, "format", "csr") != "csr":
        raise TypeError(f"{name}: expected sparse rows in CSR format, got {x.format}; convert with tocsr()")
    if len(x.shape) != 2 or x.shape[1] != columns:
        raise ValueError(f"{name}: expected shape (rows, {columns}), got shape {tuple(x.shape)}; reshape it")
    starts = np.array(x.indptr)
    if starts.dtype.kind not in "iu" or starts.shape != (x.shape[0] + 1,):
        raise ValueError(f"{name}: expected indptr of {x.shape[0] + 1} integers, one more than rows, got shape "
                         f"{starts.shape} of {starts.dtype}; make the matrix anew")
    starts = starts.astype(np.int64)
    values, where = np.asarray(x.data), np.array(x.indices)  # each is asked for once: what is checked is what is read
    held = min(np.size(values), np.size(where))
    if starts[0] != 0 or starts[-1] > held or (starts[1:] < starts[:-1]).any():
        raise ValueError(f"{name}: expected indptr to ascend from 0 to at most the {held} numbers there are, got "
                         f"{starts[0]} to {starts[-1]}; make the matrix anew")
    if where.ndim != 1 or values.ndim != 1 or where.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected indices as one list of integers and data as one of numbers, got shape "
                         f"{where.shape} of {where.dtype} and shape {values.shape}; make the matrix anew")
    where = where[:starts[-1]]
    if where.size and (where.min() < 0 or where.max() >= columns):
        raise IndexError(f"{name}: expected columns 0 to {columns - 1} in indices, got {where.min()} to {where.max()}; "
                         "make the matrix anew")
    return values[:starts[-1]], np.ascontiguousarray(where, np.int32), starts


cdef tuple parts_of_dense(cnp.ndarray a):
    """The same of an array: its numbers that are not zero."""
    rows, where = np.nonzero(a)
    starts = np.zeros(a.shape[0] + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=a.shape[0]), out=starts[1:])
    return a[rows, where], where.astype(np.int32), starts


cdef tuple sparse_view(object value, str name, int64_t columns, object dtype, fm_view *view):
    """Describes sparse rows, or an array as such, in a network's type; the arrays that own them."""
    cdef cnp.ndarray values, where, starts, a
    if is_sparse(value):
        found = sparse_parts(value, name, columns)
    else:
        a = matrix_view(value, name, columns, view)
        found = parts_of_dense(a)
    if view_type(found[0]) < 0:
        raise TypeError(f"{name}: expected numbers (float16/32/64, integers, bool), got {found[0].dtype}; convert with "
                        "astype")
    with np.errstate(over="ignore"):
        values = np.require(found[0], dtype, ["C", "A"])
    where, starts = found[1], found[2]
    memset(view, 0, sizeof(fm_view))
    view.data, view.type = cnp.PyArray_DATA(values), real_type(values, name)
    view.rows, view.cols = starts.shape[0] - 1, columns
    view.starts = <const int64_t *>cnp.PyArray_DATA(starts)
    view.columns = <const int32_t *>cnp.PyArray_DATA(where)
    return values, where, starts


cdef object need_dense(x, str name):
    """Refuse sparse rows where all elements are read."""
    if is_sparse(x):
        raise TypeError(f"{name}: expected an array, as the network was made for, got a sparse matrix; make the "
                        "network with sparse=True, or convert with toarray()")
    return x
