/* pieces.h: activations that make one column out of several. Piece p of column j is column p·m + j of the input, m
 * being the width of the output; backward wants the input.
 *
 * FM_PIECES is the registry: X(name, how many pieces, 0 for any number). For an entry write, with x the pieces of some
 * columns and dx what goes back to them,
 *
 *   vr name_fwd(const vr *x, int pieces)                 void name_bwd(vr *dx, const vr *x, vr dy, int pieces)
 *
 * and in tests/reference/pieces.py name(x, pieces) and name_grad(x, dy, pieces). */
#pragma once

#define FM_PIECES(X) X(maxout, 0) X(glu, 2)

/* the largest piece, the first of equals; a NaN wins */
FM_INLINE vr maxout_pick(const vr *x, int pieces, vr *which) {
    vr most = x[0];
    *which = vr_zero();
    for (int p = 1; p < pieces; p++) {
        vm better = vm_or(vr_gt(x[p], most), vr_isnan(x[p]));
        most = vr_sel(better, x[p], most);
        *which = vr_sel(better, vr_set((real)p), *which);
    }
    return most;
}
FM_INLINE vr maxout_fwd(const vr *x, int pieces) {
    vr which;
    return maxout_pick(x, pieces, &which);
}
FM_INLINE void maxout_bwd(vr *dx, const vr *x, vr dy, int pieces) {
    vr which;
    maxout_pick(x, pieces, &which);
    for (int p = 0; p < pieces; p++) dx[p] = vr_sel(vr_eq(which, vr_set((real)p)), dy, vr_zero());
}

/* a · σ(b) */
FM_INLINE vr glu_fwd(const vr *x, int pieces) { return gated(x[0], vr_sigmoid(x[1])); }
FM_INLINE void glu_bwd(vr *dx, const vr *x, vr dy, int pieces) {
    vr slope, s = sigmoid_and_slope(x[1], &slope);
    dx[0] = dy * s;
    dx[1] = dy * gated(x[0], slope);
}

/* ---- columns j … j + n - 1 of row i, wherever a panel ends ---- */

FM_INLINE int in_one_run(const fm_rows *s, int64_t j, int n) {
    return s->cs == FM_PANEL || j % FM_PANEL + n <= FM_PANEL;
}
FM_INLINE vr load_columns(const real *x, const fm_rows *s, int64_t i, int64_t j, int n) {
    if (in_one_run(s, j, n)) return load_lanes(x + place(s, i, j), n);
    real t[VL] = {0};
    for (int l = 0; l < n; l++) t[l] = x[place(s, i, j + l)];
    return vr_load(t);
}
FM_INLINE void store_columns(real *x, vr value, const fm_rows *s, int64_t i, int64_t j, int n) {
    if (in_one_run(s, j, n)) {
        store_lanes(x + place(s, i, j), value, n);
        return;
    }
    real t[VL];
    vr_store(t, value);
    for (int l = 0; l < n; l++) x[place(s, i, j + l)] = t[l];
}

/* ---- the loops stamped from the list ---- */

#define FM_PIECES_LOOPS(name, fixed)                                                                               \
    static void name##_fwd_pieces(void *y, const fm_rows *ys, const void *x, const fm_rows *xs) {                  \
        const int pieces = fixed ? fixed : (int)(xs->k / ys->k);                                                   \
        for (int64_t i = 0; i < ys->n; i++)                                                                        \
            for (int64_t j = 0; j < ys->k; j += VL) {                                                              \
                const int n = ys->k - j < VL ? (int)(ys->k - j) : VL;                                              \
                vr piece[fixed ? fixed : FM_MOST_PIECES];                                                          \
                int p = 0;                                                                                         \
                do piece[p] = load_columns(x, xs, i, p * ys->k + j, n);                                            \
                while (++p < pieces);                                                                              \
                store_columns(y, name##_fwd(piece, pieces), ys, i, j, n);                                          \
            }                                                                                                      \
    }                                                                                                              \
    static void name##_bwd_pieces(void *dx, const fm_rows *xs, const void *x, const void *dy, const fm_rows *ys) { \
        const int pieces = fixed ? fixed : (int)(xs->k / ys->k);                                                   \
        for (int64_t i = 0; i < ys->n; i++)                                                                        \
            for (int64_t j = 0; j < ys->k; j += VL) {                                                              \
                const int n = ys->k - j < VL ? (int)(ys->k - j) : VL;                                              \
                vr piece[fixed ? fixed : FM_MOST_PIECES], back[fixed ? fixed : FM_MOST_PIECES];                    \
                int p = 0;                                                                                         \
                do piece[p] = load_columns(x, xs, i, p * ys->k + j, n);                                            \
                while (++p < pieces);                                                                              \
                name##_bwd(back, piece, load_columns(dy, ys, i, j, n), pieces);                                    \
                for (p = 0; p < pieces; p++) store_columns(dx, back[p], xs, i, p * ys->k + j, n);                  \
            }                                                                                                      \
    }
FM_PIECES(FM_PIECES_LOOPS)

#define FM_PIECES_ENTRY(name, fixed) {#name, fixed, name##_fwd_pieces, name##_bwd_pieces},
static const fm_pieces_kernel pieces_table[] = {FM_PIECES(FM_PIECES_ENTRY){0}};
