# network.pxi: programs of dense layers, and the data they run over.

from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef extern from "fastmlp.h" nogil:
    ctypedef struct fm_program_layer:
        int64_t units
        int activation, use_bias, noise, constraint
        double params[FM_PARAMS]
        double noise_params[FM_PARAMS]
        double constraint_params[FM_PARAMS]
        double l1, l2, bias_l1, bias_l2
    ctypedef struct fm_program:
        int type
        int64_t inputs, batch, count
        const fm_program_layer *layers
        int output, loss, logits
        double output_params[FM_PARAMS]
        double loss_params[FM_PARAMS]
        fm_optimizer optimizer
        uint64_t seed
    ctypedef struct fm_run:
        fm_view x, target
        const int32_t *labels
        const double *sample_weight
        const int64_t *index
        int64_t n, batch, at, most_steps
        double seconds, loss, weight
        int64_t steps
    ctypedef struct fm_network:
        pass
    int fm_network_new(fm_network **net, const fm_program *program)
    void fm_network_free(fm_network *net)
    void fm_network_write(fm_network *net, int64_t layer, int part, const void *values)
    void fm_network_read(const fm_network *net, int64_t layer, int part, void *values)
    const char *fm_network_path(const fm_network *net)
    int64_t fm_network_step(const fm_network *net)
    void fm_network_set_step(fm_network *net, int64_t step)
    void fm_network_set_learning_rate(fm_network *net, double learning_rate)
    void fm_network_train(fm_network *net, fm_run *run)
    void fm_network_predict(fm_network *net, void *Y, const fm_view *x, const int64_t *index, int64_t n)
    void fm_network_evaluate(fm_network *net, void *row_loss, const fm_run *run)

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


cdef int fill_layer(fm_program_layer *layer, description) except -1:
    """From a mapping: units, activation (name, params), and optionally the rest."""
    layer.units = description["units"]
    name, params = description["activation"]
    layer.activation = kernel_kind("activation", name, params, layer.params)
    layer.use_bias = description.get("use_bias", True)
    layer.noise = optional_kind("noise", description.get("noise"), layer.noise_params)
    layer.constraint = optional_kind("constraint", description.get("constraint"), layer.constraint_params)
    layer.l1, layer.l2 = description.get("l1", 0.0), description.get("l2", 0.0)
    layer.bias_l1, layer.bias_l2 = description.get("bias_l1", 0.0), description.get("bias_l2", 0.0)
    return 0


cdef class Network:
    """A chain of dense layers with its loss and optimizer, laid out once; trains many steps a call.

    layers: mappings with units, activation (name, params) and, where wanted, use_bias, noise (name, params),
    constraint (name, params), l1, l2, bias_l1, bias_l2. output: a row activation (name, params) or None. loss: (name,
    params); with logits, it takes what comes before the last activation. optimizer: (name, params, learning_rate,
    {weight_decay, clip_value, clip_norm, global_clip_norm}).
    """

    cdef fm_network *net
    cdef readonly object dtype
    cdef readonly int64_t inputs, outputs, batch
    cdef readonly bint labels
    cdef readonly int slots
    cdef list widths
    cdef double ignored
    cdef bint busy

    def __cinit__(self, dtype, int64_t inputs, int64_t batch, layers, loss, optimizer, output=None,
                  bint logits=False, uint64_t seed=0):
        cdef fm_program program
        cdef fm_program_layer *described
        check_sizes("Network", (inputs, batch, len(layers), *(layer["units"] for layer in layers)))
        memset(&program, 0, sizeof(program))
        self.dtype = np.dtype(dtype)
        self.inputs, self.batch = inputs, batch
        self.widths = [layer["units"] for layer in layers]
        self.outputs = self.widths[len(self.widths) - 1]
        self.labels = registry("loss")[loss[0]].traits if loss[0] in registry("loss") else False
        program.type = real_type(np.empty(0, self.dtype), "dtype")
        program.inputs, program.batch, program.count = inputs, batch, len(layers)
        program.output = optional_kind("row_activation", output, program.output_params)
        program.loss = optional_kind("loss", loss, program.loss_params)
        program.logits, program.seed = logits, seed
        if self.labels:  # rows to be left out get a label that no class has
            self.ignored, program.loss_params[0] = program.loss_params[0], -1
        fill_optimizer(&program.optimizer, optimizer)
        self.slots = registry("optimizer")[optimizer[0]].traits
        described = <fm_program_layer *>calloc(len(layers), sizeof(fm_program_layer))
        if described == NULL:
            raise MemoryError(f"Network: no memory to describe {len(layers)} layers")
        try:
            for i, layer in enumerate(layers):
                fill_layer(&described[i], layer)
            program.layers = described
            if fm_network_new(&self.net, &program) != FM_OK:
                raise MemoryError(f"Network: no memory for {inputs} inputs, layers {self.widths}, batches of {batch}")
        finally:
            free(described)

    def __dealloc__(self):
        fm_network_free(self.net)

    @property
    def path(self):
        """How it trains: 'plain', 'tiny' or 'sharded'; shapes decide."""
        return fm_network_path(self.net).decode()

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

    def _part(self, int64_t layer, int part):
        if not (0 <= layer < len(self.widths) and 0 <= part < 2 + 2 * self.slots):
            raise IndexError(f"Network: expected a layer below {len(self.widths)} and a part below "
                             f"{2 + 2 * self.slots}, got {layer} and {part}; part 0 is W, 1 is b")
        shape = (self.widths[layer - 1] if layer else self.inputs, self.widths[layer])
        return shape[1:] if part % 2 else shape

    def set(self, int64_t layer, int part, values):
        """Writes W (part 0), b (1), or slot s of W and b (2 + 2s, 3 + 2s) of a layer."""
        shape = self._part(layer, part)
        cdef cnp.ndarray a = np.require(values, self.dtype, ["C", "A"])
        if np.shape(a) != shape:
            raise ValueError(f"Network: expected shape {shape}, got {np.shape(a)}; reshape the values")
        self._enter()
        fm_network_write(self.net, layer, part, cnp.PyArray_DATA(a))
        self.busy = False

    def get(self, int64_t layer, int part):
        """Reads what `set` writes."""
        cdef cnp.ndarray a = np.empty(self._part(layer, part), self.dtype)
        self._enter()
        fm_network_read(self.net, layer, part, cnp.PyArray_DATA(a))
        self.busy = False
        return a

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

    def evaluate(self, Run run not None):
        """The unweighted loss of each row of the run."""
        cdef cnp.ndarray losses
        self._enter(run)
        try:
            losses = np.empty(run.run.n, self.dtype)
            with nogil:
                fm_network_evaluate(self.net, cnp.PyArray_DATA(losses), &run.run)
        finally:
            self.busy = False
        return losses

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


cdef class Run:
    """Data bound to a network, checked once: x (any number type and strides), y, and weights of the rows.

    y: labels for a loss that takes them, else a matrix of the outputs' width.
    """

    cdef fm_run run
    cdef readonly Network network
    cdef tuple arrays
    cdef bint fresh  # not seen by the network yet
    cdef cnp.ndarray index

    def __cinit__(self, Network network not None, x, y, sample_weight=None):
        cdef cnp.ndarray rows, targets, weights
        cdef double ignored
        memset(&self.run, 0, sizeof(self.run))
        self.network = network
        rows = matrix_view(x, "x", network.inputs, &self.run.x)
        if network.labels:
            ignored = network.ignored
            targets = class_labels(y, rows.shape[0], network.outputs, &ignored)
            self.run.labels = <const int32_t *>cnp.PyArray_DATA(targets)
        else:
            targets = matrix_view(y, "y", network.outputs, &self.run.target)
        if targets.shape[0] != rows.shape[0]:
            raise ValueError(f"y: expected {rows.shape[0]} rows as x has, got {targets.shape[0]}; pair them up")
        weights = None
        if sample_weight is not None:
            weights = np.require(sample_weight, np.float64, ["C", "A"])
            if weights.ndim != 1 or weights.shape[0] != rows.shape[0]:
                raise ValueError(f"sample_weight: expected shape ({rows.shape[0]},), got {np.shape(weights)}; "
                                 "give one weight a row")
            self.run.sample_weight = <const double *>cnp.PyArray_DATA(weights)
        self.arrays = (rows, targets, weights)
        self.fresh = True
        self.start(None, network.batch)

    def start(self, index, int64_t batch):
        """Begins a pass over the rows `index` names (None: all, as they come), `batch` rows a step."""
        if not 1 <= batch <= self.network.batch:
            raise ValueError(f"batch: expected 1 to {self.network.batch} rows, got {batch}; build for a larger batch")
        cdef cnp.ndarray order = None if index is None else row_index(index, self.run.x.rows)
        if self.network.busy and not self.fresh:
            raise RuntimeError("Run: expected a start between calls, got one while the network computes; wait for it")
        self.fresh = False
        self.index = order
        self.run.index = NULL if order is None else <const int64_t *>cnp.PyArray_DATA(order)
        self.run.n = self.run.x.rows if order is None else cnp.PyArray_SIZE(order)
        self.run.batch, self.run.at, self.run.steps = batch, 0, 0
        self.run.loss = self.run.weight = 0

    @property
    def done(self):
        """(rows, steps, Σ weight · loss) since `start`."""
        return self.run.at, self.run.steps, self.run.loss
