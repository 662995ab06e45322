# cython: language_level=3, binding=True, embedsignature=True
"""The door between Python and C: check, take pointers, release the GIL, call. No formula and no default lives here.

One part a family of kernels; each declares the functions of csrc/fastmlp.h it calls.
"""

include "_door/arrays.pxi"
include "_door/rows.pxi"
include "_door/runtime.pxi"
include "_door/elementwise.pxi"
include "_door/optimizers.pxi"
include "_door/constraints.pxi"
include "_door/dense.pxi"
include "_door/probes.pxi"
include "_door/losses.pxi"
include "_door/metrics.pxi"
include "_door/row_activations.pxi"
include "_door/trainable.pxi"
include "_door/reduce.pxi"
include "_door/norm.pxi"
include "_door/random.pxi"
include "_door/program.pxi"
include "_door/sparse.pxi"
include "_door/network.pxi"
include "_door/run.pxi"
