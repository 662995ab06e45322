/* shard.c: steps of a net with a wide input and narrow layers (all at most 32 wide).
 *
 * Splitting so little work by tiles would cost more in barriers than it gains. Instead the inputs are cut in CHUNKS
 * fixed chunks; a thread keeps its chunks of X, of the first layer's weights and of their slots in its own cache, and
 * the only thing exchanged is the chunks' share of the first layer's sums, added in one fixed order. Everything after
 * that is so small that each thread computes it for itself, on a replica, and all replicas stay equal to the bit: one
 * barrier a step. */
#include "network.h"
#include <string.h>

enum { P = FM_PANEL, CHUNKS = FM_SHARD_CHUNKS, WIDEST = 32, LEAST_INPUTS = 4 * P };
enum { LARGE_BYTES = 4 << 20, BLOCK_BYTES = 1 << 18 };

int fm_shard_fits(const fm_network *net) {
    return net->inputs >= LEAST_INPUTS && !net->clips && !net->penalised && fm_plain_chain(net, WIDEST, 1);
}

/* A replica shares the first layer's weights and slots, the program, and X; the rest it has for itself. */
static void lay_out_replica(const fm_network *net, fm_network *replica, fm_arena *arena) {
    const int64_t batch = fm_batch_capacity(net->batch), size = net->size;
    fm_network own = *net;
    own.ops = fm_arena_take(arena, net->count, 1, 1, sizeof *own.ops);
    own.hyper = fm_arena_take(arena, 2 * net->count, 1, 1, sizeof *own.hyper);
    own.target = fm_arena_take(arena, batch, P, 1, size);
    own.labels = fm_arena_take(arena, batch, 1, 1, sizeof *own.labels);
    own.row_loss = fm_arena_take(arena, batch, 1, 1, size);
    own.shown = NULL; /* thread 0 tallies */
    own.scale = fm_arena_take(arena, batch, 1, 1, size);
    if (net->output >= 0 && !net->logits) own.prediction = fm_arena_take(arena, batch, P, 1, size);
    for (int64_t l = 0; l < net->count; l++) {
        fm_op d = net->ops[l];
        const fm_op shared = d;
        if (l == 0) d.depth = 0; /* no weights of its own */
        fm_dense_layout(&d, arena, 1, 0);
        if (l == 0) {
            d.depth = shared.depth;
            d.W = shared.W;
            memcpy(d.slot_W, shared.slot_W, sizeof d.slot_W);
        }
        if (arena->base) own.ops[l] = d;
    }
    if (arena->base) *replica = own;
}

void fm_shard_layout(fm_network *net, fm_arena *arena) {
    net->shard_sums = fm_arena_take(arena, 2 * CHUNKS, fm_batch_capacity(net->batch), P, net->size);
    net->replicas = fm_arena_take(arena, CHUNKS - 1, 1, 1, sizeof *net->replicas);
    for (int r = 0; r < CHUNKS - 1; r++) lay_out_replica(net, net->replicas + r, arena);
}

static void copy_state(fm_op *to, const fm_op *from, int with_weights) {
    const size_t b = (size_t)(fm_panels(from->m) * P * from->size), W = b * (size_t)from->k;
    memcpy(to->b, from->b, b);
    if (with_weights) memcpy(to->W, from->W, W);
    for (int s = 0; s < from->slots; s++) {
        memcpy(to->slot_b[s], from->slot_b[s], b);
        if (with_weights) memcpy(to->slot_W[s], from->slot_W[s], W);
    }
}

/* Brings a replica up to date with the network: another call may have written its weights. */
static void refresh(const fm_network *net, fm_network *replica) {
    replica->optimizer = net->optimizer;
    replica->step = net->step;
    for (int64_t l = 0; l < net->count; l++) copy_state(&replica->ops[l], &net->ops[l], l > 0);
}

typedef struct {
    fm_network *net;
    fm_run *run;
    double deadline;
    int stop[2]; /* by the step's parity, for a thread may be one step ahead of another */
} shard_job;

/* A large X would leave the cache between gathering, forward and dW, so it is never whole: forward and dW each gather
 * it anew, block by block. */
static int is_large(const fm_network *net) { return net->ops[0].batch * net->inputs * net->size > LARGE_BYTES; }

static int64_t block_panels(const fm_network *net, int64_t n) {
    const int64_t panels = BLOCK_BYTES / (n * P * net->size);
    return !is_large(net) ? fm_panels(net->inputs) : panels ? panels : 1;
}

/* Panels p0 … p1-1 of X, of the chunk that begins with panel `first`. */
static char *gather_block(const fm_network *net, const fm_run *run, int64_t n, int64_t first, int64_t p0, int64_t p1) {
    const int64_t batch = net->ops[0].batch;
    char *X = net->X + (is_large(net) ? first : p0) * batch * P * net->size;
    fm_view x = run->x;
    x.data = (const char *)x.data + p0 * P * x.col_stride;
    x.cols = fm_min64(p1 * P, x.cols) - p0 * P;
    fm_gather_rows(net->kern, X, batch, &x, run->index, run->at, 0, n);
    return X;
}

/* Chunks lo … hi-1 of X and their share of the first layer's sums. */
static void first_layer_sums(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi, char *sums) {
    const fm_op *d = &net->ops[0];
    const int64_t size = net->size, most = block_panels(net, n);
    for (int64_t c = lo; c < hi; c++) {
        int64_t first, end;
        fm_share(fm_panels(d->k), c, CHUNKS, &first, &end);
        for (int64_t p = first; p < end; p += most) {
            const fm_op part = fm_dense_inputs(d, p, fm_min64(p + most, end));
            const char *X = gather_block(net, run, n, first, p, fm_min64(p + most, end));
            for (int64_t r = 0; r < n; r += P)
                fm_product(net->kern, FM_A_ROWS, sums + (c * d->batch + r) * P * size, X + r * P * size, d->batch * P,
                           part.W, fm_min64(n - r, P), d->m, part.k, p > first);
        }
    }
}

/* The first layer's dW of chunks lo … hi-1, and its update. */
static void first_layer_weights(const fm_network *own, const fm_run *run, int64_t n, int64_t lo, int64_t hi) {
    const fm_op *d = &own->ops[0];
    const fm_optimizer_kernel *optimizer = &own->kern->optimizers[own->optimizer.kind];
    const int64_t most = block_panels(own, n);
    for (int64_t c = lo; c < hi; c++) {
        int64_t first, end;
        fm_share(fm_panels(d->k), c, CHUNKS, &first, &end);
        const fm_upcoming next = fm_upcoming_rows(run, &run->x, 0, run->batch, first * P, fm_min64(end * P, d->k));
        if (!is_large(own)) {
            fm_dense_weights(d, own->X, n, first, end, optimizer, &own->hyper[0], &next);
            continue;
        }
        for (int64_t p = first; p < end; p += most) {
            const fm_op part = fm_dense_inputs(d, p, fm_min64(p + most, end));
            const char *X = gather_block(own, run, n, first, p, fm_min64(p + most, end));
            fm_dense_weights(&part, X, n, 0, fm_panels(part.k), optimizer, &own->hyper[0], NULL);
        }
    }
}

static void narrow_forward(const fm_network *own, const char *sums, int64_t n) {
    const fm_op *first = &own->ops[0];
    own->kern->sum_chunks(first->dZ, sums, first->batch * P, CHUNKS, n, fm_whole_lanes(first->m));
    fm_dense_finish_rows(first, first->dZ, 0, 0, n);
    for (int64_t l = 1; l < own->count; l++) fm_dense_forward_rows(&own->ops[l], own->ops[l - 1].out, 0, n);
}

static void narrow_backward(const fm_network *own, int64_t n) {
    const fm_optimizer_kernel *optimizer = &own->kern->optimizers[own->optimizer.kind];
    const int64_t last = own->count - 1;
    if (last > 0) fm_dense_transpose(&own->ops[last], n, NULL, 0);
    for (int64_t l = last; l > 0; l--) {
        const fm_sink sink = fm_dense_sink(&own->ops[l - 1]);
        fm_dense_backward_data(&own->ops[l], &sink, n, NULL, 0);
    }
    for (int64_t l = last; l > 0; l--)
        fm_dense_backward_weights(&own->ops[l], own->ops[l - 1].out, n, optimizer, &own->hyper[2 * l],
                                  &own->hyper[2 * l + 1], NULL, NULL, 0);
    if (own->ops[0].use_bias) fm_dense_bias(&own->ops[0], 0, n, optimizer, &own->hyper[1]);
}

/* One step for the thread that holds chunks lo … hi-1; true when it was the last. */
static int step(shard_job *job, fm_network *own, fm_run *run, int64_t lo, int64_t hi, fm_team *team, int t) {
    const int64_t n = fm_min64(run->batch, run->n - run->at), batch = own->ops[0].batch;
    const int parity = (int)(run->steps & 1);
    char *sums = own->shard_sums + parity * CHUNKS * batch * P * own->size;
    if (t == 0) job->stop[parity] = run->at + n >= run->n || run->most_steps <= 1 || fm_late(job->deadline, own, run);
    first_layer_sums(own, run, n, lo, hi, sums);
    fm_step_scale(own, run, n, 0, n);
    if (run->target.data) fm_gather_rows(own->kern, own->target, batch, &run->target, run->index, run->at, 0, n);
    fm_step_prepare(own, run);
    fm_barrier(team, t);
    const int stop = job->stop[parity];
    narrow_forward(own, sums, n);
    fm_step_loss(own, 0, n);
    if (t == 0) fm_step_tally(own, run, n);
    narrow_backward(own, n);
    first_layer_weights(own, run, n, lo, hi);
    own->step++;
    run->at += n;
    run->steps++;
    run->most_steps--;
    return stop;
}

static void shard_body(void *context, fm_team *team, int t) {
    shard_job *job = context;
    fm_network *own = t ? job->net->replicas + (t - 1) : job->net;
    fm_run run = *job->run; /* each thread keeps count for itself */
    int64_t lo, hi;
    fm_share(CHUNKS, t, fm_team_size(team), &lo, &hi);
    if (t) refresh(job->net, own);
    fm_barrier(team, t); /* nobody trains before all have copied */
    while (!step(job, own, &run, lo, hi, team, t)) {
    }
    fm_barrier(team, t);
    if (t == 0) *job->run = run;
}

void fm_train_sharded(fm_network *net, fm_run *run, int threads, double deadline) {
    shard_job job = {net, run, deadline, {0, 0}};
    fm_team_run(threads < CHUNKS ? threads : CHUNKS, shard_body, &job);
}
