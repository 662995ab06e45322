# run.pxi: the data a network runs over.

cdef class Run:
    """Data bound to a network, checked once: x (any number type and strides, or sparse rows), y, and weights of rows.

    y: labels for a loss that takes them, else a matrix of the outputs' width. metrics: (name, params, thresholds,
    state, weighted) of each, the state an array that is added to in place.
    """

    cdef fm_run run
    cdef readonly Network network
    cdef tuple arrays
    cdef fm_metric *metrics
    cdef list kept  # what the metrics point to
    cdef cnp.ndarray rates
    cdef bint fresh  # not seen by the network yet
    cdef cnp.ndarray index

    def __cinit__(self, Network network not None, x, y, sample_weight=None, metrics=()):
        cdef cnp.ndarray targets, weights
        cdef object rows
        cdef int64_t count
        cdef double ignored
        memset(&self.run, 0, sizeof(self.run))
        self.network = network
        rows = network._view(x, &self.run.x)
        count = self.run.x.rows
        if network.labels:
            ignored = network.ignored
            targets = class_labels(y, count, network.outputs, &ignored)
            self.run.labels = <const int32_t *>cnp.PyArray_DATA(targets)
            self.run.ignores = ignored == ignored
        else:
            targets = matrix_view(y, "y", network.outputs, &self.run.target)
        if targets.shape[0] != count:
            raise ValueError(f"y: expected {count} rows as x has, got {targets.shape[0]}; pair them up")
        weights = None
        if sample_weight is not None:
            weights = np.require(sample_weight, np.float64, ["C", "A"])
            if weights.ndim != 1 or weights.shape[0] != count:
                raise ValueError(f"sample_weight: expected shape ({count},), got {np.shape(weights)}; "
                                 "give one weight a row")
            self.run.sample_weight = <const double *>cnp.PyArray_DATA(weights)
        self.arrays = (rows, targets, weights)
        self._take_metrics(metrics)
        self.fresh = True
        self.start(None, network.batch)

    def __dealloc__(self):
        fm_free(self.metrics)

    cdef int _take_metrics(self, metrics) except -1:
        if metrics and not self.network.shows:
            raise ValueError("Run: expected a network that shows for metrics, got one built without; set shows=True")
        self.kept = []
        self.metrics = <fm_metric *>fm_alloc(len(metrics), sizeof(fm_metric))
        if self.metrics == NULL:
            raise MemoryError(f"Run: no memory for {len(metrics)} metrics")
        for i, (name, params, thresholds, state, weighted) in enumerate(metrics):
            if bool(kernel_named("metric", name).traits) != self.network.labels:
                raise ValueError(f"{name}: expected a metric that takes y as the loss does "
                                 f"({'labels' if self.network.labels else 'a matrix'}), got one of the other sort; "
                                 "take its sparse or dense form")
            self.kept += [metric_settings(name, params, thresholds, self.network.outputs, &self.metrics[i]), state]
            self._mark_ignored(name, &self.metrics[i])
            metric_state(name, state, self.network.outputs, &self.metrics[i])
            self.metrics[i].weighted = weighted
        self.run.metrics, self.run.metric_count = self.metrics, len(metrics)
        return 0

    cdef int _mark_ignored(self, str name, fm_metric *metric) except -1:
        """Rows the loss ignores have a label that no class has: a loss as a metric must know it, or read beside."""
        if not self.run.ignores or registry("metric")[name].params != ("ignore_class",):
            return 0
        if metric.params[0] == metric.params[0] and metric.params[0] != self.network.ignored:
            raise ValueError(f"{name}: expected to ignore {self.network.ignored:g} as the loss does, got "
                             f"{metric.params[0]:g}; use one ignore_class")
        metric.params[0] = -1
        return 0

    def start(self, index, int64_t batch, rates=None, double loss=0):
        """Begins a pass over the rows `index` names (None: all, as they come), `batch` rows a step.

        rates: the learning rate of each step, for a network that trains; None: the network's own. loss: what earlier
        steps have come to, from which the sum goes on: it is the same number however the steps are dealt out.
        """
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
        self.rates, self.run.rates = None, NULL
        if rates is not None:
            steps = -(-self.run.n // batch)
            self.rates = np.array(rates, np.float64)
            if self.rates.ndim != 1 or self.rates.shape[0] < steps:
                self.run.n = 0  # nothing to run: the rates would end before the rows do
                raise ValueError(f"rates: expected one for each of {steps} steps, got {np.shape(rates)}; give as many")
            self.run.rates = <const double *>cnp.PyArray_DATA(self.rates)
        self.run.loss, self.run.penalty = loss, 0

    @property
    def done(self):
        """(rows, steps) since `start`, and Σ batch's loss · rows, what `start` was given included."""
        return self.run.at, self.run.steps, self.run.loss

    @property
    def penalty(self):
        """What penalties have added to the loss since `start`."""
        return self.run.penalty
