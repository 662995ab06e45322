/* op.c: forward and backward of the operations that are not dense layers, in panels. */
#include "op.h"

enum { P = FM_PANEL };

static int normalises(const fm_op *op) {
    return op->op == FM_OP_batch_norm || op->op == FM_OP_layer_norm || op->op == FM_OP_affine;
}

void fm_op_layout(fm_op *op, fm_arena *arena, char *before, int train) {
    const int64_t panels = fm_panels(op->m), batch = op->batch, size = op->size;
    if (train) fm_weights_layout(op, arena, 1, 1);
    op->out = op->op == FM_OP_activity ? before : fm_arena_take(arena, panels, batch, P, size);
    op->Y = op->out;
    if (normalises(op)) {
        const int64_t length = op->op == FM_OP_layer_norm ? batch : panels * P;
        if (train && op->op != FM_OP_layer_norm) {
            op->moving_mean = fm_arena_take(arena, length, 1, 1, size);
            op->moving_variance = fm_arena_take(arena, length, 1, 1, size);
        }
        const int fixed = op->op == FM_OP_affine || (op->op == FM_OP_batch_norm && !train);
        op->mean = fixed ? op->moving_mean : fm_arena_take(arena, length, 1, 1, size);
        op->r = op->op == FM_OP_affine ? op->moving_variance : fm_arena_take(arena, length, 1, 1, size);
    }
    if (!train) return;
    op->dZ = fm_arena_take(arena, panels, batch, P, size);
    if (op->shared) op->fold = fm_arena_take(arena, panels, op->depth, P, size);
}

/* A block of rows of one panel of columns. */
typedef struct {
    int64_t in, out, vector; /* byte offsets: of the block in X, in Y, of its columns in a vector */
    int64_t rows, cols, lanes;
} block;

static block block_of(const fm_op *op, int64_t p, int64_t r0, int64_t r1) {
    const int64_t at = (p * op->batch + r0) * P * op->size, cols = fm_panel_columns(op->m, p);
    return (block){at, at, p * P * op->size, r1 - r0, cols, fm_whole_lanes(cols)};
}
static const char *weights_if_any(const fm_op *op) { return op->use_weights ? op->W : NULL; }
static const char *bias_if_any(const fm_op *op) { return op->use_bias ? op->b : NULL; }
static const char *part_of(const char *vector, const block *b) { return vector ? vector + b->vector : NULL; }
static fm_parameters parameters_of(const fm_op *op) { return (fm_parameters){op->depth, P, P, op->shared}; }
static const char *theta_of(const fm_op *op, int64_t p) {
    return op->shared ? op->W : op->W + p * op->depth * P * op->size;
}

/* Kinds whose columns do not look at each other, one panel of them. */
static void forward_block(const fm_op *op, const char *X, int64_t p, int64_t r0, int64_t r1, int training) {
    const fm_kernels *kern = op->kern;
    const block b = block_of(op, p, r0, r1);
    const char *x = X + b.in;
    char *y = op->out + b.out;
    fm_draw draw = op->draw;
    const fm_parameters theta = parameters_of(op);
    draw.row = r0;
    draw.col = p * P;
    switch (op->op) {
    case FM_OP_activation: kern->activations[op->kind].fwd(y, x, b.rows, b.lanes, P, op->params); break;
    case FM_OP_noise:
        if (training)
            kern->noises[op->kind].fwd(y, x, b.rows, b.lanes, P, op->params, &draw);
        else
            kern->copy(y, x, b.rows, b.lanes);
        break;
    case FM_OP_trainable: kern->trainables[op->kind].fwd(y, x, theta_of(op, p), &theta, b.rows, b.cols, P); break;
    default: /* batch_norm, affine */
        kern->norm->batch_fwd(y, x, op->mean + b.vector, op->r + b.vector, part_of(weights_if_any(op), &b),
                              part_of(bias_if_any(op), &b), b.rows, b.cols, P);
    }
}

static fm_rows rows_of(const fm_op *op, int64_t columns, int64_t n) { return (fm_rows){n, columns, P, P * op->batch}; }

void fm_op_forward_rows(const fm_op *op, const char *X, int64_t r0, int64_t r1, int training) {
    const fm_kernels *kern = op->kern;
    const int64_t row = r0 * P * op->size, v = r0 * op->size;
    const fm_rows x = rows_of(op, op->k, r1 - r0), y = rows_of(op, op->m, r1 - r0);
    if (r0 >= r1) return;
    switch (op->op) {
    case FM_OP_activity: break;
    case FM_OP_row_activation: kern->row_activations[op->kind].fwd(op->out + row, X + row, &x, op->params); break;
    case FM_OP_pieces: kern->pieces[op->kind].fwd(op->out + row, &y, X + row, &x); break;
    case FM_OP_unit_norm: kern->norm->unit_fwd(op->out + row, X + row, &x, op->params[0]); break;
    case FM_OP_layer_norm:
        kern->norm->layer_fwd(op->out + row, op->mean + v, op->r + v, X + row, weights_if_any(op), bias_if_any(op), &x,
                              op->params[0]);
        break;
    default:
        for (int64_t p = 0; p < fm_panels(op->m); p++) forward_block(op, X, p, r0, r1, training);
    }
}

void fm_op_settle(const fm_op *op) {
    if (op->op == FM_OP_batch_norm) op->kern->norm->batch_scale(op->r, op->moving_variance, op->m, op->params[1]);
}

/* Batch normalisation in training. A frozen one goes by its moving moments, and leaves them. */
static fm_norm batch_norm_of(const fm_op *op, const char *X, char *out, const fm_rows *shape) {
    return (fm_norm){.k = op->kern,
                     .shape = shape,
                     .size = op->size,
                     .out = out,
                     .mean = op->mean,
                     .r = op->r,
                     .dgamma = op->dW,
                     .dbeta = op->db,
                     .moving_mean = op->moving_mean,
                     .moving_variance = op->moving_variance,
                     .x = X,
                     .dy = op->dZ,
                     .gamma = weights_if_any(op),
                     .beta = bias_if_any(op),
                     .momentum = op->params[0],
                     .epsilon = op->params[1],
                     .unbiased = op->params[2] != 0,
                     .training = !op->frozen};
}

void fm_op_forward(const fm_op *op, const char *X, int64_t n, const fm_team *team, int t) {
    int64_t lo, hi;
    if (op->op != FM_OP_batch_norm) {
        fm_share(n, t, fm_team_size(team), &lo, &hi);
        fm_op_forward_rows(op, X, lo, hi, 1);
        return;
    }
    const fm_rows shape = rows_of(op, op->m, n);
    fm_norm norm = batch_norm_of(op, X, op->out, &shape);
    fm_share(fm_panels(op->m), t, fm_team_size(team), &lo, &hi);
    fm_batch_fwd_range(&norm, lo, hi);
}

/* ---- backward */

static void backward_block(const fm_op *op, const char *X, char *dX, int64_t n, int64_t p, int64_t r0, int64_t r1) {
    const fm_kernels *kern = op->kern;
    const block b = block_of(op, p, r0, r1);
    const char *x = X + b.in, *y = op->out + b.out, *dy = op->dZ + b.out;
    const fm_activation_kernel *f = &kern->activations[op->kind];
    fm_draw draw = op->draw;
    char *dx = dX + b.in;
    draw.row = r0;
    draw.col = p * P;
    switch (op->op) {
    case FM_OP_activation: f->bwd(dx, f->saves == FM_SAVES_INPUT ? x : y, dy, b.rows, b.lanes, P, op->params); break;
    case FM_OP_noise: kern->noises[op->kind].bwd(dx, dy, b.rows, b.lanes, P, op->params, &draw); break;
    case FM_OP_activity: /* but not in the padding, where the gradient stays 0 whatever x holds */
        kern->penalise(dx, dy, x, b.rows, b.cols, P, op->params[0] / (double)n, op->params[1] / (double)n);
        break;
    default: /* affine */
        kern->norm->batch_bwd(dx, dy, x, op->mean + b.vector, op->r + b.vector, NULL, NULL, NULL, b.rows, b.cols, P, 0);
    }
}

static void backward_rows(const fm_op *op, const char *X, char *dX, int64_t n, int64_t r0, int64_t r1) {
    const fm_kernels *kern = op->kern;
    const int64_t row = r0 * P * op->size, v = r0 * op->size;
    const fm_rows x = rows_of(op, op->k, r1 - r0), y = rows_of(op, op->m, r1 - r0);
    const char *out = op->out + row, *dy = op->dZ + row;
    char *dx = dX + row;
    if (r0 >= r1) return;
    switch (op->op) {
    case FM_OP_row_activation: kern->row_activations[op->kind].bwd(dx, out, dy, &x, op->params); break;
    case FM_OP_pieces: kern->pieces[op->kind].bwd(dx, &x, X + row, dy, &y); break;
    case FM_OP_unit_norm: kern->norm->unit_bwd(dx, dy, X + row, &x, op->params[0]); break;
    case FM_OP_layer_norm:
        kern->norm->layer_bwd(dx, dy, X + row, op->mean + v, op->r + v, weights_if_any(op), &x);
        break;
    default:
        for (int64_t p = 0; p < fm_panels(op->m); p++) backward_block(op, X, dX, n, p, r0, r1);
    }
}

/* Sums over the whole batch, for the columns of one panel. */
static void backward_panel(const fm_op *op, const char *X, char *dX, int64_t p, int64_t n) {
    const block b = block_of(op, p, 0, n);
    const char *x = X + b.in, *dy = op->dZ + b.out;
    const fm_parameters theta = parameters_of(op);
    switch (op->op) {
    case FM_OP_trainable: {
        char *dtheta = (op->shared ? op->fold : op->dW) + p * op->depth * P * op->size;
        op->kern->trainables[op->kind].bwd(dX + b.in, dtheta, x, dy, theta_of(op, p), &theta, n, b.cols, P);
        break;
    }
    case FM_OP_layer_norm:
        op->kern->norm->layer_sums(op->dW + b.vector, op->db + b.vector, dy, x, op->mean, op->r, n, b.cols, P);
        break;
    default: break;
    }
}

void fm_op_backward(const fm_op *op, const char *X, char *dX, int64_t n, const fm_team *team, int t) {
    int64_t lo, hi;
    fm_share(fm_panels(op->m), t, fm_team_size(team), &lo, &hi);
    if (op->op == FM_OP_batch_norm) {
        const fm_rows shape = rows_of(op, op->m, n);
        fm_norm norm = batch_norm_of(op, X, dX, &shape);
        fm_batch_bwd_range(&norm, lo, hi);
        return;
    }
    for (int64_t p = lo; p < hi; p++) backward_panel(op, X, dX, p, n);
    if (!dX || op->op == FM_OP_trainable) return;
    fm_share(n, t, fm_team_size(team), &lo, &hi);
    backward_rows(op, X, dX, n, lo, hi);
}

void fm_op_fold(const fm_op *op) {
    const fm_rows columns = {op->depth, op->m, P, P * op->depth};
    if (op->shared) op->kern->sum_rows(op->dW, P, op->fold, &columns);
}

double fm_op_activity(const fm_op *op, int64_t r0, int64_t r1) {
    const double l1 = op->params[0], l2 = op->params[1];
    double sum = 0;
    for (int64_t i = r0; i < r1; i++)
        for (int64_t p = 0; p < fm_panels(op->m); p++) {
            const char *x = op->out + (p * op->batch + i) * P * op->size;
            const int64_t columns = fm_panel_columns(op->m, p);
            if (l1 != 0) sum += l1 * op->kern->sum_abs(x, columns);
            if (l2 != 0) sum += l2 * op->kern->sum_squares(x, columns);
        }
    return sum;
}
