# network.pxi: programs, lowered into networks.

import operator

from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef extern from "fastmlp.h" nogil:
    enum:
        FM_PART_W
        FM_PART_SLOTS
        FM_PART_MOVING_MEAN
        FM_PART_MOVING_VARIANCE
        FM_PART_EMA_W
        FM_PART_EMA_B
        FM_PARTS
    ctypedef struct fm_program_weights:
        double l1, l2
        double constraint_params[FM_PARAMS]
        int constraint, axis, spared
    ctypedef struct fm_program_op:
        int op, kind
        int64_t units, count
        int use_weights, use_bias, shared, frozen, noise
        double params[FM_PARAMS]
        double noise_params[FM_PARAMS]
        uint64_t seed
        fm_program_weights W, b
    ctypedef struct fm_program:
        int type
        int64_t inputs, batch, count
        const fm_program_op *ops
        int output, loss, logits, reduction, shows
        double output_params[FM_PARAMS]
        double loss_params[FM_PARAMS]
        fm_optimizer optimizer
        double ema_momentum
        int64_t ema_overwrite
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
        double seconds, loss
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
    void fm_network_predict(fm_network *net, void *Y, const fm_view *x, const int64_t *index, int64_t n)
    void fm_network_evaluate(fm_network *net, void *row_loss, double *row_price, const fm_run *run)
    double fm_network_penalty(fm_network *net)
    void fm_network_forward(fm_network *net, void *Y, const fm_run *run)
    void fm_network_shown(const fm_network *net, void *Y, int64_t n)

PARTS = {
    "moving_mean": FM_PART_MOVING_MEAN,
    "moving_variance": FM_PART_MOVING_VARIANCE,
    "ema_W": FM_PART_EMA_W,
    "ema_b": FM_PART_EMA_B,
}


cdef int optional_kind(str family, kernel, double *values) except -2:
    """A (name, params) pair looked up; -1 for None."""
    if kernel is None:
        return -1
    name, params = kernel
    return kernel_kind(family, name, params, values)


cdef int fill_optimizer(fm_optimizer *o, settings) except -1:
    """From (name, params, learning_rate) and any of weight_decay, clip_value, clip_norm, global_clip_norm."""
    name, params, learning_rate, rest = settings
    memset(o, 0, sizeof(fm_optimizer))
    o.kind = kernel_kind("optimizer", name, params, o.params)
    o.learning_rate = learning_rate
    o.weight_decay = rest.get("weight_decay", 0.0)
    o.clip_value = rest.get("clip_value", 0.0)
    o.clip_norm = rest.get("clip_norm", 0.0)
    o.global_clip_norm = rest.get("global_clip_norm", 0.0)
    return 0


cdef int fill_weights(fm_program_weights *rule, description) except -1:
    """From a mapping of any of l1, l2, constraint (name, params), axis, spared."""
    rule.l1, rule.l2 = description.get("l1", 0.0), description.get("l2", 0.0)
    rule.constraint = optional_kind("constraint", description.get("constraint"), rule.constraint_params)
    axis = description.get("axis", 0)
    if axis not in (0, 1):
        raise ValueError(f"constraint: expected axis 0 or 1, got {axis}; 0 is the norm of each column, 1 of each row")
    rule.axis, rule.spared = axis, bool(description.get("spared", False))
    return 0


KERNELS = ("activation", "noise", "row_activation", "trainable", "pieces")  # operations of one kernel
PARAMS_OF = {"batch_norm": 2, "layer_norm": 1, "unit_norm": 1, "activity": 2}
WEIGHTED = ("dense", "batch_norm", "layer_norm", "trainable")
ALWAYS = ("dense", "trainable")  # have W, whatever is said


cdef str name_of(description):
    return description.get("op", "dense")


cdef int fill_op(fm_program_op *op, description, int64_t inputs, uint64_t seed) except -1:
    """From a mapping; `inputs` is the width of what it reads."""
    name = name_of(description)
    op.op = kernel_named("op", name).kind
    op.units = operator.index(description.get("units", inputs))
    op.count = operator.index(description.get("count", 1))
    op.seed = description.get("seed", seed)
    op.frozen, op.shared = description.get("frozen", False), description.get("shared", False)
    op.use_weights = op.use_bias = name in WEIGHTED
    op.use_weights = op.use_weights and (name in ALWAYS or description.get("use_weights", True))
    op.use_bias = (op.use_bias and name != "trainable" and description.get("use_bias", True)) or name == "affine"
    op.noise = -1
    if name == "dense":
        kernel, params = description["activation"]
        op.kind = kernel_kind("activation", kernel, params, op.params)
        op.noise = optional_kind("noise", description.get("noise"), op.noise_params)
    elif name in ("trainable", "pieces"):
        op.kind = kernel_named(name, description["kernel"][0]).kind
    elif name in KERNELS:
        kernel, params = description["kernel"]
        op.kind = kernel_kind(name, kernel, params, op.params)
    elif name in PARAMS_OF:
        params = description["params"]
        if len(params) != PARAMS_OF[name]:
            raise ValueError(f"{name}: expected {PARAMS_OF[name]} params, got {len(params)}; give each of them")
        for i in range(len(params)):
            op.params[i] = params[i]
    check_sizes("Network", (op.units, op.count))
    if name == "trainable":
        kernel = kernel_named("trainable", description["kernel"][0])
        if not parameter_rows_fit(kernel, op.count):
            raise ValueError(f"{description['kernel'][0]}: expected a row for each of {', '.join(kernel.params)}, "
                             f"got {op.count} rows; change count")
    if name == "pieces":
        op.units = output_width(description["kernel"][0], description["pieces"], inputs)
    elif name != "dense" and op.units != inputs:
        raise ValueError(f"{name}: expected as many units as inputs, {inputs}, got {op.units}; leave units out")
    op.shared = op.shared and name == "trainable"
    fill_weights(&op.W, description.get("weights", {}))
    fill_weights(&op.b, description.get("bias", {}))
    return 0


cdef class Network:
    """A program lowered: weights, optimizer state and buffers, laid out once; trains many steps a call.

    ops: mappings with op (default "dense"), and as the kind needs them: units, activation (name, params), noise (name,
    params), kernel (name, params), params, pieces, count, shared, use_weights, use_bias, frozen, seed, weights and bias
    (mappings with l1, l2, constraint, axis, spared). output: a row activation (name, params) or None. loss: (name,
    params); with logits, it takes what comes before the last activation. optimizer: (name, params, learning_rate,
    {weight_decay, clip_value, clip_norm, global_clip_norm}). shows: keep predictions, for metrics. ema: (momentum,
    overwrite every so many steps).
    """

    cdef fm_network *net
    cdef readonly object dtype
    cdef readonly int64_t inputs, outputs, batch, count
    cdef readonly bint labels, shows
    cdef readonly int slots
    cdef double ignored
    cdef bint busy

    def __cinit__(self, dtype, int64_t inputs, int64_t batch, ops, loss, optimizer, output=None, bint logits=False,
                  uint64_t seed=0, reduction="sum_over_batch_size", bint shows=False, ema=(0.0, 0)):
        cdef fm_program program
        cdef fm_program_op *described
        check_sizes("Network", (inputs, batch, len(ops)))
        memset(&program, 0, sizeof(program))
        self.dtype = np.dtype(dtype)
        self.inputs, self.batch, self.count, self.shows = inputs, batch, len(ops), shows
        program.type = real_type(np.empty(0, self.dtype), "dtype")
        program.inputs, program.batch, program.count = inputs, batch, len(ops)
        program.output = optional_kind("row_activation", output, program.output_params)
        program.loss = optional_kind("loss", loss, program.loss_params)
        program.logits, program.shows = logits, shows
        program.reduction = reduction_kind(reduction)
        program.ema_momentum, program.ema_overwrite = ema
        self.labels = registry("loss")[loss[0]].traits
        if self.labels:  # rows to be left out get a label that no class has
            self.ignored, program.loss_params[0] = program.loss_params[0], -1
        fill_optimizer(&program.optimizer, optimizer)
        self.slots = registry("optimizer")[optimizer[0]].traits
        described = <fm_program_op *>calloc(len(ops), sizeof(fm_program_op))
        if described == NULL:
            raise MemoryError(f"Network: no memory to describe {len(ops)} operations")
        try:
            self.outputs = inputs
            for i, op in enumerate(ops):
                fill_op(&described[i], op, self.outputs, seed)
                self.outputs = described[i].units
            if logits and output is None and name_of(ops[-1]) != "dense":
                raise ValueError("logits: expected a dense layer or an output last, whose activation is left out, got "
                                 f"{name_of(ops[-1])}; set logits to False")
            program.ops = described
            if fm_network_new(&self.net, &program) != FM_OK:
                raise MemoryError(f"Network: no memory for {inputs} inputs, {len(ops)} operations, {self.outputs} "
                                  f"outputs and batches of {batch}")
        finally:
            free(described)

    def __dealloc__(self):
        fm_network_free(self.net)

    @property
    def path(self):
        """How it trains: 'plain', 'tiny' or 'sharded'; shapes decide."""
        return fm_network_path(self.net).decode()

    @property
    def bytes(self):
        """What its weights, the optimizer's state and all buffers take."""
        return fm_network_bytes(self.net)

    @property
    def step(self):
        """Steps done; may be set, to resume."""
        self._enter()
        cdef int64_t step = fm_network_step(self.net)
        self.busy = False
        return step

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
        self._enter()
        fm_network_read(self.net, op, number, cnp.PyArray_DATA(a))
        self.busy = False
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
                fm_network_evaluate(self.net, cnp.PyArray_DATA(losses), price, &run.run)
        finally:
            self.busy = False
        return losses

    def forward(self, x):
        """Y for at most a batch of rows as training sees them: with noise, and batch moments that move moving ones."""
        cdef fm_run run
        memset(&run, 0, sizeof(run))
        cdef cnp.ndarray rows = matrix_view(x, "x", self.inputs, &run.x)
        run.n = run.x.rows
        if run.n > self.batch:
            raise ValueError(f"Network: expected at most {self.batch} rows, got {run.n}; build for a larger batch")
        cdef cnp.ndarray y = np.empty((rows.shape[0], self.outputs), self.dtype)
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
        cdef cnp.ndarray y = np.empty((n, self.outputs), self.dtype)
        self._enter()
        fm_network_shown(self.net, cnp.PyArray_DATA(y), n)
        self.busy = False
        return y

    def predict(self, x, index=None):
        """Y for the rows of x, or for those that `index` names."""
        cdef fm_view view
        cdef cnp.ndarray rows = matrix_view(x, "x", self.inputs, &view)
        cdef cnp.ndarray order = None
        cdef const int64_t *pointer = NULL
        cdef int64_t n = view.rows
        if index is not None:
            order = row_index(index, view.rows)
            pointer = <const int64_t *>cnp.PyArray_DATA(order)
            n = cnp.PyArray_SIZE(order)
        cdef cnp.ndarray y = np.empty((n, self.outputs), self.dtype)
        self._enter()
        try:
            with nogil:
                fm_network_predict(self.net, cnp.PyArray_DATA(y), &view, pointer, n)
        finally:
            self.busy = False
        return y

    cdef int _enter(self, Run run=None) except -1:
        """One call at a time: the buffers are the network's own."""
        if run is not None and run.network is not self:
            raise ValueError("Network: expected a run made for this network, got another's; make a Run of its own")
        if self.busy:
            raise RuntimeError("Network: expected one call at a time, got a second from another thread; "
                               "wait, or give each thread a network")
        self.busy = True
        return 0
