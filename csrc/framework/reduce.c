/* reduce.c: sums and maxima of rows, of columns and of everything. */
#include "internal.h"

enum { CHUNK = 4096 }; /* elements that make one partial result of a flat array: part of the order of its sum */

typedef struct {
    const fm_kernels *k;
    int kind;
    char *out;
    const char *x;
    const fm_rows *shape;
    int64_t size, out_size;
} job;

static void rows_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    fm_rows part = *j->shape;
    part.n = hi - lo;
    j->k->reductions[j->kind].rows(j->out + lo * j->out_size, j->x + lo * part.rs * j->size, &part);
}

void fm_reduce_rows(int type, int kind, void *out, const void *X, const fm_rows *shape) {
    const fm_kernels *k = fm_table(type);
    int64_t size = fm_element_size(type);
    job j = {k, kind, out, X, shape, size, k->reductions[kind].index ? (int64_t)sizeof(int64_t) : size};
    fm_parallel(shape->n, 5 + 0.2 * (double)shape->k, rows_range, &j);
}

fm_status fm_reduce_all(int type, int kind, double *out, const void *X, int64_t n) {
    int64_t size = fm_element_size(type), whole = n / CHUNK, parts = whole + (n % CHUNK != 0);
    char *partial = fm_alloc(parts + 1, size); /* and the result */
    if (!partial) return FM_NO_MEMORY;
    void *result = partial + parts * size;
    fm_rows chunks = {whole, CHUNK, CHUNK, FM_PANEL}, rest = {parts - whole, n % CHUNK, n % CHUNK, FM_PANEL};
    fm_rows together = {1, parts, parts, FM_PANEL};
    fm_reduce_rows(type, kind, partial, X, &chunks);
    fm_reduce_rows(type, kind, partial + whole * size, (const char *)X + whole * CHUNK * size, &rest);
    fm_reduce_rows(type, kind, result, partial, &together);
    *out = type == FM_F64 ? *(double *)result : (double)*(float *)result;
    fm_free(partial);
    return FM_OK;
}

static void columns_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    const fm_rows *s = j->shape;
    for (int64_t p = lo; p < hi; p++)
        j->k->column_sum(j->out + p * FM_PANEL * j->size, j->x + p * s->cs * j->size, s->n,
                         fm_min64(FM_PANEL, s->k - p * FM_PANEL), s->rs, 0);
}

void fm_column_sums(int type, void *out, const void *X, const fm_rows *shape) {
    job j = {fm_table(type), 0, out, X, shape, fm_element_size(type), 0};
    fm_parallel(fm_panels(shape->k), 5 + 3.0 * (double)shape->n, columns_range, &j);
}
