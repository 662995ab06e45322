/* fastmlp.h: the whole C API. The Python door (_core.pyx) sees this header and nothing else.
 *
 * Legend (row-major unless a panel layout is named)
 *   n rows of a batch · k inputs · m outputs
 *   X (n,k) input   W (k,m) weights   b (m) bias   Z = XW + b   Y = f(Z)
 *   dX, dW, db, dZ, dY: the derivative of the loss J with respect to X, W, …
 *
 * Conventions
 *   Outputs come first, then inputs, sizes, scalars. Sizes are int64_t. `type` is FM_F32 or FM_F64 and says what the
 *   untyped pointers hold. Kinds (activation, loss, optimizer, …) are indices into the registries below.
 *   Nothing here prints, exits or keeps state; only what allocates can fail, and says so by its status.
 *   Every call sets flush-to-zero on the threads it uses and restores it on the way out.
 */
#pragma once
#include <stdint.h>

typedef enum {
    FM_F32,
    FM_F64,
    FM_F16,
    FM_U8, /* also bool */
    FM_I8,
    FM_U16,
    FM_I16,
    FM_U32,
    FM_I32,
    FM_U64,
    FM_I64
} fm_type;

typedef enum { FM_OK = 0, FM_NO_MEMORY } fm_status;

#define FM_PARAMS 8 /* the most parameters one kernel takes */
#define FM_SLOTS 4  /* the most state slots one optimizer keeps */

/* ---- levels: which instruction set runs (framework/dispatch.c) ------------------------------------------------- */
int fm_level_count(void);
const char *fm_level_name(int level);
int fm_level_usable(int level);  /* does this CPU (and its OS) run it? */
int fm_level_chosen(void);       /* the one in use */
void fm_level_choose(int level); /* not while another thread computes */
int fm_dot_used(void);           /* products of bfloat16 by the CPU's own instruction? */
void fm_dot_emulate(int yes);    /* … not, whatever it has: for tests of the emulation, before a network is made */
const char *fm_compiler(void);

/* ---- memory (framework/workspace.c) -------------------------------------------------------------------------------- */
void *fm_alloc(int64_t count, int64_t size); /* zeroed, 64-byte aligned; NULL when out of memory or on overflow */
void fm_free(void *p);
/* For tests: of the allocations to come, the first … last fail, counted from 1 (none: 0, 0). How many were asked for since
 * the last such call. */
int64_t fm_alloc_refuse(int64_t first, int64_t last);

/* ---- threads (framework/team.c) ---------------------------------------------------------------------------------- */
void fm_threads_set(int threads);     /* 0: follow OMP_NUM_THREADS and the machine */
int fm_threads_wanted(void);          /* what was set */
int fm_threads_set_here(int threads); /* 1 …: at most so many for calls from this thread; returns what it was */
int fm_threads_get(void);             /* the most a call would use */
void fm_threads_grain(double ns);     /* least work a thread is started for; < 0: the measured default; tests set 0 */
int fm_openmp_version(void);          /* the _OPENMP date, 0 when built without */
const char *fm_openmp_library(void);  /* the file its runtime was loaded from, "" when it cannot be told */

/* ---- registries: what is compiled in ------------------------------------------------------------------------------
 * family: "activation", "row_activation", "loss", "optimizer", "vmath", …; params: comma-separated names in the order
 * the `params` array of a call takes them; traits: what else the door must know, family by family. */
typedef struct fm_entry {
    const char *name, *params;
    int64_t traits;
} fm_entry;
int fm_registry(fm_entry *entry, const char *family, int64_t i); /* 0 when there is no i-th entry */

/* ---- views: a user's matrix, taken as it is ------------------------------------------------------------------------
 * Element (i, j) lies at data + i·row_stride + j·col_stride (bytes); `swapped` marks the other byte order.
 * Sparse rows (CSR), which networks made for them take: data[e] and columns[e], e from starts[i] up to starts[i + 1], are
 * a number of row i and where it stands; numbers of one place add up, the others are 0. data is of the network's type. */
typedef struct fm_view {
    const void *data;
    int64_t rows, cols, row_stride, col_stride;
    int type, swapped;
    const int64_t *starts; /* rows + 1 of them; NULL: all elements are there */
    const int32_t *columns;
} fm_view;

/* ---- rows: a float matrix of ours, row-major or in panels of 32 columns -------------------------------------------
 * n rows of k elements; element j of row i lies at  i·rs + (j / 32)·cs + j % 32.
 * Row-major: rs = k, cs = 32.  Panels of a batch of capacity N: rs = 32, cs = 32·N. */
#define FM_PANEL 32 /* columns in a panel: one layout for weights, activations and every optimizer slot */
typedef struct fm_rows {
    int64_t n, k, rs, cs;
} fm_rows;

/* ---- vector maths (kernels/vmath.h) --------------------------------------------------------------------------------- */
void fm_vmath(int type, int kind, void *y, const void *x, int64_t n);

/* ---- activations (kernels/activations.h) ------------------------------------------------------------------------------
 * Elementwise: Y = f(Z); dZ = f'(·) ∘ dY, where `saved` is Z or Y as the entry's traits say (FM_SAVES_INPUT). */
enum { FM_SAVES_OUTPUT = 0, FM_SAVES_INPUT = 1 };
void fm_activation_fwd(int type, int kind, void *Y, const void *Z, int64_t n, const double *params);
void fm_activation_bwd(int type, int kind, void *dZ, const void *saved, const void *dY, int64_t n,
                       const double *params);

/* ---- dense (framework/dense.c) ------------------------------------------------------------------------------------------ */
/* A layer of its own, packed once and used many times: what an eager model runs, what the tests and benchmarks measure.
 * `slots` optimizer slots are kept beside W and b. */
typedef struct fm_dense_layer fm_dense_layer;
typedef struct fm_dense_spec {
    int type, activation, use_bias, slots;
    double params[FM_PARAMS]; /* of the activation */
    int64_t k, m, batch;      /* batch: the most rows a call brings */
    int bf16;                 /* products of bfloat16, float32 all else */
} fm_dense_spec;
/* parts of an operation's state: W, b, slot s of W and of b at FM_PART_SLOTS + 2s (+ 1), and what few have */
enum {
    FM_PART_W,
    FM_PART_B,
    FM_PART_SLOTS,
    FM_PART_MOVING_MEAN = FM_PART_SLOTS + 2 * FM_SLOTS, /* batch_norm; affine: shift */
    FM_PART_MOVING_VARIANCE,                            /* affine: scale */
    FM_PART_EMA_W,
    FM_PART_EMA_B,
    FM_PARTS
};

fm_status fm_dense_new(fm_dense_layer **layer, const fm_dense_spec *spec);
void fm_dense_free(fm_dense_layer *layer);
void fm_dense_write(fm_dense_layer *layer, int part, const void *values); /* row-major (k,m) or (m) into panels */
void fm_dense_read(const fm_dense_layer *layer, int part, void *values);
/* Y = f(XW + b) for rows index[0 … n-1] of x (or its first n); x may have any type and strides. */
void fm_dense_run_forward(fm_dense_layer *layer, void *Y, const fm_view *x, const int64_t *index, int64_t n);
/* From dY of the latest forward: dX, dW, db (each may be NULL), or, with an optimizer, the update in place of dW, db. */
struct fm_optimizer;
void fm_dense_run_backward(fm_dense_layer *layer, void *dX, void *dW, void *db, const void *dY, int64_t n,
                           const struct fm_optimizer *optimizer, int64_t step);
/* One phase again and again on what the buffers hold, in one parallel region: for measuring. */
enum { FM_PHASE_FORWARD, FM_PHASE_BACKWARD_DATA, FM_PHASE_BACKWARD_WEIGHTS, FM_PHASE_UPDATE };
void fm_dense_repeat(fm_dense_layer *layer, int phase, int64_t n, int64_t times, const struct fm_optimizer *optimizer);

/* ---- what the machine can do at most (kernels/probes.h) ------------------------------------------------------------------
 * Fused multiply-adds on registers alone: returns the floating-point operations done by all threads together. */
double fm_peak(int type, int threads, int64_t rounds);
/* x = -x for n elements, `rounds` times: each thread reads and writes a part of its own. */
void fm_sweep(int type, void *x, int64_t n, int threads, int64_t rounds);

/* ---- row and trainable activations (kernels/row_activations.h, pieces.h, trainable.h) ------------------------------------
 * Lanes of a panel past the last column are neither read nor written.
 *   rows       Y = f(Z) (n,k), saving Y.
 *   pieces     Y (n,m) from X (n, pieces·m), saving X. The registry's trait is the number of pieces, 0 for any.
 *   trainable  Y = f(X; Theta) (n,m), saving X. Theta has `parameters` rows, in panels like weights with as many inputs,
 *              and m columns, or one if shared. The registry's params name the rows; with trait 1 there are S of each.
 *              dTheta has m columns even then: fm_trainable_fold adds them up into dShared. `capacity` is 0 for
 *              row-major arrays, else the batch capacity N of panels. */
#define FM_MOST_PIECES 64
#define FM_MOST_PARAMETERS 32
void fm_row_activation_fwd(int type, int kind, void *Y, const void *Z, const fm_rows *shape, const double *params);
void fm_row_activation_bwd(int type, int kind, void *dZ, const void *Y, const void *dY, const fm_rows *shape,
                           const double *params);
void fm_pieces_fwd(int type, int kind, void *Y, const fm_rows *y_shape, const void *X, const fm_rows *x_shape);
void fm_pieces_bwd(int type, int kind, void *dX, const fm_rows *x_shape, const void *X, const void *dY,
                   const fm_rows *y_shape);
void fm_trainable_fwd(int type, int kind, void *Y, const void *X, const void *Theta, int64_t parameters, int shared,
                      int64_t n, int64_t m, int64_t capacity);
void fm_trainable_bwd(int type, int kind, void *dX, void *dTheta, const void *X, const void *dY, const void *Theta,
                      int64_t parameters, int shared, int64_t n, int64_t m, int64_t capacity);
void fm_trainable_fold(int type, void *dShared, const void *dTheta, int64_t parameters, int64_t m, int64_t capacity);

/* ---- losses (kernels/losses.h, row_losses.h) -------------------------------------------------------------------------
 * Each of n samples has k predictions and as many targets, or one label in 0 … k-1 (kinds whose traits are 1; the one
 * that is not looked at is NULL). loss (n) is unweighted; d = scale[i] · ∂loss[i]/∂pred, or NULL; scale NULL: ones. */
void fm_loss(int type, int kind, void *loss, void *d, const void *pred, const void *target, const int32_t *labels,
             const void *scale, const fm_rows *shape, const double *params);
/* The same for k rows of n samples, ld elements apart: a sample to each column; 0, and nothing done, for kinds that have
 * no such form. */
int fm_loss_block(int type, int kind, void *loss, void *d, const void *pred, const void *target, const void *scale,
                  int64_t n, int64_t k, int64_t ld, const double *params);

/* Σ w[i]·loss[i], in double and in the order of the rows, divided by 1, by n (not by Σw) or by Σw; 0 where that divisor
 * is 0. weights NULL: ones. */
enum { FM_REDUCE_SUM, FM_REDUCE_BATCH, FM_REDUCE_WEIGHTS, FM_REDUCE_ALL };
double fm_loss_reduce(int type, int reduction, const void *loss, const void *weights, int64_t n);
void fm_loss_weigh(int type, void *weighted, const void *loss, const void *weights, int64_t n); /* w[i]·loss[i] */

/* ---- metrics (kernels/metrics.h) ---------------------------------------------------------------------------------------
 * A metric's state is added to batch by batch; what it comes to is worked out by its owner. Kinds whose traits are 1 take
 * labels, the others a target laid out as the prediction; the one that is not looked at is NULL. */
typedef struct fm_metric {
    int kind;
    int weighted; /* 0: weights are passed over */
    double params[FM_PARAMS];
    const double *thresholds; /* ascending; NULL when there are none */
    int64_t threshold_count;
    double *state; /* fm_metric_size of them */
} fm_metric;
int64_t fm_metric_size(int kind, const double *params, int64_t threshold_count, int64_t k);
/* weights: one a row, NULL: all 1; scratch: shape->n elements of the type. */
void fm_metric_rows(int type, const fm_metric *m, const void *prediction, const void *target, const int32_t *labels,
                    const double *weights, const fm_rows *shape, void *scratch);

/* ---- optimizers (kernels/optimizers.h) -------------------------------------------------------------------------------
 * In a step, in this order: the gradient of l1·Σ|w| + l2·Σw² is added to g; g is scaled (by grad_scale, by what
 * clip_norm asks for) and clipped to ±clip_value; w loses learning_rate · weight_decay of itself or, if `coupled`, g gains
 * weight_decay · w; the optimizer's own rule. What is 0 (grad_scale: 1) is left out. The norm of clip_norm is this one array's, regularisation included;
 * global_clip_norm speaks of all arrays together: whoever has them sums fm_sum_squares_of_gradient over them in their
 * order and passes fm_global_clip_scale of the total as grad_scale. */
typedef struct fm_optimizer {
    int kind;
    double params[FM_PARAMS];
    double learning_rate, weight_decay, clip_value, clip_norm, global_clip_norm;
    int coupled; /* weight decay by the gradient */
} fm_optimizer;
/* Step 1, 2, … in place on w and the slots, flat arrays of n elements. */
void fm_optimizer_step(int type, const fm_optimizer *o, int64_t step, void *w, const void *g, void *const *slots,
                       int64_t n, double l1, double l2, double grad_scale);
double fm_optimizer_start(int type, int kind, int slot, const double *params); /* what a slot is filled with at first */

/* min(1, limit/norm) from the sum of squares. As in Keras a NaN norm gives NaN, and an infinite one gives 0 for a single
 * array, NaN for all together. */
double fm_clip_scale(double sum_squares, double limit);
double fm_global_clip_scale(double sum_squares, double limit);

/* ---- sums and constraints (kernels/sums.h, kernels/constraints.h) -------------------------------------------------------
 * Sums run in an order that depends on n alone. */
double fm_sum_abs(int type, const void *x, int64_t n);
double fm_sum_squares(int type, const void *x, int64_t n);
/* Σ(g + l1·sign(w) + 2·l2·w)²; w is not read when l1 = l2 = 0 */
double fm_sum_squares_of_gradient(int type, const void *g, const void *w, int64_t n, double l1, double l2);
double fm_penalty(int type, const void *w, int64_t n, double l1, double l2); /* l1·Σ|w| + l2·Σw² */
/* Holds W (rows, cols) to a constraint, in place. axis 0: each column's norm, axis 1: each row's. */
void fm_constrain(int type, int kind, void *W, int64_t rows, int64_t cols, int axis, const double *params);

/* ---- reductions (kernels/reduce.h) ----------------------------------------------------------------------------------
 * One result for each row, an int64_t when the entry's traits say so. */
void fm_reduce_rows(int type, int kind, void *out, const void *X, const fm_rows *shape);
/* The same over all n elements of a flat array: chunks, then their results. Not for kinds that return an index. */
fm_status fm_reduce_all(int type, int kind, double *out, const void *X, int64_t n);
void fm_column_sums(int type, void *out, const void *X, const fm_rows *shape); /* out[j] = Σ_i X[i][j] */

/* ---- normalisation ----------------------------------------------------------------------------------------------------------------
 * mean, r = 1/√(variance + epsilon) and dgamma, dbeta are outputs of a column's (batch) or a row's (layer: mean and r)
 * length. gamma and beta may be NULL. dX may be dY. */

/* training: moments of the batch, which also move the moving ones; else the moving ones are used, and stay. What moves the
 * moving variance is biased as that of the batch, or `unbiased`, n/(n-1) times it for n > 1 rows. */
void fm_batch_norm_fwd(int type, void *Y, void *mean, void *r, void *moving_mean, void *moving_variance, const void *X,
                       const void *gamma, const void *beta, const fm_rows *shape, double momentum, double epsilon,
                       int unbiased, int training);
void fm_batch_norm_bwd(int type, void *dX, void *dgamma, void *dbeta, const void *dY, const void *X, const void *mean,
                       const void *r, const void *gamma, const fm_rows *shape, int training);
void fm_layer_norm_fwd(int type, void *Y, void *mean, void *r, const void *X, const void *gamma, const void *beta,
                       const fm_rows *shape, double epsilon);
void fm_layer_norm_bwd(int type, void *dX, void *dgamma, void *dbeta, const void *dY, const void *X, const void *mean,
                       const void *r, const void *gamma, const fm_rows *shape);
/* Y = X / max(|X|, epsilon) by rows */
void fm_unit_norm_fwd(int type, void *Y, const void *X, const fm_rows *shape, double epsilon);
void fm_unit_norm_bwd(int type, void *dX, const void *dY, const void *X, const fm_rows *shape, double epsilon);
/* Mean and biased variance of each column of data of any type, in double. */
fm_status fm_feature_moments(double *mean, double *variance, const fm_view *X);

/* ---- random numbers, dropout and noise -----------------------------------------------------------------------------------------------
 * Every number is a pure function of its place in a stream (kernels/random.h): the same whatever the tile, the thread
 * or the layout, and backward draws again what forward drew. */
typedef struct fm_draw {
    uint64_t seed;
    uint32_t stream;  /* which user of the seed: a layer, the shuffle, … */
    uint64_t step;    /* which batch or epoch, below 2^56 */
    int64_t row, col; /* the first element of a block */
} fm_draw;
void fm_random_words(uint32_t *out, int64_t rows, int64_t cols, const fm_draw *at);
void fm_fill(int type, int kind, void *X, const fm_rows *shape, const double *params, const fm_draw *at);
void fm_noise_fwd(int type, int kind, void *Y, const void *X, const fm_rows *shape, const double *params,
                  const fm_draw *at);
void fm_noise_bwd(int type, int kind, void *dX, const void *dY, const fm_rows *shape, const double *params,
                  const fm_draw *at);
/* In sequence from the start of (seed, stream, step): n integers of [0, below), none more likely than another, and a
 * permutation of 0 … n-1. */
void fm_random_integers(int64_t *out, int64_t n, int64_t below, const fm_draw *at);
void fm_random_permutation(int64_t *out, int64_t n, const fm_draw *at);

/* ---- programs (framework/network.c, op.c, train.c, infer.c) -----------------------------------------------------------
 * A program is a list of operations on the rows of a batch, lowered once into a network: weights, optimizer state and
 * one arena. fm_network_train then runs many steps in a parallel region, without allocating, converting or copying
 * anything but the rows of each batch. Training, evaluation and prediction run on the same program. */
#define FM_OPS(X)                                                                                             \
    X(dense)          /* W (k,m), b; kind: the elementwise activation; noise may follow */                    \
    X(activation)     /* kind: an elementwise one */                                                          \
    X(noise)          /* kind; in training only */                                                            \
    X(row_activation) /* kind */                                                                              \
    X(trainable)      /* kind; W (count,m), or (count,1) when shared */                                       \
    X(pieces)         /* kind; k = a whole number of times m */                                               \
    X(batch_norm)     /* params: momentum, epsilon, unbiased; W gamma, b beta, both optional; both moments */ \
    X(layer_norm)     /* params: epsilon; W gamma, b beta, both optional */                                   \
    X(unit_norm)      /* params: epsilon */                                                                   \
    X(affine)         /* (x - shift) · scale + b; its numbers are set as parts and never trained */           \
    X(activity)       /* params: l1, l2; passes on what comes, at the price of l1·Σ|x| + l2·Σx² a row */
#define FM_OP_ENUM(name) FM_OP_##name,
enum { FM_OPS(FM_OP_ENUM) FM_OP_COUNT };
#undef FM_OP_ENUM

typedef struct fm_program_weights { /* what training does to W or to b */
    double l1, l2, constraint_params[FM_PARAMS];
    int constraint, axis; /* kind, -1: none; 0: the norm of each column of W, 1: of each row (a bias is one row) */
    int spared;           /* from weight decay */
} fm_program_weights;

typedef struct fm_program_op {
    int op, kind;  /* FM_OP_…, and which of its family */
    int64_t units; /* columns of what it gives */
    int64_t count; /* trainable: rows of W */
    int use_weights, use_bias, shared, frozen;
    int noise; /* kind, -1: none. Follows a dense layer's activation, in training only. */
    int bf16;  /* dense, in float32: its products take operands rounded to bfloat16 */
    double params[FM_PARAMS], noise_params[FM_PARAMS];
    uint64_t seed; /* of its draws */
    fm_program_weights W, b;
} fm_program_op;

typedef struct fm_program {
    int type;
    int64_t inputs, batch, count; /* batch: the most rows of a step; count: of operations, at least 1 */
    const fm_program_op *ops;
    int output;       /* a row activation after the last operation; -1: none */
    int loss, logits; /* logits: the loss takes what comes before the last activation, output or else a dense layer's */
    int reduction;    /* FM_REDUCE_…, of a batch's losses; labels below 0 are not in the count */
    int shows;        /* keep each batch's prediction, for metrics */
    int sparse;       /* x of its runs and predictions is of sparse rows; the first operation is dense, and not bf16 */
    double output_params[FM_PARAMS], loss_params[FM_PARAMS];
    fm_optimizer optimizer;
    double ema_momentum;   /* > 0: a moving average of all weights is kept … */
    int64_t ema_overwrite; /* … and takes their place every so many steps; 0: never */
} fm_program;

typedef struct fm_run {
    fm_view x, target;           /* target.data NULL: labels are used */
    const int32_t *labels;       /* one class a row of x */
    int ignores;                 /* some labels may be below 0 */
    const double *sample_weight; /* one a row of x; NULL: all 1 */
    const int64_t *index;        /* the order of the rows; NULL: as they come */
    const double *rates;         /* learning rates, one for each step since steps was 0; NULL: the network's */
    const fm_metric *metrics;    /* what else is added up, over predictions and targets */
    int64_t metric_count;
    int64_t n, batch, at; /* rows in the order, rows a step, rows done (moved on) */
    int64_t most_steps;   /* stop after this many … */
    double seconds;       /* … or this long (<= 0: no limit), always between steps */
    double loss;          /* Σ batch's loss · rows, penalties included; added to */
    double penalty;       /* of that the penalties of weights and activities; added to */
    int64_t steps;        /* steps done, added to */
} fm_run;

typedef struct fm_network fm_network;
fm_status fm_network_new(fm_network **net, const fm_program *program);
void fm_network_free(fm_network *net);
/* Rows and columns of a part of an operation; 0 when it has none. */
int fm_network_part(const fm_network *net, int64_t op, int part, int64_t *rows, int64_t *cols);
void fm_network_write(fm_network *net, int64_t op, int part, const void *values);
void fm_network_read(const fm_network *net, int64_t op, int part, void *values);
const char *fm_network_path(const fm_network *net); /* "plain", "tiny" or "sharded", by the program alone */
int64_t fm_network_bytes(const fm_network *net);    /* of weights, state and all buffers */
int64_t fm_network_step(const fm_network *net);
void fm_network_set_step(fm_network *net, int64_t step);
void fm_network_set_learning_rate(fm_network *net, double learning_rate);
void fm_network_train(fm_network *net, fm_run *run);
/* Y for the rows that index names (NULL: the first n of x), row-major. */
fm_status fm_network_predict(fm_network *net, void *Y, const fm_view *x, const int64_t *index, int64_t n);
/* The loss of each row of the run, unweighted; its metrics are added to, and to row_price (NULL: not wanted) what
 * activities ask for each row. */
fm_status fm_network_evaluate(fm_network *net, void *row_loss, double *row_price, const fm_run *run);
/* l1·Σ|w| + l2·Σw² over all weights that are trained. */
double fm_network_penalty(fm_network *net);
/* Y of the run's rows (at most a batch) as training makes them: with noise, and batch moments that move the moving
 * ones. */
void fm_network_forward(fm_network *net, void *Y, const fm_run *run);
/* What the last step predicted, n rows of it; only with `shows`. */
void fm_network_shown(const fm_network *net, void *Y, int64_t n);
