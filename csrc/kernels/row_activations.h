/* row_activations.h: activations that mix the columns of a row. All save their output.
 *
 * FM_ROW_ACTIVATIONS is the registry: X(name). For an entry write it twice, and in tests/reference/row_activations.py
 * name(z) and name_grad(z, dy):
 *
 *   for any number of columns, one row at a time, its sums over 16 virtual lanes:
 *     void name_fwd_row(real *y, const real *z, const fm_rows *s, int64_t i)
 *     void name_bwd_row(real *dz, const real *y, const real *dy, const fm_rows *s, int64_t i)
 *   for at most FEW columns, a row a lane and a column a vector, its sums from column 0 up, in place:
 *     void name_fwd_few(vr *z, int k)
 *     void name_bwd_few(vr *y, const vr *dy, int k)
 *
 * Which of the two runs depends on k alone, so the bits depend on nothing else. -inf is a column that is ruled out; a
 * row of them, or with +inf or NaN in it, gives NaN. */
#pragma once

#define FM_ROW_ACTIVATIONS(X) X(softmax) X(log_softmax) X(sparsemax)

enum { FEW = 32 }; /* columns of one panel; a whole number of vectors at every level */

/* ---- one row at a time ---- */

/* the lanes past a row's end hold what the reduction ignores */
FM_INLINE vr load_or(const real *p, int n, real rest) { return first_lanes(load_lanes(p, n), n, vr_set(rest)); }

/* A NaN may be lost here: the exponentials keep it. */
static real max_of_row(const real *z, const fm_rows *s, int64_t i) {
    vr most[NV];
    FM_UNROLL for (int v = 0; v < NV; v++) most[v] = vr_set(-INFINITY);
    FM_FOR_GROUPS(s, i, o, n, v, most[v] = vr_max(most[v], load_or(z + o, n, -INFINITY)););
    return fm_tree_max(most);
}

/* e^(z - max) / Σ: no overflow, and the largest term is 1 */
static void softmax_fwd_row(real *y, const real *z, const fm_rows *s, int64_t i) {
    vr top = vr_set(max_of_row(z, s, i)), sum[NV] = {0};
    FM_FOR_GROUPS(s, i, o, n, v, {
        vr e = vr_exp(load_or(z + o, n, -INFINITY) - top);
        sum[v] += e;
        store_lanes(y + o, e, n);
    });
    vr scale = vr_set(1 / fm_tree_sum(sum));
    FM_FOR_GROUPS(s, i, o, n, v, store_lanes(y + o, load_lanes(y + o, n) * scale, n););
}
/* dz = y ∘ (dy - Σ y dy) */
static void softmax_bwd_row(real *dz, const real *y, const real *dy, const fm_rows *s, int64_t i) {
    vr dot[NV] = {0};
    FM_FOR_GROUPS(s, i, o, n, v, dot[v] = vr_fma(load_lanes(y + o, n), load_lanes(dy + o, n), dot[v]););
    vr mean = vr_set(fm_tree_sum(dot));
    FM_FOR_GROUPS(s, i, o, n, v, store_lanes(dz + o, load_lanes(y + o, n) * (load_lanes(dy + o, n) - mean), n););
}

/* (z - max) - log Σ e^(z - max) */
static void log_softmax_fwd_row(real *y, const real *z, const fm_rows *s, int64_t i) {
    vr top = vr_set(max_of_row(z, s, i)), sum[NV] = {0};
    FM_FOR_GROUPS(s, i, o, n, v, sum[v] += vr_exp(load_or(z + o, n, -INFINITY) - top););
    vr log_sum = vr_log(vr_set(fm_tree_sum(sum)));
    FM_FOR_GROUPS(s, i, o, n, v, store_lanes(y + o, (load_lanes(z + o, n) - top) - log_sum, n););
}
/* dz = dy - e^y Σ dy */
static void log_softmax_bwd_row(real *dz, const real *y, const real *dy, const fm_rows *s, int64_t i) {
    vr acc[NV] = {0};
    FM_FOR_GROUPS(s, i, o, n, v, acc[v] += load_lanes(dy + o, n););
    vr minus_sum = vr_set(-fm_tree_sum(acc));
    FM_FOR_GROUPS(s, i, o, n, v,
               store_lanes(dz + o, vr_fma(vr_exp(load_lanes(y + o, n)), minus_sum, load_lanes(dy + o, n)), n););
}

/* max(z - τ, 0) with the τ that makes a row's sum 1. In u = z - max: starting from τ = -1, which is not above the root
 * since the largest u alone gives 1 there, Newton's steps τ = (Σ u - 1) / count over {u > τ} only rise, so the set only
 * shrinks; it never loses the largest u, as τ <= -1 / count. When it no longer shrinks, τ is exact for it. */
static void sparsemax_fwd_row(real *y, const real *z, const fm_rows *s, int64_t i) {
    vr top = vr_set(max_of_row(z, s, i)), tau = vr_set(-1);
    for (real count, before = INFINITY;; before = count) {
        vr sum[NV] = {0}, counts[NV] = {0};
        FM_FOR_GROUPS(s, i, o, n, v, {
            vr u = load_or(z + o, n, -INFINITY) - top;
            vm out = vr_le(u, tau);
            sum[v] += vr_sel(out, vr_zero(), u);
            counts[v] += vr_sel(out, vr_zero(), vr_set(1));
        });
        count = fm_tree_sum(counts);
        if (!(count < before)) break;
        tau = vr_set((fm_tree_sum(sum) - 1) / count);
    }
    FM_FOR_GROUPS(s, i, o, n, v, {
        vr u = load_lanes(z + o, n) - top;
        store_lanes(y + o, vr_sel(vr_le(u, tau), vr_zero(), u - tau), n);
    });
}
/* dy less its mean over the columns that are not 0 */
static void sparsemax_bwd_row(real *dz, const real *y, const real *dy, const fm_rows *s, int64_t i) {
    vr sum[NV] = {0}, counts[NV] = {0};
    FM_FOR_GROUPS(s, i, o, n, v, {
        vm out = vr_eq(load_lanes(y + o, n), vr_zero());
        sum[v] += vr_sel(out, vr_zero(), load_lanes(dy + o, n));
        counts[v] += vr_sel(out, vr_zero(), vr_set(1));
    });
    vr mean = vr_set(fm_tree_sum(sum) / fm_tree_sum(counts));
    FM_FOR_GROUPS(s, i, o, n, v, {
        vm out = vr_eq(load_lanes(y + o, n), vr_zero());
        store_lanes(dz + o, vr_sel(out, vr_zero(), load_lanes(dy + o, n) - mean), n);
    });
}

/* ---- few columns: a row a lane ---- */

FM_INLINE vr max_of_few(const vr *z, int k) {
    vr top = z[0];
    for (int j = 1; j < k; j++) top = vr_max(top, z[j]);
    return top;
}

static void softmax_fwd_few(vr *z, int k) {
    vr top = max_of_few(z, k), sum = vr_zero();
    for (int j = 0; j < k; j++) sum += z[j] = vr_exp(z[j] - top);
    vr scale = vr_set(1) / sum;
    for (int j = 0; j < k; j++) z[j] *= scale;
}
static void softmax_bwd_few(vr *y, const vr *dy, int k) {
    vr dot = vr_zero();
    for (int j = 0; j < k; j++) dot = vr_fma(y[j], dy[j], dot);
    for (int j = 0; j < k; j++) y[j] *= dy[j] - dot;
}

static void log_softmax_fwd_few(vr *z, int k) {
    vr top = max_of_few(z, k), sum = vr_zero();
    for (int j = 0; j < k; j++) sum += vr_exp(z[j] - top);
    vr log_sum = vr_log(sum);
    for (int j = 0; j < k; j++) z[j] = (z[j] - top) - log_sum;
}
static void log_softmax_bwd_few(vr *y, const vr *dy, int k) {
    vr sum = vr_zero();
    for (int j = 0; j < k; j++) sum += dy[j];
    for (int j = 0; j < k; j++) y[j] = vr_fma(vr_exp(y[j]), vr_neg(sum), dy[j]);
}

/* The set shrinks at most k - 1 times; a row that has finished early keeps its τ. */
static void sparsemax_fwd_few(vr *z, int k) {
    vr top = max_of_few(z, k), tau = vr_set(-1), before = vr_set(INFINITY);
    for (int j = 0; j < k; j++) z[j] -= top;
    for (int turn = 0; turn < k; turn++) {
        vr sum = vr_zero(), count = vr_zero();
        for (int j = 0; j < k; j++) {
            vm out = vr_le(z[j], tau);
            sum += vr_sel(out, vr_zero(), z[j]);
            count += vr_sel(out, vr_zero(), vr_set(1));
        }
        tau = vr_sel(vr_lt(count, before), (sum - vr_set(1)) / count, tau);
        before = count;
    }
    for (int j = 0; j < k; j++) z[j] = vr_sel(vr_le(z[j], tau), vr_zero(), z[j] - tau);
}
static void sparsemax_bwd_few(vr *y, const vr *dy, int k) {
    vr sum = vr_zero(), count = vr_zero();
    for (int j = 0; j < k; j++) {
        vm out = vr_eq(y[j], vr_zero());
        sum += vr_sel(out, vr_zero(), dy[j]);
        count += vr_sel(out, vr_zero(), vr_set(1));
    }
    vr mean = sum / count;
    for (int j = 0; j < k; j++) y[j] = vr_sel(vr_eq(y[j], vr_zero()), vr_zero(), dy[j] - mean);
}

/* A block of VL rows, n lanes of each, at x and every `step`; past `rows` the last row is taken again. */
FM_INLINE void take_block(vr *t, const real *x, int64_t step, int64_t rows, int n) {
    vr r[VL];
    FM_UNROLL for (int q = 0; q < VL; q++) {
        r[q] = load_lanes(x, n);
        x += q + 1 < rows ? step : 0;
    }
    transpose_lanes(r);
    FM_UNROLL for (int q = 0; q < VL; q++) t[q] = r[q];
}
FM_INLINE void put_block(real *x, const vr *t, int64_t step, int64_t rows, int n) {
    vr r[VL];
    FM_UNROLL for (int q = 0; q < VL; q++) r[q] = t[q];
    transpose_lanes(r);
    FM_UNROLL for (int q = 0; q < VL; q++) {
        if (q < rows) store_lanes(x, r[q], n);
        x += step;
    }
}
/* Rows i … i + VL - 1 of x, column j in t[j]. Long code, so not inlined into every kernel. */
static __attribute__((noinline)) void take_few(vr *t, const real *x, const fm_rows *s, int64_t i) {
    const real *row = x + i * s->rs;
    int c = 0;
    for (; c + VL <= s->k; c += VL) take_block(t + c, row + c, s->rs, s->n - i, VL);
    if (c < s->k) take_block(t + c, row + c, s->rs, s->n - i, (int)s->k - c);
}
static __attribute__((noinline)) void put_few(real *x, const vr *t, const fm_rows *s, int64_t i) {
    real *row = x + i * s->rs;
    int c = 0;
    for (; c + VL <= s->k; c += VL) put_block(row + c, t + c, s->rs, s->n - i, VL);
    if (c < s->k) put_block(row + c, t + c, s->rs, s->n - i, (int)s->k - c);
}

/* ---- the loops stamped from the list ---- */

#define FM_ROW_ACTIVATION_LOOPS(name)                                                                           \
    static void name##_fwd_rows(void *y, const void *z, const fm_rows *s, const double *params) {               \
        if (s->k > FEW) {                                                                                       \
            for (int64_t i = 0; i < s->n; i++) name##_fwd_row(y, z, s, i);                                      \
            return;                                                                                             \
        }                                                                                                       \
        for (int64_t i = 0; i < s->n; i += VL) {                                                                \
            vr t[FEW];                                                                                          \
            take_few(t, z, s, i);                                                                               \
            name##_fwd_few(t, (int)s->k);                                                                       \
            put_few(y, t, s, i);                                                                                \
        }                                                                                                       \
    }                                                                                                           \
    static void name##_bwd_rows(void *dz, const void *y, const void *dy, const fm_rows *s,                      \
                                const double *params) {                                                         \
        if (s->k > FEW) {                                                                                       \
            for (int64_t i = 0; i < s->n; i++) name##_bwd_row(dz, y, dy, s, i);                                 \
            return;                                                                                             \
        }                                                                                                       \
        for (int64_t i = 0; i < s->n; i += VL) {                                                                \
            vr t[FEW], d[FEW];                                                                                  \
            take_few(t, y, s, i);                                                                               \
            take_few(d, dy, s, i);                                                                              \
            name##_bwd_few(t, d, (int)s->k);                                                                    \
            put_few(dz, t, s, i);                                                                               \
        }                                                                                                       \
    }
FM_ROW_ACTIVATIONS(FM_ROW_ACTIVATION_LOOPS)

#define FM_ROW_ACTIVATION_ENTRY(name) {#name, "", name##_fwd_rows, name##_bwd_rows},
static const fm_row_activation_kernel row_activation_table[] = {FM_ROW_ACTIVATIONS(FM_ROW_ACTIVATION_ENTRY){0}};
