/* infer.c: predict and evaluate. Threads share rows, not layers: each takes its rows through the whole network in a slice
 * of the buffers of its own, so there is no barrier. */
#include "network.h"

enum { P = FM_PANEL };

typedef struct {
    fm_network *net;
    const fm_run *run;
    char *Y, *row_loss;
    double *row_price;
} infer_job;

/* Rows lo … lo+n-1 of the run, through buffer rows at … at+n-1. */
static void infer_rows(const infer_job *job, int64_t lo, int64_t n, int64_t at) {
    const fm_network *net = job->net;
    const fm_run *run = job->run;
    const fm_kernels *kern = net->kern;
    const int64_t size = net->size, batch = net->infer_rows, row = at * P * size;
    const fm_op *last = &net->infer[net->count - 1];
    const fm_rows rows = {n, last->m, P, P * batch};
    fm_gather_rows(kern, net->infer_X, batch, &run->x, run->index, lo, at, n);
    const char *X = net->infer_X;
    for (int64_t l = 0; l < net->count; l++) {
        fm_op op = net->infer[l];
        if (job->row_loss) op.activation = net->ops[l].activation; /* what the loss takes */
        if (op.op == FM_OP_dense)
            fm_dense_forward_rows(&op, X, at, at + n);
        else
            fm_op_forward_rows(&op, X, at, at + n, 0);
        for (int64_t i = 0; job->row_price && op.op == FM_OP_activity && i < n; i++)
            job->row_price[lo + i] += fm_op_activity(&op, at + i, at + i + 1);
        X = op.out;
    }
    if (net->output >= 0 && !(job->row_loss && net->logits))
        kern->row_activations[net->output].fwd(last->out + row, last->out + row, &rows, net->output_params);
    if (job->Y) kern->from_panels(job->Y + lo * last->m * size, last->m, last->out + row, batch, n, last->m);
    if (!job->row_loss) return;
    if (run->target.data) fm_gather_rows(kern, net->infer_target, batch, &run->target, run->index, lo, at, n);
    for (int64_t i = 0; run->labels && i < n; i++)
        net->infer_labels[at + i] = run->labels[run->index ? run->index[lo + i] : lo + i];
    kern->losses[net->loss].rows(job->row_loss + lo * size, NULL, last->out + row, net->infer_target + row,
                                 net->infer_labels + at, NULL, &rows, net->loss_params);
    if (run->metric_count && fm_hides_activation(net))
        fm_show_rows(net, net->infer_shown + row, last->out + row, &rows);
}

/* Slices of its own for each thread: nobody waits for anybody. */
static void infer_body(void *context, fm_team *team, int t) {
    const infer_job *job = context;
    const int64_t slice = job->net->infer_rows / fm_team_size(team) / P * P;
    int64_t lo, hi;
    fm_share(job->run->n, t, fm_team_size(team), &lo, &hi);
    for (; lo < hi; lo += slice) infer_rows(job, lo, fm_min64(slice, hi - lo), t * slice);
}

/* Metrics want the rows in order: all threads fill the buffers together, then one tallies. */
static void tally_body(void *context, fm_team *team, int t) {
    const infer_job *job = context;
    const fm_network *net = job->net;
    const char *shown = fm_hides_activation(net) ? net->infer_shown : net->infer[net->count - 1].out;
    for (int64_t at = 0; at < job->run->n; at += net->infer_rows) {
        const int64_t n = fm_min64(net->infer_rows, job->run->n - at);
        int64_t lo, hi;
        fm_share(n, t, fm_team_size(team), &lo, &hi);
        if (lo < hi) infer_rows(job, at + lo, hi - lo, lo);
        fm_barrier(team, t);
        if (t == 0) fm_metrics_add(net, job->run, at, n, shown, net->infer_target, net->infer_labels, net->infer_rows);
        fm_barrier(team, t);
    }
}

static void run(infer_job *job) {
    const fm_network *net = job->net;
    const double ns = net->step_ns / 3 / (double)net->batch * (double)job->run->n;
    /* not on trial, as the threads of training are: a team has to pay for certain */
    const int most = (int)(net->infer_rows / P), threads = fm_threads_for(ns / 8);
    for (int64_t l = 0; l < net->count; l++) fm_op_settle(&net->infer[l]);
    fm_team_run(threads < most ? threads : most, job->run->metric_count ? tally_body : infer_body, job);
}

void fm_network_predict(fm_network *net, void *Y, const fm_view *x, const int64_t *index, int64_t n) {
    const fm_run r = {.x = *x, .index = index, .n = n};
    run(&(infer_job){.net = net, .run = &r, .Y = Y});
}

void fm_network_evaluate(fm_network *net, void *row_loss, double *row_price, const fm_run *r) {
    run(&(infer_job){.net = net, .run = r, .row_loss = row_loss, .row_price = row_price});
}
