/* trainable.h: activations with parameters of their own, learnt like weights.
 *
 * The parameters of a column stand below each other: a matrix with a row for each parameter and a column for each
 * column of X, or one column that serves all. FM_TRAINABLES is the registry: X(name, how many rows, "their names"), 0
 * standing for any number: S of each name, all of the first, then all of the second. For an entry write, with q a
 * column's parameters and `count` their number,
 *
 *   vr name_fwd(vr x, const vr *q, int count)                       y = f(x; q)
 *   vr name_bwd(vr x, vr dy, const vr *q, vr *dq, int count)        returns ∂f/∂x · dy, adds ∂f/∂q · dy to dq
 *
 * and in tests/reference/trainable.py name(x, q) and name_grad(x, q), which returns ∂f/∂x and ∂f/∂q. */
#pragma once

// clang-format off
#define FM_TRAINABLES(X)                                      \
    X(prelu, 1, "alpha")                                      \
    X(swish_beta, 1, "beta")                                  \
    X(pelu, 2, "a,b")                                         \
    X(srelu, 4, "t_left,a_left,t_right,a_right")              \
    X(apl, 0, "a,b")
// clang-format on

/* x above 0, αx below */
FM_INLINE vr prelu_fwd(vr x, const vr *q, int count) { return vr_sel(vr_gt(x, vr_zero()), x, q[0] * x); }
FM_INLINE vr prelu_bwd(vr x, vr dy, const vr *q, vr *dq, int count) {
    vm above = vr_gt(x, vr_zero());
    dq[0] += vr_sel(above, vr_zero(), x * dy);
    return vr_sel(above, dy, q[0] * dy);
}

/* x · σ(βx) */
FM_INLINE vr swish_beta_fwd(vr x, const vr *q, int count) { return swish_fwd(x, q); }
FM_INLINE vr swish_beta_bwd(vr x, vr dy, const vr *q, vr *dq, int count) {
    vr t = q[0] * x, slope, s = sigmoid_and_slope(t, &slope), part = gated(x, slope); /* x σ' */
    dq[0] = vr_fma(gated(x, part), dy, dq[0]);
    return dy * vr_fma(q[0], part, s);
}

/* (a/b) x above 0, a (e^(x/b) - 1) below; a, b > 0 */
FM_INLINE vr pelu_fwd(vr x, const vr *q, int count) {
    return vr_sel(vr_ge(x, vr_zero()), q[0] / q[1] * x, q[0] * vr_expm1(x / q[1]));
}
FM_INLINE vr pelu_bwd(vr x, vr dy, const vr *q, vr *dq, int count) {
    vr slope = q[0] / q[1], t = x / q[1];
    vm above = vr_ge(x, vr_zero());
    vr e = vr_sel(above, vr_set(1), vr_exp(t)); /* f' = (a/b) e */
    dq[0] = vr_fma(vr_sel(above, t, vr_expm1(t)), dy, dq[0]);
    dq[1] = vr_fma(vr_neg(slope) * gated(t, e), dy, dq[1]);
    return slope * e * dy;
}

/* slope a_left up to t_left, 1 between, a_right from t_right on; continuous */
FM_INLINE vr srelu_fwd(vr x, const vr *q, int count) {
    vr left = vr_fma(q[1], x - q[0], q[0]), right = vr_fma(q[3], x - q[2], q[2]);
    return vr_sel(vr_ge(x, q[2]), right, vr_sel(vr_le(x, q[0]), left, x));
}
FM_INLINE vr srelu_bwd(vr x, vr dy, const vr *q, vr *dq, int count) {
    vr one = vr_set(1);
    vm right = vr_ge(x, q[2]), left = vm_and(vr_le(x, q[0]), vm_not(right));
    dq[0] += vr_sel(left, (one - q[1]) * dy, vr_zero());
    dq[1] += vr_sel(left, (x - q[0]) * dy, vr_zero());
    dq[2] += vr_sel(right, (one - q[3]) * dy, vr_zero());
    dq[3] += vr_sel(right, (x - q[2]) * dy, vr_zero());
    return vr_sel(right, q[3] * dy, vr_sel(left, q[1] * dy, dy));
}

/* max(x, 0) + Σ a_s max(b_s - x, 0): a hinge opens to the left of each b */
FM_INLINE vr apl_fwd(vr x, const vr *q, int count) {
    const int hinges = count / 2;
    vr y = relu_fwd(x, 0);
    for (int s = 0; s < hinges; s++) y = vr_fma(q[s], relu_fwd(q[hinges + s] - x, 0), y);
    return y;
}
FM_INLINE vr apl_bwd(vr x, vr dy, const vr *q, vr *dq, int count) {
    const int hinges = count / 2;
    vr dx = relu_bwd(x, dy, 0);
    for (int s = 0; s < hinges; s++) {
        vr open = relu_fwd(q[hinges + s] - x, 0), through = relu_bwd(open, q[s] * dy, 0);
        dq[s] = vr_fma(open, dy, dq[s]);
        dq[hinges + s] += through;
        dx -= through;
    }
    return dx;
}

/* ---- the loops stamped from the list: down the columns, so that sums over the batch run from row 0 up ---- */

FM_INLINE void load_parameters(vr *q, const real *theta, const fm_parameters *t, int count, int64_t j, int n) {
    for (int r = 0; r < count; r++) q[r] = t->shared ? vr_set(theta[r * t->ld]) : load_lanes(theta + r * t->ld + j, n);
}

#define FM_TRAINABLE_LOOPS(name, fixed, names)                                                                      \
    static void name##_fwd_columns(void *y, const void *x, const void *theta, const fm_parameters *t, int64_t rows, \
                                   int64_t cols, int64_t ld) {                                                      \
        const int count = fixed ? fixed : (int)t->rows;                                                             \
        for (int64_t j = 0; j < cols; j += VL) {                                                                    \
            const int n = cols - j < VL ? (int)(cols - j) : VL;                                                     \
            vr q[fixed ? fixed : FM_MOST_PARAMETERS];                                                               \
            load_parameters(q, theta, t, count, j, n);                                                              \
            for (int64_t o = j; o < rows * ld; o += ld)                                                             \
                store_lanes((real *)y + o, name##_fwd(load_lanes((const real *)x + o, n), q, count), n);            \
        }                                                                                                           \
    }                                                                                                               \
    static void name##_bwd_columns(void *dx, void *dtheta, const void *x, const void *dy, const void *theta,        \
                                   const fm_parameters *t, int64_t rows, int64_t cols, int64_t ld) {                \
        const int count = fixed ? fixed : (int)t->rows;                                                             \
        for (int64_t j = 0; j < cols; j += VL) {                                                                    \
            const int n = cols - j < VL ? (int)(cols - j) : VL;                                                     \
            vr q[fixed ? fixed : FM_MOST_PARAMETERS], dq[fixed ? fixed : FM_MOST_PARAMETERS];                       \
            load_parameters(q, theta, t, count, j, n);                                                              \
            for (int r = 0; r < count; r++) dq[r] = vr_zero();                                                      \
            for (int64_t o = j; o < rows * ld; o += ld) {                                                           \
                vr z = load_lanes((const real *)x + o, n), d = load_lanes((const real *)dy + o, n);                 \
                store_lanes((real *)dx + o, name##_bwd(z, d, q, dq, count), n);                                     \
            }                                                                                                       \
            for (int r = 0; r < count; r++) store_lanes((real *)dtheta + r * t->grad_ld + j, dq[r], n);             \
        }                                                                                                           \
    }
FM_TRAINABLES(FM_TRAINABLE_LOOPS)

/* out[i · ld] = the sum of row i: what becomes of the columns' gradients when one parameter serves all */
static void sum_rows_apart(void *out, int64_t ld, const void *x, const fm_rows *s) {
    for (int64_t i = 0; i < s->n; i++) {
        vr sum[NV] = {0};
        FM_FOR_GROUPS(s, i, o, n, v, sum[v] += load_lanes((const real *)x + o, n););
        ((real *)out)[i * ld] = fm_tree_sum(sum);
    }
}

#define FM_TRAINABLE_ENTRY(name, fixed, names) {#name, names, fixed == 0, name##_fwd_columns, name##_bwd_columns},
static const fm_trainable_kernel trainable_table[] = {FM_TRAINABLES(FM_TRAINABLE_ENTRY){0}};
