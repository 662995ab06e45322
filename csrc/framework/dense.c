/* dense.c: the dense layer's forward, backward-data and backward-weights over tiles of the matrix product.
 *
 * No operand is packed: activations, weights and gradients live in panels, and dX is computed transposed (its A operand
 * is W, its B operand dZt), so that each product reads B as a stream and A at constant distances. What follows a product
 * (bias, activation, derivative, optimizer) runs as a small loop of its own over a tile that is still in L1. */
#include "dense.h"

enum { P = FM_PANEL, TILE_ROWS = 16, K_BLOCK = 4096 };

void *fm_arena_take(fm_arena *arena, int64_t a, int64_t b, int64_t c, int64_t size) {
    int64_t bytes;
    if (__builtin_mul_overflow(a, b, &bytes) || __builtin_mul_overflow(bytes, c, &bytes) ||
        __builtin_mul_overflow(bytes, size, &bytes) || bytes > INT64_MAX - arena->used - 64) {
        arena->overflow = 1;
        return NULL;
    }
    void *p = arena->base ? arena->base + arena->used : NULL;
    arena->used += (bytes + 63) / 64 * 64;
    return p;
}

void fm_weights_layout(fm_op *layer, fm_arena *arena, int train, int gradients) {
    const int64_t panels = fm_panels(layer->width), depth = layer->depth, size = layer->size;
    layer->W = fm_arena_take(arena, panels, depth, P, size);
    layer->b = fm_arena_take(arena, panels, P, 1, size);
    for (int s = 0; train && s < layer->slots; s++) {
        layer->slot_W[s] = fm_arena_take(arena, panels, depth, P, size);
        layer->slot_b[s] = fm_arena_take(arena, panels, P, 1, size);
    }
    if (!gradients) return;
    layer->dW = fm_arena_take(arena, panels, depth, P, size);
    layer->db = fm_arena_take(arena, panels, P, 1, size);
}

void fm_dense_layout(fm_op *layer, fm_arena *arena, int train, int gradients) {
    const int64_t panels = fm_panels(layer->m), batch = layer->batch, size = layer->size;
    fm_weights_layout(layer, arena, train, gradients);
    layer->Y = fm_arena_take(arena, panels, batch, P, size);
    layer->Z = layer->kern->activations[layer->activation].saves == FM_SAVES_INPUT
                   ? fm_arena_take(arena, panels, batch, P, size)
                   : NULL;
    layer->out = layer->noise >= 0 ? fm_arena_take(arena, panels, batch, P, size) : layer->Y;
    layer->gemm = layer->kern->gemm;
    if (layer->bf16) fm_bf16_layout(layer, arena, train);
    if (!train) return;
    layer->dZ = fm_arena_take(arena, panels, batch, P, size);
    if (layer->bf16) return;
    layer->dZt_stride = panels * P * P;
    layer->dZt = fm_arena_take(arena, batch / P, layer->dZt_stride, 1, size);
}

/* A part's memory; its rows. NULL for what this operation does not have. */
static char *part_memory(const fm_op *op, int part, int64_t *rows) {
    if (FM_PART_SLOTS <= part && part < FM_PART_MOVING_MEAN) {
        const int slot = (part - FM_PART_SLOTS) / 2, vector = part % 2;
        *rows = vector ? 1 : op->depth;
        return vector ? op->slot_b[slot] : op->slot_W[slot];
    }
    *rows = part == FM_PART_W || part == FM_PART_EMA_W ? op->depth : 1;
    switch (part) {
    case FM_PART_W: return op->W;
    case FM_PART_B: return op->b;
    case FM_PART_MOVING_MEAN: return op->moving_mean;
    case FM_PART_MOVING_VARIANCE: return op->moving_variance;
    case FM_PART_EMA_W: return op->ema_W;
    default: return op->ema_b;
    }
}

void fm_weights_set_part(fm_op *op, int part, const void *values) {
    int64_t rows;
    char *memory = part_memory(op, part, &rows);
    op->kern->to_panels(memory, rows, values, op->width, rows, op->width);
    if (op->bf16 && part == FM_PART_W) fm_bf16_round_all_weights(op, NULL, 0);
}

void fm_weights_get_part(const fm_op *op, int part, void *values) {
    int64_t rows;
    const char *memory = part_memory(op, part, &rows);
    op->kern->from_panels(values, op->width, memory, rows, rows, op->width);
}

fm_sink fm_dense_sink(const fm_op *layer) {
    char *dt = layer->bf16 ? NULL : layer->dZt; /* which is rounded first */
    return (fm_sink){layer->dZ,         dt,
                     layer->dZt_stride, layer->activation,
                     layer->params,     fm_dense_saved(layer),
                     layer->noise,      layer->noise_params,
                     layer->draw};
}

/* Elements that hold so many numbers along a sum. */
static int64_t folded(const fm_op *layer, int64_t numbers) { return layer->bf16 ? (numbers + 1) / 2 : numbers; }

/* How many tiles cover `rows`: as few as the micro-kernel allows, of even height (11 + 11 + 10, not 14 + 14 + 4). */
static int64_t tile_count(const fm_kernels *kern, int64_t rows, int64_t columns) {
    int64_t most = columns <= kern->vector ? kern->mr_narrow : kern->mr;
    return (rows + most - 1) / most;
}

/* The first unit of thread t in a grid of panels × parts, panel by panel. Threads get columns alike, not panels: the last
 * one may have few. */
static int64_t first_unit(int64_t m, int64_t parts, int64_t t, int64_t threads) {
    const int64_t last = fm_panels(m) - 1, width = (fm_panel_columns(m, last) + 7) / 8 * 8;
    const int64_t at = (last * P + width) * parts * t / threads, p = fm_min64(at / (P * parts), last);
    return p * parts + (at - p * P * parts) / (p < last ? P : width);
}
static void share_panels(int64_t m, int64_t parts, int64_t t, int64_t threads, int64_t *lo, int64_t *hi) {
    *lo = first_unit(m, parts, t, threads);
    *hi = first_unit(m, parts, t + 1, threads);
}

/* Rows of the tile, in a grid where those of one pair are in one tile. */
static void tile_rows(const fm_op *layer, int64_t rows, int64_t r, int64_t tiles, int64_t *i0, int64_t *i1) {
    fm_share(folded(layer, rows), r, tiles, i0, i1);
    if (!layer->bf16) return;
    *i0 *= 2;
    *i1 = fm_min64(*i1 * 2, rows);
}

/* The product for one tile. Long sums go in blocks, so that a block of B stays in cache while the tiles pass over it;
 * resuming from the stored sums keeps the chain of additions as it would be without blocks. */
static void product(fm_gemm *gemm, int a_layout, char *C, const char *A, int64_t a_stride, int64_t a_row, const char *B,
                    int64_t rows, int64_t columns, int64_t k, int resume, int64_t size, const fm_ahead *ahead) {
    gemm(a_layout, C, A, a_stride, B, rows, columns, fm_min64(k, K_BLOCK), resume, ahead);
    for (int64_t done = K_BLOCK; done < k; done += K_BLOCK) {
        int64_t a_step = a_layout == FM_A_ROWS ? done / a_row * a_stride : done * P;
        gemm(a_layout, C, A + a_step * size, a_stride, B + done * P * size, rows, columns, fm_min64(k - done, K_BLOCK),
             1, NULL);
    }
}

/* The product for up to 32 rows of C. */
static void products(const fm_kernels *kern, fm_gemm *gemm, int a_layout, char *C, const char *A, int64_t a_stride,
                     int64_t a_row, const char *B, int64_t rows, int64_t columns, int64_t k, int resume) {
    const int64_t tiles = tile_count(kern, rows, columns), size = kern->bits / 8;
    for (int64_t r = 0; r < tiles; r++) {
        int64_t i0, i1;
        fm_share(rows, r, tiles, &i0, &i1);
        product(gemm, a_layout, C + i0 * P * size, A + i0 * (a_layout == FM_A_ROWS ? a_row : 1) * size, a_stride, a_row,
                B, i1 - i0, columns, k, resume, size, NULL);
    }
}

void fm_product(const fm_kernels *kern, int a_layout, char *C, const char *A, int64_t a_stride, const char *B,
                int64_t rows, int64_t columns, int64_t k, int resume) {
    products(kern, kern->gemm, a_layout, C, A, a_stride, P, B, rows, columns, k, resume);
}

/* Bias, activation and noise over the sums Z = XW of panel p, rows r0 … r1-1. */
static void finish(const fm_op *layer, char *Z, int64_t p, int64_t r0, int64_t r1) {
    const fm_kernels *kern = layer->kern;
    const int64_t columns = fm_whole_lanes(fm_panel_columns(layer->m, p)), rows = r1 - r0;
    const int64_t at = (p * layer->batch + r0) * P * layer->size;
    if (layer->use_bias) kern->add_row(Z, layer->b + p * P * layer->size, rows, columns);
    if (layer->Z) kern->copy(layer->Z + at, Z, rows, columns);
    kern->activations[layer->activation].fwd(layer->Y + at, Z, rows, columns, P, layer->params);
    if (layer->noise < 0) return;
    fm_draw draw = layer->draw;
    draw.row = r0;
    draw.col = p * P;
    kern->noises[layer->noise].fwd(layer->out + at, layer->Y + at, rows, columns, P, layer->noise_params, &draw);
}

/* Y of panel p for rows r0 … r1-1, at most one tile of them. */
static void forward_tile(const fm_op *layer, const char *X, int64_t p, int64_t r0, int64_t r1) {
    const int64_t size = layer->size, k = folded(layer, layer->k), row = folded(layer, P);
    const int64_t columns = fm_panel_columns(layer->m, p);
    const char *A = layer->bf16 ? layer->X_plain : X, *B = layer->bf16 ? layer->W_pairs : layer->W;
    _Alignas(64) char C[TILE_ROWS * P * sizeof(double)];
    product(layer->gemm, FM_A_ROWS, C, A + r0 * row * size, layer->batch * row, row, B + p * k * P * size, r1 - r0,
            columns, k, 0, size, NULL);
    finish(layer, C, p, r0, r1);
}

void fm_dense_finish_rows(const fm_op *layer, char *sums, int64_t p, int64_t r0, int64_t r1) {
    finish(layer, sums, p, r0, r1);
}

void fm_dense_forward(const fm_op *layer, const char *X, int64_t n, fm_team *team, int t) {
    const int64_t tiles = tile_count(layer->kern, n, fm_min64(layer->m, P));
    int64_t lo, hi;
    if (layer->bf16) {
        fm_bf16_round_input(layer, X, n, team, t);
        fm_barrier(team, t);
    }
    share_panels(layer->m, tiles, t, fm_team_size(team), &lo, &hi);
    for (int64_t u = lo; u < hi; u++) {
        int64_t r0, r1;
        fm_share(n, u % tiles, tiles, &r0, &r1);
        forward_tile(layer, X, u / tiles, r0, r1);
    }
}

void fm_dense_forward_rows(const fm_op *layer, const char *X, int64_t r0, int64_t r1) {
    const int64_t tiles = tile_count(layer->kern, r1 - r0, fm_min64(layer->m, P));
    if (layer->bf16) fm_bf16_round_input_rows(layer, X, r0, r1);
    for (int64_t p = 0; p < fm_panels(layer->m); p++)
        for (int64_t r = 0; r < tiles; r++) {
            int64_t lo, hi;
            fm_share(r1 - r0, r, tiles, &lo, &hi);
            forward_tile(layer, X, p, r0 + lo, r0 + hi);
        }
}

/* From the derivative with respect to a layer's output to that with respect to Z, in place in panel p of sink->d, rows
 * r0 … r1-1: back through the noise, then the activation. */
static void through_activation(const fm_kernels *kern, const fm_sink *sink, int64_t batch, int64_t p, int64_t r0,
                               int64_t r1, int64_t columns_of_all) {
    const int64_t at = (p * batch + r0) * P * (kern->bits / 8), rows = r1 - r0;
    const int64_t columns = fm_whole_lanes(fm_panel_columns(columns_of_all, p));
    char *d = sink->d + at;
    if (sink->noise >= 0) {
        fm_draw draw = sink->draw;
        draw.row = r0;
        draw.col = p * P;
        kern->noises[sink->noise].bwd(d, d, rows, columns, P, sink->noise_params, &draw);
    }
    kern->activations[sink->activation].bwd(d, sink->saved + at, d, rows, columns, P, sink->params);
}

/* One 32 × 32 tile of dX: (inputs of panel pi) × (batch group q), computed transposed, then turned. */
static void backward_data_tile(const fm_op *layer, const fm_sink *sink, int64_t n, int64_t pi, int64_t q) {
    const fm_kernels *kern = layer->kern;
    const int64_t size = layer->size, k = layer->k, batch = layer->batch, row = folded(layer, P);
    const int64_t inputs = fm_panel_columns(k, pi), rows = fm_min64(n - q * P, P);
    const int64_t at = (pi * batch + q * P) * P * size;
    const char *A = layer->bf16 ? layer->W_plain : layer->W;
    _Alignas(64) char turned[P * P * sizeof(double)];
    products(kern, layer->gemm, FM_A_ROWS, turned, A + pi * P * row * size, k * row, row,
             layer->dZt + q * layer->dZt_stride * size, inputs, rows, folded(layer, layer->m), 0);
    const int64_t columns = fm_whole_lanes(inputs);
    if (inputs < columns) kern->zero(turned + inputs * P * size, columns - inputs, P);
    char *d = sink->d + at; /* whole groups of 32 rows have room here; rows past n hold nothing that is read */
    kern->transpose(d, turned, columns, fm_whole_lanes(rows));
    if (sink->activation < 0) return;
    through_activation(kern, sink, batch, pi, q * P, q * P + rows, k);
    if (sink->dt) kern->transpose(sink->dt + (q * sink->dt_stride + pi * P * P) * size, d, P, columns);
}

void fm_dense_backward_data(const fm_op *layer, const fm_sink *sink, int64_t n, const fm_team *team, int t) {
    const int64_t groups = (n + P - 1) / P;
    int64_t lo, hi;
    share_panels(layer->k, groups, t, fm_team_size(team), &lo, &hi);
    for (int64_t u = lo; u < hi; u++) backward_data_tile(layer, sink, n, u / groups, u % groups);
}

void fm_dense_output_gradient(const fm_op *layer, int64_t r0, int64_t r1) {
    const fm_sink sink = fm_dense_sink(layer);
    for (int64_t p = 0; p < fm_panels(layer->m); p++)
        through_activation(layer->kern, &sink, layer->batch, p, r0, r1, layer->m);
}

void fm_dense_transpose(const fm_op *layer, int64_t n, const fm_team *team, int t) {
    const int64_t groups = (n + P - 1) / P, panels = fm_panels(layer->m), size = layer->size;
    int64_t lo, hi;
    if (layer->bf16) {
        fm_bf16_round_gradient(layer, n, team, t);
        return;
    }
    fm_share(groups * panels, t, fm_team_size(team), &lo, &hi);
    for (int64_t u = lo; u < hi; u++) {
        const int64_t q = u / panels, p = u % panels;
        layer->kern->transpose(layer->dZt + (q * layer->dZt_stride + p * P * P) * size,
                               layer->dZ + (p * layer->batch + q * P) * P * size, P,
                               fm_whole_lanes(fm_panel_columns(layer->m, p)));
    }
}

/* The slots at an offset, for one call of an optimizer. */
typedef struct {
    void *s[FM_SLOTS];
} slots_at;
static slots_at at_offset(char *const slots[FM_SLOTS], int count, int64_t offset) {
    slots_at r = {{0}};
    for (int s = 0; s < count; s++) r.s[s] = slots[s] + offset;
    return r;
}

/* The bias gradient of one panel: the column sums of dZ. */
void fm_dense_bias(const fm_op *layer, int64_t p, int64_t n, const fm_optimizer_kernel *optimizer, const fm_hyper *h) {
    const fm_kernels *kern = layer->kern;
    const int64_t size = layer->size, columns = fm_whole_lanes(fm_panel_columns(layer->m, p)), at = p * P * size;
    _Alignas(64) char sums[P * sizeof(double)];
    char *db = optimizer ? sums : layer->db + at;
    kern->column_sum(db, layer->dZ + p * layer->batch * P * size, n, columns, P, 0);
    if (!optimizer) return;
    slots_at s = at_offset(layer->slot_b, layer->slots, at);
    optimizer->step(layer->b + at, db, s.s, 1, columns, P, h);
}

/* One panel of inputs × one panel of outputs of dW. */
static void weights_tile(const fm_op *layer, const char *X, int64_t n, int64_t p, int64_t pi,
                         const fm_optimizer_kernel *optimizer, const fm_hyper *h) {
    const fm_kernels *kern = layer->kern;
    const int64_t size = layer->size, k = layer->k, batch = folded(layer, layer->batch);
    const char *A = layer->bf16 ? layer->X_pairs : X, *B = layer->bf16 ? layer->dZ_pairs : layer->dZ;
    const int64_t inputs = fm_panel_columns(k, pi), columns = fm_panel_columns(layer->m, p);
    const int64_t tiles = tile_count(kern, inputs, columns);
    _Alignas(64) char C[TILE_ROWS * P * sizeof(double)];
    for (int64_t r = 0; r < tiles; r++) {
        int64_t i0, i1;
        tile_rows(layer, inputs, r, tiles, &i0, &i1);
        const int64_t at = (p * k + pi * P + i0) * P * size;
        slots_at s = at_offset(layer->slot_W, layer->slots, at);
        char *G = optimizer ? C : layer->dW + at;
        fm_ahead ahead = {{layer->W + at, layer->W + at, layer->W + at, layer->W + at}, (i1 - i0) * P * size / 64};
        for (int q = 0; q < layer->slots && q < FM_SLOTS - 1; q++) ahead.p[1 + q] = s.s[q];
        product(layer->gemm, FM_A_COLUMNS, G, A + (pi * batch * P + i0) * size, 0, 0, B + p * batch * P * size, i1 - i0,
                columns, folded(layer, n), 0, size, optimizer ? &ahead : NULL);
        if (!optimizer) continue;
        optimizer->step(layer->W + at, G, s.s, i1 - i0, fm_whole_lanes(columns), P, h);
        if (layer->bf16) fm_bf16_round_weights(layer, p, pi * P + i0, pi * P + i1);
    }
}

void fm_dense_weights(const fm_op *layer, const char *X, int64_t n, int64_t u0, int64_t u1,
                      const fm_optimizer_kernel *optimizer, const fm_hyper *h, const fm_upcoming *upcoming) {
    const int64_t in_panels = fm_panels(layer->k);
    for (int64_t u = u0; u < u1; u++) {
        fm_fetch(upcoming, u - u0, u1 - u0);
        weights_tile(layer, X, n, u / in_panels, u % in_panels, optimizer, h);
    }
}

fm_op fm_dense_inputs(const fm_op *layer, int64_t p0, int64_t p1) {
    fm_op part = *layer; /* of one output panel */
    part.k = fm_min64(p1 * P, layer->k) - p0 * P;
    part.W += p0 * P * P * layer->size;
    for (int s = 0; s < layer->slots; s++) part.slot_W[s] += p0 * P * P * layer->size;
    return part;
}

void fm_dense_backward_weights(const fm_op *layer, const char *X, int64_t n, const fm_optimizer_kernel *optimizer,
                               const fm_hyper *for_W, const fm_hyper *for_b, const fm_upcoming *upcoming,
                               const fm_team *team, int t) {
    const int64_t in_panels = fm_panels(layer->k);
    int64_t lo, hi;
    share_panels(layer->m, in_panels, t, fm_team_size(team), &lo, &hi);
    fm_dense_weights(layer, X, n, lo, hi, optimizer, for_W, upcoming);
    if (!layer->use_bias) return;
    for (int64_t p = (lo + in_panels - 1) / in_panels; p * in_panels < hi; p++) /* panels whose first tile was ours */
        fm_dense_bias(layer, p, n, optimizer, for_b);
}

void fm_weights_update(const fm_op *op, const fm_optimizer_kernel *optimizer, const fm_hyper *for_W,
                       const fm_hyper *for_b, const fm_team *team, int t) {
    const int64_t size = op->size, depth = op->depth;
    if (op->frozen) return;
    for (int64_t p = 0; p < fm_panels(op->width); p++) {
        const int64_t columns = fm_whole_lanes(fm_panel_columns(op->width, p));
        int64_t lo, hi;
        fm_share(depth, t, fm_team_size(team), &lo, &hi);
        if (op->use_weights && lo < hi) {
            const int64_t at = (p * depth + lo) * P * size;
            slots_at s = at_offset(op->slot_W, op->slots, at);
            optimizer->step(op->W + at, op->dW + at, s.s, hi - lo, columns, P, for_W);
        }
        if (t || !op->use_bias) continue;
        slots_at s = at_offset(op->slot_b, op->slots, p * P * size);
        optimizer->step(op->b + p * P * size, op->db + p * P * size, s.s, 1, columns, P, for_b);
    }
}
