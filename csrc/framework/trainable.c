/* trainable.c: activations that learn. Threads share the columns, never the rows of one: each parameter's gradient is
 * one sum over the batch from row 0 up. */
#include "internal.h"

typedef struct {
    const fm_kernels *k;
    int kind;
    char *out, *dtheta;
    const char *x, *dy, *theta;
    fm_parameters shape;
    int64_t n, m, capacity, size;
} job;

/* The 32 columns from 32·p on: where they start in x and in the parameters, and the stride of their rows. */
typedef struct {
    int64_t cols, ld, x, theta, dtheta;
} part;

static part columns_of(const job *j, int64_t p) {
    part c = {.cols = fm_min64(FM_PANEL, j->m - p * FM_PANEL)};
    int64_t panel = p * FM_PANEL * j->size;
    c.ld = j->capacity ? FM_PANEL : j->m;
    c.x = j->capacity ? panel * j->capacity : panel;
    c.dtheta = j->capacity ? panel * j->shape.rows : panel;
    c.theta = j->shape.shared ? 0 : c.dtheta;
    return c;
}

static void fwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    for (int64_t p = lo; p < hi; p++) {
        part c = columns_of(j, p);
        j->k->trainables[j->kind].fwd(j->out + c.x, j->x + c.x, j->theta + c.theta, &j->shape, j->n, c.cols, c.ld);
    }
}
static void bwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    for (int64_t p = lo; p < hi; p++) {
        part c = columns_of(j, p);
        j->k->trainables[j->kind].bwd(j->out + c.x, j->dtheta + c.dtheta, j->x + c.x, j->dy + c.x, j->theta + c.theta,
                                      &j->shape, j->n, c.cols, c.ld);
    }
}

static fm_parameters parameters_of(int64_t rows, int shared, int64_t m, int64_t capacity) {
    if (capacity) return (fm_parameters){rows, FM_PANEL, FM_PANEL, shared};
    return (fm_parameters){rows, shared ? 1 : m, m, shared};
}
static void run(fm_range_fn *fn, job *j) {
    const double ns = 1.0; /* an element of a costly function */
    fm_parallel(fm_panels(j->m), ns * FM_PANEL * (double)j->n, fn, j);
}

void fm_trainable_fwd(int type, int kind, void *Y, const void *X, const void *Theta, int64_t parameters, int shared,
                      int64_t n, int64_t m, int64_t capacity) {
    run(fwd_range, &(job){fm_table(type), kind, Y, 0, X, 0, Theta, parameters_of(parameters, shared, m, capacity), n, m,
                          capacity, fm_element_size(type)});
}
void fm_trainable_bwd(int type, int kind, void *dX, void *dTheta, const void *X, const void *dY, const void *Theta,
                      int64_t parameters, int shared, int64_t n, int64_t m, int64_t capacity) {
    run(bwd_range, &(job){fm_table(type), kind, dX, dTheta, X, dY, Theta,
                          parameters_of(parameters, shared, m, capacity), n, m, capacity, fm_element_size(type)});
}

typedef struct {
    const fm_kernels *k;
    char *out;
    const char *dtheta;
    fm_rows shape;
    int64_t out_ld, size;
} fold_job;

static void fold_range(void *context, int64_t lo, int64_t hi) {
    const fold_job *j = context;
    fm_rows s = {hi - lo, j->shape.k, j->shape.rs, j->shape.cs};
    j->k->sum_rows(j->out + lo * j->out_ld * j->size, j->out_ld, j->dtheta + lo * s.rs * j->size, &s);
}
void fm_trainable_fold(int type, void *dShared, const void *dTheta, int64_t parameters, int64_t m, int64_t capacity) {
    fm_rows s = {parameters, m, capacity ? FM_PANEL : m, capacity ? FM_PANEL * parameters : FM_PANEL};
    fold_job j = {fm_table(type), dShared, dTheta, s, capacity ? FM_PANEL : 1, fm_element_size(type)};
    fm_parallel(parameters, 0.1 * (double)m, fold_range, &j);
}
