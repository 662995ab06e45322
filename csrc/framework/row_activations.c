/* row_activations.c: activations that see a row at a time, and those that fold its columns; threads share the rows. */
#include "internal.h"

enum { GROUP = 32 }; /* rows; a whole number of vectors, so that few columns never start in the middle of one */

typedef struct {
    const fm_kernels *k;
    int kind;
    char *out;
    const char *a, *b;
    fm_rows shape, narrow; /* of Z, or of X and Y where their widths differ */
    int64_t size;
    const double *params;
} job;

static fm_rows some(const fm_rows *all, int64_t lo, int64_t hi) {
    return (fm_rows){fm_min64(hi * GROUP, all->n) - lo * GROUP, all->k, all->rs, all->cs};
}
static int64_t start(const job *j, const fm_rows *shape, int64_t lo) { return lo * GROUP * shape->rs * j->size; }

static void rows_fwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    fm_rows s = some(&j->shape, lo, hi);
    int64_t o = start(j, &s, lo);
    j->k->row_activations[j->kind].fwd(j->out + o, j->a + o, &s, j->params);
}
static void rows_bwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    fm_rows s = some(&j->shape, lo, hi);
    int64_t o = start(j, &s, lo);
    j->k->row_activations[j->kind].bwd(j->out + o, j->a + o, j->b + o, &s, j->params);
}
static void pieces_fwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    fm_rows x = some(&j->shape, lo, hi), y = some(&j->narrow, lo, hi);
    j->k->pieces[j->kind].fwd(j->out + start(j, &y, lo), &y, j->a + start(j, &x, lo), &x);
}
static void pieces_bwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    fm_rows x = some(&j->shape, lo, hi), y = some(&j->narrow, lo, hi);
    int64_t o = start(j, &x, lo);
    j->k->pieces[j->kind].bwd(j->out + o, &x, j->a + o, j->b + start(j, &y, lo), &y);
}

static void run(fm_range_fn *fn, job *j) {
    const double ns_row = 4, ns = 0.5; /* softmax of 10 columns takes about 3 ns a row, of many 0.5 ns an element */
    if (j->shape.k) fm_parallel((j->shape.n + GROUP - 1) / GROUP, GROUP * (ns_row + ns * (double)j->shape.k), fn, j);
}

void fm_row_activation_fwd(int type, int kind, void *Y, const void *Z, const fm_rows *shape, const double *params) {
    run(rows_fwd_range, &(job){fm_table(type), kind, Y, Z, 0, *shape, *shape, fm_element_size(type), params});
}
void fm_row_activation_bwd(int type, int kind, void *dZ, const void *Y, const void *dY, const fm_rows *shape,
                           const double *params) {
    run(rows_bwd_range, &(job){fm_table(type), kind, dZ, Y, dY, *shape, *shape, fm_element_size(type), params});
}

void fm_pieces_fwd(int type, int kind, void *Y, const fm_rows *y_shape, const void *X, const fm_rows *x_shape) {
    run(pieces_fwd_range, &(job){fm_table(type), kind, Y, X, 0, *x_shape, *y_shape, fm_element_size(type), 0});
}
void fm_pieces_bwd(int type, int kind, void *dX, const fm_rows *x_shape, const void *X, const void *dY,
                   const fm_rows *y_shape) {
    run(pieces_bwd_range, &(job){fm_table(type), kind, dX, X, dY, *x_shape, *y_shape, fm_element_size(type), 0});
}
