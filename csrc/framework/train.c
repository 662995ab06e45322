/* train.c: training steps, many in a parallel region (one for each stretch that pace.c gives to as many threads).
 *
 * A step, phase by phase, a barrier between one and the next that reads what it wrote:
 *   gather the rows · forward, layer by layer · loss and dZ by rows · dZt · backward-data, layer by layer, last first ·
 *   backward-weights of all layers with the optimizer's update on each tile.
 * Clipping by norm needs all gradients before the first update: they are then kept, summed and applied in two phases
 * more. The grid of the products' tiles depends on shapes alone; what goes by rows (gathering, losses, most operations, a
 * narrow last layer) is cut by threads, but a row's bits do not depend on the cut. */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#include "network.h"
#include <time.h>

enum { P = FM_PANEL };

static double weight_of(const fm_run *run, int64_t i) {
    const int64_t row = run->index ? run->index[run->at + i] : run->at + i;
    return run->sample_weight ? run->sample_weight[row] : 1;
}

/* What the losses of a batch are divided by: the same for every thread, each of which works it out. As in Keras, rows
 * with the ignored label are not counted, and what would be divided by 0 is 0. */
static double divisor(const fm_network *net, const fm_run *run, int64_t n) {
    double counted = 0, weights = 0;
    if (net->reduction == FM_REDUCE_SUM) return 1;
    if (!run->ignores && (net->reduction == FM_REDUCE_BATCH || !run->sample_weight)) return (double)n;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = run->index ? run->index[run->at + i] : run->at + i;
        if (run->ignores && run->labels[row] < 0) continue;
        counted++;
        weights += weight_of(run, i);
    }
    const double total = net->reduction == FM_REDUCE_BATCH ? counted : weights;
    return total != 0 ? total : INFINITY;
}

void fm_step_scale(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi) {
    const double total = divisor(net, run, n);
    for (int64_t i = lo; i < hi; i++) {
        fm_set_element(net->type, net->scale, i, weight_of(run, i) / total);
        if (run->labels) net->labels[i] = run->labels[run->index ? run->index[run->at + i] : run->at + i];
    }
}

void fm_step_gather(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi) {
    const fm_op *last = &net->ops[net->count - 1];
    const int64_t batch = last->batch;
    if (!net->sparse) fm_gather_rows(net->kern, net->X, batch, &run->x, run->index, run->at + lo, lo, hi - lo);
    if (run->target.data)
        fm_gather_rows(net->kern, net->target, batch, &run->target, run->index, run->at + lo, lo, hi - lo);
    fm_step_scale(net, run, n, lo, hi);
}

/* What penalties of weights are divided by: 1, unless losses and penalties are shared out alike. */
static double penalty_divisor(const fm_network *net, const fm_run *run, int64_t n) {
    return net->reduction == FM_REDUCE_ALL && net->penalised ? divisor(net, run, n) : 1;
}

void fm_step_prepare(fm_network *net, const fm_run *run) {
    const double rows = penalty_divisor(net, run, fm_min64(run->batch, run->n - run->at));
    fm_optimizer optimizer = net->optimizer;
    fm_hyper base;
    if (run->rates) optimizer.learning_rate = run->rates[run->steps];
    fm_optimizer_prepare(net->type, &optimizer, net->step + 1, &base);
    for (int64_t l = 0; l < net->count; l++) {
        const fm_program_op *spec = &net->spec[l];
        const fm_program_weights *rules[2] = {&spec->W, &spec->b};
        for (int part = 0; part < 2; part++) {
            fm_hyper *h = &net->hyper[2 * l + part];
            *h = base;
            h->l1 = rules[part]->l1 / rows;
            h->l2 = rules[part]->l2 / rows;
            if (rules[part]->spared) h->coupled = h->decay = 0;
            fm_hyper_settle(h);
        }
        net->ops[l].draw.step = (uint64_t)net->step;
    }
}

void fm_step_loss(const fm_network *net, int64_t lo, int64_t hi) {
    const fm_op *last = &net->ops[net->count - 1];
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
    if (net->shown) fm_show_rows(net, net->shown + row, last->out + row, &rows);
    if (last->op == FM_OP_dense) fm_dense_output_gradient(last, lo, hi);
}

void fm_step_tally(fm_network *net, fm_run *run, int64_t n) {
    double sum = 0; /* in order, in double: the same for any number of threads */
    for (int64_t i = 0; i < n; i++) sum += fm_get_element(net->type, net->row_loss, i) * weight_of(run, i);
    run->loss += sum * ((double)n / divisor(net, run, n));
    if (net->penalised) {
        const double penalty = (double)n * fm_penalty_total(net, penalty_divisor(net, run, n), n);
        run->loss += penalty;
        run->penalty += penalty;
    }
    if (run->metric_count)
        fm_metrics_add(net, run, run->at, n, fm_shown(net), net->turned_target ? net->turned_target : net->target,
                       net->labels, net->ops[net->count - 1].batch);
}

/* What is summed is set by thread 0 beforehand; threads then share the parts of each array. */
static void describe_squares(fm_network *net) {
    for (int64_t l = 0; l < net->count; l++) {
        const fm_op *op = &net->ops[l];
        const fm_hyper *W = &net->hyper[2 * l], *b = W + 1;
        const int64_t width = op->frozen ? 0 : fm_panels(op->width) * P;
        net->squares[2 * l] = (fm_sum){.type = net->type,
                                       .x = op->dW,
                                       .w = op->W,
                                       .n = op->use_weights ? width * op->depth : 0,
                                       .l1 = W->l1,
                                       .l2 = W->l2};
        net->squares[2 * l + 1] = (fm_sum){
            .type = net->type, .x = op->db, .w = op->b, .n = op->use_bias ? width : 0, .l1 = b->l1, .l2 = b->l2};
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

/* Is operation l one of products by tiles, on which its weights are updated unless norms are wanted? */
static int by_tiles(const fm_network *net, int64_t l) {
    return net->ops[l].op == FM_OP_dense && !fm_reads_sparse(net, l);
}

/* The updates that did not happen on tiles. */
static void update_from_gradients(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t) {
    const fm_optimizer_kernel *optimizer = &net->kern->optimizers[net->optimizer.kind];
    if (t == 0 && net->clips) describe_squares(net);
    fm_barrier(team, t);
    if (net->clips) {
        sum_squares(net, team, t);
        fm_barrier(team, t);
        if (t == 0) clip_gradients(net);
        fm_barrier(team, t);
    }
    for (int64_t l = net->first; l < net->count; l++)
        if (net->clips || !by_tiles(net, l))
            fm_weights_update(&net->ops[l], optimizer, &net->hyper[2 * l], &net->hyper[2 * l + 1], team, t);
    if (net->sparse && net->first == 0) fm_sparse_clear(&net->ops[0], run, n, team, t);
    fm_barrier(team, t);
}

/* Columns need all their rows: one thread a panel. Rows need all their panels: one thread some of them. */
static void constrain_weights(const fm_network *net, const fm_op *op, const fm_program_weights *rule, char *W,
                              int64_t depth, const fm_team *team, int t) {
    const fm_constraint_kernel *constraint = &net->kern->constraints[rule->constraint];
    const int64_t size = op->size;
    int64_t lo, hi;
    fm_share(rule->axis ? depth : fm_panels(op->width), t, fm_team_size(team), &lo, &hi);
    if (rule->axis) {
        const fm_rows rows = {hi - lo, op->width, P, P * depth};
        if (lo < hi) constraint->rows(W + lo * P * size, &rows, rule->constraint_params);
        return;
    }
    for (int64_t p = lo; p < hi; p++)
        constraint->columns(W + p * depth * P * size, depth, fm_panel_columns(op->width, p), P,
                            rule->constraint_params);
}

static void constrain(const fm_network *net, fm_team *team, int t) {
    for (int64_t l = 0; l < net->count; l++) {
        const fm_program_op *spec = &net->spec[l];
        const fm_op *op = &net->ops[l];
        if (!fm_op_learns(op)) continue;
        if (op->use_weights && spec->W.constraint >= 0) constrain_weights(net, op, &spec->W, op->W, op->depth, team, t);
        if (op->use_bias && spec->b.constraint >= 0) constrain_weights(net, op, &spec->b, op->b, 1, team, t);
    }
    fm_barrier(team, t);
}

/* For the products of bfloat16, where weights have changed since their tiles were rounded. */
static void round_weights(const fm_network *net, fm_team *team, int t) {
    for (int64_t l = 0; l < net->count; l++)
        if (net->ops[l].bf16 && !net->ops[l].frozen) fm_bf16_round_all_weights(&net->ops[l], team, t);
    fm_barrier(team, t);
}

/* dJ/d(out) of operation l has come as it is, not through its activation: from an operation that is not dense. */
static int comes_raw(const fm_network *net, int64_t l) {
    return l + 1 < net->count && net->ops[l + 1].op != FM_OP_dense;
}

/* One operation backwards, as far as dX of what lies before it. */
static void backward_op(fm_network *net, int64_t l, int64_t n, fm_team *team, int t) {
    fm_op *op = &net->ops[l], *before = l ? op - 1 : NULL;
    const char *X = l ? before->out : net->X;
    if (op->op != FM_OP_dense) {
        fm_op_backward(op, X, l > net->first ? before->dZ : net->dX, n, team, t);
        fm_barrier(team, t);
        if (op->shared && t == 0) fm_op_fold(op);
        return;
    }
    if (comes_raw(net, l)) {
        int64_t lo, hi;
        fm_share(n, t, fm_team_size(team), &lo, &hi);
        fm_dense_output_gradient(op, lo, hi);
        fm_barrier(team, t);
    }
    if (op->bf16 || (l > net->first && (l == net->count - 1 || comes_raw(net, l)))) {
        fm_dense_transpose(op, n, team, t);
        fm_barrier(team, t);
    }
    if (l <= net->first) return;
    const fm_sink raw = {.d = before->dZ, .activation = -1, .noise = -1};
    const fm_sink sink = before->op == FM_OP_dense ? fm_dense_sink(before) : raw;
    fm_dense_backward_data(op, &sink, n, team, t);
    fm_barrier(team, t);
}

static void backward(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t) {
    const fm_optimizer_kernel *optimizer = net->clips ? NULL : &net->kern->optimizers[net->optimizer.kind];
    int others = 0;
    int64_t lo, hi;
    fm_share(run->batch, t, fm_team_size(team), &lo, &hi);
    const fm_upcoming next = fm_upcoming_rows(run, &run->x, lo, hi, 0, net->inputs);
    for (int64_t l = net->count - 1; l >= net->first; l--) backward_op(net, l, n, team, t);
    for (int64_t l = net->count - 1; l >= net->first; l--) {
        const fm_op *op = &net->ops[l];
        others |= !by_tiles(net, l) && fm_op_learns(op);
        if (fm_reads_sparse(net, l))
            fm_sparse_gradient(op, run, n, team, t);
        else if (op->op == FM_OP_dense && !op->frozen)
            fm_dense_backward_weights(op, l ? net->ops[l - 1].out : net->X, n, optimizer, &net->hyper[2 * l],
                                      &net->hyper[2 * l + 1], l == net->first ? &next : NULL, team, t);
    }
    fm_barrier(team, t);
    if (net->clips || others) update_from_gradients(net, run, n, team, t);
    if (net->ema_momentum > 0) { /* as in Keras, before constraints */
        if (t == 0) fm_step_average(net);
        fm_barrier(team, t);
    }
    if (net->constrains) constrain(net, team, t);
    if (net->clips || net->constrains || net->ema_overwrite > 0) round_weights(net, team, t);
}

/* Forward up to the last operation or, if that is narrow and dense, the one before: its rows are then finished by the
 * thread that computes their loss. Returns what the rest reads; false in *whole when there is a rest. */
static const char *forward(const fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t, int *whole) {
    const int64_t last = net->count - 1;
    const char *X = net->X;
    *whole = !by_tiles(net, last) || net->ops[last].m > P || net->ops[last].bf16;
    for (int64_t l = 0; l < last + *whole; l++) {
        const fm_op *op = &net->ops[l];
        if (fm_reads_sparse(net, l)) {
            int64_t lo, hi;
            fm_share(n, t, fm_team_size(team), &lo, &hi);
            fm_sparse_forward_rows(op, run, run->at, lo, hi);
        } else if (op->op == FM_OP_dense)
            fm_dense_forward(op, X, n, team, t);
        else
            fm_op_forward(op, X, n, team, t);
        fm_barrier(team, t);
        X = op->out;
    }
    return X;
}

void fm_step_plain(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t) {
    int64_t lo, hi;
    int whole;
    fm_share(n, t, fm_team_size(team), &lo, &hi);
    fm_step_gather(net, run, n, lo, hi);
    if (t == 0) fm_step_prepare(net, run);
    if (net->penalised) fm_penalty_share(net, team, t);
    fm_barrier(team, t);
    const char *X = forward(net, run, n, team, t, &whole);
    if (!whole) fm_dense_forward_rows(&net->ops[net->count - 1], X, lo, hi);
    fm_step_loss(net, lo, hi);
    fm_barrier(team, t);
    backward(net, run, n, team, t);
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
            fm_step_tally(net, run, n);
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
    const int most = net->path == FM_TINY ? 1 : fm_threads_for_steps(net->step_ns);
    int64_t left = run->most_steps;
    while (run->at < run->n && left > 0) {
        int threads;
        const int64_t before = run->steps, stretch = fm_pace_next(&net->pace, most, &threads);
        const double start = fm_now();
        run->most_steps = fm_min64(left, stretch);
        train(net, run, threads, deadline);
        const double end = fm_now();
        left -= run->steps - before;
        fm_pace_note(&net->pace, most, run->steps - before, end - start);
        if (deadline > 0 && end >= deadline) break;
    }
    run->most_steps = left;
}

typedef struct {
    fm_network *net;
    void *Y;
    const fm_run *run;
} forward_job;

/* By a team of one; what follows the last operation is inside, too, where denormals are flushed. */
static void forward_body(void *context, fm_team *team, int t) {
    const forward_job *job = context;
    const fm_network *net = job->net;
    const fm_op *last = &net->ops[net->count - 1];
    const fm_rows rows = {job->run->n, last->m, P, P * last->batch};
    int whole;
    if (!net->sparse) fm_gather_rows(net->kern, net->X, last->batch, &job->run->x, job->run->index, 0, 0, rows.n);
    fm_step_prepare(job->net, job->run);
    const char *X = forward(net, job->run, rows.n, team, t, &whole);
    if (!whole) fm_dense_forward_rows(last, X, 0, rows.n);
    fm_show_in_place(net, last->out, &rows);
    net->kern->from_panels(job->Y, last->m, last->out, last->batch, rows.n, last->m);
}

void fm_network_forward(fm_network *net, void *Y, const fm_run *run) {
    forward_job job = {net, Y, run};
    fm_team_run(1, forward_body, &job);
}
