/* network.c: from a program to a network, and its weights in and out. */
#include "network.h"
#include <assert.h>
#include <string.h>

enum { INFER_ROWS = 256 };

static int find_activation(const fm_kernels *kern, const char *name) {
    int i = 0;
    while (strcmp(kern->activations[i].name, name)) i++;
    return i;
}

static void describe_layer(fm_network *net, const fm_program *program, int64_t l) {
    const fm_program_layer *spec = &net->spec[l];
    fm_dense *d = &net->layers[l];
    d->kern = net->kern;
    d->size = net->size;
    d->k = l ? net->spec[l - 1].units : net->inputs;
    d->m = spec->units;
    d->batch = fm_batch_capacity(net->batch);
    d->activation = spec->activation;
    d->use_bias = spec->use_bias;
    d->slots = net->kern->optimizers[program->optimizer.kind].slots;
    memcpy(d->params, spec->params, sizeof d->params);
    d->noise = spec->noise;
    memcpy(d->noise_params, spec->noise_params, sizeof d->noise_params);
    d->draw = (fm_draw){.seed = net->seed, .stream = (uint32_t)l};
    if (l == net->count - 1 && program->logits) d->activation = find_activation(net->kern, "linear");
}

/* The buffers of training, then those of inference: the same weights, the true activation, no noise. */
static void lay_out(fm_network *net, fm_arena *arena) {
    const int64_t size = net->size, rows = net->infer_rows, outputs = net->spec[net->count - 1].units;
    const int64_t batch = fm_batch_capacity(net->batch);
    net->X = fm_arena_take(arena, fm_panels(net->inputs), batch, FM_PANEL, size);
    net->infer_X = fm_arena_take(arena, fm_panels(net->inputs), rows, FM_PANEL, size);
    net->target = fm_arena_take(arena, fm_panels(outputs), batch, FM_PANEL, size);
    net->infer_target = fm_arena_take(arena, fm_panels(outputs), rows, FM_PANEL, size);
    net->labels = fm_arena_take(arena, batch, 1, 1, sizeof *net->labels);
    net->infer_labels = fm_arena_take(arena, rows, 1, 1, sizeof *net->infer_labels);
    net->row_loss = fm_arena_take(arena, batch, 1, 1, size);
    net->scale = fm_arena_take(arena, batch, 1, 1, size);
    for (int64_t l = 0; l < net->count; l++) {
        fm_dense *d = &net->layers[l], *infer = &net->infer[l];
        fm_dense_layout(d, arena, 1, !net->fused);
        *infer = *d;
        infer->activation = net->spec[l].activation;
        infer->noise = -1;
        infer->batch = rows;
        infer->Z = NULL;
        infer->Y = infer->out = fm_arena_take(arena, fm_panels(d->m), rows, FM_PANEL, size);
    }
    net->prediction =
        net->output >= 0 && !net->logits ? fm_arena_take(arena, fm_panels(outputs), batch, FM_PANEL, size) : NULL;
    net->squares = net->clips ? fm_arena_take(arena, 2 * net->count, 1, 1, sizeof *net->squares) : NULL;
    if (net->path == FM_SHARDED) fm_shard_layout(net, arena);
}

/* What one thread should need for a step: the products at 100 GFLOP/s, weights and slots read and written, rows read. */
static double estimate_ns(const fm_network *net) {
    double ns = 300 + (double)net->batch * (double)net->inputs * 0.1;
    for (int64_t l = 0; l < net->count; l++) {
        double weights = (double)net->layers[l].k * (double)net->layers[l].m;
        ns += (double)net->batch * weights * (l ? 6 : 4) * 0.01 + weights * 0.1;
    }
    return ns * (net->type == FM_F64 ? 2 : 1);
}

static void fill_elements(int type, void *array, int64_t n, double value) {
    for (int64_t i = 0; i < n; i++) fm_set_element(type, array, i, value);
}

static void start_slots(fm_network *net) {
    for (int64_t l = 0; l < net->count; l++) {
        fm_dense *d = &net->layers[l];
        for (int s = 0; s < d->slots; s++) {
            double start = fm_optimizer_start(net->type, net->optimizer.kind, s, net->optimizer.params);
            if (start == 0) continue;
            fill_elements(net->type, d->slot_W[s], fm_panels(d->m) * d->k * FM_PANEL, start);
            fill_elements(net->type, d->slot_b[s], fm_panels(d->m) * FM_PANEL, start);
        }
    }
}

/* The network and its small arrays in one piece, the arena in another. */
static fm_network *make(const fm_program *program) {
    fm_network *net = fm_alloc(1, sizeof *net);
    if (!net) return NULL;
    const int64_t count = net->count = program->count;
    net->spec = fm_alloc(count, sizeof *net->spec);
    net->layers = fm_alloc(2 * count, sizeof *net->layers);
    net->hyper = fm_alloc(2 * count, sizeof *net->hyper);
    return net;
}

fm_status fm_network_new(fm_network **out, const fm_program *program) {
    fm_network *net = make(program);
    if (!net || !net->spec || !net->layers || !net->hyper) {
        fm_network_free(net);
        return FM_NO_MEMORY;
    }
    const int64_t count = net->count;
    net->infer = net->layers + count;
    memcpy(net->spec, program->layers, sizeof *net->spec * (size_t)count);
    net->type = program->type;
    net->kern = fm_table(net->type);
    net->size = fm_element_size(net->type);
    net->inputs = program->inputs;
    net->batch = program->batch;
    net->infer_rows = INFER_ROWS;
    net->output = program->output;
    net->loss = program->loss;
    net->logits = program->logits;
    memcpy(net->loss_params, program->loss_params, sizeof net->loss_params);
    memcpy(net->output_params, program->output_params, sizeof net->output_params);
    net->optimizer = program->optimizer;
    net->seed = program->seed;
    net->clips = net->optimizer.clip_norm > 0 || net->optimizer.global_clip_norm > 0;
    net->fused = !net->clips; /* a norm must be known before the first weight moves */
    for (int64_t l = 0; l < count; l++) {
        describe_layer(net, program, l);
        net->constrains |= net->spec[l].constraint >= 0;
    }
    net->path = fm_tiny_fits(net) ? FM_TINY : fm_shard_fits(net) ? FM_SHARDED : FM_PLAIN;
    fm_arena arena = {0};
    lay_out(net, &arena);
    arena.base = net->arena = arena.overflow ? NULL : fm_alloc(arena.used, 1);
    if (!arena.base) {
        fm_network_free(net);
        return FM_NO_MEMORY;
    }
    const int64_t measured = arena.used;
    arena.used = 0;
    lay_out(net, &arena);
    assert(arena.used == measured);
    (void)measured;
    start_slots(net);
    net->step_ns = estimate_ns(net);
    *out = net;
    return FM_OK;
}

void fm_network_free(fm_network *net) {
    if (!net) return;
    fm_free(net->arena);
    fm_free(net->hyper);
    fm_free(net->layers);
    fm_free(net->spec);
    fm_free(net);
}

void fm_network_write(fm_network *net, int64_t layer, int part, const void *values) {
    fm_dense_set_part(&net->layers[layer], part, values);
}
void fm_network_read(const fm_network *net, int64_t layer, int part, void *values) {
    fm_dense_get_part(&net->layers[layer], part, values);
}
const char *fm_network_path(const fm_network *net) {
    static const char *const names[] = {"plain", "tiny", "sharded"};
    return names[net->path];
}
int64_t fm_network_step(const fm_network *net) { return net->step; }
void fm_network_set_step(fm_network *net, int64_t step) { net->step = step; }
void fm_network_set_learning_rate(fm_network *net, double learning_rate) {
    net->optimizer.learning_rate = learning_rate;
}
