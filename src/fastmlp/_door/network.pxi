# network.pxi: programs, lowered into networks.

cdef extern from "fastmlp.h" nogil:
    enum:
        FM_PART_W
        FM_PART_SLOTS
        FM_PART_MOVING_MEAN
        FM_PART_MOVING_VARIANCE
        FM_PART_EMA_W
        FM_PART_EMA_B
        FM_PARTS
    ctypedef struct fm_run:
        fm_view x, target
        const int32_t *labels
        int ignores
        const double *sample_weight
        const int64_t *index
        const double *rates
        const fm_metric *metrics
        int64_t metric_count
        int64_t n, batch, at, most_steps
        double seconds, loss, penalty
        int64_t steps
    ctypedef struct fm_network:
        pass
    int fm_network_new(fm_network **net, const fm_program *program)
    void fm_network_free(fm_network *net)
    int fm_network_part(const fm_network *net, int64_t op, int part, int64_t *rows, int64_t *cols)
    void fm_network_write(fm_network *net, int64_t op, int part, const void *values)
    void fm_network_read(const fm_network *net, int64_t op, int part, void *values)
    const char *fm_network_path(const fm_network *net)
    int64_t fm_network_bytes(const fm_network *net)
    int64_t fm_network_step(const fm_network *net)
    void fm_network_set_step(fm_network *net, int64_t step)
    void fm_network_set_learning_rate(fm_network *net, double learning_rate)
    void fm_network_train(fm_network *net, fm_run *run)
    int fm_network_predict(fm_network *net, void *Y, const fm_view *x, const int64_t *index, int64_t n)
    int fm_network_evaluate(fm_network *net, void *row_loss, double *row_price, const fm_run *run)
    double fm_network_penalty(fm_network *net)
    void fm_network_forward(fm_network *net, void *Y, const fm_run *run)
    void fm_network_shown(const fm_network *net, void *Y, int64_t n)

PARTS = {
    "moving_mean": FM_PART_MOVING_MEAN,
    "moving_variance": FM_PART_MOVING_VARIANCE,
    "ema_W": FM_PART_EMA_W,
    "ema_b": FM_PART_EMA_B,
}


cdef int64_t forks = 0  # from the first process to this one


def _count_fork():
    global forks
    forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


cdef class Network:
    """A program lowered: weights, optimizer state and buffers, laid out once; trains many steps a call.

    ops: mappings with op (default "dense"), and as the kind needs them: units, activation (name, params), noise
    (name, params), kernel (name, params), params, pieces, count, shared, use_weights, use_bias, frozen, bf16, seed,
    weights and bias (mappings with l1, l2, constraint, axis, spared). output: a row activation (name, params) or
    None. loss: (name, params); with logits, it takes what comes before the last activation. optimizer: (name, params,
    learning_rate, {weight_decay, coupled, clip_value, clip_norm, global_clip_norm}). shows: keep predictions, for
    metrics. ema: (momentum, overwrite every so many steps). sparse: x will be sparse rows (CSR), which are not made
    dense; the first operation is then dense. An array is taken by its numbers that are not zero.
    """

    cdef fm_network *net
    cdef readonly object dtype
    cdef readonly int64_t inputs, outputs, batch, count
    cdef readonly bint labels, shows, sparse
    cdef readonly int slots
    cdef double ignored
    cdef bint busy  # someone changes it, or uses what there is one of
    cdef int readers  # predictions under way, in the process that is
    cdef int64_t process  # so many forks after the first
    cdef int element  # NumPy's number of the dtype

    def __cinit__(self, dtype, inputs, batch, ops, loss, optimizer, output=None, bint logits=False,
                  uint64_t seed=0, reduction="sum_over_batch_size", bint shows=False, ema=(0.0, 0), bint sparse=False):
        cdef fm_program program
        cdef fm_program_op *described
        check_sizes("Network", (inputs, batch, len(ops)))
        memset(&program, 0, sizeof(program))
        self.dtype = np.dtype(dtype)
        self.inputs, self.batch, self.count, self.shows = inputs, batch, len(ops), shows
        self.element = cnp.NPY_FLOAT32 if self.dtype == np.float32 else cnp.NPY_FLOAT64
        program.type = real_type(np.empty(0, self.dtype), "dtype")
        program.inputs, program.batch, program.count = inputs, batch, len(ops)
        program.output = optional_kind("row_activation", output, program.output_params)
        program.loss = optional_kind("loss", loss, program.loss_params)
        program.logits, program.shows, program.sparse = logits, shows, sparse
        self.sparse = sparse
        program.reduction = reduction_kind(reduction)
        program.ema_momentum, program.ema_overwrite = ema
        self.labels = registry("loss")[loss[0]].traits
        if self.labels:  # rows to be left out get a label that no class has
            self.ignored, program.loss_params[0] = program.loss_params[0], -1
        fill_optimizer(&program.optimizer, optimizer)
        self.slots = registry("optimizer")[optimizer[0]].traits
        described = <fm_program_op *>fm_alloc(len(ops), sizeof(fm_program_op))
        if described == NULL:
            raise MemoryError(f"Network: no memory to describe {len(ops)} operations")
        try:
            self.outputs = inputs
            for i, op in enumerate(ops):
                fill_op(&described[i], op, self.outputs, seed)
                check_bf16("Network", described[i].bf16, program.type)
                self.outputs = described[i].units
            if logits and output is None and name_of(ops[-1]) != "dense":
                raise ValueError("logits: expected a dense layer or an output last, whose activation is left out, got "
                                 f"{name_of(ops[-1])}; set logits to False")
            if sparse and (name_of(ops[0]) != "dense" or described[0].bf16 or inputs > 0x7FFFFFFF):
                raise ValueError("sparse: expected a dense layer first, not in bf16, of fewer than 2**31 inputs, got "
                                 f"{name_of(ops[0])}{' in bf16' if described[0].bf16 else ''} of {inputs}; put one "
                                 "first")
            program.ops = described
            if fm_network_new(&self.net, &program) != FM_OK:
                raise MemoryError(f"Network: no memory for {inputs} inputs, {len(ops)} operations, {self.outputs} "
                                  f"outputs and batches of {batch}")
        finally:
            fm_free(described)

    def __dealloc__(self):
        fm_network_free(self.net)

    @property
    def path(self):
        """How it trains: 'plain', 'tiny' or 'sharded'; the program decides (shapes, and what it asks for besides)."""
        return fm_network_path(self.net).decode()

    @property
    def bytes(self):
        """What its weights, the optimizer's state and all buffers take."""
        return fm_network_bytes(self.net)

    @property
    def step(self):
        """Steps done; may be set, to resume."""
        self._look()
        return fm_network_step(self.net)

    @step.setter
    def step(self, int64_t step):
        if step < 0:
            raise ValueError(f"step: expected 0 or more, got {step}; count the steps done")
        self._enter()
        fm_network_set_step(self.net, step)
        self.busy = False

    def set_learning_rate(self, double learning_rate):
        """For the steps to come."""
        self._enter()
        fm_network_set_learning_rate(self.net, learning_rate)
        self.busy = False

    cdef tuple _part(self, int64_t op, part):
        """The number and the shape of a part."""
        cdef object shape
        cdef int64_t rows = 0, cols = 0
        cdef int number = PARTS.get(part, -1) if isinstance(part, str) else part
        if not (0 <= op < self.count and 0 <= number < FM_PARTS and
                fm_network_part(self.net, op, number, &rows, &cols)):
            raise IndexError(f"Network: expected an operation below {self.count} and a part it has, got {op} and "
                             f"{part!r}; part 0 is W, 1 is b")
        matrix = number == FM_PART_W or number == FM_PART_EMA_W
        if FM_PART_SLOTS <= number < FM_PART_MOVING_MEAN:
            matrix = (number - FM_PART_SLOTS) % 2 == 0
        shape = (cols,)
        if matrix:
            shape = (rows, cols)
        return number, shape

    def set(self, int64_t op, part, values):
        """Writes W (part 0), b (1), slot s of W and b (2 + 2s, 3 + 2s) of an operation, or a part of PARTS."""
        number, shape = self._part(op, part)
        cdef cnp.ndarray a = np.require(values, self.dtype, ["C", "A"])
        if np.shape(a) != shape:
            raise ValueError(f"Network: expected shape {shape}, got {np.shape(a)}; reshape the values")
        self._enter()
        fm_network_write(self.net, op, number, cnp.PyArray_DATA(a))
        self.busy = False

    def get(self, int64_t op, part):
        """Reads what `set` writes."""
        number, shape = self._part(op, part)
        cdef cnp.ndarray a = np.empty(shape, self.dtype)
        self._look()
        fm_network_read(self.net, op, number, cnp.PyArray_DATA(a))
        return a

    def penalty(self):
        """l1·Σ|w| + l2·Σw² over all weights that are trained."""
        self._enter()
        cdef double penalty = fm_network_penalty(self.net)
        self.busy = False
        return penalty

    def train(self, Run run not None, int64_t most_steps, double seconds):
        """Runs at most so many steps, or seconds (0: no limit), of what is left of the run; true when none is left."""
        self._enter(run)
        run.run.most_steps, run.run.seconds = most_steps, seconds
        try:
            with nogil:
                fm_network_train(self.net, &run.run)
        finally:
            self.busy = False
        return run.run.at >= run.run.n

    def evaluate(self, Run run not None, prices=None):
        """The unweighted loss of each row of the run; its metrics are added to.

        prices: a float64 array that gets what activities ask for each row.
        """
        cdef cnp.ndarray losses, asked
        cdef double *price = NULL
        cdef int status
        if prices is not None:
            if not (isinstance(prices, np.ndarray) and prices.dtype == np.float64 and prices.flags.carray and
                    prices.shape == (run.run.n,)):
                raise ValueError(f"prices: expected a writable float64 array of shape ({run.run.n},), got "
                                 f"{np.shape(prices)}; give one number a row")
            asked = prices
            asked[:] = 0
            price = <double *>cnp.PyArray_DATA(asked)
        self._enter(run)
        try:
            losses = np.empty(run.run.n, self.dtype)
            with nogil:
                status = fm_network_evaluate(self.net, cnp.PyArray_DATA(losses), price, &run.run)
        finally:
            self.busy = False
        self._need_room(status)
        return losses

    def forward(self, x):
        """Y for at most a batch of rows as training sees them: with noise, and batch moments that move moving ones."""
        cdef fm_run run
        memset(&run, 0, sizeof(run))
        cdef object rows = self._view(x, &run.x)
        run.n = run.x.rows
        if run.n > self.batch:
            raise ValueError(f"Network: expected at most {self.batch} rows, got {run.n}; build for a larger batch")
        cdef cnp.ndarray y = self._rows(run.n)
        self._enter()
        try:
            if run.n:
                with nogil:
                    fm_network_forward(self.net, cnp.PyArray_DATA(y), &run)
        finally:
            self.busy = False
        return y

    def shown(self, int64_t n):
        """What the last step predicted for its first n rows."""
        if not self.shows:
            raise RuntimeError("Network: expected a network that shows, got one built without; set shows=True")
        if not 0 <= n <= self.batch:
            raise ValueError(f"Network: expected at most {self.batch} rows, got {n}; ask for those of the last step")
        cdef cnp.ndarray y = self._rows(n)
        self._look()
        fm_network_shown(self.net, cnp.PyArray_DATA(y), n)
        return y

    def predict(self, x, index=None):
        """Y for the rows of x, or for those that `index` names. Any number of threads may, at once."""
        cdef fm_view view
        cdef object rows = self._view(x, &view)
        cdef cnp.ndarray order = None
        cdef const int64_t *pointer = NULL
        cdef int64_t n = view.rows
        cdef int status
        if index is not None:
            order = row_index(index, view.rows)
            pointer = <const int64_t *>cnp.PyArray_DATA(order)
            n = cnp.PyArray_SIZE(order)
        cdef cnp.ndarray y = self._rows(n)
        cdef void *out = cnp.PyArray_DATA(y)
        self._look()
        self.readers += 1
        with nogil:
            status = fm_network_predict(self.net, out, &view, pointer, n)
        self.readers -= 1
        self._need_room(status)
        return y

    cdef object _view(self, x, fm_view *view):
        """Describes what it reads; whatever owns it."""
        if self.sparse:
            return sparse_view(x, "x", self.inputs, self.dtype, view)
        return matrix_view(need_dense(x, "x"), "x", self.inputs, view)

    cdef cnp.ndarray _rows(self, int64_t n):
        """An array for outputs."""
        cdef cnp.npy_intp[2] shape = [n, self.outputs]
        return cnp.PyArray_EMPTY(2, shape, self.element, 0)

    cdef int _need_room(self, int status) except -1:
        if status != FM_OK:
            raise MemoryError(f"Network: no memory for the outputs of {self.count} operations; free some")
        return 0

    cdef int _look(self) except -1:
        """Only reads, at a time when nobody writes."""
        if self.process != forks:  # who was at it in the parent, is not here
            self.process, self.readers, self.busy = forks, 0, False
        if self.busy:
            raise RuntimeError("Network: expected one call at a time, got a second from another thread; "
                               "wait, or give each thread a network")
        return 0

    cdef int _enter(self, Run run=None) except -1:
        """Alone: no prediction is under way either."""
        if run is not None and run.network is not self:
            raise ValueError("Network: expected a run made for this network, got another's; make a Run of its own")
        self._look()
        if self.readers:
            raise RuntimeError("Network: expected no predictions under way, got some of another thread; "
                               "wait, or give each thread a network")
        self.busy = True
        return 0
