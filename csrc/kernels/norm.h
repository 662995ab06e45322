/* norm.h: batch, layer and unit normalisation.
 *
 *   x̂ = (x - μ) · r,   r = 1/√(σ² + ε),   y = γ x̂ + β          gamma, beta may be NULL: 1 and 0
 *
 * Batch: μ and σ² (biased) belong to columns and come from column_sum and column_squares. Layer: they belong to rows.
 * Backward, with means ⟨·⟩ over what μ was taken of and g = γ dy:
 *
 *   dβ = Σ_i dy     dγ = Σ_i dy x̂     dx = r (g - ⟨g⟩ - x̂ ⟨g x̂⟩)
 *
 * Sums over the batch run from row 0 up, sums along a row over 16 virtual lanes. Outputs may be their inputs' array,
 * but the sums of a backward pass are to be taken before its dx replaces dy. */
#pragma once

FM_INLINE vr one_over_sqrt(vr x) { return vr_set(1) / vr_sqrt(x); }
FM_INLINE vr load_if_given(const real *p, int64_t j, int n, real otherwise) {
    return p ? load_lanes(p + j, n) : vr_set(otherwise);
}

/* ---- batch normalisation: columns */

static void batch_moments(void *mean_, void *variance_, const void *x, int64_t rows, int64_t cols, int64_t ld) {
    real *mean = mean_, *variance = variance_;
    const vr count = vr_set((real)rows);
    column_sum(mean, x, rows, cols, ld, 0);
    FM_FOR_COLUMNS(cols, j, n, store_lanes(mean + j, load_lanes(mean + j, n) / count, n););
    column_squares(variance, x, mean, rows, cols, ld, 0);
    FM_FOR_COLUMNS(cols, j, n, store_lanes(variance + j, load_lanes(variance + j, n) / count, n););
}

/* r from σ²; may be the same array */
static void batch_scale(void *r, const void *variance, int64_t cols, double epsilon) {
    FM_FOR_COLUMNS(cols, j, n, {
        vr v = load_lanes((const real *)variance + j, n) + vr_set((real)epsilon);
        store_lanes((real *)r + j, one_over_sqrt(v), n);
    });
}

static void moving_update(void *moving_, const void *batch, int64_t cols, double keep, double take) {
    real *moving = moving_;
    const vr k = vr_set((real)keep), t = vr_set((real)take);
    FM_FOR_COLUMNS(cols, j, n, {
        vr m = load_lanes(moving + j, n) * k;
        store_lanes(moving + j, vr_fma(load_lanes((const real *)batch + j, n), t, m), n);
    });
}

static void batch_norm_fwd(void *y, const void *x, const void *mean, const void *r, const void *gamma, const void *beta,
                           int64_t rows, int64_t cols, int64_t ld) {
    FM_FOR_COLUMNS(cols, j, n, {
        const vr mu = load_lanes((const real *)mean + j, n), b = load_if_given(beta, j, n, 0);
        const vr scale = load_lanes((const real *)r + j, n) * load_if_given(gamma, j, n, 1);
        for (int64_t o = j; o < rows * ld + j; o += ld)
            store_lanes((real *)y + o, vr_fma(load_lanes((const real *)x + o, n) - mu, scale, b), n);
    });
}

static void batch_norm_sums(void *dgamma, void *dbeta, const void *dy, const void *x, const void *mean, const void *r,
                            int64_t rows, int64_t cols, int64_t ld) {
    FM_FOR_COLUMNS(cols, j, n, {
        const vr mu = load_lanes((const real *)mean + j, n), scale = load_lanes((const real *)r + j, n);
        vr dg = vr_zero();
        vr db = vr_zero();
        for (int64_t o = j; o < rows * ld + j; o += ld) {
            vr d = load_lanes((const real *)dy + o, n);
            dg = vr_fma(d, (load_lanes((const real *)x + o, n) - mu) * scale, dg);
            db += d;
        }
        store_lanes((real *)dgamma + j, dg, n);
        store_lanes((real *)dbeta + j, db, n);
    });
}

/* `batch` rows gave the moments: dx takes their derivative in. 0: the moments were constants. */
static void batch_norm_bwd(void *dx, const void *dy, const void *x, const void *mean, const void *r, const void *gamma,
                           const void *dgamma, const void *dbeta, int64_t rows, int64_t cols, int64_t ld,
                           int64_t batch) {
    FM_FOR_COLUMNS(cols, j, n, {
        const vr mu = load_lanes((const real *)mean + j, n), inverse = load_lanes((const real *)r + j, n);
        const vr scale = inverse * load_if_given(gamma, j, n, 1), count = vr_set((real)batch);
        vr mean_dy = vr_zero();
        vr slope = vr_zero(); /* ⟨dy x̂⟩ r */
        if (batch) {
            mean_dy = load_lanes((const real *)dbeta + j, n) / count;
            slope = load_lanes((const real *)dgamma + j, n) / count * inverse;
        }
        for (int64_t o = j; o < rows * ld + j; o += ld) {
            vr d = load_lanes((const real *)dy + o, n);
            if (batch) d = vr_fma(mu - load_lanes((const real *)x + o, n), slope, d - mean_dy);
            store_lanes((real *)dx + o, d * scale, n);
        }
    });
}

/* ---- layer normalisation: rows */

static void layer_norm_fwd(void *y, void *mean, void *r, const void *x_, const void *gamma, const void *beta,
                           const fm_rows *s, double epsilon) {
    const real *x = x_;
    const real k = (real)s->k;
    for (int64_t i = 0; i < s->n; i++) {
        vr sums[NV] = {vr_zero()}, squares[NV] = {vr_zero()};
        FM_FOR_GROUPS(s, i, o, n, v, sums[v] += load_lanes(x + o, n););
        const vr mu = vr_set(fm_tree_sum(sums) / k);
        FM_FOR_GROUPS(s, i, o, n, v, {
            vr d = first_lanes(load_lanes(x + o, n) - mu, n, vr_zero());
            squares[v] = vr_fma(d, d, squares[v]);
        });
        const vr inverse = one_over_sqrt(vr_set(fm_tree_sum(squares) / k + (real)epsilon));
        ((real *)mean)[i] = VR_FIRST(mu);
        ((real *)r)[i] = VR_FIRST(inverse);
        FM_FOR_GROUPS(s, i, o, n, v, {
            const int64_t j = j_ + v * VL; /* the column */
            vr d = (load_lanes(x + o, n) - mu) * inverse;
            store_lanes((real *)y + o, vr_fma(d, load_if_given(gamma, j, n, 1), load_if_given(beta, j, n, 0)), n);
        });
    }
}

static void layer_norm_bwd(void *dx, const void *dy_, const void *x_, const void *mean, const void *r,
                           const void *gamma, const fm_rows *s) {
    const real *x = x_, *dy = dy_;
    const real k = (real)s->k;
    for (int64_t i = 0; i < s->n; i++) {
        const vr mu = vr_set(((const real *)mean)[i]), inverse = vr_set(((const real *)r)[i]);
        vr sums[NV] = {vr_zero()}, products[NV] = {vr_zero()};
        FM_FOR_GROUPS(s, i, o, n, v, {
            vr g = load_lanes(dy + o, n) * load_if_given(gamma, j_ + v * VL, n, 1);
            sums[v] += g;
            products[v] = vr_fma(g, (load_lanes(x + o, n) - mu) * inverse, products[v]);
        });
        const vr mean_g = vr_set(fm_tree_sum(sums) / k), slope = vr_set(fm_tree_sum(products) / k);
        FM_FOR_GROUPS(s, i, o, n, v, {
            vr g = load_lanes(dy + o, n) * load_if_given(gamma, j_ + v * VL, n, 1);
            vr centred = (mu - load_lanes(x + o, n)) * inverse; /* -x̂ */
            store_lanes((real *)dx + o, vr_fma(centred, slope, g - mean_g) * inverse, n);
        });
    }
}

/* dγ, dβ: down the columns, with each row's own μ and r */
static void layer_norm_sums(void *dgamma, void *dbeta, const void *dy, const void *x, const void *mean, const void *r,
                            int64_t rows, int64_t cols, int64_t ld) {
    FM_FOR_COLUMNS(cols, j, n, {
        vr dg = vr_zero();
        vr db = vr_zero();
        for (int64_t i = 0; i < rows; i++) {
            vr d = load_lanes((const real *)dy + i * ld + j, n), z = load_lanes((const real *)x + i * ld + j, n);
            dg = vr_fma(d, (z - vr_set(((const real *)mean)[i])) * vr_set(((const real *)r)[i]), dg);
            db += d;
        }
        store_lanes((real *)dgamma + j, dg, n);
        store_lanes((real *)dbeta + j, db, n);
    });
}

/* ---- unit normalisation: y = x / max(|x|, ε) by rows, as Keras's normalize. Below ε the divisor is a constant. */

FM_INLINE real row_dot(const real *a, const real *b, const fm_rows *s, int64_t i) {
    vr acc[NV] = {vr_zero()};
    FM_FOR_GROUPS(s, i, o, n, v, acc[v] = vr_fma(load_lanes(a + o, n), load_lanes(b + o, n), acc[v]););
    return fm_tree_sum(acc);
}

static void unit_norm_fwd(void *y, const void *x, const fm_rows *s, double epsilon) {
    const vr least = vr_set((real)epsilon);
    for (int64_t i = 0; i < s->n; i++) {
        const vr norm = vr_max(least, vr_sqrt(vr_set(row_dot(x, x, s, i))));
        const vr r = vr_set(1) / norm;
        FM_FOR_GROUPS(s, i, o, n, v, store_lanes((real *)y + o, load_lanes((const real *)x + o, n) * r, n););
    }
}

static void unit_norm_bwd(void *dx, const void *dy, const void *x, const fm_rows *s, double epsilon) {
    const vr least = vr_set((real)epsilon);
    for (int64_t i = 0; i < s->n; i++) {
        const vr norm = vr_sqrt(vr_set(row_dot(x, x, s, i))), r = vr_set(1) / vr_max(least, norm);
        /* dx = r (dy - y (y·dy)), with y = x r */
        const vr along = vr_sel(vr_lt(norm, least), vr_zero(), vr_set(row_dot(x, dy, s, i)) * r * r);
        FM_FOR_GROUPS(s, i, o, n, v, {
            vr z = load_lanes((const real *)x + o, n), d = load_lanes((const real *)dy + o, n);
            store_lanes((real *)dx + o, vr_fma(vr_neg(z), along, d) * r, n);
        });
    }
}

static const fm_norm_kernels norm_table = {
    .batch_moments = batch_moments,
    .batch_scale = batch_scale,
    .moving_update = moving_update,
    .batch_fwd = batch_norm_fwd,
    .batch_sums = batch_norm_sums,
    .batch_bwd = batch_norm_bwd,
    .layer_fwd = layer_norm_fwd,
    .layer_bwd = layer_norm_bwd,
    .layer_sums = layer_norm_sums,
    .unit_fwd = unit_norm_fwd,
    .unit_bwd = unit_norm_bwd,
};
