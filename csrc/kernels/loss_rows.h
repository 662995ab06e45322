/* loss_rows.h: how losses walk the rows of a fm_rows shape: whole groups of 16 virtual lanes, so that sums are the same
 * on every level and the lanes a panel has past the last column can be written as zero. */
#pragma once

/* Runs BODY for each vector of row i, all NV vectors of the last group included: `o` is its offset, `n` its valid lanes
 * (VL, or from VL-1 down to 0 in the last group), `v` its place among the NV accumulators of fm_tree_sum. */
#define FM_FOR_GROUPS(shape, i, o, n, v, ...)                                          \
    do {                                                                               \
        const int64_t k_ = (shape)->k, row_ = (i) * (shape)->rs;                       \
        int64_t j_ = 0;                                                                \
        for (; j_ + LANES <= k_; j_ += LANES) {                                        \
            const int64_t base_ = row_ + (j_ / 32) * (shape)->cs + j_ % 32;            \
            FM_UNROLL for (int v = 0; v < NV; v++) {                                   \
                const int64_t o = base_ + v * VL;                                      \
                enum { n = VL };                                                       \
                __VA_ARGS__                                                            \
            }                                                                          \
        }                                                                              \
        if (j_ < k_) {                                                                 \
            const int64_t base_ = row_ + (j_ / 32) * (shape)->cs + j_ % 32;            \
            FM_UNROLL for (int v = 0; v < NV; v++) {                                   \
                const int64_t o = base_ + v * VL, left_ = k_ - j_ - v * VL;            \
                const int n = left_ < 0 ? 0 : left_ < VL ? (int)left_ : VL;            \
                __VA_ARGS__                                                            \
            }                                                                          \
        }                                                                              \
    } while (0)

/* Where class j of row i lies. */
FM_INLINE int64_t column_of(const fm_rows *shape, int64_t i, int32_t j) {
    return i * shape->rs + (j / 32) * shape->cs + j % 32;
}

/* The first n lanes of x, `rest` in the others. */
FM_INLINE vr first_lanes(vr x, int n, vr rest) {
    static const real index[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return n == VL ? x : vr_sel(vr_lt(vr_load(index), vr_set((real)n)), x, rest);
}

/* Stores the first n lanes; in panels (their rows are FM_PANEL apart) the padding is there and becomes zero. */
FM_INLINE void store_row(real *d, vr x, int n, const fm_rows *shape) {
    if (n == VL)
        vr_store(d, x);
    else if (shape->rs == FM_PANEL)
        vr_store(d, first_lanes(x, n, vr_zero()));
    else
        vr_store_n(d, x, n);
}

FM_INLINE real row_scale(const void *scale, int64_t i) { return scale ? ((const real *)scale)[i] : 1; }

/* Rows of one element are worked 64 at a time as one row of a block: a vector a row would leave its lanes idle. */
typedef void loss_block(void *loss, void *d, const void *pred, const void *target, const void *scale, int64_t rows,
                        int64_t cols, int64_t ld, const double *params);

static void one_column(loss_block *block, real *loss, real *d, const real *pred, const real *target, const real *scale,
                       const fm_rows *shape, const double *params) {
    enum { CHUNK = 64 };
    if (shape->rs == 1) {
        block(loss, d, pred, target, scale, 1, shape->n, shape->n, params);
        return;
    }
    for (int64_t lo = 0; lo < shape->n; lo += CHUNK) {
        real p[CHUNK], y[CHUNK];
        const int rows = shape->n - lo < CHUNK ? (int)(shape->n - lo) : CHUNK;
        for (int r = 0; r < rows; r++) {
            p[r] = pred[(lo + r) * shape->rs];
            y[r] = target[(lo + r) * shape->rs];
        }
        block(loss + lo, d ? p : 0, p, y, scale ? scale + lo : 0, 1, rows, rows, params);
        if (!d) continue;
        for (int r = 0; r < rows; r++)
            FM_FOR_GROUPS(shape, lo + r, o, n, v, store_row(d + o, vr_set(p[r]), n, shape););
    }
}
