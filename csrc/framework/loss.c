/* loss.c: losses over a batch, split among threads by rows, and their reduction. */
#include "internal.h"

static void *at(void *p, int64_t bytes) { return p ? (char *)p + bytes : 0; }
static const void *read_at(const void *p, int64_t bytes) { return p ? (const char *)p + bytes : 0; }

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
    const int64_t size = fm_element_size(j->type), first = lo * CHUNK, row = first * j->shape.rs * size;
    fm_rows part = j->shape;
    part.n = fm_min64(hi * CHUNK, j->shape.n) - first;
    fm_table(j->type)->losses[j->kind].rows(at(j->loss, first * size), at(j->d, row), read_at(j->pred, row),
                                            read_at(j->target, row), j->labels ? j->labels + first : 0,
                                            read_at(j->scale, first * size), &part, j->params);
}

void fm_loss(int type, int kind, void *loss, void *d, const void *pred, const void *target, const int32_t *labels,
             const void *scale, const fm_rows *shape, const double *params) {
    const double ns = 15 + 1.0 * (double)shape->k; /* a row of a costly loss */
    job j = {type, kind, loss, d, pred, target, scale, labels, *shape, params};
    fm_parallel((shape->n + CHUNK - 1) / CHUNK, ns * CHUNK, rows_range, &j);
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

double fm_loss_reduce(int type, int reduction, const void *loss, const void *weights, int64_t n) {
    const uint64_t mode = fm_float_mode_enter();
    double sum = 0, weight = 0;
    for (int64_t i = 0; i < n; i++) {
        const double w = weights ? fm_get_element(type, weights, i) : 1;
        sum += w * fm_get_element(type, loss, i);
        weight += w;
    }
    const double divisor = reduction == FM_REDUCE_SUM ? 1 : reduction == FM_REDUCE_BATCH ? (double)n : weight;
    const double reduced = divisor == 0 ? 0 : sum / divisor;
    fm_float_mode_leave(mode);
    return reduced;
}

void fm_loss_weigh(int type, void *weighted, const void *loss, const void *weights, int64_t n) {
    const uint64_t mode = fm_float_mode_enter();
    if (type == FM_F64)
        for (int64_t i = 0; i < n; i++)
            ((double *)weighted)[i] = ((const double *)weights)[i] * ((const double *)loss)[i];
    else
        for (int64_t i = 0; i < n; i++) ((float *)weighted)[i] = ((const float *)weights)[i] * ((const float *)loss)[i];
    fm_float_mode_leave(mode);
}
