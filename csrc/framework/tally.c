/* tally.c: what a step adds up beside the losses of its rows: penalties, metrics, moving averages of the weights. */
#include "network.h"

enum { P = FM_PANEL };

/* ---- what metrics see: the prediction after the last activation, also where the loss takes what comes before it */

int fm_hides_activation(const fm_network *net) {
    const fm_op *last = &net->ops[net->count - 1];
    if (!net->logits || net->output >= 0) return net->logits;
    return last->op == FM_OP_dense && net->spec[net->count - 1].kind != last->activation;
}
int fm_shows_apart(const fm_network *net) { return net->shows && (net->path == FM_TINY || fm_hides_activation(net)); }

const char *fm_shown(const fm_network *net) {
    if (net->shown) return net->shown;
    return net->prediction ? net->prediction : net->ops[net->count - 1].out;
}

void fm_show_rows(const fm_network *net, char *shown, const char *out, const fm_rows *rows) {
    const fm_program_op *spec = &net->spec[net->count - 1];
    if (net->output >= 0) {
        net->kern->row_activations[net->output].fwd(shown, out, rows, net->output_params);
        return;
    }
    for (int64_t p = 0; p < fm_panels(rows->k); p++) {
        const int64_t at = p * rows->cs * net->size;
        net->kern->activations[spec->kind].fwd(shown + at, out + at, rows->n,
                                               fm_whole_lanes(fm_panel_columns(rows->k, p)), P, spec->params);
    }
}

void fm_show_in_place(const fm_network *net, char *out, const fm_rows *rows) {
    if (net->output >= 0 || fm_hides_activation(net)) fm_show_rows(net, out, out, rows);
}

void fm_network_shown(const fm_network *net, void *Y, int64_t n) {
    const fm_op *last = &net->ops[net->count - 1];
    net->kern->from_panels(Y, last->m, fm_shown(net), last->batch, n, last->m);
}

void fm_metrics_add(const fm_network *net, const fm_run *run, int64_t from, int64_t n, const char *prediction,
                    const char *target, const int32_t *labels, int64_t capacity) {
    const fm_rows rows = {n, net->spec[net->count - 1].units, P, P * capacity};
    for (int64_t i = 0; run->sample_weight && i < n; i++)
        net->row_weight[i] = run->sample_weight[run->index ? run->index[from + i] : from + i];
    for (int64_t m = 0; m < run->metric_count; m++) {
        const fm_metric *metric = &run->metrics[m];
        const double *weights = metric->weighted && run->sample_weight ? net->row_weight : NULL;
        fm_metric_rows(net->type, metric, prediction, run->labels ? NULL : target, run->labels ? labels : NULL, weights,
                       &rows, net->row_loss);
    }
}

/* ---- penalties: l1·Σ|w| + l2·Σw² of what is trained */

void fm_penalty_start(fm_network *net) {
    for (int64_t l = 0; l < net->count; l++) {
        const fm_op *op = &net->ops[l];
        const fm_program_op *spec = &net->spec[l];
        const fm_program_weights *rules[2] = {&spec->W, &spec->b};
        const char *x[2] = {op->W, op->b};
        const int64_t n[2] = {op->use_weights ? fm_panels(op->width) * op->depth * P : 0,
                              op->use_bias ? fm_panels(op->width) * P : 0};
        for (int part = 0; part < 2; part++)
            for (int square = 0; square < 2; square++) {
                const double share = square ? rules[part]->l2 : rules[part]->l1;
                fm_sum *sum = &net->penalties[4 * l + 2 * part + square];
                sum->type = net->type;
                sum->x = x[part];
                sum->n = op->frozen || share == 0 ? 0 : n[part];
                sum->absolute = !square;
            }
    }
}

void fm_penalty_share(fm_network *net, const fm_team *team, int t) {
    for (int64_t i = 0; i < 4 * net->count; i++) {
        int64_t lo, hi;
        fm_share(fm_sum_parts(net->penalties[i].n), t, fm_team_size(team), &lo, &hi);
        fm_sum_range(&net->penalties[i], lo, hi);
    }
}

static double weights_penalty(const fm_network *net) {
    double total = 0;
    for (int64_t l = 0; l < net->count; l++) {
        const fm_sum *s = &net->penalties[4 * l];
        const fm_program_op *spec = &net->spec[l];
        total += spec->W.l1 * fm_sum_total(s) + spec->W.l2 * fm_sum_total(s + 1);
        total += spec->b.l1 * fm_sum_total(s + 2) + spec->b.l2 * fm_sum_total(s + 3);
    }
    return total;
}

double fm_penalty_total(const fm_network *net, double divisor, int64_t n) {
    double total = weights_penalty(net) / divisor;
    for (int64_t l = 0; l < net->count; l++)
        if (net->ops[l].op == FM_OP_activity) total += fm_op_activity(&net->ops[l], 0, n) / (double)n;
    return total;
}

double fm_network_penalty(fm_network *net) {
    if (!net->penalised) return 0;
    const uint64_t mode = fm_float_mode_enter();
    fm_penalty_share(net, NULL, 0);
    const double penalty = weights_penalty(net);
    fm_float_mode_leave(mode);
    return penalty;
}

/* ---- moving averages */

static void average(const fm_network *net, char *average, char *weights, int64_t rows, int overwrite) {
    if (net->step == 0) /* the first step starts it */
        net->kern->copy(average, weights, rows, P);
    else
        net->kern->norm->moving_update(average, weights, rows * P, net->ema_momentum, 1 - net->ema_momentum);
    if (overwrite) net->kern->copy(weights, average, rows, P);
}

void fm_step_average(fm_network *net) {
    const int overwrite = net->ema_overwrite > 0 && (net->step + 1) % net->ema_overwrite == 0;
    for (int64_t l = 0; l < net->count; l++) {
        const fm_op *op = &net->ops[l];
        const int64_t rows = fm_panels(op->width);
        if (!fm_op_learns(op)) continue;
        if (op->use_weights) average(net, op->ema_W, op->W, rows * op->depth, overwrite);
        if (op->use_bias) average(net, op->ema_b, op->b, rows, overwrite);
    }
}
