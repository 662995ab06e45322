/* loops.h: how a kernel written for one vector is run over a block or over rows. */
#pragma once

/* Runs BODY for each vector of a block, with `o` its offset and `n` its valid lanes (VL but at a row's end). */
#define FM_FOR_BLOCK(rows, cols, ld, o, n, ...)                     \
    do {                                                            \
        int64_t rows_ = (rows), cols_ = (cols), ld_ = (ld);         \
        if (cols_ == ld_) { /* no gap between rows: one long row */ \
            cols_ *= rows_;                                         \
            rows_ = cols_ ? 1 : 0;                                  \
        }                                                           \
        for (int64_t i_ = 0; i_ < rows_; i_++) {                    \
            int64_t o = i_ * ld_, end_ = o + cols_;                 \
            for (; o + VL <= end_; o += VL) {                       \
                enum { n = VL };                                    \
                __VA_ARGS__                                         \
            }                                                       \
            if (o < end_) {                                         \
                const int n = (int)(end_ - o);                      \
                __VA_ARGS__                                         \
            }                                                       \
        }                                                           \
    } while (0)

/* Loads and stores that fit FM_FOR_BLOCK: whole vectors where n is the constant VL. */
FM_INLINE vr load_lanes(const real *p, int n) { return n == VL ? vr_load(p) : vr_load_n(p, n); }
FM_INLINE void store_lanes(real *p, vr x, int n) {
    if (n == VL)
        vr_store(p, x);
    else
        vr_store_n(p, x, n);
}

/* Where element j of row i lies. */
FM_INLINE int64_t place(const fm_rows *s, int64_t i, int64_t j) {
    return i * s->rs + j / FM_PANEL * s->cs + j % FM_PANEL;
}

/* The first n lanes of x, `rest` in the others. */
FM_INLINE vr first_lanes(vr x, int n, vr rest) {
    static const real index[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return n == VL ? x : vr_sel(vr_lt(vr_load(index), vr_set((real)n)), x, rest);
}

#if LANES / VL <= 2 /* accumulators in registers */
#define FM_UNROLL_GROUP FM_UNROLL
#else /* many narrow vectors: unrolled, the rows' kernels would fill megabytes */
#define FM_UNROLL_GROUP _Pragma("GCC unroll 1")
#endif

/* Runs BODY for each vector of row i of a fm_rows shape, all NV vectors of the last group included: `o` is its offset from
 * the array's start, `n` its valid lanes (VL, or from VL-1 down to 0 in the last group), `v` its place among the NV
 * accumulators of fm_tree_sum, `j_` the column its group starts at. */
#define FM_FOR_GROUPS(shape, i, o, n, v, ...)                               \
    do {                                                                    \
        const int64_t k_ = (shape)->k, row_ = (i) * (shape)->rs;            \
        int64_t j_ = 0;                                                     \
        for (; j_ + LANES <= k_; j_ += LANES) {                             \
            const int64_t base_ = row_ + (j_ / 32) * (shape)->cs + j_ % 32; \
            FM_UNROLL_GROUP for (int v = 0; v < NV; v++) {                  \
                const int64_t o = base_ + v * VL;                           \
                enum { n = VL };                                            \
                __VA_ARGS__                                                 \
            }                                                               \
        }                                                                   \
        if (j_ < k_) {                                                      \
            const int64_t base_ = row_ + (j_ / 32) * (shape)->cs + j_ % 32; \
            FM_UNROLL_GROUP for (int v = 0; v < NV; v++) {                  \
                const int64_t o = base_ + v * VL, left_ = k_ - j_ - v * VL; \
                const int n = left_ < 0 ? 0 : left_ < VL ? (int)left_ : VL; \
                __VA_ARGS__                                                 \
            }                                                               \
        }                                                                   \
    } while (0)

/* Runs BODY for each vector of columns, with `j` its first column and `n` its valid lanes. */
#define FM_FOR_COLUMNS(cols, j, n, ...)      \
    do {                                     \
        int64_t j = 0;                       \
        for (; j + VL <= (cols); j += VL) {  \
            enum { n = VL };                 \
            __VA_ARGS__                      \
        }                                    \
        if (j < (cols)) {                    \
            const int n = (int)((cols) - j); \
            __VA_ARGS__                      \
        }                                    \
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
