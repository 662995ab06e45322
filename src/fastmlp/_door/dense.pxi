# dense.pxi: a dense layer that keeps its weights packed.

cdef extern from "fastmlp.h" nogil:
    ctypedef struct fm_dense_layer:
        pass
    ctypedef struct fm_dense_spec:
        int type, activation, use_bias, slots
        double params[FM_PARAMS]
        int64_t k, m, batch
        int bf16
    int fm_dense_new(fm_dense_layer **layer, const fm_dense_spec *spec)
    void fm_dense_free(fm_dense_layer *layer)
    void fm_dense_write(fm_dense_layer *layer, int part, const void *values)
    void fm_dense_read(const fm_dense_layer *layer, int part, void *values)
    void fm_dense_run_forward(fm_dense_layer *layer, void *Y, const fm_view *x, const int64_t *index, int64_t n)
    void fm_dense_run_backward(fm_dense_layer *layer, void *dX, void *dW, void *db, const void *dY, int64_t n,
                               const fm_optimizer *optimizer, int64_t step)
    void fm_dense_repeat(fm_dense_layer *layer, int phase, int64_t n, int64_t times, const fm_optimizer *optimizer)


cdef int check_bf16(str where, bint bf16, int type) except -1:
    if bf16 and type != FM_F32:
        raise ValueError(f"{where}: expected float32 with bf16, got float64; leave one of the two out")
    return 0


cdef class Dense:
    """``Y = f(XW + b)`` for batches of at most `batch` rows, with W, b and optimizer slots kept packed."""

    cdef fm_dense_layer *layer
    cdef fm_dense_spec spec
    cdef int64_t rows_forward
    cdef readonly object dtype
    cdef readonly str activation
    cdef readonly str optimizer

    def __cinit__(self, batch, k, m, dtype="float32", str activation="linear", params=(),
                  bint use_bias=True, optimizer=None, bint bf16=False):
        check_sizes("Dense", (batch, k, m))
        self.dtype = np.dtype(dtype)
        self.activation = activation
        self.optimizer = optimizer
        self.spec.type = real_type(np.empty(0, self.dtype), "dtype")
        self.spec.activation = kernel_kind("activation", activation, params, self.spec.params)
        self.spec.use_bias = use_bias
        self.spec.bf16 = bf16
        check_bf16("Dense", bf16, self.spec.type)
        self.spec.slots = kernel_named("optimizer", optimizer).traits if optimizer is not None else 0
        self.spec.k, self.spec.m, self.spec.batch = k, m, batch
        if fm_dense_new(&self.layer, &self.spec) != FM_OK:
            raise MemoryError(f"Dense: no memory for {k} × {m} weights and {batch} rows; use smaller sizes")

    def __dealloc__(self):
        fm_dense_free(self.layer)

    def _part(self, int part):
        if not 0 <= part < 2 + 2 * self.spec.slots:
            raise ValueError(f"Dense: expected a part below {2 + 2 * self.spec.slots}, got {part}; 0 is W, 1 is b")
        shape = (self.spec.k, self.spec.m)
        return shape[1:] if part % 2 else shape

    def set(self, int part, values):
        """Writes W (part 0), b (1), or slot s of W and b (2 + 2s, 3 + 2s)."""
        cdef cnp.ndarray a = np.require(values, self.dtype, ["C", "A"])
        if np.shape(a) != self._part(part):
            raise ValueError(f"Dense: expected shape {self._part(part)}, got {np.shape(a)}; reshape the values")
        fm_dense_write(self.layer, part, cnp.PyArray_DATA(a))

    def get(self, int part):
        """Reads what `set` writes."""
        cdef cnp.ndarray a = np.empty(self._part(part), self.dtype)
        fm_dense_read(self.layer, part, cnp.PyArray_DATA(a))
        return a

    def forward(self, x, index=None):
        """Y for the rows of x (any number type and strides), or for those rows that `index` names."""
        cdef fm_view view
        cdef cnp.ndarray rows = matrix_view(x, "x", self.spec.k, &view)
        cdef cnp.ndarray idx = None
        cdef const int64_t *pointer = NULL
        cdef int64_t n = view.rows
        if index is not None:
            idx = row_index(index, view.rows)
            pointer = <const int64_t *>cnp.PyArray_DATA(idx)
            n = cnp.PyArray_SIZE(idx)
        if n > self.spec.batch:
            raise ValueError(f"Dense: expected at most {self.spec.batch} rows, got {n}; split the batch")
        cdef cnp.ndarray y = np.empty((n, self.spec.m), self.dtype)
        if n:
            with nogil:
                fm_dense_run_forward(self.layer, cnp.PyArray_DATA(y), &view, pointer, n)
        self.rows_forward = n
        return y

    def backward(self, dy, bint data=True):
        """(dX, dW, db) for the latest forward; dX is None when `data` is false."""
        cdef cnp.ndarray d = self._dy(dy)
        cdef cnp.ndarray dw = np.empty((self.spec.k, self.spec.m), self.dtype)
        cdef cnp.ndarray db = np.empty(self.spec.m, self.dtype)
        cdef cnp.ndarray dx = np.empty((self.rows_forward, self.spec.k), self.dtype) if data else None
        cdef void *dx_pointer = cnp.PyArray_DATA(dx) if data else NULL
        cdef void *db_pointer = cnp.PyArray_DATA(db) if self.spec.use_bias else NULL
        with nogil:
            fm_dense_run_backward(self.layer, dx_pointer, cnp.PyArray_DATA(dw), db_pointer, cnp.PyArray_DATA(d),
                                  self.rows_forward, NULL, 0)
        return dx, dw, (db if self.spec.use_bias else None)

    def backward_update(self, dy, int64_t step, double learning_rate, params):
        """dX, and the optimizer's step on W and b straight from the tiles of dW."""
        cdef fm_optimizer optimizer
        self._optimizer(&optimizer, learning_rate, params)
        cdef cnp.ndarray d = self._dy(dy)
        cdef cnp.ndarray dx = np.empty((self.rows_forward, self.spec.k), self.dtype)
        with nogil:
            fm_dense_run_backward(self.layer, cnp.PyArray_DATA(dx), NULL, NULL, cnp.PyArray_DATA(d),
                                  self.rows_forward, &optimizer, step)
        return dx

    def repeat(self, int phase, int64_t n, int64_t times, double learning_rate=0.0, params=()):
        """Runs phase 0 forward, 1 backward-data, 2 backward-weights or 3 the same with update, for measuring."""
        cdef fm_optimizer optimizer
        if not (0 <= phase <= 3 and 1 <= n <= self.spec.batch and times >= 0):
            raise ValueError(f"repeat: expected phase 0 to 3, times >= 0 and 1 to {self.spec.batch} rows, "
                             f"got {phase} and {n} rows; "
                             "change them")
        if phase == 3:
            self._optimizer(&optimizer, learning_rate, params)
        with nogil:
            fm_dense_repeat(self.layer, phase, n, times, &optimizer if phase == 3 else NULL)

    cdef int _optimizer(self, fm_optimizer *optimizer, double learning_rate, params) except -1:
        if self.optimizer is None:
            raise RuntimeError("Dense: expected an optimizer, got none at construction; pass optimizer=")
        return fill_optimizer(optimizer, (self.optimizer, params, learning_rate, {}))

    cdef cnp.ndarray _dy(self, object dy):
        if self.rows_forward == 0:
            raise RuntimeError("Dense: expected a forward pass before backward, got none; call forward first")
        cdef cnp.ndarray d = np.require(dy, self.dtype, ["C", "A"])
        if np.shape(d) != (self.rows_forward, self.spec.m):
            raise ValueError(f"Dense: expected dy of shape {(self.rows_forward, self.spec.m)}, "
                             f"got {np.shape(d)}; give the gradient of what forward returned")
        return d
