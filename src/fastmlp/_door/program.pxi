# program.pxi: what a network is made of, from names and mappings to C.

import operator

from libc.string cimport memset

cdef extern from "fastmlp.h" nogil:
    ctypedef struct fm_program_weights:
        double l1, l2
        double constraint_params[FM_PARAMS]
        int constraint, axis, spared
    ctypedef struct fm_program_op:
        int op, kind
        int64_t units, count
        int use_weights, use_bias, shared, frozen, noise, bf16
        double params[FM_PARAMS]
        double noise_params[FM_PARAMS]
        uint64_t seed
        fm_program_weights W, b
    ctypedef struct fm_program:
        int type
        int64_t inputs, batch, count
        const fm_program_op *ops
        int output, loss, logits, reduction, shows, sparse
        double output_params[FM_PARAMS]
        double loss_params[FM_PARAMS]
        fm_optimizer optimizer
        double ema_momentum
        int64_t ema_overwrite


cdef int optional_kind(str family, kernel, double *values) except -2:
    """A (name, params) pair looked up; -1 for None."""
    if kernel is None:
        return -1
    name, params = kernel
    return kernel_kind(family, name, params, values)


cdef int fill_optimizer(fm_optimizer *o, settings) except -1:
    """From (name, params, learning_rate) and any of weight_decay, coupled, clip_value,
    clip_norm, global_clip_norm."""
    name, params, learning_rate, rest = settings
    memset(o, 0, sizeof(fm_optimizer))
    o.kind = kernel_kind("optimizer", name, params, o.params)
    o.learning_rate = learning_rate
    o.weight_decay = rest.get("weight_decay", 0.0)
    o.coupled = rest.get("coupled", False)
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
PARAMS_OF = {"batch_norm": 3, "layer_norm": 1, "unit_norm": 1, "activity": 2}
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
        op.bf16 = description.get("bf16", False)
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
