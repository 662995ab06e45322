/* sums.h: Σ|x| and Σx² of at most one block of FM_SUM_BLOCK elements: 16 virtual lanes, then the tree, so that neither
 * the vector width nor the number of threads changes a bit. */
#pragma once

// clang-format off
#define FM_SUM(n_, o, n, term)                                          \
    vr acc[NV];                                                         \
    FM_UNROLL for (int v = 0; v < NV; v++) acc[v] = vr_zero();          \
    int64_t at_ = 0;                                                    \
    for (; at_ + LANES <= (n_); at_ += LANES) {                         \
        FM_UNROLL for (int v = 0; v < NV; v++) {                        \
            enum { n = VL };                                            \
            int64_t o = at_ + v * VL;                                   \
            acc[v] = term;                                              \
        }                                                               \
    }                                                                   \
    for (int v = 0; v < NV && at_ + v * VL < (n_); v++) {               \
        int64_t o = at_ + v * VL;                                       \
        const int n = (n_) - o < VL ? (int)((n_) - o) : VL;             \
        acc[v] = term;                                                  \
    }                                                                   \
    return fm_tree_sum(acc)
// clang-format on

static double sum_abs(const void *x_, int64_t count) {
    const real *x = x_;
    FM_SUM(count, o, n, acc[v] + vr_abs(load_lanes(x + o, n)));
}
FM_INLINE vr add_square(vr sum, vr x) { return vr_fma(x, x, sum); }
static double sum_squares(const void *x_, int64_t count) {
    const real *x = x_;
    FM_SUM(count, o, n, add_square(acc[v], load_lanes(x + o, n)));
}
static double sum_squares_regularized(const void *g_, const void *w_, int64_t count, double l1, double l2) {
    const real *g = g_, *w = w_;
    vr one = vr_set((real)l1), two = vr_set((real)(2 * l2));
    FM_SUM(count, o, n, add_square(acc[v], regularized(load_lanes(g + o, n), load_lanes(w + o, n), one, two)));
}
static void penalise(void *dx_, const void *dy_, const void *x_, int64_t rows, int64_t cols, int64_t ld, double l1,
                     double l2) {
    const vr one = vr_set((real)l1), two = vr_set((real)(2 * l2));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j += VL) {
            const int n = cols - j < VL ? (int)(cols - j) : VL;
            const int64_t at = i * ld + j;
            const vr x = load_lanes((const real *)x_ + at, n);
            store_lanes((real *)dx_ + at, regularized(load_lanes((const real *)dy_ + at, n), x, one, two), n);
        }
}
