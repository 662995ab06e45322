/* sparse.h: a row that is mostly zeros, by its other numbers: `count` of them, values[e] in column columns[e], against a panel
 * whose rows are those columns. cols is 16 or 32.
 *
 * Each element is the chain of fused multiply-adds that the product has, without the terms that add nothing: the same
 * bits where the columns ascend. */
#pragma once

enum { SPARSE_AHEAD = 6 }; /* no hardware foresees where the next columns lie */

FM_INLINE void fetch_column(const real *panel, const int32_t *columns, int64_t e, int64_t count) {
    if (e + SPARSE_AHEAD >= count) return;
    const real *row = panel + columns[e + SPARSE_AHEAD] * (int64_t)FM_PANEL;
    for (int l = 0; l < FM_PANEL; l += FM_LINE) FM_PREFETCH(row + l);
}

FM_INLINE void sparse_row_of(real *y, const real *W, const real *values, const int32_t *columns, int64_t count,
                             int vectors) {
    vr sum[FM_PANEL / VL];
    for (int v = 0; v < vectors; v++) sum[v] = vr_zero();
    for (int64_t e = 0; e < count; e++) {
        const real *row = W + columns[e] * (int64_t)FM_PANEL;
        const vr x = vr_set(values[e]);
        fetch_column(W, columns, e, count);
        for (int v = 0; v < vectors; v++) sum[v] = vr_fma(x, vr_load(row + v * VL), sum[v]);
    }
    for (int v = 0; v < vectors; v++) vr_store(y + v * VL, sum[v]);
}
static void sparse_row(void *y, const void *W, const void *values, const int32_t *columns, int64_t count,
                       int64_t cols) {
    if (cols == FM_PANEL)
        sparse_row_of(y, W, values, columns, count, FM_PANEL / VL);
    else
        sparse_row_of(y, W, values, columns, count, NV);
}

static void sparse_outer(void *dW, const void *dz, const void *values, const int32_t *columns, int64_t count,
                         int64_t lo, int64_t hi, int64_t cols) {
    for (int64_t e = 0; e < count; e++) {
        if (columns[e] < lo || columns[e] >= hi) continue;
        real *row = (real *)dW + columns[e] * (int64_t)FM_PANEL;
        const vr x = vr_set(((const real *)values)[e]);
        fetch_column(dW, columns, e, count);
        for (int64_t j = 0; j < cols; j += VL)
            vr_store(row + j, vr_fma(x, vr_load((const real *)dz + j), vr_load(row + j)));
    }
}

static void sparse_clear(void *dW, const int32_t *columns, int64_t count, int64_t lo, int64_t hi, int64_t cols) {
    for (int64_t e = 0; e < count; e++)
        if (columns[e] >= lo && columns[e] < hi) zero((real *)dW + columns[e] * (int64_t)FM_PANEL, 1, cols);
}
