/* constraint.c: constraints on row-major weights, split among threads by columns or by rows. */
#include "internal.h"

typedef struct {
    int type;
    const fm_constraint_kernel *k;
    char *w;
    int64_t rows, cols;
    const double *params;
} job;

static void columns_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    int64_t first = lo * FM_PANEL, cols = fm_min64(hi * FM_PANEL, j->cols) - first;
    j->k->columns(j->w + first * fm_element_size(j->type), j->rows, cols, j->cols, j->params);
}
static void rows_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    fm_rows shape = {.n = hi - lo, .k = j->cols, .rs = j->cols, .cs = FM_PANEL};
    j->k->rows(j->w + lo * j->cols * fm_element_size(j->type), &shape, j->params);
}

void fm_constrain(int type, int kind, void *W, int64_t rows, int64_t cols, int axis, const double *params) {
    job j = {type, &fm_table(type)->constraints[kind], W, rows, cols, params};
    const double ns = 0.5; /* an element: read twice, written once */
    if (axis == 0)
        fm_parallel(fm_panels(cols), ns * (double)rows * FM_PANEL, columns_range, &j);
    else
        fm_parallel(rows, ns * (double)cols, rows_range, &j);
}
