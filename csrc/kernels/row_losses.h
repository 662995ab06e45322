/* row_losses.h: losses of a whole row: cross-entropies over classes, margins between them, angles.
 *
 * FM_ROW_LOSSES lists X(name, target, "parameters"): DENSE targets have pred's shape, LABELS are one class a row. An
 * entry is a function name_rows(); its twin is found as for the elementwise ones. The target is smoothed by the last
 * parameter: t (1 - s) + s / k. */
#pragma once

// clang-format off
#define FM_ROW_LOSSES(X)                                                         \
    X(categorical_hinge, DENSE, "")                                              \
    X(cosine_similarity, DENSE, "")                                              \
    X(categorical_crossentropy, DENSE, "label_smoothing")                        \
    X(categorical_crossentropy_logits, DENSE, "label_smoothing")                 \
    X(categorical_focal_crossentropy, DENSE, "alpha,gamma,label_smoothing")      \
    X(categorical_focal_crossentropy_logits, DENSE, "alpha,gamma,label_smoothing") \
    X(sparse_categorical_crossentropy, LABELS, "ignore_class")                   \
    X(sparse_categorical_crossentropy_logits, LABELS, "ignore_class")            \
    X(sparse_log_loss_logits, LABELS, "ignore_class")
// clang-format on

#define FM_ROW_LOSS(name)                                                                                     \
    static void name##_rows(void *loss, void *d, const void *pred, const void *target, const int32_t *labels, \
                            const void *scale, const fm_rows *shape, const double *params)

FM_INLINE vr read_row(const void *x, int64_t o, int n) { return load_lanes((const real *)x + o, n); }

/* ---- margins and angles ---- */

/* max(0, 1 + neg - pos): pos = Σ y p, neg = max (1 - y) p. Classes that share the maximum share its derivative. */
FM_ROW_LOSS(categorical_hinge) {
    const vr one = vr_set(1), lowest = vr_set(-INFINITY);
    for (int64_t i = 0; i < shape->n; i++) {
        vr pos[NV] = {{0}}, neg[NV], ties[NV] = {{0}};
    FM_UNROLL
        for (int v = 0; v < NV; v++) neg[v] = lowest;
        FM_FOR_GROUPS(shape, i, o, n, v, {
            vr p = read_row(pred, o, n), y = read_row(target, o, n);
            pos[v] = vr_fma(y, p, pos[v]);
            neg[v] = vr_max(neg[v], first_lanes((one - y) * p, n, lowest));
        });
        const real top = fm_tree_max(neg), l = top - fm_tree_sum(pos) + 1;
        ((real *)loss)[i] = l <= 0 ? 0 : l;
        if (!d) continue;
        FM_FOR_GROUPS(shape, i, o, n, v, {
            vr other = (one - read_row(target, o, n)) * read_row(pred, o, n);
            ties[v] = ties[v] + first_lanes(vr_sel(vr_eq(other, vr_set(top)), one, vr_zero()), n, vr_zero());
        });
        /* no pull once the margin is met; a NaN loss spreads over its row */
        const vr s = vr_set(l <= 0 ? 0 : l != l ? l : row_scale(scale, i)), part = one / vr_set(fm_tree_sum(ties));
        FM_FOR_GROUPS(shape, i, o, n, v, {
            vr y = read_row(target, o, n), rest = one - y;
            vr up = vr_sel(vr_eq(rest * read_row(pred, o, n), vr_set(top)), rest * part, vr_zero());
            store_row((real *)d + o, s * (up - y), n, shape);
        });
    }
}

/* 1/‖x‖, at most 1/ε */
FM_INLINE vr inverse_norm(const vr squares[NV]) {
    vr inverse = vr_set(1) / vr_sqrt(vr_set(fm_tree_sum(squares)));
    return vr_min(vr_set((real)(1 / LOSS_EPSILON)), inverse);
}

/* -Σ ŷ p̂ with x̂ = x/‖x‖;  ∂/∂p = (p̂ Σ ŷ p̂ - ŷ)/‖p‖,  and -ŷ/ε where p is too short to have a direction */
FM_ROW_LOSS(cosine_similarity) {
    for (int64_t i = 0; i < shape->n; i++) {
        vr pp[NV] = {{0}}, yy[NV] = {{0}}, cosine[NV] = {{0}};
        FM_FOR_GROUPS(shape, i, o, n, v, {
            vr p = read_row(pred, o, n), y = read_row(target, o, n);
            pp[v] = vr_fma(p, p, pp[v]);
            yy[v] = vr_fma(y, y, yy[v]);
        });
        const vr ip = inverse_norm(pp), iy = inverse_norm(yy);
        FM_FOR_GROUPS(shape, i, o, n, v,
                      { cosine[v] = vr_fma(read_row(pred, o, n) * ip, read_row(target, o, n) * iy, cosine[v]); });
        const real sum = fm_tree_sum(cosine);
        ((real *)loss)[i] = -sum;
        if (!d) continue;
        const vr s = vr_set(row_scale(scale, i)) * ip;
        const vr turn = vr_sel(vr_eq(ip, vr_set((real)(1 / LOSS_EPSILON))), vr_zero(), vr_set(sum));
        FM_FOR_GROUPS(shape, i, o, n, v, {
            vr p = read_row(pred, o, n) * ip, y = read_row(target, o, n) * iy;
            store_row((real *)d + o, s * (vr_fma(p, turn, vr_neg(y))), n, shape);
        });
    }
}

/* ---- class probabilities: renormalised to q = p/Σp, then clipped ---- */

typedef struct {
    vr keep, add;
} smoothing;
FM_INLINE smoothing smoothing_of(double s, int64_t k) {
    vr amount = vr_set((real)s);
    return (smoothing){vr_set(1) - amount, amount / vr_set((real)k)};
}
FM_INLINE vr smooth(const void *target, int64_t o, int n, smoothing s) {
    return first_lanes(vr_fma(read_row(target, o, n), s.keep, s.add), n, vr_zero());
}

/* a class's part of the loss, t its smoothed target; *g = ∂/∂q */
FM_INLINE vr categorical_crossentropy_class(vr q, vr t, const vr *c, vr *g) {
    vr r = clip_probability(q);
    *g = clip_probability_bwd(q, vr_neg(t / r));
    return vr_neg(t * vr_log(r));
}
FM_INLINE vr categorical_focal_crossentropy_class(vr q, vr t, const vr *c, vr *g) {
    vr r = clip_probability(q), log_r = vr_log(r), slope, power = focal_power(vr_set(1) - r, c[1], &slope);
    vr weight = c[0] * t;
    *g = clip_probability_bwd(q, weight * (slope * log_r - power / r));
    return vr_neg(weight * power * log_r);
}

// clang-format off
/* ∂/∂p = (g - Σ g q)/Σp: only the part of g that moves along the simplex is left */
#define FM_RENORMALISED(name, names)                                                                          \
    FM_ROW_LOSS(name) {                                                                                       \
        const smoothing soft = smoothing_of(params[count_names(names) - 1], shape->k);                        \
        vr c[FM_PARAMS];                                                                                      \
        spread_params(c, params, names);                                                                      \
        for (int64_t i = 0; i < shape->n; i++) {                                                              \
            vr total[NV] = {{0}}, sum[NV] = {{0}}, mean[NV] = {{0}};                                          \
            FM_FOR_GROUPS(shape, i, o, n, v, total[v] = total[v] + read_row(pred, o, n););                    \
            const vr all = vr_set(fm_tree_sum(total));                                                        \
            FM_FOR_GROUPS(shape, i, o, n, v, {                                                                \
                vr g, q = read_row(pred, o, n) / all;                                                         \
                sum[v] = sum[v] + name##_class(q, smooth(target, o, n, soft), c, &g);                         \
                mean[v] = vr_fma(g, q, mean[v]);                                                              \
                if (d) store_lanes((real *)d + o, g, n);                                                      \
            });                                                                                               \
            ((real *)loss)[i] = fm_tree_sum(sum);                                                             \
            if (!d) continue;                                                                                 \
            const vr m = vr_set(fm_tree_sum(mean)), s = vr_set(row_scale(scale, i)) / all;                    \
            FM_FOR_GROUPS(shape, i, o, n, v, store_row((real *)d + o, s * (read_row(d, o, n) - m), n, shape);); \
        }                                                                                                     \
    }
// clang-format on
FM_RENORMALISED(categorical_crossentropy, "label_smoothing")
FM_RENORMALISED(categorical_focal_crossentropy, "alpha,gamma,label_smoothing")

FM_INLINE void zero_row(void *d, const fm_rows *shape, int64_t i) {
    FM_FOR_GROUPS(shape, i, o, n, v, store_row((real *)d + o, vr_zero(), n, shape););
}

FM_ROW_LOSS(sparse_categorical_crossentropy) {
    for (int64_t i = 0; i < shape->n; i++) {
        vr total[NV] = {{0}};
        if (labels[i] == params[0]) {
            ((real *)loss)[i] = 0;
            if (d) zero_row(d, shape, i);
            continue;
        }
        const int64_t at = place(shape, i, labels[i]);
        FM_FOR_GROUPS(shape, i, o, n, v, total[v] = total[v] + read_row(pred, o, n););
        const vr all = vr_set(fm_tree_sum(total)), q = vr_set(((const real *)pred)[at]) / all;
        ((real *)loss)[i] = vr_neg(vr_log(clip_probability(q)))[0];
        if (!d) continue;
        /* the general form with g = -1/q at the label, 0 elsewhere, so that Σ g q = -1 */
        const vr s = vr_set(row_scale(scale, i)) / all, others = clip_probability_bwd(q, s);
        const vr own = clip_probability_bwd(q, s - s / q);
        FM_FOR_GROUPS(shape, i, o, n, v, store_row((real *)d + o, others, n, shape););
        ((real *)d)[at] = own[0];
    }
}
