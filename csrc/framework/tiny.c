/* tiny.c: steps of a net whose layers are all at most 32 wide, on one thread and close to it: in L1, or L2 at most.
 *
 * Vectors run along the batch here, for a few units would leave much of each vector empty: all activations live transposed,
 * [batch / 32][columns][32], in the buffers that otherwise hold panels. The products are the same chains as anywhere:
 *   Zt = Wᵀ Xt    A = W by columns, B = Xt          dXt = W dZt   A = W by rows, B = dZt
 *   dW = Xt dZ    A = Xt by rows (its k is the batch), B = dZ, which is turned back for it */
#include "network.h"

enum { P = FM_PANEL, TILE = P * P, WIDEST = 32 };

static int fits(const fm_network *net, int64_t widest, int64_t most_rows) {
    return net->inputs <= widest && net->batch <= most_rows && fm_plain_chain(net, widest, 0);
}
/* Beyond these sizes two threads, or vectors along the units, are quicker. */
int fm_tiny_fits(const fm_network *net) { return !net->clips && (fits(net, 16, 2048) || fits(net, WIDEST, 64)); }

/* Rows from `from` of the order, turned: element (j, i) of group q. */
static void gather_turned(const fm_network *net, char *to, const fm_view *x, const fm_run *run, int64_t from,
                          int64_t rows) {
    fm_view view = *x;
    if (!run->index) view.data = (const char *)x->data + from * x->row_stride;
    net->kern->gather_turned(to, &view, run->index ? run->index + from : NULL, rows);
}

static void forward_group(const fm_network *net, int64_t at, int64_t rows) {
    const fm_kernels *kern = net->kern;
    const int64_t columns = fm_whole_lanes(rows);
    const char *X = net->X + at;
    for (int64_t l = 0; l < net->count; l++) {
        const fm_op *d = &net->ops[l];
        char *Y = d->Y + at;
        fm_product(kern, FM_A_COLUMNS, Y, d->W, 0, X, d->m, rows, d->k, 0);
        if (d->use_bias) kern->add_column(Y, d->b, d->m, columns);
        if (d->Z) kern->copy(d->Z + at, Y, d->m, columns);
        kern->activations[d->activation].fwd(Y, Y, d->m, columns, P, d->params);
        X = Y;
    }
}

/* What metrics see of a group, turned back: predictions and, where there are any, targets. */
static void show_group(const fm_network *net, int64_t q, int64_t rows) {
    const int64_t at = q * TILE * net->size, columns = fm_whole_lanes(rows);
    const fm_op *last = &net->ops[net->count - 1];
    const fm_rows shape = {rows, last->m, P, TILE};
    net->kern->transpose(net->shown + at, last->Y + at, fm_whole_lanes(last->m), columns);
    fm_show_in_place(net, net->shown + at, &shape);
    if (net->kern->losses[net->loss].labels) return;
    net->kern->transpose(net->turned_target + at, net->target + at, fm_whole_lanes(last->m), columns);
}

/* dZ of the last layer, by rows in dZ and turned in dZt; the losses run along the batch where they can. */
static void loss_group(const fm_network *net, int64_t q, int64_t rows) {
    const fm_kernels *kern = net->kern;
    const fm_op *last = &net->ops[net->count - 1];
    const fm_loss_kernel *loss = &kern->losses[net->loss];
    const int64_t size = net->size, at = q * TILE * size, row = q * P;
    char *dZ = last->dZ + at, *dZt = last->dZt + at, *row_loss = net->row_loss + row * size;
    const char *scale = net->scale + row * size;
    const fm_activation_kernel *activation = &kern->activations[last->activation];
    const int64_t columns = fm_whole_lanes(rows), width = fm_whole_lanes(last->m);
    if (net->shown) show_group(net, q, rows);
    if (loss->block && net->output < 0) {
        loss->block(row_loss, dZt, last->Y + at, net->target + at, scale, last->m, rows, P, net->loss_params);
        activation->bwd(dZt, fm_dense_saved(last) + at, dZt, last->m, columns, P, last->params);
        kern->transpose(dZ, dZt, width, columns);
        return;
    }
    _Alignas(64) char Y[TILE * sizeof(double)], target[TILE * sizeof(double)];
    const fm_rows shape = {rows, last->m, P, TILE};
    kern->transpose(Y, last->Y + at, width, columns);
    if (!loss->labels) kern->transpose(target, net->target + at, width, columns);
    const fm_row_activation_kernel *output =
        net->output >= 0 && !net->logits ? &kern->row_activations[net->output] : NULL;
    if (output) output->fwd(Y, Y, &shape, net->output_params);
    loss->rows(row_loss, dZ, Y, target, net->labels + row, scale, &shape, net->loss_params);
    if (output) output->bwd(dZ, Y, dZ, &shape, net->output_params);
    kern->transpose(dZt, dZ, columns, width);
    activation->bwd(dZt, fm_dense_saved(last) + at, dZt, last->m, columns, P, last->params);
    kern->transpose(dZ, dZt, width, columns);
}

static void backward_group(const fm_network *net, int64_t at, int64_t rows) {
    const fm_kernels *kern = net->kern;
    const int64_t columns = fm_whole_lanes(rows);
    for (int64_t l = net->count - 1; l > 0; l--) {
        const fm_op *d = &net->ops[l], *before = d - 1;
        char *dXt = before->dZt + at;
        fm_product(kern, FM_A_ROWS, dXt, d->W, 0, d->dZt + at, d->k, rows, d->m, 0);
        kern->activations[before->activation].bwd(dXt, fm_dense_saved(before) + at, dXt, d->k, columns, P,
                                                  before->params);
        kern->transpose(before->dZ + at, dXt, fm_whole_lanes(d->k), columns);
    }
}

static void update(const fm_network *net, int64_t n) {
    const fm_kernels *kern = net->kern;
    const fm_optimizer_kernel *optimizer = &kern->optimizers[net->optimizer.kind];
    _Alignas(64) char g[WIDEST * P * sizeof(double)];
    for (int64_t l = 0; l < net->count; l++) {
        const fm_op *d = &net->ops[l];
        const int64_t columns = fm_whole_lanes(d->m);
        fm_product(kern, FM_A_ROWS, g, l ? d[-1].Y : net->X, TILE, d->dZ, d->k, d->m, n, 0);
        optimizer->step(d->W, g, (void *const *)d->slot_W, d->k, columns, P, &net->hyper[2 * l]);
        if (!d->use_bias) continue;
        kern->column_sum(g, d->dZ, n, columns, P, 0);
        optimizer->step(d->b, g, (void *const *)d->slot_b, 1, columns, P, &net->hyper[2 * l + 1]);
    }
}

static void fetch_next(const fm_run *run, const fm_view *x) {
    const fm_upcoming next = fm_upcoming_rows(run, x, 0, run->batch, 0, x->cols);
    fm_fetch(&next, 0, 1);
}

void fm_step_tiny(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t) {
    if (t) return;
    const int64_t size = sizeof *run->labels;
    const fm_view labels = {
        .data = run->labels, .rows = run->x.rows, .cols = 1, .row_stride = size, .col_stride = size, .type = FM_I32};
    fetch_next(run, &run->x);
    fetch_next(run, run->labels ? &labels : &run->target);
    fm_step_scale(net, run, n, 0, n);
    fm_step_prepare(net, run);
    if (net->penalised) fm_penalty_share(net, team, t);
    for (int64_t q = 0; q * P < n; q++) {
        const int64_t rows = fm_min64(n - q * P, P), at = q * TILE * net->size;
        gather_turned(net, net->X + at, &run->x, run, run->at + q * P, rows);
        if (run->target.data) gather_turned(net, net->target + at, &run->target, run, run->at + q * P, rows);
        forward_group(net, at, rows);
        loss_group(net, q, rows);
        backward_group(net, at, rows);
    }
    update(net, n);
}
