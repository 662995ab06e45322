/* losses.h: the loss of a sample (a row) and its derivative.
 *
 * Elementwise losses are joined along the row by MEAN or SUM. FM_ELEMENT_LOSSES lists X(name, join, "parameters"); for
 * an entry write
 *
 *   vr name_elem(vr p, vr y, const vr *c, vr *dl)     the loss of prediction p and target y; *dl = ∂loss/∂p
 *
 * and, in tests/reference/losses.py, name(pred, target, …) and name_grad(pred, target, …). Losses that need the whole
 * row are in row_losses.h and softmax_losses.h. A NaN in the prediction makes the row's loss and derivative NaN; where
 * a formula clips the prediction, the derivative outside the limits is zero.
 *
 * `hinge` and `squared_hinge` expect targets of ±1: the caller turns 0/1 targets into them, which takes a look at all.
 */
#pragma once

// clang-format off
#define FM_ELEMENT_LOSSES(X)                        \
    X(mean_squared_error, MEAN, "")                 \
    X(mean_absolute_error, MEAN, "")                \
    X(mean_absolute_percentage_error, MEAN, "")     \
    X(mean_squared_logarithmic_error, MEAN, "")     \
    X(huber, MEAN, "delta")                         \
    X(log_cosh, MEAN, "")                           \
    X(poisson, MEAN, "")                            \
    X(hinge, MEAN, "")                              \
    X(squared_hinge, MEAN, "")                      \
    X(kl_divergence, SUM, "")                       \
    X(binary_crossentropy, MEAN, "label_smoothing") \
    X(binary_crossentropy_logits, MEAN, "label_smoothing") \
    X(binary_focal_crossentropy, MEAN, "alpha,gamma,apply_class_balancing,label_smoothing") \
    X(binary_focal_crossentropy_logits, MEAN, "alpha,gamma,apply_class_balancing,label_smoothing") \
    X(half_squared_error, SUM, "")                  \
    X(half_poisson_logits, SUM, "")                 \
    X(log_loss_logits, SUM, "")
// clang-format on

#include "loss_rows.h"

#define LOSS_EPSILON 1e-7 /* keeps logarithms and quotients finite */

/* a derivative within [lo, hi]: zero outside */
FM_INLINE vr clip_bwd(vr x, real lo, real hi, vr dl) {
    return vr_sel(vm_or(vr_lt(x, vr_set(lo)), vr_gt(x, vr_set(hi))), vr_zero(), dl);
}
FM_INLINE vr clip_probability(vr p) { return clipped(p, (real)LOSS_EPSILON, (real)(1 - LOSS_EPSILON)); }
FM_INLINE vr clip_probability_bwd(vr p, vr dl) { return clip_bwd(p, (real)LOSS_EPSILON, (real)(1 - LOSS_EPSILON), dl); }

/* ---- regression ---- */

FM_INLINE vr mean_squared_error_elem(vr p, vr y, const vr *c, vr *dl) {
    vr e = p - y;
    *dl = e + e;
    return e * e;
}

FM_INLINE vr mean_absolute_error_elem(vr p, vr y, const vr *c, vr *dl) {
    vr e = p - y;
    *dl = vr_sign(e);
    return vr_abs(e);
}

FM_INLINE vr mean_absolute_percentage_error_elem(vr p, vr y, const vr *c, vr *dl) {
    vr e = p - y, size = vr_max(vr_set((real)LOSS_EPSILON), vr_abs(y));
    *dl = vr_set(100) * vr_sign(e) / size;
    return vr_set(100) * (vr_abs(e) / size);
}

FM_INLINE vr mean_squared_logarithmic_error_elem(vr p, vr y, const vr *c, vr *dl) {
    const vr lo = vr_set((real)LOSS_EPSILON);
    vr q = vr_max(lo, p), e = vr_log1p(q) - vr_log1p(vr_max(lo, y));
    *dl = vr_sel(vr_lt(p, lo), vr_zero(), (e + e) / (vr_set(1) + q));
    return e * e;
}

FM_INLINE vr huber_elem(vr p, vr y, const vr *c, vr *dl) {
    vr e = p - y, a = vr_abs(e), delta = c[0], half = vr_set((real)0.5);
    vm far = vr_gt(a, delta);
    *dl = vr_sel(far, vr_copysign(delta, e), e);
    return vr_sel(far, delta * (a - half * delta), half * e * e);
}

/* With v = exp(-|e|) - 1:  log cosh e = log(1 + v² / 2(1 + v)) = |e| - log 2 + log(1 + (1 + v)²),  the first exact to
 * the last digits for small e, the second without overflow for large. */
FM_INLINE vr log_cosh_elem(vr p, vr y, const vr *c, vr *dl) {
    vr e = p - y, a = vr_abs(e), one = vr_set(1), v = vr_expm1(vr_neg(a)), w = one + v, w2 = w * w;
    vm near = vr_lt(a, one);
    vr l = vr_log1p(vr_sel(near, v * v / (w + w), w2));
    *dl = vr_copysign(vr_neg(v) * (one + w) / (one + w2), e);
    return l + vr_sel(near, vr_zero(), a - vr_set((real)0.69314718055994530942));
}

FM_INLINE vr poisson_elem(vr p, vr y, const vr *c, vr *dl) {
    vr q = p + vr_set((real)LOSS_EPSILON);
    *dl = vr_set(1) - y / q;
    return p - y * vr_log(q);
}

/* ---- margins ---- */

/* max(1 - y·p, 0), its derivative 0 at the kink */
FM_INLINE vr hinge_elem(vr p, vr y, const vr *c, vr *dl) {
    vr m = vr_fma(vr_neg(y), p, vr_set(1));
    vm met = vr_le(m, vr_zero());
    *dl = vr_sel(met, vr_zero(), vr_sel(vr_isnan(m), m, vr_neg(y)));
    return vr_sel(met, vr_zero(), m);
}

FM_INLINE vr squared_hinge_elem(vr p, vr y, const vr *c, vr *dl) {
    vr m = hinge_elem(p, y, c, dl);
    *dl = (m + m) * *dl;
    return m * m;
}

/* ---- distributions ---- */

FM_INLINE vr kl_divergence_elem(vr p, vr y, const vr *c, vr *dl) {
    const real lo = (real)LOSS_EPSILON;
    vr q = clipped(p, lo, 1), t = clipped(y, lo, 1);
    *dl = clip_bwd(p, lo, 1, vr_neg(t / q));
    return t * vr_log(t / q);
}

/* y towards 1/2 by `smoothing` */
FM_INLINE vr smooth_binary(vr y, vr smoothing) {
    return vr_fma(y, vr_set(1) - smoothing, smoothing * vr_set((real)0.5));
}

/* -y log q - (1 - y) log(1 - q), q being p clipped */
FM_INLINE vr binary_entropy(vr p, vr y, vr *dl) {
    vr q = clip_probability(p), r = vr_set(1) - q;
    *dl = clip_probability_bwd(p, (q - y) / (q * r));
    return vr_neg(vr_fma(y, vr_log(q), (vr_set(1) - y) * vr_log(r)));
}

/* The same from a logit z, p = sigmoid(z). By symmetry z < 0 with target y is -z > 0 with target 1 - y; for z ≥ 0 and
 * c = 1 - y:  loss = c·z + log(1 + e^-z),  derivative c - sigmoid(-z).  No term cancels another and none overflows.
 * p(z) and p(-z) are left in high (the larger) and low. */
FM_INLINE vr binary_entropy_logits(vr z, vr y, vr *dl, vr *high, vr *low) {
    const vr one = vr_set(1);
    vm negative = vr_lt(z, vr_zero());
    vr a = vr_abs(z), e = vr_exp(vr_neg(a)), c = vr_sel(negative, y, one - y);
    *high = one / (one + e);
    *low = e * *high;
    *dl = vr_sel(negative, *low - c, c - *low);
    vr far = vr_sel(vr_eq(c, vr_zero()), vr_zero(), c * a); /* an infinite logit on the right side costs nothing */
    return far + vr_log1p(e);
}

FM_INLINE vr binary_crossentropy_elem(vr p, vr y, const vr *c, vr *dl) {
    return binary_entropy(p, smooth_binary(y, c[0]), dl);
}

FM_INLINE vr binary_crossentropy_logits_elem(vr z, vr y, const vr *c, vr *dl) {
    vr high, low;
    return binary_entropy_logits(z, smooth_binary(y, c[0]), dl, &high, &low);
}

/* ---- focal: cross-entropy × weight × x^γ, where x is the probability given to the wrong side ---- */

/* x^γ, and its derivative γ x^(γ-1) in *slope. Small whole γ (2 is the custom) go by multiplication. */
FM_INLINE vr focal_power(vr x, vr gamma, vr *slope) {
    const real g = gamma[0];
    if (g == 0) {
        *slope = vr_zero();
        return vr_set(1);
    }
    vr lower = vr_set(1); /* x^(γ-1) */
    if (g > 0 && g <= 4 && g == (real)(int)g)
        for (int i = 1; i < (int)g; i++) lower = lower * x;
    else
        lower = vr_pow(x, gamma - vr_set(1));
    *slope = gamma * lower;
    return vr_sel(vr_eq(x, vr_zero()), vr_zero(), lower * x);
}

FM_INLINE vr focal_weight(vr y, const vr *c) {
    vr weight = vr_fma(y, c[0], (vr_set(1) - y) * (vr_set(1) - c[0]));
    return vr_sel(vr_eq(c[2], vr_zero()), vr_set(1), weight);
}

FM_INLINE vr binary_focal_crossentropy_elem(vr p, vr target, const vr *c, vr *dl) {
    const vr one = vr_set(1);
    vr y = smooth_binary(target, c[3]), weight = focal_weight(y, c), entropy_slope, slope;
    vr entropy = binary_entropy(p, y, &entropy_slope);
    vr power = focal_power(vr_fma(y, one - p, (one - y) * p), c[1], &slope);
    *dl = weight * vr_fma(power, entropy_slope, slope * (one - (y + y)) * entropy);
    return weight * power * entropy;
}

FM_INLINE vr binary_focal_crossentropy_logits_elem(vr z, vr target, const vr *c, vr *dl) {
    const vr one = vr_set(1);
    vr y = smooth_binary(target, c[3]), weight = focal_weight(y, c), entropy_slope, slope, high, low;
    vr entropy = binary_entropy_logits(z, y, &entropy_slope, &high, &low);
    vm negative = vr_lt(z, vr_zero());
    vr p = vr_sel(negative, low, high), x = vr_fma(y, vr_sel(negative, high, low), (one - y) * p);
    vr power = focal_power(x, c[1], &slope);
    /* dx/dz = (1 - 2y)·p(1-p). Where p(1-p) has vanished so has x^γ's change, whatever its slope and the entropy are */
    vr change = high * low * (one - (y + y));
    vr moved = vr_sel(vr_eq(change, vr_zero()), vr_zero(), slope * change * entropy);
    vr scaled = vr_sel(vr_eq(power, vr_zero()), vr_zero(), power * entropy);
    *dl = weight * vr_fma(power, entropy_slope, moved);
    return weight * scaled;
}

/* ---- as scikit-learn has them: summed over the row, the derivative by the logit always prediction - target ---- */

FM_INLINE vr half_squared_error_elem(vr p, vr y, const vr *c, vr *dl) {
    *dl = p - y;
    return vr_set((real)0.5) * *dl * *dl;
}

/* half of the deviance with p = exp(z):  y log(y/p) - y + p,  where 0 log 0 = 0 */
FM_INLINE vr half_poisson_logits_elem(vr z, vr y, const vr *c, vr *dl) {
    vr p = vr_exp(z);
    *dl = p - y;
    return vr_sel(vr_eq(y, vr_zero()), p, vr_fma(y, vr_log(y) - z, *dl));
}

#define LOG_LOSS_MOST (FM_BITS == 32 ? 15.942385152878742 : 36.04365338911715) /* -log ε of the element type */
FM_INLINE vr log_loss_logits_elem(vr z, vr y, const vr *c, vr *dl) {
    vr high, low;
    return vr_min(vr_set((real)LOG_LOSS_MOST), binary_entropy_logits(z, y, dl, &high, &low));
}

/* ---- the loops stamped from the list ---- */

// clang-format off
#define FM_JOIN_MEAN(k) (real)(k)
#define FM_JOIN_SUM(k) 1
#define FM_ELEMENT_LOSS_LOOPS(name, join, names)                                                                      \
    static void name##_block(void *loss, void *d, const void *pred, const void *target, const void *scale,            \
                             int64_t rows, int64_t cols, int64_t ld, const double *params) {                          \
        vr c[FM_PARAMS], share = vr_set(FM_JOIN_##join(rows));                                                        \
        spread_params(c, params, names);                                                                              \
        const fm_rows one = {1, cols, ld, FM_PANEL};                                                                  \
        FM_FOR_GROUPS(&one, 0, j, n, v, {                                                                             \
            vr sum = vr_zero(), s = (scale ? load_lanes((const real *)scale + j, n) : vr_set(1)) / share;             \
            for (int64_t i = 0; i < rows; i++) {                                                                      \
                int64_t o = i * ld + j;                                                                               \
                vr dl, p = load_lanes((const real *)pred + o, n), y = load_lanes((const real *)target + o, n);        \
                sum = sum + name##_elem(p, y, c, &dl);                                                                \
                if (d) store_row((real *)d + o, s * dl, n, &one);                                                     \
            }                                                                                                         \
            store_lanes((real *)loss + j, sum / share, n);                                                            \
        });                                                                                                           \
    }                                                                                                                 \
    static void name##_rows(void *loss, void *d, const void *pred, const void *target, const int32_t *labels,         \
                            const void *scale, const fm_rows *shape, const double *params) {                          \
        vr c[FM_PARAMS];                                                                                              \
        const real share = FM_JOIN_##join(shape->k);                                                                  \
        spread_params(c, params, names);                                                                              \
        if (shape->k == 1) {                                                                                          \
            one_column(name##_block, loss, d, pred, target, scale, shape, params);                                    \
            return;                                                                                                   \
        }                                                                                                             \
        for (int64_t i = 0; i < shape->n; i++) {                                                                      \
            vr sum[NV] = {{0}}, s = vr_set(row_scale(scale, i) / share);                                              \
            FM_FOR_GROUPS(shape, i, o, n, v, {                                                                        \
                vr dl, p = load_lanes((const real *)pred + o, n), y = load_lanes((const real *)target + o, n);        \
                vr l = name##_elem(p, y, c, &dl);                                                                     \
                sum[v] = sum[v] + first_lanes(l, n, vr_zero());                                                       \
                if (d) store_row((real *)d + o, s * dl, n, shape);                                                    \
            });                                                                                                       \
            ((real *)loss)[i] = fm_tree_sum(sum) / share;                                                             \
        }                                                                                                             \
    }
// clang-format on
FM_ELEMENT_LOSSES(FM_ELEMENT_LOSS_LOOPS)

#include "row_losses.h"
#include "softmax_losses.h"

#define FM_LABELS_DENSE 0
#define FM_LABELS_LABELS 1
#define FM_ELEMENT_LOSS_ENTRY(name, join, names) {#name, names, 0, name##_rows, name##_block},
#define FM_ROW_LOSS_ENTRY(name, target, names) {#name, names, FM_LABELS_##target, name##_rows, 0},
static const fm_loss_kernel loss_table[] = {FM_ELEMENT_LOSSES(FM_ELEMENT_LOSS_ENTRY)
                                                FM_ROW_LOSSES(FM_ROW_LOSS_ENTRY){0}};
