/* kernels.h: the table one level fills for one element type. The framework reaches numbers through it alone.
 *
 * Three shapes of data cover every kernel but the matrix product:
 *
 *   block   rows × cols elements, row i at x + i·ld. A flat array is one row. In panels ld = FM_PANEL.
 *   rows    n rows of k elements, row-major or in panels: fm_rows (fastmlp.h).
 *   columns a block worked down its columns: sums over the batch run from row 0 up.
 *
 * Kernels are serial, know no threads, never allocate, read and write only what the shape says, and allow output and
 * input to be the same array unless said otherwise. Numbers in `params` are double and are rounded to the element type
 * inside. */
#pragma once
#include "fastmlp.h"
#include <math.h>

/* -- vector maths: y[i] = f(x[i]), flat */
typedef struct fm_vmath_kernel {
    const char *name;
    void (*fn)(void *y, const void *x, int64_t n);
} fm_vmath_kernel;

/* -- activations */
typedef struct fm_activation_kernel {
    const char *name, *params;
    int saves; /* FM_SAVES_OUTPUT or FM_SAVES_INPUT */
    void (*fwd)(void *y, const void *z, int64_t rows, int64_t cols, int64_t ld, const double *params);
    void (*bwd)(void *dz, const void *saved, const void *dy, int64_t rows, int64_t cols, int64_t ld,
                const double *params);
} fm_activation_kernel;

/* -- row activations (softmax, …), all saving their output; bwd: dz from y and dy */
typedef struct fm_row_activation_kernel {
    const char *name, *params;
    void (*fwd)(void *y, const void *z, const fm_rows *shape, const double *params);
    void (*bwd)(void *dz, const void *y, const void *dy, const fm_rows *shape, const double *params);
} fm_row_activation_kernel;

/* -- trainable activations: a parameter matrix with a row for each parameter, worked down its columns. dtheta gets
 *    the sums over the rows given, overwritten, column by column even where one column of parameters serves all. */
typedef struct fm_parameters {
    int64_t rows, ld, grad_ld; /* ld: from row to row of theta; grad_ld: of dtheta */
    int shared;                /* theta is one column, for every column of x */
} fm_parameters;

typedef struct fm_trainable_kernel {
    const char *name, *rows; /* the names of the parameter rows */
    int repeats;             /* S rows of each name, S = fm_parameters.rows / how many names */
    void (*fwd)(void *y, const void *x, const void *theta, const fm_parameters *shape, int64_t rows, int64_t cols,
                int64_t ld);
    void (*bwd)(void *dx, void *dtheta, const void *x, const void *dy, const void *theta, const fm_parameters *shape,
                int64_t rows, int64_t cols, int64_t ld);
} fm_trainable_kernel;

/* -- pieces: activations whose input is a whole number of times as wide as their output (x.k = pieces · y.k) */
typedef struct fm_pieces_kernel {
    const char *name;
    int pieces; /* 0: any number up to FM_MOST_PIECES */
    void (*fwd)(void *y, const fm_rows *y_shape, const void *x, const fm_rows *x_shape);
    void (*bwd)(void *dx, const fm_rows *x_shape, const void *x, const void *dy, const fm_rows *y_shape);
} fm_pieces_kernel;

/* -- losses, one row at a time. `target` is a matrix in the same rows shape as `pred` (labels == 0), or `labels` holds
 *    one class a row. loss[i] is the row's unweighted loss; d (may be NULL, may be pred) = scale[i] · ∂loss[i]/∂pred,
 *    scale NULL meaning ones. In panels (rs == FM_PANEL) d's lanes past the last column become zero up to the next
 *    multiple of 16; what pred and target hold there is not looked at.
 *    `block` is the same with a sample to each column of a block (the batch along the vector): loss and scale have `cols`
 *    elements, and in panels (ld == FM_PANEL) the padding is the samples'. NULL for losses that are not elementwise. */
typedef struct fm_loss_kernel {
    const char *name, *params;
    int labels;
    void (*rows)(void *loss, void *d, const void *pred, const void *target, const int32_t *labels, const void *scale,
                 const fm_rows *shape, const double *params);
    void (*block)(void *loss, void *d, const void *pred, const void *target, const void *scale, int64_t rows,
                  int64_t cols, int64_t ld, const double *params);
} fm_loss_kernel;

/* -- metrics: what the rows of a batch add to the state */
typedef struct fm_metric_batch {
    const void *prediction, *target;
    const int32_t *labels;
    const double *weights; /* NULL: all 1 */
    const fm_rows *shape;
    void *scratch; /* an element a row */
} fm_metric_batch;

enum { FM_STATE_MEAN, FM_STATE_BINS, FM_STATE_CLASSES, FM_STATE_MOMENTS }; /* see kernels/metrics.h */
typedef struct fm_metric_kernel {
    const char *name, *params;
    int labels, state;
    void (*add)(const fm_metric *m, const fm_metric_batch *batch);
} fm_metric_kernel;

/* -- optimizers. One step over a block: w and the slots are updated in place from the gradient g.
 *    Before the step, in this order:  g += l1·sign(w) + 2·l2·w;  g *= grad_scale;  g is clipped to ±clip_value;
 *    g += coupled·w  (weight decay by the gradient), or w -= decay·w  (decoupled; decay = learning rate × weight decay).
 *    `general` is 0 when none of these is asked for. */
typedef struct fm_hyper {
    double c[FM_PARAMS]; /* what the optimizer's own prepare() derived from its parameters and the step */
    double grad_scale, l1, l2, clip_value, coupled, decay; /* 1, 0, 0, infinity, 0, 0 where nothing is asked for */
    int general;
} fm_hyper;
/* After any change to the second line above. */
static inline void fm_hyper_settle(fm_hyper *h) {
    h->general =
        h->grad_scale != 1 || h->l1 != 0 || h->l2 != 0 || h->clip_value < INFINITY || h->coupled != 0 || h->decay != 0;
}

typedef struct fm_optimizer_kernel {
    const char *name, *params;
    int slots; /* state arrays of W's shape: they start from 0, the first one from params[0] if `start` says so */
    enum { FM_START_ZERO, FM_START_FROM_PARAM } start;
    /* c from the parameters, the learning rate and the step (1, 2, …) */
    void (*prepare)(double *c, const double *params, double learning_rate, int64_t step);
    void (*step)(void *w, const void *g, void *const *slots, int64_t rows, int64_t cols, int64_t ld, const fm_hyper *h);
} fm_optimizer_kernel;

/* -- constraints, in place: over a block's columns (Keras's axis 0), or along rows (axis 1; a bias is one row) */
typedef struct fm_constraint_kernel {
    const char *name, *params;
    void (*columns)(void *w, int64_t rows, int64_t cols, int64_t ld, const double *params);
    void (*rows)(void *w, const fm_rows *shape, const double *params);
} fm_constraint_kernel;

/* -- sums of one block of a flat array (n ≤ FM_SUM_BLOCK); framework/sums.c puts blocks together */
enum { FM_SUM_BLOCK = 4096 };

/* -- reductions of rows; `out` holds an element a row, or an int64_t when `index` */
typedef struct fm_reduction_kernel {
    const char *name;
    int index;
    void (*rows)(void *out, const void *x, const fm_rows *shape);
} fm_reduction_kernel;

/* -- normalisation. mean, r = 1/√(variance + epsilon), gamma, beta, …: one element a column (batch) or, mean and r of
 *    `layer`, one a row. gamma and beta may be NULL. `batch` work any columns; those that sum want all the rows. */
typedef struct fm_norm_kernels {
    void (*batch_moments)(void *mean, void *variance, const void *x, int64_t rows, int64_t cols, int64_t ld);
    void (*batch_scale)(void *r, const void *variance, int64_t cols, double epsilon);
    void (*moving_update)(void *moving, const void *batch, int64_t cols, double keep, double take);
    void (*batch_fwd)(void *y, const void *x, const void *mean, const void *r, const void *gamma, const void *beta,
                      int64_t rows, int64_t cols, int64_t ld);
    void (*batch_sums)(void *dgamma, void *dbeta, const void *dy, const void *x, const void *mean, const void *r,
                       int64_t rows, int64_t cols, int64_t ld);
    /* batch: how many rows the moments came from; 0: they were constants */
    void (*batch_bwd)(void *dx, const void *dy, const void *x, const void *mean, const void *r, const void *gamma,
                      const void *dgamma, const void *dbeta, int64_t rows, int64_t cols, int64_t ld, int64_t batch);

    void (*layer_fwd)(void *y, void *mean, void *r, const void *x, const void *gamma, const void *beta,
                      const fm_rows *shape, double epsilon);
    void (*layer_bwd)(void *dx, const void *dy, const void *x, const void *mean, const void *r, const void *gamma,
                      const fm_rows *shape);
    void (*layer_sums)(void *dgamma, void *dbeta, const void *dy, const void *x, const void *mean, const void *r,
                       int64_t rows, int64_t cols, int64_t ld);

    void (*unit_fwd)(void *y, const void *x, const fm_rows *shape, double epsilon);
    void (*unit_bwd)(void *dx, const void *dy, const void *x, const fm_rows *shape, double epsilon);
} fm_norm_kernels;

/* -- random numbers. A block may lie anywhere in the batch matrix: `at` names its first element. */
typedef struct fm_fill_kernel {
    const char *name, *params;
    void (*fill)(void *x, int64_t rows, int64_t cols, int64_t ld, const double *params, const fm_draw *at);
} fm_fill_kernel;

typedef struct fm_noise_kernel { /* bwd draws what fwd drew at the same place */
    const char *name, *params;
    void (*fwd)(void *y, const void *x, int64_t rows, int64_t cols, int64_t ld, const double *params,
                const fm_draw *at);
    void (*bwd)(void *dx, const void *dy, int64_t rows, int64_t cols, int64_t ld, const double *params,
                const fm_draw *at);
} fm_noise_kernel;

/* -- the matrix product (gemm_micro.h). C (rows × cols, ld 32) = Σ_k A(i,k) · B(k,j), k ascending from 0, or from C's
 *    present content when `resume`. B is a panel: B[k·32 + j]. A(i,k) is
 *      FM_A_ROWS:    A[(k/32)·a_stride + i·32 + k%32]   activations forward, weights in backward-data
 *      FM_A_COLUMNS: A[k·32 + i]                        activations in backward-weights
 *    rows ≤ mr (cols > one vector) or mr_narrow; cols ≤ 32. C is written up to a multiple of 16 columns, those past the
 *    last with what B's padding gives or 0.
 *    `ahead` names memory the caller will touch next: `lines` cache lines from each non-NULL pointer.
 *    In products of bfloat16 (bf16.h) an element of A and B is a pair of neighbours along the sum, k counts pairs, and a
 *    row of A has 16 in place of 32; C stays float32. */
enum { FM_A_ROWS, FM_A_COLUMNS };
typedef struct fm_ahead {
    const char *p[4];
    int64_t lines;
} fm_ahead;
typedef void fm_gemm(int a_layout, void *C, const void *A, int64_t a_stride, const void *B, int64_t rows, int64_t cols,
                     int64_t k, int resume, const fm_ahead *ahead);

typedef struct fm_kernels {
    int bits, vector, mr, mr_narrow; /* vector: its elements */

    fm_gemm *gemm;
    fm_gemm *gemm_pairs; /* of bfloat16, by two fused multiply-adds a pair; NULL in float64 */
    fm_gemm *gemm_dot;   /* the same bits by an instruction of its own; NULL where the level has none */
    /* rows × cols (≤ 32) numbers with ld 32, rounded to bfloat16: `plain`, row by row of 32, and `pairs`, elements of two
     * neighbours down a column; either may be NULL. What is missing to a whole row or pair is 0. */
    void (*round_pairs)(void *plain, void *pairs, const void *x, int64_t rows, int64_t cols);
    /* dst (cols × rows) from src (rows × cols), both with ld 32; rows and cols are 16 or 32; dst is not src */
    void (*transpose)(void *dst, const void *src, int64_t rows, int64_t cols);
    /* blocks with ld 32, cols a multiple of 16 */
    void (*add_row)(void *y, const void *row, int64_t rows, int64_t cols); /* y[i·32 + j] += row[j] */
    void (*sum_chunks)(void *y, const void *chunks, int64_t apart, int64_t count, int64_t rows, int64_t cols);
    void (*add_column)(void *y, const void *column, int64_t rows, int64_t cols); /* y[i·32 + j] += column[i] */
    void (*copy)(void *y, const void *x, int64_t rows, int64_t cols);
    /* dx = dy + l1·sign(x) + 2·l2·x, for blocks as above */
    void (*penalise)(void *dx, const void *dy, const void *x, int64_t rows, int64_t cols, int64_t ld, double l1,
                     double l2);
    void (*zero)(void *y, int64_t rows, int64_t cols);
    void (*gather)(void *panels, int64_t batch, const fm_view *x, const int64_t *index, int64_t lo, int64_t hi);
    void (*gather_turned)(void *tile, const fm_view *x, const int64_t *index, int64_t rows);
    void (*to_panels)(void *panels, int64_t batch, const void *x, int64_t ldx, int64_t rows, int64_t cols);
    void (*from_panels)(void *x, int64_t ldx, const void *panels, int64_t batch, int64_t rows, int64_t cols);

    /* sparse.h: y = Σ values[e] · row columns[e] of the panel W; those rows of dW in [lo, hi) += values[e] · dz, or = 0 */
    void (*sparse_row)(void *y, const void *W, const void *values, const int32_t *columns, int64_t count, int64_t cols);
    void (*sparse_outer)(void *dW, const void *dz, const void *values, const int32_t *columns, int64_t count,
                         int64_t lo, int64_t hi, int64_t cols);
    void (*sparse_clear)(void *dW, const int32_t *columns, int64_t count, int64_t lo, int64_t hi, int64_t cols);

    double (*peak)(int64_t rounds);                    /* floating-point operations done */
    void (*sweep)(void *x, int64_t n, int64_t rounds); /* x = -x */

    void (*column_sum)(void *out, const void *x, int64_t rows, int64_t cols, int64_t ld, int resume);
    void (*column_squares)(void *out, const void *x, const void *centre, int64_t rows, int64_t cols, int64_t ld,
                           int resume); /* Σ (x - centre)²; resume: added to out's present content */
    void (*random_words)(uint32_t *out, int64_t rows, int64_t cols, int64_t ld, const fm_draw *at);

    const fm_vmath_kernel *vmath;
    const fm_activation_kernel *activations;
    const fm_row_activation_kernel *row_activations;
    const fm_trainable_kernel *trainables;
    void (*sum_rows)(void *out, int64_t ld, const void *x, const fm_rows *shape); /* out[i · ld] = Σ_j x(i, j) */
    const fm_pieces_kernel *pieces;
    const fm_loss_kernel *losses;
    const fm_metric_kernel *metrics;
    const fm_optimizer_kernel *optimizers;

    const fm_constraint_kernel *constraints;
    double (*sum_abs)(const void *x, int64_t n);
    double (*sum_squares)(const void *x, int64_t n);
    double (*sum_squares_regularized)(const void *g, const void *w, int64_t n, double l1, double l2);
    const fm_reduction_kernel *reductions;
    const fm_norm_kernels *norm;
    const fm_fill_kernel *fills;
    const fm_noise_kernel *noises;
} fm_kernels;

/* The product of bfloat16 pairs that this CPU does best, of a float32 table (framework/dispatch.c). */
fm_gemm *fm_pairs_product(const fm_kernels *kern);
/* The table in use for FM_F32 or FM_F64. */
const fm_kernels *fm_table(int type);
