/* network.c: from a program to a network, and its weights in and out. */
#include "network.h"
#include <assert.h>
#include <string.h>

static int find_activation(const fm_kernels *kern, const char *name) {
    int i = 0;
    while (strcmp(kern->activations[i].name, name)) i++;
    return i;
}

static void describe_op(fm_network *net, const fm_program *program, int64_t l) {
    const fm_program_op *spec = &net->spec[l];
    fm_op *op = &net->ops[l];
    const int dense = spec->op == FM_OP_dense;
    op->kern = net->kern;
    op->size = net->size;
    op->op = spec->op;
    op->kind = spec->kind;
    op->k = l ? net->spec[l - 1].units : net->inputs;
    op->m = spec->units;
    op->batch = fm_batch_capacity(net->batch);
    op->activation = dense ? spec->kind : -1;
    op->bf16 = dense && spec->bf16;
    op->use_weights = spec->use_weights;
    op->use_bias = spec->use_bias;
    op->frozen = spec->frozen || spec->op == FM_OP_affine;
    op->shared = spec->shared;
    op->depth = dense ? op->k : spec->op == FM_OP_trainable ? spec->count : 1;
    op->width = spec->shared ? 1 : op->m;
    op->slots = net->kern->optimizers[program->optimizer.kind].slots;
    memcpy(op->params, spec->params, sizeof op->params);
    op->noise = dense ? spec->noise : -1;
    memcpy(op->noise_params, spec->noise_params, sizeof op->noise_params);
    op->draw = (fm_draw){.seed = spec->seed, .stream = (uint32_t)l};
    if (dense && l == net->count - 1 && program->logits && program->output < 0)
        op->activation = find_activation(net->kern, "linear");
    net->constrains |= spec->W.constraint >= 0 || spec->b.constraint >= 0;
    net->penalised |= !op->frozen && (spec->W.l1 != 0 || spec->W.l2 != 0 || spec->b.l1 != 0 || spec->b.l2 != 0);
    net->penalised |= spec->op == FM_OP_activity;
    if (fm_op_learns(op) && net->first > l) net->first = l;
}

static void lay_out_op(fm_network *net, fm_arena *arena, int64_t l) {
    fm_op *op = &net->ops[l];
    if (op->op == FM_OP_dense)
        fm_dense_layout(op, arena, 1, net->clips || (fm_reads_sparse(net, l) && !op->frozen));
    else
        fm_op_layout(op, arena, l ? net->ops[l - 1].out : net->X, 1);
    if (net->ema_momentum > 0) {
        op->ema_W = fm_arena_take(arena, fm_panels(op->width), op->depth, FM_PANEL, net->size);
        op->ema_b = fm_arena_take(arena, fm_panels(op->width), FM_PANEL, 1, net->size);
    }
}

static void lay_out(fm_network *net, fm_arena *arena) {
    const int64_t size = net->size, outputs = fm_panels(net->spec[net->count - 1].units);
    const int64_t batch = fm_batch_capacity(net->batch), most = batch > net->lane_rows ? batch : net->lane_rows;
    net->X = net->sparse ? NULL : fm_arena_take(arena, fm_panels(net->inputs), batch, FM_PANEL, size);
    net->target = fm_arena_take(arena, outputs, batch, FM_PANEL, size);
    net->labels = fm_arena_take(arena, batch, 1, 1, sizeof *net->labels);
    net->row_loss = fm_arena_take(arena, most, 1, 1, size);
    net->row_weight = fm_arena_take(arena, most, 1, 1, sizeof *net->row_weight);
    net->scale = fm_arena_take(arena, batch, 1, 1, size);
    for (int64_t l = 0; l < net->count; l++) lay_out_op(net, arena, l);
    /* the gradient of what the first one that learns reads: wanted by nobody, but some kernels have no form without it */
    const fm_op *first = net->first < net->count ? &net->ops[net->first] : NULL;
    net->dX =
        first && first->op == FM_OP_trainable ? fm_arena_take(arena, fm_panels(first->k), batch, FM_PANEL, size) : NULL;
    net->prediction = net->output >= 0 && !net->logits ? fm_arena_take(arena, outputs, batch, FM_PANEL, size) : NULL;
    net->shown = fm_shows_apart(net) ? fm_arena_take(arena, outputs, batch, FM_PANEL, size) : NULL;
    net->turned_target =
        net->shows && net->path == FM_TINY ? fm_arena_take(arena, outputs, batch, FM_PANEL, size) : NULL;
    net->squares = net->clips ? fm_arena_take(arena, 2 * net->count, 1, 1, sizeof *net->squares) : NULL;
    net->penalties = net->penalised ? fm_arena_take(arena, 4 * net->count, 1, 1, sizeof *net->penalties) : NULL;
    if (net->path == FM_SHARDED) fm_shard_layout(net, arena);
}

/* Numbers of a row that cost work; how many sparse rows will have is not known: about so many, of a text. */
static double inputs_seen(const fm_network *net) {
    return (double)(net->sparse ? fm_min64(100, net->inputs) : net->inputs);
}

/* What one thread should need for a step: the products at 100 GFLOP/s, weights and slots read and written, rows read. */
static double estimate_ns(const fm_network *net) {
    const double inputs = inputs_seen(net);
    double ns = 300 + (double)net->batch * inputs * 0.1;
    for (int64_t l = 0; l < net->count; l++) {
        const fm_op *op = &net->ops[l];
        if (op->op != FM_OP_dense) {
            ns += (double)net->batch * (double)(op->k + op->m) * 0.3;
            continue;
        }
        const double seen = l ? (double)op->k : inputs, m = (double)op->m;
        ns += (double)net->batch * seen * m * (l > net->first ? 6 : 4) * 0.01 + (double)op->k * m * 0.1;
    }
    return ns * (net->type == FM_F64 ? 2 : 1);
}

/* The same for a row that is only predicted: of each weight one product, and nothing that a step has once. */
static double estimate_row_ns(const fm_network *net) {
    const double inputs = inputs_seen(net);
    double ns = inputs * 0.1;
    for (int64_t l = 0; l < net->count; l++) {
        const fm_op *op = &net->ops[l];
        const double seen = l ? (double)op->k : inputs;
        ns += op->op == FM_OP_dense ? seen * (double)op->m * 0.02 : (double)(op->k + op->m) * 0.1;
    }
    return ns * (net->type == FM_F64 ? 2 : 1);
}

int fm_plain_chain(const fm_network *net, int64_t widest, int noise) {
    if (net->constrains || net->ema_momentum > 0) return 0;
    for (int64_t l = 0; l < net->count; l++) {
        const fm_op *op = &net->ops[l];
        if (op->op != FM_OP_dense || op->m > widest || op->frozen || (op->noise >= 0 && !noise) || op->bf16) return 0;
    }
    return 1;
}

static void fill_elements(int type, void *array, int64_t n, double value) {
    for (int64_t i = 0; i < n; i++) fm_set_element(type, array, i, value);
}

static void start_slots(fm_network *net) {
    const uint64_t mode = fm_float_mode_enter();
    for (int64_t l = 0; l < net->count; l++) {
        fm_op *op = &net->ops[l];
        for (int s = 0; s < op->slots; s++) {
            double start = fm_optimizer_start(net->type, net->optimizer.kind, s, net->optimizer.params);
            if (start == 0) continue;
            fill_elements(net->type, op->slot_W[s], fm_panels(op->width) * op->depth * FM_PANEL, start);
            fill_elements(net->type, op->slot_b[s], fm_panels(op->width) * FM_PANEL, start);
        }
    }
    fm_float_mode_leave(mode);
}

/* The network and what describes its operations; numbers come later, into the arena. */
static fm_network *make(const fm_program *program) {
    fm_network *net = fm_alloc(1, sizeof *net);
    if (!net) return NULL;
    const int64_t count = net->count = program->count;
    net->spec = fm_alloc(count, sizeof *net->spec);
    net->ops = fm_alloc(count, sizeof *net->ops);
    net->hyper = fm_alloc(2 * count, sizeof *net->hyper);
    return net;
}

fm_status fm_network_new(fm_network **out, const fm_program *program) {
    fm_network *net = make(program);
    if (!net || !net->spec || !net->ops || !net->hyper) {
        fm_network_free(net);
        return FM_NO_MEMORY;
    }
    const int64_t count = net->count;
    net->first = count;
    memcpy(net->spec, program->ops, sizeof *net->spec * (size_t)count);
    net->type = program->type;
    net->kern = fm_table(net->type);
    net->size = fm_element_size(net->type);
    net->inputs = program->inputs;
    net->batch = program->batch;
    net->output = program->output;
    net->loss = program->loss;
    net->logits = program->logits;
    net->reduction = program->reduction;
    net->shows = program->shows;
    net->sparse = program->sparse;
    net->ema_momentum = program->ema_momentum;
    net->ema_overwrite = program->ema_overwrite;
    memcpy(net->loss_params, program->loss_params, sizeof net->loss_params);
    memcpy(net->output_params, program->output_params, sizeof net->output_params);
    net->optimizer = program->optimizer;
    net->clips = net->optimizer.clip_norm > 0 || net->optimizer.global_clip_norm > 0;
    for (int64_t l = 0; l < count; l++) describe_op(net, program, l);
    net->path = net->sparse ? FM_PLAIN : fm_tiny_fits(net) ? FM_TINY : fm_shard_fits(net) ? FM_SHARDED : FM_PLAIN;
    net->lane_rows = fm_lane_rows(net);
    fm_arena arena = {0};
    lay_out(net, &arena);
    arena.base = net->arena = arena.overflow ? NULL : fm_alloc(arena.used, 1);
    if (!arena.base) {
        fm_network_free(net);
        return FM_NO_MEMORY;
    }
    net->bytes = arena.used;
    arena.used = 0;
    lay_out(net, &arena);
    assert(arena.used == net->bytes);
    start_slots(net);
    if (net->penalised) fm_penalty_start(net);
    net->step_ns = estimate_ns(net);
    net->row_ns = estimate_row_ns(net);
    fm_pace_start(&net->pace, net->step_ns);
    *out = net;
    return FM_OK;
}

void fm_network_free(fm_network *net) {
    if (!net) return;
    fm_lanes_free(net);
    fm_free(net->arena);
    fm_free(net->hyper);
    fm_free(net->ops);
    fm_free(net->spec);
    fm_free(net);
}

int fm_network_part(const fm_network *net, int64_t l, int part, int64_t *rows, int64_t *cols) {
    const fm_op *op = &net->ops[l];
    const int slot = part - FM_PART_SLOTS, slotted = slot >= 0 && part < FM_PART_MOVING_MEAN;
    const int vector = part != FM_PART_W && part != FM_PART_EMA_W && !(slotted && slot % 2 == 0);
    *rows = vector ? 1 : op->depth;
    *cols = op->width;
    if (slotted) return slot / 2 < op->slots && (vector ? op->use_bias : op->use_weights);
    if (part == FM_PART_EMA_W || part == FM_PART_EMA_B)
        return net->ema_momentum > 0 && !op->frozen && (vector ? op->use_bias : op->use_weights);
    if (part == FM_PART_MOVING_MEAN || part == FM_PART_MOVING_VARIANCE) return op->moving_mean != NULL;
    return vector ? op->use_bias : op->use_weights;
}
void fm_network_write(fm_network *net, int64_t op, int part, const void *values) {
    fm_weights_set_part(&net->ops[op], part, values);
}
void fm_network_read(const fm_network *net, int64_t op, int part, void *values) {
    fm_weights_get_part(&net->ops[op], part, values);
}
const char *fm_network_path(const fm_network *net) {
    static const char *const names[] = {"plain", "tiny", "sharded"};
    return names[net->path];
}
int64_t fm_network_bytes(const fm_network *net) { return net->bytes + fm_lanes_bytes(net); }
int64_t fm_network_step(const fm_network *net) { return net->step; }
void fm_network_set_step(fm_network *net, int64_t step) { net->step = step; }
void fm_network_set_learning_rate(fm_network *net, double learning_rate) {
    net->optimizer.learning_rate = learning_rate;
}
