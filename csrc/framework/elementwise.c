/* elementwise.c: flat arrays, split among threads in whole chunks. */
#include "internal.h"

enum { CHUNK = 1024 }; /* elements; a multiple of every vector width */

typedef struct {
    const fm_kernels *k;
    int kind;
    char *out;
    const char *a, *b;
    int64_t n, size;
    const double *params;
} job;

static int64_t clip_range(const job *j, int64_t *lo, int64_t *hi) {
    *lo *= CHUNK;
    *hi = fm_min64(*hi * CHUNK, j->n);
    return *hi - *lo;
}

static void vmath_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    int64_t n = clip_range(j, &lo, &hi);
    j->k->vmath[j->kind].fn(j->out + lo * j->size, j->a + lo * j->size, n);
}
static void fwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    int64_t n = clip_range(j, &lo, &hi), o = lo * j->size;
    j->k->activations[j->kind].fwd(j->out + o, j->a + o, 1, n, n, j->params);
}
static void bwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    int64_t n = clip_range(j, &lo, &hi), o = lo * j->size;
    j->k->activations[j->kind].bwd(j->out + o, j->a + o, j->b + o, 1, n, n, j->params);
}

static void run(fm_range_fn *fn, job *j) {
    const double ns = 1.0; /* an element of a costly function */
    fm_parallel((j->n + CHUNK - 1) / CHUNK, ns * CHUNK, fn, j);
}

void fm_vmath(int type, int kind, void *y, const void *x, int64_t n) {
    run(vmath_range, &(job){fm_table(type), kind, y, x, 0, n, fm_element_size(type), 0});
}
void fm_activation_fwd(int type, int kind, void *Y, const void *Z, int64_t n, const double *params) {
    run(fwd_range, &(job){fm_table(type), kind, Y, Z, 0, n, fm_element_size(type), params});
}
void fm_activation_bwd(int type, int kind, void *dZ, const void *saved, const void *dY, int64_t n,
                       const double *params) {
    run(bwd_range, &(job){fm_table(type), kind, dZ, saved, dY, n, fm_element_size(type), params});
}
