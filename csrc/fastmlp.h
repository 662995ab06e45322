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
    FM_I64,
    FM_TYPES
} fm_type;

typedef enum { FM_OK = 0, FM_NO_MEMORY, FM_BAD_INDEX } fm_status;

#define FM_PARAMS 8 /* the most parameters one kernel takes */
#define FM_SLOTS 4  /* the most state slots one optimizer keeps */

/* ---- levels: which instruction set runs (framework/dispatch.c) ------------------------------------------------- */
int fm_level_count(void);
const char *fm_level_name(int level);
int fm_level_usable(int level);         /* does this CPU (and its OS) run it? */
int fm_level_chosen(void);              /* the one in use */
void fm_level_choose(int level);        /* not while another thread computes */
const char *fm_compiler(void);
int fm_openmp_version(void);            /* the _OPENMP date, 0 when built without */

/* ---- threads (framework/team.c) ---------------------------------------------------------------------------------- */
void fm_threads_set(int threads); /* 0: follow OMP_NUM_THREADS and the machine */
int fm_threads_wanted(void); /* what was set */
int fm_threads_get(void);    /* what a call would use */
void fm_threads_grain(double ns); /* least work a thread is started for; < 0: the measured default; tests set 0 */
int fm_threads_forked(void); /* 1 in a child that lost its parent's threads: it computes on one */

/* ---- registries: what is compiled in ------------------------------------------------------------------------------
 * family: "activation", "row_activation", "loss", "optimizer", "vmath", …; params: comma-separated names in the order
 * the `params` array of a call takes them; traits: what else the door must know, family by family. */
typedef struct fm_entry {
    const char *name, *params;
    int64_t traits;
} fm_entry;
int fm_registry(fm_entry *entry, const char *family, int64_t i); /* 0 when there is no i-th entry */

/* ---- views: a user's matrix, taken as it is ------------------------------------------------------------------------
 * Element (i, j) lies at data + i·row_stride + j·col_stride (bytes); `swapped` marks the other byte order. */
typedef struct fm_view {
    const void *data;
    int64_t rows, cols, row_stride, col_stride;
    int type, swapped;
} fm_view;

/* ---- vector maths (kernels/vmath.h) --------------------------------------------------------------------------------- */
void fm_vmath(int type, int kind, void *y, const void *x, int64_t n);

/* ---- activations (kernels/activations.h) ------------------------------------------------------------------------------
 * Elementwise: Y = f(Z); dZ = f'(·) ∘ dY, where `saved` is Z or Y as the entry's traits say (FM_SAVES_INPUT). */
enum { FM_SAVES_OUTPUT = 0, FM_SAVES_INPUT = 1 };
void fm_activation_fwd(int type, int kind, void *Y, const void *Z, int64_t n, const double *params);
void fm_activation_bwd(int type, int kind, void *dZ, const void *saved, const void *dY, int64_t n,
                       const double *params);

/* ---- dense (framework/dense.c) ------------------------------------------------------------------------------------------ */
/* ---- row and trainable activations ---------------------------------------------------------------------------------------- */
/* ---- losses ------------------------------------------------------------------------------------------------------------------ */
/* ---- optimizers (kernels/optimizers.h) -------------------------------------------------------------------------------
 * In a step, in this order: the gradient of l1·Σ|w| + l2·Σw² is added to g; g is scaled (by grad_scale, by what
 * clip_norm asks for) and clipped to ±clip_value; w loses learning_rate · weight_decay of itself; the optimizer's own
 * rule. What is 0 (grad_scale: 1) is left out. The norm of clip_norm is this one array's, regularisation included;
 * global_clip_norm speaks of all arrays together: whoever has them sums fm_sum_squares_of_gradient over them in their
 * order and passes fm_global_clip_scale of the total as grad_scale. */
typedef struct fm_optimizer {
    int kind;
    double params[FM_PARAMS];
    double learning_rate, weight_decay, clip_value, clip_norm, global_clip_norm;
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

/* ---- normalisation ----------------------------------------------------------------------------------------------------------------- */
/* ---- random numbers, dropout and noise ------------------------------------------------------------------------------------------------ */
