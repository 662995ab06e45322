/* kernels/table.c: the one file compiled once per level × element type. It stamps the loops around the scalar-looking
 * kernels of the headers and gathers them in one constant table, FM_TABLE, which dispatch.c picks from. */
#include "../kernels.h"
#include "../simd/simd.h"

#include "loops.h"
#include "vmath.h"
#include "gemm_micro.h"
#include "bf16.h"
#include "pack.h"
#include "sparse.h"
#include "probes.h"
#include "activations.h"
#include "row_activations.h"
#include "trainable.h"
#include "pieces.h"
#include "losses.h"
#include "optimizers.h"
#include "sums.h"
#include "constraints.h"
#include "reduce.h"
#include "metrics.h"
#include "norm.h"
#include "random.h"

const fm_kernels FM_TABLE = {
    .bits = FM_BITS,
    .vector = VL,
    .mr = MR,
    .mr_narrow = MR_NARROW,
    .gemm = gemm,
    .gemm_pairs = GEMM_PAIRS,
    .gemm_dot = GEMM_DOT,
    .round_pairs = ROUND_PAIRS,
    .transpose = transpose,
    .add_row = add_row,
    .sum_chunks = sum_chunks,
    .add_column = add_column,
    .copy = copy,
    .penalise = penalise,
    .zero = zero,
    .gather = gather,
    .gather_turned = gather_turned,
    .to_panels = to_panels,
    .from_panels = from_panels,
    .sparse_row = sparse_row,
    .sparse_outer = sparse_outer,
    .sparse_clear = sparse_clear,
    .peak = peak,
    .sweep = sweep,
    .vmath = vmath_table,
    .activations = activation_table,
    .row_activations = row_activation_table,
    .trainables = trainable_table,
    .sum_rows = sum_rows_apart,
    .pieces = pieces_table,
    .losses = loss_table,
    .metrics = metric_table,
    .optimizers = optimizer_table,
    .constraints = constraint_table,
    .sum_abs = sum_abs,
    .sum_squares = sum_squares,
    .sum_squares_regularized = sum_squares_regularized,
    .column_sum = column_sum,
    .column_squares = column_squares,
    .random_words = random_words,
    .reductions = reduction_table,
    .norm = &norm_table,
    .fills = fill_table,
    .noises = noise_table,
};
