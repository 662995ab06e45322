/* optimizers.h: one step of each optimizer.
 *
 * FM_OPTIMIZERS is the registry: X(name, slots, where slot 0 starts, "parameters"). For an entry write
 *
 *   void name_prepare(double *c, const double *p, double lr, int64_t t)    what step t = 1, 2, … derives from the
 *                                                                          parameters p and the learning rate lr
 *   void name_step(vr *w, vr g, vr *s, const vr *c)                        w and the slots s from the gradient g
 *
 * and, in tests/reference/optimizers.py, name(w, g, slots, step, lr, …). Slots start from 0; the first one of an entry
 * marked FROM_PARAM starts from the first parameter. prepare() is a function of its arguments alone, so that a run
 * resumed at any step goes on with the same bits.
 *
 * Epsilon. Keras puts it inside the square root for RMSprop, Adagrad and Adadelta and outside for the Adam family,
 * where it is added to √v before the bias of v is corrected (the paper's ε̂). The paper, PyTorch and most lectures add
 * it to √v̂, after. Where both are in use the entry takes both: the one that is not wanted is 0.
 *
 * A weight that never had a gradient has g = 0 and slots at their start: 0/0 there would be NaN, in the padded lanes
 * of a panel first of all. So a denominator never falls below what an element type can resolve, whatever epsilon:
 * the floors below change nothing for numbers that do not underflow. */
#pragma once

// clang-format off
#define FM_OPTIMIZERS(X)                                                                                         \
    X(sgd,                        0, ZERO,       "")                                                             \
    X(momentum,                   1, ZERO,       "momentum")                                                     \
    X(nesterov,                   1, ZERO,       "momentum")                                                     \
    X(ewa_momentum,               1, ZERO,       "beta")                                                         \
    X(velocity,                   1, ZERO,       "momentum")                                                     \
    X(velocity_nesterov,          1, ZERO,       "momentum")                                                     \
    X(rmsprop,                    1, ZERO,       "rho,epsilon_inside,epsilon_outside")                           \
    X(rmsprop_momentum,           2, ZERO,       "rho,epsilon_inside,epsilon_outside,momentum")                  \
    X(rmsprop_centered,           2, ZERO,       "rho,epsilon_inside,epsilon_outside")                           \
    X(rmsprop_centered_momentum,  3, ZERO,       "rho,epsilon_inside,epsilon_outside,momentum")                  \
    X(rmsprop_velocity,           2, ZERO,       "rho,epsilon_inside,epsilon_outside,momentum")                  \
    X(rmsprop_centered_velocity,  3, ZERO,       "rho,epsilon_inside,epsilon_outside,momentum")                  \
    X(adam,                       2, ZERO,       "beta_1,beta_2,epsilon_hat,epsilon")                            \
    X(amsgrad,                    3, ZERO,       "beta_1,beta_2,epsilon_hat,epsilon")                            \
    X(adamax,                     2, ZERO,       "beta_1,beta_2,epsilon_inside,epsilon_outside")                 \
    X(nadam,                      2, ZERO,       "beta_1,beta_2,epsilon,schedule_decay")                         \
    X(adagrad,                    1, FROM_PARAM, "initial_accumulator_value,epsilon_inside,epsilon_outside")     \
    X(adadelta,                   2, ZERO,       "rho,epsilon")                                                  \
    X(ftrl,                       2, FROM_PARAM, "initial_accumulator_value,learning_rate_power,"                \
                                                 "l1_regularization_strength,l2_regularization_strength,"        \
                                                 "l2_shrinkage_regularization_strength,beta")                    \
    X(lion,                       1, ZERO,       "beta_1,beta_2")                                                \
    X(accumulate,                 1, ZERO,       "")
// clang-format on

/* ---- helpers ---- */

/* bᵗ by repeated squaring, from multiplications alone: libm's pow may differ from one machine to the next. */
FM_INLINE double integer_power(double b, int64_t t) {
    double y = 1;
    for (; t > 0; t /= 2, b *= b)
        if (t % 2) y *= b;
    return y;
}
FM_INLINE double at_least(double floor, double x) { return x < floor ? floor : x; }

#define SMALLEST_SQUARE ((double)FM_TINY) /* a squared gradient below it is flushed to zero */
#define SMALLEST_ROOT (FM_BITS == 32 ? 0x1p-63 : 0x1p-511)

/* The exponentially weighted mean (1 − c)·mean + c·x: exact in x for c = 1, at rest for x = mean. */
FM_INLINE vr ewa(vr mean, vr x, vr c) { return vr_fma(c, x, vr_fma(vr_neg(c), mean, mean)); }
/* NaN stays: it is the operand that max and min return then */
FM_INLINE vr clip_within(vr x, vr limit) { return vr_min(limit, vr_max(vr_neg(limit), x)); }

/* ---- gradient descent and momentum ---- */

/* w ← w − lr·g */
FM_INLINE void sgd_prepare(double *c, const double *p, double lr, int64_t t) { c[0] = -lr; }
FM_INLINE void sgd_step(vr *w, vr g, vr *s, const vr *c) { *w = vr_fma(c[0], g, *w); }

/* m ← β·m − lr·g;  w ← w + m.  The learning rate is inside: a change of it acts on new gradients only. */
FM_INLINE void momentum_prepare(double *c, const double *p, double lr, int64_t t) {
    c[0] = p[0];
    c[1] = -lr;
}
FM_INLINE void momentum_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = vr_fma(c[0], s[0], c[1] * g);
    *w = *w + s[0];
}

/* m ← β·m − lr·g;  w ← w + β·m − lr·g */
FM_INLINE void nesterov_prepare(double *c, const double *p, double lr, int64_t t) { momentum_prepare(c, p, lr, t); }
FM_INLINE void nesterov_step(vr *w, vr g, vr *s, const vr *c) {
    vr descent = c[1] * g;
    s[0] = vr_fma(c[0], s[0], descent);
    *w = *w + vr_fma(c[0], s[0], descent);
}

/* v ← β·v + (1−β)·g;  w ← w − lr·v:  momentum with lr·(1−β) for its learning rate */
FM_INLINE void ewa_momentum_prepare(double *c, const double *p, double lr, int64_t t) {
    c[0] = 1 - p[0];
    c[1] = -lr;
}
FM_INLINE void ewa_momentum_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g, c[0]);
    *w = vr_fma(c[1], s[0], *w);
}

/* v ← β·v + g;  w ← w − lr·v.  As PyTorch has it, the learning rate outside: a change of it acts on all of v at once. */
FM_INLINE void velocity_prepare(double *c, const double *p, double lr, int64_t t) {
    c[0] = p[0];
    c[1] = -lr;
}
FM_INLINE void velocity_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = vr_fma(c[0], s[0], g);
    *w = vr_fma(c[1], s[0], *w);
}

/* v ← β·v + g;  w ← w − lr·(β·v + g) */
FM_INLINE void velocity_nesterov_prepare(double *c, const double *p, double lr, int64_t t) {
    velocity_prepare(c, p, lr, t);
}
FM_INLINE void velocity_nesterov_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = vr_fma(c[0], s[0], g);
    *w = vr_fma(c[1], vr_fma(c[0], s[0], g), *w);
}

/* ---- RMSprop: s ← ρ·s + (1−ρ)·g²;  w ← w − lr·g / (√(s + ε_inside) + ε_outside) ---- */

FM_INLINE void rmsprop_prepare(double *c, const double *p, double lr, int64_t t) {
    c[0] = 1 - p[0];
    c[1] = at_least(SMALLEST_SQUARE, p[1]);
    c[2] = p[2];
    c[3] = -lr;
}
FM_INLINE vr rmsprop_direction(vr g, vr square, const vr *c) { return g / (vr_sqrt(square + c[1]) + c[2]); }
FM_INLINE void rmsprop_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g * g, c[0]);
    *w = vr_fma(c[3], rmsprop_direction(g, s[0], c), *w);
}

/* m ← μ·m + lr·(the same direction);  w ← w − m: the sign is not the one of sgd's momentum */
FM_INLINE void rmsprop_momentum_prepare(double *c, const double *p, double lr, int64_t t) {
    rmsprop_prepare(c, p, lr, t);
    c[3] = lr;
    c[4] = p[3];
}
FM_INLINE void rmsprop_momentum_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g * g, c[0]);
    s[1] = vr_fma(c[4], s[1], c[3] * rmsprop_direction(g, s[0], c));
    *w = *w - s[1];
}

/* centred: a ← ρ·a + (1−ρ)·g, and the variance s − a² in s's place. Rounding can leave it below 0, where the root
 * would be NaN; a true variance never is. */
FM_INLINE vr centered_square(vr square, vr mean) { return vr_max(vr_zero(), vr_fma(vr_neg(mean), mean, square)); }
FM_INLINE void rmsprop_centered_prepare(double *c, const double *p, double lr, int64_t t) {
    rmsprop_prepare(c, p, lr, t);
}
FM_INLINE void rmsprop_centered_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g * g, c[0]);
    s[1] = ewa(s[1], g, c[0]);
    *w = vr_fma(c[3], rmsprop_direction(g, centered_square(s[0], s[1]), c), *w);
}
FM_INLINE void rmsprop_centered_momentum_prepare(double *c, const double *p, double lr, int64_t t) {
    rmsprop_momentum_prepare(c, p, lr, t);
}
FM_INLINE void rmsprop_centered_momentum_step(vr *w, vr g, vr *s, const vr *c) { /* slots: s, m, a */
    s[0] = ewa(s[0], g * g, c[0]);
    s[2] = ewa(s[2], g, c[0]);
    s[1] = vr_fma(c[4], s[1], c[3] * rmsprop_direction(g, centered_square(s[0], s[2]), c));
    *w = *w - s[1];
}

/* v ← μ·v + (the same direction);  w ← w − lr·v: the learning rate outside */
FM_INLINE void rmsprop_velocity_prepare(double *c, const double *p, double lr, int64_t t) {
    rmsprop_prepare(c, p, lr, t);
    c[4] = p[3];
}
FM_INLINE void rmsprop_velocity_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g * g, c[0]);
    s[1] = vr_fma(c[4], s[1], rmsprop_direction(g, s[0], c));
    *w = vr_fma(c[3], s[1], *w);
}
FM_INLINE void rmsprop_centered_velocity_prepare(double *c, const double *p, double lr, int64_t t) {
    rmsprop_velocity_prepare(c, p, lr, t);
}
FM_INLINE void rmsprop_centered_velocity_step(vr *w, vr g, vr *s, const vr *c) { /* slots: s, v, a */
    s[0] = ewa(s[0], g * g, c[0]);
    s[2] = ewa(s[2], g, c[0]);
    s[1] = vr_fma(c[4], s[1], rmsprop_direction(g, centered_square(s[0], s[2]), c));
    *w = vr_fma(c[3], s[1], *w);
}

/* ---- Adam: m ← β₁·m + (1−β₁)·g;  v ← β₂·v + (1−β₂)·g² ----
 *
 * With α = lr·√(1−β₂ᵗ)/(1−β₁ᵗ):   w ← w − α·m / (√v + ε̂)
 * and since √v̂ = √v / √(1−β₂ᵗ), the paper's  w ← w − lr·m̂ / (√v̂ + ε)  is the same step with ε̂ = ε·√(1−β₂ᵗ). */

FM_INLINE void adam_prepare(double *c, const double *p, double lr, int64_t t) {
    double root = sqrt(1 - integer_power(p[1], t));
    c[0] = 1 - p[0];
    c[1] = 1 - p[1];
    c[2] = -lr * root / (1 - integer_power(p[0], t));
    c[3] = at_least(SMALLEST_ROOT, p[2] + p[3] * root);
}
FM_INLINE void adam_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g, c[0]);
    s[1] = ewa(s[1], g * g, c[1]);
    *w = vr_fma(c[2], s[0] / (vr_sqrt(s[1]) + c[3]), *w);
}

/* v̂ ← max(v̂, v) of the uncorrected v, in v's place. (Some libraries take the maximum of the corrected ones.) */
FM_INLINE void amsgrad_prepare(double *c, const double *p, double lr, int64_t t) { adam_prepare(c, p, lr, t); }
FM_INLINE void amsgrad_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g, c[0]);
    s[1] = ewa(s[1], g * g, c[1]);
    s[2] = vr_max(s[2], s[1]);
    *w = vr_fma(c[2], s[0] / (vr_sqrt(s[2]) + c[3]), *w);
}

/* u ← max(β₂·u, |g| + ε_inside);  w ← w − lr/(1−β₁ᵗ) · m / (u + ε_outside).  m remembers a NaN for ever, u does not. */
FM_INLINE void adamax_prepare(double *c, const double *p, double lr, int64_t t) {
    c[0] = 1 - p[0];
    c[1] = p[1];
    c[2] = -lr / (1 - integer_power(p[0], t));
    c[3] = at_least(SMALLEST_SQUARE, p[3]);
    c[4] = p[2];
}
FM_INLINE void adamax_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g, c[0]);
    s[1] = vr_max(c[1] * s[1], vr_abs(g) + c[4]); /* + 0 flushes a denormal on every level */
    *w = vr_fma(c[2], s[0] / (s[1] + c[3]), *w);
}

/* Nadam: β₁ follows the schedule u_t = β₁·(1 − ½·dᵗ), d = schedule_decay, with U_t = u₁·…·u_t:
 *   m̂ = u_{t+1}·m/(1 − U_{t+1}) + (1 − u_t)·g/(1 − U_t);   w ← w − lr·m̂ / (√(v/(1−β₂ᵗ)) + ε)
 * U_t = β₁ᵗ·∏(1 − ½·dⁱ). The product is worked out anew each step; it ends where no further factor, or nothing it
 * could still do to 1 − U_t, is left in double: with d = 0.96 at 900 factors at most, with a d near 1 at some 60, each of
 * which is a half then, and at none once β₁ᵗ is below 2⁻⁶⁰. */
FM_INLINE double nadam_product(double beta_1, double d, int64_t t) {
    double product = integer_power(beta_1, t), decay = d;
    for (int64_t i = 1; i <= t && product > 0x1p-60 && decay > 0x1p-54; i++, decay *= d) product *= 1 - 0.5 * decay;
    return product;
}
FM_INLINE void nadam_prepare(double *c, const double *p, double lr, int64_t t) {
    double root = sqrt(1 - integer_power(p[1], t)), decay = integer_power(p[3], t);
    double now = p[0] * (1 - 0.5 * decay), next = p[0] * (1 - 0.5 * p[3] * decay),
           product = nadam_product(p[0], p[3], t);
    c[0] = 1 - p[0];
    c[1] = 1 - p[1];
    c[2] = -lr * root * next / (1 - product * next);
    c[3] = -lr * root * (1 - now) / (1 - product);
    c[4] = at_least(SMALLEST_ROOT, p[2] * root);
}
FM_INLINE void nadam_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g, c[0]);
    s[1] = ewa(s[1], g * g, c[1]);
    *w = *w + vr_fma(c[2], s[0], c[3] * g) / (vr_sqrt(s[1]) + c[4]);
}

/* ---- Adagrad: s ← s + g²;  w ← w − lr·g / (√(s + ε_inside) + ε_outside) ---- */

FM_INLINE void adagrad_prepare(double *c, const double *p, double lr, int64_t t) {
    c[0] = at_least(SMALLEST_SQUARE, p[1]);
    c[1] = -lr;
    c[2] = p[2];
}
FM_INLINE void adagrad_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = vr_fma(g, g, s[0]);
    *w = vr_fma(c[1], g / (vr_sqrt(s[0] + c[0]) + c[2]), *w);
}

/* ---- Adadelta: s ← ρ·s + (1−ρ)·g²;  δ = g·√(d + ε)/√(s + ε);  d ← ρ·d + (1−ρ)·δ²;  w ← w − lr·δ ---- */

FM_INLINE void adadelta_prepare(double *c, const double *p, double lr, int64_t t) {
    c[0] = 1 - p[0];
    c[1] = at_least(SMALLEST_SQUARE, p[1]);
    c[2] = -lr;
}
FM_INLINE void adadelta_step(vr *w, vr g, vr *s, const vr *c) {
    s[0] = ewa(s[0], g * g, c[0]);
    vr delta = vr_sqrt(s[1] + c[1]) * g / vr_sqrt(s[0] + c[1]);
    s[1] = ewa(s[1], delta * delta, c[0]);
    *w = vr_fma(c[2], delta, *w);
}

/* ---- FTRL: n' = n + g²;  z ← z + g + 2·λ·w − (n'^q − n^q)/lr · w;
 *      w ← (clip(z, ±l1) − z) / (n'^q/lr + 2·l2 + β/lr);  n ← n',   with q = −learning_rate_power and shrinkage λ.
 * The step is not defined for lr = 0; the padded lanes stay 0 even then. ---- */

FM_INLINE void ftrl_prepare(double *c, const double *p, double lr, int64_t t) {
    double inverse = 1 / at_least(SMALLEST_SQUARE, lr);
    c[0] = -p[1];
    c[1] = inverse;
    c[2] = p[2];
    c[3] = 2 * p[3] + p[5] * inverse;
    c[4] = 2 * p[4];
}
FM_INLINE vr ftrl_power(vr n, vr q) {
    if (q[0] == (real)0.5) return vr_sqrt(n); /* the same for all lanes: the default, and far cheaper */
    return vr_exp(q * vr_log(vr_max(vr_set(FM_TINY), n)));
}
FM_INLINE void ftrl_step(vr *w, vr g, vr *s, const vr *c) {
    vr n = vr_fma(g, g, s[0]), raised = ftrl_power(n, c[0]);
    vr sigma = (raised - ftrl_power(s[0], c[0])) * c[1];
    s[1] = s[1] + vr_fma(vr_neg(sigma), *w, vr_fma(c[4], *w, g));
    *w = (clip_within(s[1], c[2]) - s[1]) / vr_max(vr_set(FM_TINY), vr_fma(raised, c[1], c[3]));
    s[0] = n;
}

/* ---- Lion: w ← w − lr·sign(β₁·m + (1−β₁)·g);  m ← β₂·m + (1−β₂)·g.  sign(0) = 0 ---- */

FM_INLINE void lion_prepare(double *c, const double *p, double lr, int64_t t) {
    c[0] = 1 - p[0];
    c[1] = 1 - p[1];
    c[2] = -lr;
}
FM_INLINE void lion_step(vr *w, vr g, vr *s, const vr *c) {
    *w = vr_fma(c[2], vr_sign(ewa(s[0], g, c[0])), *w);
    s[0] = ewa(s[0], g, c[1]);
}

/* ---- no step: s ← s + g, for an optimizer elsewhere that wants the gradient of many batches ---- */

FM_INLINE void accumulate_prepare(double *c, const double *p, double lr, int64_t t) {}
FM_INLINE void accumulate_step(vr *w, vr g, vr *s, const vr *c) { s[0] = s[0] + g; }

/* ---- what may come before a step ---- */

typedef struct {
    vr l1, l2, scale, limit, coupled, decay;
} prologue;
FM_INLINE prologue prologue_of(const fm_hyper *h) {
    return (prologue){vr_set((real)h->l1),         vr_set((real)(2 * h->l2)), vr_set((real)h->grad_scale),
                      vr_set((real)h->clip_value), vr_set((real)h->coupled),  vr_set((real)-h->decay)};
}
/* ∂/∂w of the loss and of l1·|w| + l2·w² */
FM_INLINE vr regularized(vr g, vr w, vr l1, vr twice_l2) { return vr_fma(twice_l2, w, vr_fma(l1, vr_sign(w), g)); }
FM_INLINE vr prologue_run(vr *w, vr g, const prologue *p) {
    g = vr_fma(p->coupled, *w, clip_within(regularized(g, *w, p->l1, p->l2) * p->scale, p->limit));
    *w = vr_fma(p->decay, *w, *w);
    return g;
}

/* ---- the loops stamped from the list: each optimizer alone, and with the prologue ---- */

// clang-format off
#define FM_OPTIMIZER_VECTOR(name, count, before)                                     \
    {                                                                                \
        vr x = load_lanes(w + o, n), d = load_lanes(g + o, n), s[FM_SLOTS];          \
        for (int k = 0; k < (count); k++) s[k] = load_lanes(slot[k] + o, n);         \
        before;                                                                      \
        name##_step(&x, d, s, c);                                                    \
        store_lanes(w + o, x, n);                                                    \
        for (int k = 0; k < (count); k++) store_lanes(slot[k] + o, s[k], n);         \
    }
#define FM_OPTIMIZER_LOOPS(name, count, start, names)                                                           \
    static void name##_prepare_c(double *c, const double *params, double learning_rate, int64_t step) {         \
        for (int i = 0; i < FM_PARAMS; i++) c[i] = 0;                                                           \
        name##_prepare(c, params, learning_rate, step);                                                         \
    }                                                                                                           \
    static void name##_step_block(void *w_, const void *g_, void *const *slots, int64_t rows, int64_t cols,     \
                                  int64_t ld, const fm_hyper *h) {                                              \
        real *w = w_, *slot[FM_SLOTS];                                                                          \
        const real *g = g_;                                                                                     \
        for (int k = 0; k < (count); k++) slot[k] = slots[k];                                                   \
        vr c[FM_PARAMS];                                                                                        \
        for (int i = 0; i < FM_PARAMS; i++) c[i] = vr_set((real)h->c[i]);                                       \
        if (!h->general) {                                                                                      \
            FM_FOR_BLOCK(rows, cols, ld, o, n, FM_OPTIMIZER_VECTOR(name, count, ));                             \
        } else {                                                                                                \
            prologue p = prologue_of(h);                                                                        \
            FM_FOR_BLOCK(rows, cols, ld, o, n, FM_OPTIMIZER_VECTOR(name, count, d = prologue_run(&x, d, &p)));  \
        }                                                                                                       \
    }
// clang-format on
FM_OPTIMIZERS(FM_OPTIMIZER_LOOPS)

#define FM_OPTIMIZER_ENTRY(name, count, start, names) \
    {#name, names, count, FM_START_##start, name##_prepare_c, name##_step_block},
static const fm_optimizer_kernel optimizer_table[] = {FM_OPTIMIZERS(FM_OPTIMIZER_ENTRY){0}};
