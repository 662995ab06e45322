/* loops.h: how a kernel written for one vector is run over a block or over rows. */
#pragma once

/* Runs BODY for each vector of a block, with `o` its offset and `n` its valid lanes (VL but at a row's end). */
#define FM_FOR_BLOCK(rows, cols, ld, o, n, ...)                                        \
    do {                                                                               \
        int64_t rows_ = (rows), cols_ = (cols), ld_ = (ld);                            \
        if (cols_ == ld_) { /* no gap between rows: one long row */                    \
            cols_ *= rows_;                                                            \
            rows_ = cols_ ? 1 : 0;                                                     \
        }                                                                              \
        for (int64_t i_ = 0; i_ < rows_; i_++) {                                       \
            int64_t o = i_ * ld_, end_ = o + cols_;                                    \
            for (; o + VL <= end_; o += VL) {                                          \
                enum { n = VL };                                                       \
                __VA_ARGS__                                                            \
            }                                                                          \
            if (o < end_) {                                                            \
                const int n = (int)(end_ - o);                                         \
                __VA_ARGS__                                                            \
            }                                                                          \
        }                                                                              \
    } while (0)

/* Loads and stores that fit FM_FOR_BLOCK: whole vectors where n is the constant VL. */
FM_INLINE vr load_lanes(const real *p, int n) { return n == VL ? vr_load(p) : vr_load_n(p, n); }
FM_INLINE void store_lanes(real *p, vr x, int n) {
    if (n == VL)
        vr_store(p, x);
    else
        vr_store_n(p, x, n);
}

/* Runs BODY for each vector of row i of a fm_rows shape: `o` is its offset from the array's start, `n` its valid lanes,
 * `v` the virtual-lane group 0 … NV-1 it belongs to (for accumulators of fm_tree_sum). */
#define FM_FOR_ROW(shape, i, o, n, v, ...)                                             \
    do {                                                                               \
        for (int64_t j0_ = 0; j0_ < (shape)->k; j0_ += LANES) {                        \
            int64_t base_ = (i) * (shape)->rs + (j0_ / 32) * (shape)->cs + j0_ % 32;   \
            int left_ = (shape)->k - j0_ < LANES ? (int)((shape)->k - j0_) : LANES;    \
            for (int v = 0; v * VL < left_; v++) {                                     \
                int64_t o = base_ + v * VL;                                            \
                const int n = left_ - v * VL < VL ? left_ - v * VL : VL;               \
                __VA_ARGS__                                                            \
            }                                                                          \
        }                                                                              \
    } while (0)

/* How many names a comma-separated list holds (0 for ""); the compiler folds it. */
FM_INLINE int count_names(const char *names) {
    int n = names[0] != 0;
    for (const char *c = names; *c; c++) n += *c == ',';
    return n;
}
FM_INLINE void spread_params(vr *p, const double *params, const char *names) {
    for (int i = 0; i < count_names(names); i++) p[i] = vr_set((real)params[i]);
}
