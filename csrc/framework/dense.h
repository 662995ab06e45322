/* dense.h: one dense layer in panel layout, and its three products as phases of a running team.
 *
 *   X, Y, Z, dZ   activations   [panels of columns][batch][32]
 *   W, slots, dW  weights       [panels of outputs][k][32]
 *   dZt           dZ transposed [batch / 32][columns of all panels][32]
 *
 * Under mixed_bfloat16 the products read rounded copies of these (bf16.c), two numbers to an element along the sum.
 *
 * A phase is called by every thread of the team with its number t and does that thread's share of a grid of tiles which
 * depends on shapes alone. What takes rows r0 … r1-1 may be given any: a row's bits do not depend on the cut. The caller
 * puts a barrier between a phase and the next one that reads what it wrote. */
#pragma once
#include "internal.h"

/* Where a gradient with respect to a layer's input goes: through the derivative of the activation that made that input
 * into dZ and dZt of the layer before, or (activation < 0) as it is into d. */
typedef struct fm_sink {
    char *d, *dt;
    int64_t dt_stride; /* elements from one batch group of dt to the next */
    int activation;
    const double *params;
    const char *saved;
    int noise; /* what followed the activation: drawn again here; < 0: nothing */
    const double *noise_params;
    fm_draw draw;
} fm_sink;

/* Rows that the next step will gather, to be fetched into L2 bit by bit while this one computes (ahead.c). */
typedef struct fm_upcoming {
    const char *data;
    const int64_t *index; /* NULL: rows as they come */
    int64_t row_stride, rows, lines;
} fm_upcoming;
/* Rows lo … hi-1 of the batch after that at run->at, columns c0 … c1-1 of x (the run's features, targets or labels). */
fm_upcoming fm_upcoming_rows(const fm_run *run, const fm_view *x, int64_t lo, int64_t hi, int64_t c0, int64_t c1);
/* Part i of `parts` of them; none for upcoming == NULL. */
void fm_fetch(const fm_upcoming *upcoming, int64_t i, int64_t parts);

/* One operation of a program. Every kind has its weights in W (`depth` rows of `width` columns: k × m for a dense layer,
 * gamma, the parameters of a trainable activation) and b (one row: bias, beta). */
typedef struct fm_op {
    const fm_kernels *kern;
    int64_t size; /* bytes of an element */
    int op;       /* FM_OP_…; what the fields from `kind` on hold, op.c says */
    int64_t k, m, batch;
    int64_t depth, width;
    int activation, use_bias, slots;
    double params[FM_PARAMS];
    char *W, *b, *dW, *db, *slot_W[FM_SLOTS], *slot_b[FM_SLOTS], *ema_W, *ema_b;
    int noise; /* follows the activation; < 0: none */
    double noise_params[FM_PARAMS];
    fm_draw draw;                 /* names this layer's draws of the step under way */
    char *Y, *Z, *out, *dZ, *dZt; /* Z: NULL unless the activation saves its input; out: Y after the noise */
    int64_t dZt_stride;
    int kind, use_weights, frozen, shared;
    char *mean, *r, *moving_mean, *moving_variance, *fold;
    int bf16;
    fm_gemm *gemm;
    char *X_plain, *X_pairs, *W_plain, *W_pairs, *dZ_pairs; /* bf16.c, where dZt too is of pairs */
} fm_op;

/* A block of memory handed out front to back. With base == NULL it only measures. */
typedef struct fm_arena {
    char *base;
    int64_t used;
    int overflow;
} fm_arena;
void *fm_arena_take(fm_arena *arena, int64_t a, int64_t b, int64_t c, int64_t size);

/* Capacity of a batch in panels: whole groups of 32, for tiles are transposed whole. */
static inline int64_t fm_batch_capacity(int64_t n) { return (n + 31) / 32 * 32; }

/* Lays a layer's buffers out. With `gradients`, dW and db get memory too. Needs kern, size, k, m, batch, activation,
 * use_bias and slots; backward buffers only when `train`. */
void fm_dense_layout(fm_op *layer, fm_arena *arena, int train, int gradients);
/* Its weights' part of that, which is the same for every kind. */
void fm_weights_layout(fm_op *op, fm_arena *arena, int train, int gradients);

/* Parts (FM_PART_…) between panels and row-major arrays. */
void fm_weights_set_part(fm_op *layer, int part, const void *values);
void fm_weights_get_part(const fm_op *layer, int part, void *values);

/* Columns of panel p of m, and a count rounded up to the 16 virtual lanes that every kernel fills whole. */
static inline int64_t fm_panel_columns(int64_t m, int64_t p) { return fm_min64(m - p * FM_PANEL, FM_PANEL); }
static inline int64_t fm_whole_lanes(int64_t columns) { return (columns + 15) / 16 * 16; }

/* The product for up to 32 rows of C (ld 32), in tiles of even height. */
void fm_product(const fm_kernels *kern, int a_layout, char *C, const char *A, int64_t a_stride, const char *B,
                int64_t rows, int64_t columns, int64_t k, int resume);

/* Where dX of the layer after this one goes: into this layer's dZ. */
fm_sink fm_dense_sink(const fm_op *layer);

/* What the activation's backward reads. */
static inline char *fm_dense_saved(const fm_op *layer) { return layer->Z ? layer->Z : layer->Y; }

/* Under bf16 two phases: it rounds X, waits, and goes on. */
void fm_dense_forward(const fm_op *layer, const char *X, int64_t n, fm_team *team, int t);
/* The same for rows r0 … r1-1 and all columns, by the calling thread alone; under bf16 not in training. */
void fm_dense_forward_rows(const fm_op *layer, const char *X, int64_t r0, int64_t r1);
/* The end of forward for rows whose sums XW of panel p are known, from row r0 on: bias, activation, noise. */
void fm_dense_finish_rows(const fm_op *layer, char *sums, int64_t p, int64_t r0, int64_t r1);
void fm_dense_backward_data(const fm_op *layer, const fm_sink *sink, int64_t n, const fm_team *team, int t);
/* dW = XᵀdZ and db; with `optimizer` each tile goes straight into the update of its weights, without into dW, db. */
void fm_dense_backward_weights(const fm_op *layer, const char *X, int64_t n, const fm_optimizer_kernel *optimizer,
                               const fm_hyper *for_W, const fm_hyper *for_b, const fm_upcoming *upcoming,
                               const fm_team *team, int t);
/* Parts of it: the tiles u0 … u1-1 of W (u = output panel · input panels + input panel), the bias of output panel p. */
void fm_dense_weights(const fm_op *layer, const char *X, int64_t n, int64_t u0, int64_t u1,
                      const fm_optimizer_kernel *optimizer, const fm_hyper *h, const fm_upcoming *upcoming);
void fm_dense_bias(const fm_op *layer, int64_t p, int64_t n, const fm_optimizer_kernel *optimizer, const fm_hyper *h);
/* The layer's rows of W for input panels p0 … p1-1, as a layer of those inputs. */
fm_op fm_dense_inputs(const fm_op *layer, int64_t p0, int64_t p1);
/* dZ of the last layer from dY, in place, for rows r0 … r1-1. */
void fm_dense_output_gradient(const fm_op *layer, int64_t r0, int64_t r1);
/* dZt from dZ, for a dZ that no backward_data wrote; under bf16, for any, all that the products read of dZ. */
void fm_dense_transpose(const fm_op *layer, int64_t n, const fm_team *team, int t);
/* The update from dW and db, where they were kept. */
void fm_weights_update(const fm_op *op, const fm_optimizer_kernel *optimizer, const fm_hyper *for_W,
                       const fm_hyper *for_b, const fm_team *team, int t);

/* ---- bf16.c: buffers, and the rounding of what products read */
void fm_bf16_layout(fm_op *layer, fm_arena *arena, int train);
void fm_bf16_round_input(const fm_op *layer, const char *X, int64_t n, const fm_team *team, int t);
void fm_bf16_round_input_rows(const fm_op *layer, const char *X, int64_t r0, int64_t r1); /* for forward alone */
void fm_bf16_round_gradient(const fm_op *layer, int64_t n, const fm_team *team, int t);
void fm_bf16_round_weights(const fm_op *layer, int64_t p, int64_t k0, int64_t k1); /* rows k0 (even) … of panel p */
void fm_bf16_round_all_weights(const fm_op *layer, const fm_team *team, int t);

/* ---- sparse.c: a first layer's phases where the run's rows are sparse. The update from dW is fm_weights_update, whose
 * share of rows is that of these two. */
/* Buffer rows r0 … r1-1, which are rows from + r0 … of the run's order. */
void fm_sparse_forward_rows(const fm_op *layer, const fm_run *run, int64_t from, int64_t r0, int64_t r1);
/* dW, which is 0 before, and db of the batch at run->at. */
void fm_sparse_gradient(const fm_op *layer, const fm_run *run, int64_t n, const fm_team *team, int t);
/* dW is 0 again. */
void fm_sparse_clear(const fm_op *layer, const fm_run *run, int64_t n, const fm_team *team, int t);

/* n rows from position `from` of the order (or of x, without an index) into buffer rows at … at+n-1. */
static inline void fm_gather_rows(const fm_kernels *kern, char *panels, int64_t batch, const fm_view *x,
                                  const int64_t *index, int64_t from, int64_t at, int64_t n) {
    fm_view view = *x;
    if (!index) view.data = (const char *)x->data + from * x->row_stride;
    kern->gather(panels + at * FM_PANEL * (kern->bits / 8), batch, &view, index ? index + from : NULL, 0, n);
}
