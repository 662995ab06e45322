/* loss.c: losses over a batch, split among threads by rows, and their reduction. */
#include "internal.h"

static void *at(void *p, int64_t bytes) { return p ? (char *)p + bytes : 0; }
static const void *read_at(const void *p, int64_t bytes) { return p ? (const char *)p + bytes : 0; }

void fm_loss_rows(int type, int kind, void *loss, void *d, const void *pred, const void *target, const int32_t *labels,
                  const void *scale, const fm_rows *shape, int64_t lo, int64_t hi, const double *params) {
    const int64_t size = fm_element_size(type), row = lo * shape->rs * size;
    const fm_rows part = {hi - lo, shape->k, shape->rs, shape->cs};
    fm_table(type)->losses[kind].rows(at(loss, lo * size), at(d, row), read_at(pred, row), read_at(target, row),
                                      labels ? labels + lo : 0, read_at(scale, lo * size), &part, params);
}

typedef struct {
    int type, kind;
    void *loss, *d;
    const void *pred, *target, *scale;
    const int32_t *labels;
    fm_rows shape;
    const double *params;
} job;

enum { CHUNK = 64 }; /* rows */

static void rows_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    fm_loss_rows(j->type, j->kind, j->loss, j->d, j->pred, j->target, j->labels, j->scale, &j->shape, lo * CHUNK,
                 fm_min64(hi * CHUNK, j->shape.n), j->params);
}

void fm_loss(int type, int kind, void *loss, void *d, const void *pred, const void *target, const int32_t *labels,
             const void *scale, int64_t n, int64_t k, int64_t rs, int64_t cs, const double *params) {
    const double ns = 15 + 1.0 * (double)k; /* a row of a costly loss */
    job j = {type, kind, loss, d, pred, target, scale, labels, {n, k, rs, cs}, params};
    fm_parallel((n + CHUNK - 1) / CHUNK, ns * CHUNK, rows_range, &j);
}

static void block_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    const int64_t size = fm_element_size(j->type), o = lo * CHUNK * size;
    hi = fm_min64(hi * CHUNK, j->shape.n);
    fm_table(j->type)->losses[j->kind].block(at(j->loss, o), at(j->d, o), read_at(j->pred, o), read_at(j->target, o),
                                             read_at(j->scale, o), j->shape.k, hi - lo * CHUNK, j->shape.rs, j->params);
}

int fm_loss_block(int type, int kind, void *loss, void *d, const void *pred, const void *target, const void *scale,
                  int64_t n, int64_t k, int64_t ld, const double *params) {
    if (!fm_table(type)->losses[kind].block) return 0;
    job j = {type, kind, loss, d, pred, target, scale, 0, {n, k, ld, 0}, params};
    fm_parallel((n + CHUNK - 1) / CHUNK, (double)k * CHUNK, block_range, &j);
    return 1;
}

static double element(int type, const void *x, int64_t i) {
    return type == FM_F64 ? ((const double *)x)[i] : ((const float *)x)[i];
}

double fm_loss_reduce(int type, int reduction, const void *loss, const void *weights, int64_t n) {
    double sum = 0, weight = 0;
    for (int64_t i = 0; i < n; i++) {
        const double w = weights ? element(type, weights, i) : 1;
        sum += w * element(type, loss, i);
        weight += w;
    }
    const double divisor = reduction == FM_REDUCE_SUM ? 1 : reduction == FM_REDUCE_BATCH ? (double)n : weight;
    return divisor == 0 ? 0 : sum / divisor;
}

void fm_loss_weigh(int type, void *weighted, const void *loss, const void *weights, int64_t n) {
    if (type == FM_F64)
        for (int64_t i = 0; i < n; i++)
            ((double *)weighted)[i] = ((const double *)weights)[i] * ((const double *)loss)[i];
    else
        for (int64_t i = 0; i < n; i++) ((float *)weighted)[i] = ((const float *)weights)[i] * ((const float *)loss)[i];
}
