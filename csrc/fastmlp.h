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
/* ---- losses (kernels/losses.h, row_losses.h) -------------------------------------------------------------------------
 * Each of n samples has k predictions and as many targets, or one label in 0 … k-1 (kinds whose traits are 1; the one
 * that is not looked at is NULL). loss (n) is unweighted; d = scale[i] · ∂loss[i]/∂pred, or NULL; scale NULL: ones.
 * Element j of sample i lies at  i·rs + (j/32)·cs + j%32: rs = k, cs = 32 row-major; rs = 32, cs = 32·n in panels. */
void fm_loss(int type, int kind, void *loss, void *d, const void *pred, const void *target, const int32_t *labels,
             const void *scale, int64_t n, int64_t k, int64_t rs, int64_t cs, const double *params);
/* The same for pred (k, n), a sample to each column; 0, and nothing done, for kinds that have no such form. */
int fm_loss_block(int type, int kind, void *loss, void *d, const void *pred, const void *target, const void *scale,
                  int64_t n, int64_t k, const double *params);

/* Σ w[i]·loss[i], in double and in the order of the rows, divided by 1, by n (not by Σw) or by Σw; 0 where that divisor
 * is 0. weights NULL: ones. */
enum { FM_REDUCE_SUM, FM_REDUCE_BATCH, FM_REDUCE_WEIGHTS };
double fm_loss_reduce(int type, int reduction, const void *loss, const void *weights, int64_t n);
void fm_loss_weigh(int type, void *weighted, const void *loss, const void *weights, int64_t n); /* w[i]·loss[i] */

/* ---- optimizers ---------------------------------------------------------------------------------------------------------------- */
/* ---- reductions and constraints -------------------------------------------------------------------------------------------------- */
/* ---- normalisation ----------------------------------------------------------------------------------------------------------------- */
/* ---- random numbers, dropout and noise ------------------------------------------------------------------------------------------------ */
