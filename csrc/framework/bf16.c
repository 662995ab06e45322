/* bf16.c: what the products of a dense layer under mixed_bfloat16 read: its operands rounded and in pairs.
 *
 * Weights, activations and gradients stay in float32, where everything but the products happens. An operand is rounded
 * once, before the phase that reads it, into two forms: `plain` panels, whose neighbours in a row are pairs of a sum
 * over columns, and `pairs` of neighbours in a column, for a sum over rows.
 *
 *   forward        X_plain (pairs along k) · W_pairs (along k)
 *   backward-data  W_plain (along m) · dZt, turned and then paired (along m)
 *   weights        X_pairs (along the batch) · dZ_pairs (along the batch)
 *
 * Elements are pairs, four bytes as a float32 is: [panels][batch][16] or [panels][batch / 2][32], and so on. */
#include "dense.h"

enum { P = FM_PANEL, HALF = P / 2 };

void fm_bf16_layout(fm_op *layer, fm_arena *arena, int train) {
    const int64_t inputs = fm_panels(layer->k), panels = fm_panels(layer->m), size = layer->size;
    layer->gemm = fm_pairs_product(layer->kern);
    layer->X_plain = fm_arena_take(arena, inputs, layer->batch, HALF, size);
    if (!train) return;
    layer->X_pairs = fm_arena_take(arena, inputs, layer->batch, HALF, size);
    layer->W_plain = fm_arena_take(arena, panels, layer->k, HALF, size);
    layer->W_pairs = fm_arena_take(arena, panels, (layer->k + 1) / 2, P, size);
    layer->dZ_pairs = fm_arena_take(arena, panels, layer->batch, HALF, size);
    layer->dZt_stride = panels * HALF * P;
    layer->dZt = fm_arena_take(arena, layer->batch / P, layer->dZt_stride, 1, size);
}

/* Rows r0 … r1-1 (r0 even, where pairs are wanted) of panel p of `columns`. */
static void round_rows(const fm_op *layer, char *plain, char *pairs, const char *x, int64_t columns, int64_t p,
                       int64_t r0, int64_t r1) {
    const int64_t row = p * layer->batch + r0, at = row * HALF * layer->size;
    layer->kern->round_pairs(plain ? plain + at : NULL, pairs ? pairs + at : NULL, x + row * P * layer->size, r1 - r0,
                             fm_panel_columns(columns, p));
}

void fm_bf16_round_input_rows(const fm_op *layer, const char *X, int64_t r0, int64_t r1) {
    for (int64_t p = 0; p < fm_panels(layer->k); p++) round_rows(layer, layer->X_plain, NULL, X, layer->k, p, r0, r1);
}

void fm_bf16_round_input(const fm_op *layer, const char *X, int64_t n, const fm_team *team, int t) {
    const int64_t groups = (n + P - 1) / P;
    int64_t lo, hi;
    fm_share(fm_panels(layer->k) * groups, t, fm_team_size(team), &lo, &hi);
    for (int64_t u = lo; u < hi; u++) {
        const int64_t r0 = u % groups * P;
        round_rows(layer, layer->X_plain, layer->X_pairs, X, layer->k, u / groups, r0, fm_min64(r0 + P, n));
    }
}

void fm_bf16_round_gradient(const fm_op *layer, int64_t n, const fm_team *team, int t) {
    const fm_kernels *kern = layer->kern;
    const int64_t groups = (n + P - 1) / P, size = layer->size;
    _Alignas(64) float turned[P * P];
    int64_t lo, hi;
    fm_share(fm_panels(layer->m) * groups, t, fm_team_size(team), &lo, &hi);
    for (int64_t u = lo; u < hi; u++) {
        const int64_t p = u / groups, q = u % groups, columns = fm_panel_columns(layer->m, p);
        round_rows(layer, NULL, layer->dZ_pairs, layer->dZ, layer->m, p, q * P, fm_min64(q * P + P, n));
        kern->transpose(turned, layer->dZ + (p * layer->batch + q * P) * P * size, P, fm_whole_lanes(columns));
        kern->round_pairs(NULL, layer->dZt + (q * layer->dZt_stride + p * HALF * P) * size, turned, columns, P);
    }
}

void fm_bf16_round_weights(const fm_op *layer, int64_t p, int64_t k0, int64_t k1) {
    const int64_t k = layer->k, size = layer->size;
    layer->kern->round_pairs(layer->W_plain + (p * k + k0) * HALF * size,
                             layer->W_pairs + (p * ((k + 1) / 2) + k0 / 2) * P * size,
                             layer->W + (p * k + k0) * P * size, k1 - k0, P);
}

void fm_bf16_round_all_weights(const fm_op *layer, const fm_team *team, int t) {
    const int64_t groups = fm_panels(layer->k);
    int64_t lo, hi;
    fm_share(fm_panels(layer->m) * groups, t, fm_team_size(team), &lo, &hi);
    for (int64_t u = lo; u < hi; u++) {
        const int64_t k0 = u % groups * P;
        fm_bf16_round_weights(layer, u / groups, k0, fm_min64(k0 + P, layer->k));
    }
}
