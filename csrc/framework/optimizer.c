/* optimizer.c: optimizer steps over flat arrays, and what a step derives from an optimizer's settings. */
#include "internal.h"

enum { CHUNK = 1024 }; /* elements; a multiple of every vector width */

void fm_optimizer_prepare(int type, const fm_optimizer *o, int64_t step, fm_hyper *h) {
    *h = (fm_hyper){.grad_scale = 1,
                    .clip_value = o->clip_value > 0 ? o->clip_value : INFINITY,
                    .coupled = o->coupled ? o->weight_decay : 0,
                    .decay = o->coupled ? 0 : o->learning_rate * o->weight_decay};
    fm_table(type)->optimizers[o->kind].prepare(h->c, o->params, o->learning_rate, step);
    fm_hyper_settle(h);
}

double fm_optimizer_start(int type, int kind, int slot, const double *params) {
    return slot == 0 && fm_table(type)->optimizers[kind].start == FM_START_FROM_PARAM ? params[0] : 0;
}

/* norm <= limit is false for NaN */
double fm_clip_scale(double sum_squares, double limit) {
    const uint64_t mode = fm_float_mode_enter();
    const double norm = sqrt(sum_squares), scale = norm <= limit ? 1 : limit / norm;
    fm_float_mode_leave(mode);
    return scale;
}
double fm_global_clip_scale(double sum_squares, double limit) {
    return fm_clip_scale(sum_squares, limit) + (sum_squares - sum_squares); /* 0 or NaN */
}

typedef struct {
    int type;
    const fm_optimizer *o;
    fm_hyper h;
    char *w;
    const char *g;
    void *const *slots;
    int64_t n;
    fm_sum norm;
} job;

static void step_range(const job *j, const fm_hyper *h, int64_t lo, int64_t hi) {
    const fm_optimizer_kernel *k = &fm_table(j->type)->optimizers[j->o->kind];
    int64_t size = fm_element_size(j->type), n = hi - lo;
    void *slots[FM_SLOTS];
    for (int s = 0; s < k->slots; s++) slots[s] = (char *)j->slots[s] + lo * size;
    k->step(j->w + lo * size, j->g + lo * size, slots, 1, n, n, h);
}

static void step_body(void *context, fm_team *team, int t) {
    job *j = context;
    fm_hyper h = j->h;
    int64_t lo, hi;
    if (j->o->clip_norm > 0) {
        fm_share(fm_sum_parts(j->n), t, fm_team_size(team), &lo, &hi);
        fm_sum_range(&j->norm, lo, hi);
        fm_barrier(team, t);
        h.grad_scale *= fm_clip_scale(fm_sum_total(&j->norm) * h.grad_scale * h.grad_scale, j->o->clip_norm);
        fm_hyper_settle(&h);
    }
    fm_share((j->n + CHUNK - 1) / CHUNK, t, fm_team_size(team), &lo, &hi);
    if (lo < hi) step_range(j, &h, lo * CHUNK, fm_min64(hi * CHUNK, j->n));
}

void fm_optimizer_step(int type, const fm_optimizer *o, int64_t step, void *w, const void *g, void *const *slots,
                       int64_t n, double l1, double l2, double grad_scale) {
    job j = {.type = type,
             .o = o,
             .w = w,
             .g = g,
             .slots = slots,
             .n = n,
             .norm = {.type = type, .x = g, .w = w, .n = n, .l1 = l1, .l2 = l2}};
    const uint64_t mode = fm_float_mode_enter();
    fm_optimizer_prepare(type, o, step, &j.h);
    fm_float_mode_leave(mode);
    j.h.l1 = l1;
    j.h.l2 = l2;
    j.h.grad_scale = grad_scale;
    fm_hyper_settle(&j.h);
    const double ns = 0.5; /* an element of a step with a root and a division */
    fm_team_run(fm_threads_for(ns * (double)n), step_body, &j);
}
