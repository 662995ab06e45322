/* layer.c: a dense layer that stands alone: its buffers, and calls that take and give row-major arrays. */
#include "dense.h"
#include <string.h>

struct fm_dense_layer {
    fm_op dense;
    int type;
    char *X, *dX, *dXt, *arena; /* dXt: only where phases are measured, as a step would need it */
};

/* What one call needs; the team's threads share it. */
typedef struct {
    fm_dense_layer *layer;
    char *out;
    const fm_view *x;
    const int64_t *index;
    const char *dY;
    char *dX, *dW, *db;
    int64_t n, times;
    int phase;
    const fm_optimizer_kernel *optimizer;
    fm_hyper hyper;
} job;

static double product_ns(const fm_op *d, int64_t n) { return (double)n * (double)d->k * (double)d->m * 0.02; }

fm_status fm_dense_new(fm_dense_layer **out, const fm_dense_spec *spec) {
    fm_dense_layer *layer = fm_alloc(1, sizeof *layer);
    if (!layer) return FM_NO_MEMORY;
    fm_op *d = &layer->dense;
    layer->type = spec->type;
    d->kern = fm_table(spec->type);
    d->size = fm_element_size(spec->type);
    d->k = spec->k;
    d->m = spec->m;
    d->batch = fm_batch_capacity(spec->batch);
    d->activation = spec->activation;
    d->use_bias = spec->use_bias;
    d->slots = spec->slots;
    d->bf16 = spec->bf16;
    d->depth = d->k;
    d->width = d->m;
    d->use_weights = 1;
    d->noise = -1;
    memcpy(d->params, spec->params, sizeof d->params);
    fm_arena arena = {0};
    for (int pass = 0; pass < 2; pass++) { /* measure, then lay out */
        arena.used = 0;
        fm_dense_layout(d, &arena, 1, 1);
        layer->X = fm_arena_take(&arena, fm_panels(d->k), d->batch, FM_PANEL, d->size);
        layer->dX = fm_arena_take(&arena, fm_panels(d->k), d->batch, FM_PANEL, d->size);
        layer->dXt = fm_arena_take(&arena, fm_panels(d->k), d->batch, FM_PANEL, d->size);
        if (pass == 0) {
            layer->arena = arena.base = arena.overflow ? NULL : fm_alloc(arena.used, 1);
            if (!arena.base) {
                fm_free(layer);
                return FM_NO_MEMORY;
            }
        }
    }
    *out = layer;
    return FM_OK;
}

void fm_dense_free(fm_dense_layer *layer) {
    if (!layer) return;
    fm_free(layer->arena);
    fm_free(layer);
}

void fm_dense_write(fm_dense_layer *layer, int part, const void *values) {
    fm_weights_set_part(&layer->dense, part, values);
}
void fm_dense_read(const fm_dense_layer *layer, int part, void *values) {
    fm_weights_get_part(&layer->dense, part, values);
}

static void forward_body(void *context, fm_team *team, int t) {
    const job *j = context;
    const fm_op *d = &j->layer->dense;
    int64_t lo, hi;
    fm_share(j->n, t, fm_team_size(team), &lo, &hi);
    d->kern->gather(j->layer->X, d->batch, j->x, j->index, lo, hi);
    fm_barrier(team, t);
    fm_dense_forward(d, j->layer->X, j->n, team, t);
    fm_barrier(team, t);
    d->kern->from_panels(j->out + lo * d->m * d->size, d->m, d->Y + lo * FM_PANEL * d->size, d->batch, hi - lo, d->m);
}

void fm_dense_run_forward(fm_dense_layer *layer, void *Y, const fm_view *x, const int64_t *index, int64_t n) {
    job j = {.layer = layer, .out = Y, .x = x, .index = index, .n = n};
    fm_team_run(fm_threads_for(product_ns(&layer->dense, n)), forward_body, &j);
}

/* dZ from dY for rows lo … hi-1, panel by panel. */
static void output_gradient(const job *j, int64_t lo, int64_t hi) {
    const fm_op *d = &j->layer->dense;
    d->kern->to_panels(d->dZ + lo * FM_PANEL * d->size, d->batch, j->dY + lo * d->m * d->size, d->m, hi - lo, d->m);
    fm_dense_output_gradient(d, lo, hi);
}

static void backward_body(void *context, fm_team *team, int t) {
    const job *j = context;
    fm_dense_layer *layer = j->layer;
    const fm_op *d = &layer->dense;
    int64_t lo, hi;
    fm_share(j->n, t, fm_team_size(team), &lo, &hi);
    output_gradient(j, lo, hi);
    fm_barrier(team, t);
    if (j->dX || d->bf16) {
        fm_dense_transpose(d, j->n, team, t);
        fm_barrier(team, t);
    }
    if (j->dX) {
        fm_dense_backward_data(d, &(fm_sink){.d = layer->dX, .activation = -1, .noise = -1}, j->n, team, t);
        fm_barrier(team, t);
        d->kern->from_panels(j->dX + lo * d->k * d->size, d->k, layer->dX + lo * FM_PANEL * d->size, d->batch, hi - lo,
                             d->k);
    }
    if (j->dW || j->optimizer)
        fm_dense_backward_weights(d, layer->X, j->n, j->optimizer, &j->hyper, &j->hyper, NULL, team, t);
    fm_barrier(team, t);
    if (t == 0 && j->dW) d->kern->from_panels(j->dW, d->m, d->dW, d->k, d->k, d->m);
    if (t == 0 && j->db) d->kern->from_panels(j->db, d->m, d->db, 1, 1, d->m);
}

static void take_optimizer(job *j, const fm_optimizer *optimizer, int64_t step) {
    const uint64_t mode = fm_float_mode_enter();
    j->optimizer = &j->layer->dense.kern->optimizers[optimizer->kind];
    fm_optimizer_prepare(j->layer->type, optimizer, step, &j->hyper);
    fm_float_mode_leave(mode);
}

void fm_dense_run_backward(fm_dense_layer *layer, void *dX, void *dW, void *db, const void *dY, int64_t n,
                           const fm_optimizer *optimizer, int64_t step) {
    job j = {.layer = layer, .dX = dX, .dW = dW, .db = db, .dY = dY, .n = n};
    if (optimizer) take_optimizer(&j, optimizer, step);
    fm_team_run(fm_threads_for(2 * product_ns(&layer->dense, n)), backward_body, &j);
}

static void repeat_body(void *context, fm_team *team, int t) {
    const job *j = context;
    fm_dense_layer *layer = j->layer;
    const fm_op *d = &layer->dense;
    const fm_sink sink = {.d = layer->dX,
                          .dt = layer->dXt,
                          .dt_stride = fm_panels(d->k) * FM_PANEL * FM_PANEL,
                          .activation = d->activation,
                          .params = d->params,
                          .saved = layer->X,
                          .noise = -1};
    for (int64_t i = 0; i < j->times; i++) {
        switch (j->phase) {
        case FM_PHASE_FORWARD: fm_dense_forward(d, layer->X, j->n, team, t); break;
        case FM_PHASE_BACKWARD_DATA: fm_dense_backward_data(d, &sink, j->n, team, t); break;
        case FM_PHASE_BACKWARD_WEIGHTS:
            fm_dense_backward_weights(d, layer->X, j->n, NULL, NULL, NULL, NULL, team, t);
            break;
        case FM_PHASE_UPDATE:
            fm_dense_backward_weights(d, layer->X, j->n, j->optimizer, &j->hyper, &j->hyper, NULL, team, t);
            break;
        }
        fm_barrier(team, t);
    }
}

void fm_dense_repeat(fm_dense_layer *layer, int phase, int64_t n, int64_t times, const fm_optimizer *optimizer) {
    job j = {.layer = layer, .n = n, .times = times, .phase = phase};
    if (optimizer) take_optimizer(&j, optimizer, 1);
    fm_team_run(fm_threads_for((double)times * product_ns(&layer->dense, n)), repeat_body, &j);
}
