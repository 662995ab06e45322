/* train.c: training steps, many in one parallel region.
 *
 * A step, phase by phase, a barrier between one and the next that reads what it wrote:
 *   gather the rows · forward, layer by layer · loss and dZ by rows · dZt · backward-data, layer by layer, last first ·
 *   backward-weights of all layers with the optimizer's update on each tile.
 * Clipping by norm needs all gradients before the first update: they are then kept, summed and applied in two phases
 * more. The grid of every phase depends on shapes alone, and so do the bits. */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#include "network.h"
#include <time.h>

enum { P = FM_PANEL };

void fm_step_scale(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi) {
    const double share = 1 / (double)n;
    for (int64_t i = lo; i < hi; i++) {
        const int64_t row = run->index ? run->index[run->at + i] : run->at + i;
        fm_set_element(net->type, net->scale, i, run->sample_weight ? run->sample_weight[row] / (double)n : share);
        if (run->labels) net->labels[i] = run->labels[row];
    }
}

void fm_step_gather(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi) {
    const fm_dense *last = &net->layers[net->count - 1];
    const int64_t batch = last->batch;
    fm_gather_rows(net->kern, net->X, batch, &run->x, run->index, run->at + lo, lo, hi - lo);
    if (run->target.data)
        fm_gather_rows(net->kern, net->target, batch, &run->target, run->index, run->at + lo, lo, hi - lo);
    fm_step_scale(net, run, n, lo, hi);
}

void fm_step_prepare(fm_network *net) {
    fm_hyper base;
    fm_optimizer_prepare(net->type, &net->optimizer, net->step + 1, &base);
    for (int64_t l = 0; l < net->count; l++) {
        const fm_program_layer *spec = &net->spec[l];
        fm_hyper *W = &net->hyper[2 * l], *b = W + 1;
        *W = *b = base;
        W->l1 = spec->l1;
        W->l2 = spec->l2;
        b->l1 = spec->bias_l1;
        b->l2 = spec->bias_l2;
        fm_hyper_settle(W);
        fm_hyper_settle(b);
        net->layers[l].draw.step = (uint64_t)net->step;
    }
}

void fm_step_loss(const fm_network *net, int64_t lo, int64_t hi) {
    const fm_dense *last = &net->layers[net->count - 1];
    const fm_kernels *kern = net->kern;
    const int64_t row = lo * P * net->size;
    const fm_rows rows = {hi - lo, last->m, P, P * last->batch};
    const fm_row_activation_kernel *output =
        net->output >= 0 && !net->logits ? &kern->row_activations[net->output] : NULL;
    const char *prediction = (output ? net->prediction : last->out) + row;
    if (lo >= hi) return;
    if (output) output->fwd(net->prediction + row, last->out + row, &rows, net->output_params);
    kern->losses[net->loss].rows(net->row_loss + lo * net->size, last->dZ + row, prediction, net->target + row,
                                 net->labels + lo, net->scale + lo * net->size, &rows, net->loss_params);
    if (output) output->bwd(last->dZ + row, prediction, last->dZ + row, &rows, net->output_params);
    fm_dense_output_gradient(last, lo, hi);
}

void fm_step_sum_loss(const fm_network *net, fm_run *run, int64_t n) {
    double sum = 0; /* in order, in double: the same for any number of threads */
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = run->index ? run->index[run->at + i] : run->at + i;
        sum += fm_get_element(net->type, net->row_loss, i) * (run->sample_weight ? run->sample_weight[row] : 1);
    }
    run->loss += sum;
    run->weight += (double)n;
}

/* What is summed is set by thread 0 beforehand; threads then share the parts of each array. */
static void describe_squares(fm_network *net) {
    for (int64_t l = 0; l < net->count; l++) {
        const fm_dense *d = &net->layers[l];
        const fm_hyper *W = &net->hyper[2 * l], *b = W + 1;
        const int64_t width = fm_panels(d->m) * P;
        net->squares[2 * l] =
            (fm_sum){.type = net->type, .x = d->dW, .w = d->W, .n = width * d->k, .l1 = W->l1, .l2 = W->l2};
        net->squares[2 * l + 1] =
            (fm_sum){.type = net->type, .x = d->db, .w = d->b, .n = d->use_bias ? width : 0, .l1 = b->l1, .l2 = b->l2};
    }
}

static void sum_squares(fm_network *net, const fm_team *team, int t) {
    for (int64_t i = 0; i < 2 * net->count; i++) {
        int64_t lo, hi;
        fm_share(fm_sum_parts(net->squares[i].n), t, fm_team_size(team), &lo, &hi);
        fm_sum_range(&net->squares[i], lo, hi);
    }
}

static void clip_gradients(fm_network *net) {
    const fm_optimizer *o = &net->optimizer;
    double total = 0;
    for (int64_t i = 0; i < 2 * net->count; i++) {
        const double squares = fm_sum_total(&net->squares[i]);
        if (o->clip_norm > 0) net->hyper[i].grad_scale = fm_clip_scale(squares, o->clip_norm);
        total += squares;
    }
    for (int64_t i = 0; i < 2 * net->count; i++) {
        if (o->global_clip_norm > 0) net->hyper[i].grad_scale = fm_global_clip_scale(total, o->global_clip_norm);
        fm_hyper_settle(&net->hyper[i]);
    }
}

static void update_from_gradients(fm_network *net, fm_team *team, int t) {
    const fm_optimizer_kernel *optimizer = &net->kern->optimizers[net->optimizer.kind];
    if (t == 0) describe_squares(net);
    fm_barrier(team, t);
    sum_squares(net, team, t);
    fm_barrier(team, t);
    if (t == 0) clip_gradients(net);
    fm_barrier(team, t);
    for (int64_t l = 0; l < net->count; l++)
        fm_dense_update(&net->layers[l], optimizer, &net->hyper[2 * l], &net->hyper[2 * l + 1], team, t);
    fm_barrier(team, t);
}

/* A column's norm needs all its rows: one thread a panel. */
static void constrain(const fm_network *net, fm_team *team, int t) {
    for (int64_t l = 0; l < net->count; l++) {
        const fm_program_layer *spec = &net->spec[l];
        const fm_dense *d = &net->layers[l];
        if (spec->constraint < 0) continue;
        int64_t lo, hi;
        fm_share(fm_panels(d->m), t, fm_team_size(team), &lo, &hi);
        for (int64_t p = lo; p < hi; p++)
            net->kern->constraints[spec->constraint].columns(d->W + p * d->k * P * d->size, d->k,
                                                             fm_min64(d->m - p * P, P), P, spec->constraint_params);
    }
    fm_barrier(team, t);
}

static void backward(fm_network *net, int64_t n, fm_team *team, int t) {
    const int64_t last = net->count - 1;
    const fm_optimizer_kernel *optimizer = net->fused ? &net->kern->optimizers[net->optimizer.kind] : NULL;
    if (last > 0) {
        fm_dense_transpose(&net->layers[last], n, team, t);
        fm_barrier(team, t);
    }
    for (int64_t l = last; l > 0; l--) {
        const fm_sink sink = fm_dense_sink(&net->layers[l - 1]);
        fm_dense_backward_data(&net->layers[l], &sink, n, team, t);
        fm_barrier(team, t);
    }
    for (int64_t l = last; l >= 0; l--)
        fm_dense_backward_weights(&net->layers[l], l ? net->layers[l - 1].out : net->X, n, optimizer,
                                  &net->hyper[2 * l], &net->hyper[2 * l + 1], team, t);
    fm_barrier(team, t);
    if (!net->fused) update_from_gradients(net, team, t);
    if (net->constrains) constrain(net, team, t);
}

void fm_step_plain(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t) {
    const int64_t last = net->count - 1;
    int64_t lo, hi;
    fm_share(n, t, fm_team_size(team), &lo, &hi);
    fm_step_gather(net, run, n, lo, hi);
    if (t == 0) fm_step_prepare(net);
    fm_barrier(team, t);
    const char *X = net->X;
    for (int64_t l = 0; l < last; l++) {
        fm_dense_forward(&net->layers[l], X, n, team, t);
        fm_barrier(team, t);
        X = net->layers[l].out;
    }
    if (net->layers[last].m <= P) /* narrow: each thread goes on with the rows whose loss it computes */
        fm_dense_forward_rows(&net->layers[last], X, lo, hi);
    else {
        fm_dense_forward(&net->layers[last], X, n, team, t);
        fm_barrier(team, t);
    }
    fm_step_loss(net, lo, hi);
    fm_barrier(team, t);
    backward(net, n, team, t);
}

/* Is the time over? The clock is looked at about every 50 µs of work, for a look takes as long as some steps do. */
int fm_late(double deadline, const fm_network *net, const fm_run *run) {
    const int64_t every = 1 + (int64_t)(50e3 / net->step_ns);
    return deadline > 0 && run->steps % every == 0 && fm_now() >= deadline;
}

typedef struct {
    fm_network *net;
    fm_run *run;
    double deadline;
    int stop;
} train_job;

double fm_now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static void train_body(void *context, fm_team *team, int t) {
    train_job *job = context;
    fm_network *net = job->net;
    fm_run *run = job->run;
    while (!job->stop) {
        const int64_t n = fm_min64(run->batch, run->n - run->at);
        (net->path == FM_TINY ? fm_step_tiny : fm_step_plain)(net, run, n, team, t);
        if (t == 0) { /* the step is whole: every thread has passed its last barrier */
            fm_step_sum_loss(net, run, n);
            net->step++;
            run->steps++;
            run->at += n;
            run->most_steps--;
            job->stop = run->at >= run->n || run->most_steps <= 0 || fm_late(job->deadline, net, run);
        }
        fm_barrier(team, t);
    }
}

static void train(fm_network *net, fm_run *run, int threads, double deadline) {
    if (net->path == FM_SHARDED) {
        fm_train_sharded(net, run, threads, deadline);
        return;
    }
    train_job job = {net, run, deadline, 0};
    fm_team_run(threads, train_body, &job);
}

void fm_network_train(fm_network *net, fm_run *run) {
    const double deadline = run->seconds > 0 ? fm_now() + run->seconds : 0;
    const int most = net->path == FM_TINY ? 1 : fm_threads_for(net->step_ns);
    int64_t left = run->most_steps;
    while (run->at < run->n && left > 0) {
        int threads;
        const int64_t before = run->steps, stretch = fm_pace_next(&net->pace, most, &threads);
        const double start = fm_now();
        run->most_steps = fm_min64(left, stretch);
        train(net, run, threads, deadline);
        const double end = fm_now();
        left -= run->steps - before;
        fm_pace_note(&net->pace, run->steps - before, end - start);
        if (deadline > 0 && end >= deadline) break;
    }
    run->most_steps = left;
}
