/* infer.c: predict and evaluate. Threads share rows, not layers: each takes slices of them through the whole network in
 * a lane of its own, whichever slice is next, and waits for nobody; but metrics want the rows in order. */
#include "network.h"

enum { P = FM_PANEL };

typedef struct {
    fm_network *net;
    const fm_run *run;
    char *Y, *row_loss;
    double *row_price;
    fm_lane *lanes[FM_MAX_THREADS];
    int threads;
    int64_t slices;
    atomic_llong next; /* slice */
} infer_job;

/* Rows lo … lo+n-1 of the run. */
static void infer_rows(const infer_job *job, const fm_lane *lane, int64_t lo, int64_t n) {
    const fm_network *net = job->net;
    const fm_run *run = job->run;
    const fm_kernels *kern = net->kern;
    const int64_t size = net->size, batch = net->lane_rows;
    const fm_op *last = &lane->ops[net->count - 1];
    const fm_rows rows = {n, last->m, P, P * batch};
    if (!net->sparse) fm_gather_rows(kern, lane->X, batch, &run->x, run->index, lo, 0, n);
    const char *X = lane->X;
    for (int64_t l = 0; l < net->count; l++) {
        fm_op op = lane->ops[l];
        if (job->row_loss) op.activation = net->ops[l].activation; /* what the loss takes */
        if (fm_reads_sparse(net, l))
            fm_sparse_forward_rows(&op, run, lo, 0, n);
        else if (op.op == FM_OP_dense)
            fm_dense_forward_rows(&op, X, 0, n);
        else
            fm_op_forward_rows(&op, X, 0, n, 0);
        for (int64_t i = 0; job->row_price && op.op == FM_OP_activity && i < n; i++)
            job->row_price[lo + i] += fm_op_activity(&op, i, i + 1);
        X = op.out;
    }
    if (net->output >= 0 && !(job->row_loss && net->logits))
        kern->row_activations[net->output].fwd(last->out, last->out, &rows, net->output_params);
    if (job->Y) kern->from_panels(job->Y + lo * last->m * size, last->m, last->out, batch, n, last->m);
    if (!job->row_loss) return;
    if (run->target.data) fm_gather_rows(kern, lane->target, batch, &run->target, run->index, lo, 0, n);
    for (int64_t i = 0; run->labels && i < n; i++)
        lane->labels[i] = run->labels[run->index ? run->index[lo + i] : lo + i];
    kern->losses[net->loss].rows(job->row_loss + lo * size, NULL, last->out, lane->target, lane->labels, NULL, &rows,
                                 net->loss_params);
    if (run->metric_count && fm_hides_activation(net)) fm_show_rows(net, lane->shown, last->out, &rows);
}

static void infer_slice(const infer_job *job, int64_t slice, int t, int64_t *lo, int64_t *hi) {
    fm_share(job->run->n, slice, job->slices, lo, hi);
    if (*lo < *hi) infer_rows(job, job->lanes[t], *lo, *hi - *lo);
}

static void settle(const infer_job *job, int t) {
    for (int64_t l = 0; l < job->net->count; l++) fm_op_settle(&job->lanes[t]->ops[l]);
}

static void infer_body(void *context, fm_team *team, int t) {
    infer_job *job = context;
    int64_t lo, hi;
    settle(job, t);
    for (int64_t slice; (slice = atomic_fetch_add(&job->next, 1)) < job->slices;) infer_slice(job, slice, t, &lo, &hi);
}

/* Metrics want the rows in order: each thread fills its lane, then one tallies them all. */
static void tally_body(void *context, fm_team *team, int t) {
    const infer_job *job = context;
    const fm_network *net = job->net;
    const int threads = fm_team_size(team);
    int64_t lo, hi;
    settle(job, t);
    for (int64_t first = 0; first < job->slices; first += threads) {
        if (first + t < job->slices) infer_slice(job, first + t, t, &lo, &hi);
        fm_barrier(team, t);
        for (int i = 0; t == 0 && i < threads && first + i < job->slices; i++) {
            const fm_lane *lane = job->lanes[i];
            const char *shown = fm_hides_activation(net) ? lane->shown : lane->ops[net->count - 1].out;
            fm_share(job->run->n, first + i, job->slices, &lo, &hi);
            fm_metrics_add(net, job->run, lo, hi - lo, shown, lane->target, lane->labels, net->lane_rows);
        }
        fm_barrier(team, t);
    }
}

/* As many threads as there is work for, and lanes. */
static void take_lanes(infer_job *job) {
    fm_network *net = job->net;
    const int64_t n = job->run->n;
    const double ns = net->row_ns * (double)n;
    /* not on trial, as the threads of training are: they have to pay for certain */
    const int wanted = job->run->metric_count ? fm_threads_for(ns / 8) : fm_crew_for(ns);
    const int64_t slices = (n + net->lane_rows - 1) / net->lane_rows, most = job->run->metric_count ? slices : n;
    const int64_t threads = fm_min64(wanted, most > 1 ? most : 1);
    while (job->threads < threads && (job->lanes[job->threads] = fm_lane_take(net))) job->threads++;
    job->slices = slices;
    /* even shares; but metrics get a slice at a time and may look at all of its rows: then the program alone decides */
    if (job->threads && !job->run->metric_count)
        job->slices = (slices + job->threads - 1) / job->threads * job->threads;
}

static fm_status run(infer_job *job) {
    take_lanes(job);
    if (!job->threads) return FM_NO_MEMORY;
    if (job->run->metric_count)
        fm_team_run(job->threads, tally_body, job);
    else
        fm_crew_run(job->threads, infer_body, job);
    while (job->threads) fm_lane_give(job->lanes[--job->threads]);
    return FM_OK;
}

fm_status fm_network_predict(fm_network *net, void *Y, const fm_view *x, const int64_t *index, int64_t n) {
    const fm_run r = {.x = *x, .index = index, .n = n};
    return run(&(infer_job){.net = net, .run = &r, .Y = Y});
}

fm_status fm_network_evaluate(fm_network *net, void *row_loss, double *row_price, const fm_run *r) {
    return run(&(infer_job){.net = net, .run = r, .row_loss = row_loss, .row_price = row_price});
}
