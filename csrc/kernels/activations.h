/* activations.h: elementwise activations, forward and backward.
 *
 * FM_ACTIVATIONS is the registry: X(name, what backward needs, "parameters"). For an entry write
 *
 *   vr name_fwd(vr z, const vr *p)              y = f(z)
 *   vr name_bwd(vr s, vr dy, const vr *p)       dz = f' · dy, with s the saved output y or input z
 *
 * and, in tests/reference/activations.py, name(z, …) and name_grad(z, …). Nothing else: names, loops, the Python door
 * and the parity tests follow from the list.
 *
 * Backward saves the output wherever f' follows from it: the engine then keeps one array instead of two. That asks for
 * negative_slope, alpha (of elu) and threshold (of the shrinks) >= 0 and b > 0; relu_general takes any slope.
 * At a kink the derivative is that of the flatter or lower side, as ReLU'(0) = 0. A NaN goes through every function;
 * an infinite z gives the limit. */
#pragma once

// clang-format off
#define FM_ACTIVATIONS(X)                                             \
    X(linear, OUTPUT, "")                                             \
    X(scaled_linear, OUTPUT, "alpha")                                 \
    X(relu, OUTPUT, "")                                               \
    X(relu_general, INPUT, "negative_slope,max_value,threshold")      \
    X(leaky_relu, OUTPUT, "negative_slope")                           \
    X(relu6, OUTPUT, "")                                              \
    X(sigmoid, OUTPUT, "")                                            \
    X(tanh, OUTPUT, "")                                               \
    X(elu, OUTPUT, "alpha")                                           \
    X(selu, OUTPUT, "")                                               \
    X(celu, OUTPUT, "alpha")                                          \
    X(softplus, OUTPUT, "")                                           \
    X(softsign, OUTPUT, "")                                           \
    X(exponential, OUTPUT, "")                                        \
    X(gelu, INPUT, "")                                                \
    X(gelu_tanh, INPUT, "")                                           \
    X(silu, INPUT, "")                                                \
    X(swish, INPUT, "beta")                                           \
    X(mish, INPUT, "")                                                \
    X(hard_sigmoid, OUTPUT, "")                                       \
    X(hard_tanh, OUTPUT, "")                                          \
    X(hard_silu, INPUT, "")                                           \
    X(log_sigmoid, OUTPUT, "")                                        \
    X(soft_shrink, OUTPUT, "threshold")                               \
    X(hard_shrink, OUTPUT, "threshold")                               \
    X(tanh_shrink, INPUT, "")                                         \
    X(threshold, INPUT, "threshold_value,default_value")              \
    X(sparse_plus, OUTPUT, "")                                        \
    X(sparse_sigmoid, OUTPUT, "")                                     \
    X(squareplus, OUTPUT, "b")                                        \
    X(arctan, INPUT, "")                                              \
    X(binary_step, OUTPUT, "")
// clang-format on

/* z · gate, which is 0 where the gate is shut, even for an infinite z */
FM_INLINE vr gated(vr z, vr gate) { return vr_sel(vr_eq(gate, vr_zero()), vr_zero(), z * gate); }
/* z held inside [lo, hi]; the comparisons are false for a NaN, which stays; + 0 flushes a denormal on every level */
FM_INLINE vr clipped(vr z, real lo, real hi) { return vr_max(vr_set(lo), vr_min(vr_set(hi), z)) + vr_zero(); }
/* yes where lo < y < hi, 0 elsewhere */
FM_INLINE vr between(vr y, real lo, real hi, vr yes) {
    vm outside = vm_or(vr_le(y, vr_set(lo)), vr_ge(y, vr_set(hi)));
    return vr_sel(outside, vr_zero(), yes);
}

/* ---- straight pieces ---- */

FM_INLINE vr linear_fwd(vr z, const vr *p) { return z; }
FM_INLINE vr linear_bwd(vr y, vr dy, const vr *p) { return dy; }

FM_INLINE vr scaled_linear_fwd(vr z, const vr *p) { return p[0] * z; }
FM_INLINE vr scaled_linear_bwd(vr y, vr dy, const vr *p) { return p[0] * dy; }

/* max(z, 0), with NaN kept: the comparison is false for it */
FM_INLINE vr relu_fwd(vr z, const vr *p) { return vr_sel(vr_le(z, vr_zero()), vr_zero(), z); }
/* the derivative at 0 is 0 */
FM_INLINE vr relu_bwd(vr y, vr dy, const vr *p) { return vr_sel(vr_le(y, vr_zero()), vr_zero(), dy); }

/* min(z, max_value) above the threshold, negative_slope · (z - threshold) up to it; max_value may be infinite */
FM_INLINE vr relu_general_fwd(vr z, const vr *p) {
    vr low = vr_sel(vr_le(z, p[2]), gated(z - p[2], p[0]), z);
    return vr_sel(vr_gt(z, p[2]), vr_min(p[1], z) + vr_zero(), low);
}
FM_INLINE vr relu_general_bwd(vr z, vr dy, const vr *p) {
    return vr_sel(vr_le(z, p[2]), p[0] * dy, vr_sel(vr_ge(z, p[1]), vr_zero(), dy));
}

FM_INLINE vr leaky_relu_fwd(vr z, const vr *p) { return vr_sel(vr_gt(z, vr_zero()), z, p[0] * z); }
FM_INLINE vr leaky_relu_bwd(vr y, vr dy, const vr *p) { return vr_sel(vr_le(y, vr_zero()), p[0] * dy, dy); }

FM_INLINE vr relu6_fwd(vr z, const vr *p) { return clipped(z, 0, 6); }
FM_INLINE vr relu6_bwd(vr y, vr dy, const vr *p) { return between(y, 0, 6, dy); }

FM_INLINE vr hard_tanh_fwd(vr z, const vr *p) { return clipped(z, -1, 1); }
FM_INLINE vr hard_tanh_bwd(vr y, vr dy, const vr *p) { return between(y, -1, 1, dy); }

/* relu6(z + 3) / 6 */
FM_INLINE vr hard_sigmoid_fwd(vr z, const vr *p) { return clipped(z + vr_set(3), 0, 6) / vr_set(6); }
FM_INLINE vr hard_sigmoid_bwd(vr y, vr dy, const vr *p) { return between(y, 0, 1, dy / vr_set(6)); }

FM_INLINE vr sparse_sigmoid_fwd(vr z, const vr *p) { return vr_set(0.5) * (clipped(z, -1, 1) + vr_set(1)); }
FM_INLINE vr sparse_sigmoid_bwd(vr y, vr dy, const vr *p) { return between(y, 0, 1, vr_set(0.5) * dy); }

/* z moved towards 0 by the threshold, and 0 within it */
FM_INLINE vr soft_shrink_fwd(vr z, const vr *p) {
    return vr_sel(vr_le(vr_abs(z), p[0]), vr_zero(), z - vr_copysign(p[0], z));
}
FM_INLINE vr soft_shrink_bwd(vr y, vr dy, const vr *p) { return vr_sel(vr_eq(y, vr_zero()), vr_zero(), dy); }

FM_INLINE vr hard_shrink_fwd(vr z, const vr *p) { return vr_sel(vr_le(vr_abs(z), p[0]), vr_zero(), z); }
FM_INLINE vr hard_shrink_bwd(vr y, vr dy, const vr *p) { return vr_sel(vr_eq(y, vr_zero()), vr_zero(), dy); }

FM_INLINE vr threshold_fwd(vr z, const vr *p) { return vr_sel(vr_le(z, p[0]), p[1], z); }
FM_INLINE vr threshold_bwd(vr z, vr dy, const vr *p) { return vr_sel(vr_le(z, p[0]), vr_zero(), dy); }

/* 0 below 0 and 1 from it on; flat, so nothing comes back */
FM_INLINE vr binary_step_fwd(vr z, const vr *p) {
    return vr_sel(vr_lt(z, vr_zero()), vr_zero(), vr_sel(vr_ge(z, vr_zero()), vr_set(1), z));
}
FM_INLINE vr binary_step_bwd(vr y, vr dy, const vr *p) { return vr_zero(); }

/* ---- algebraic ---- */

/* z / (1 + |z|); beyond 2^60 it is ±1 in either precision, and infinity over infinity is avoided */
FM_INLINE vr softsign_fwd(vr z, const vr *p) {
    vr size = vr_min(vr_set(0x1p60), vr_abs(z));
    return vr_copysign(size / (vr_set(1) + size), z);
}
FM_INLINE vr softsign_bwd(vr y, vr dy, const vr *p) {
    vr rest = vr_set(1) - vr_abs(y);
    return dy * (rest * rest);
}

/* 0, ((z + 1) / 2)², z: below -1, up to 1, above */
FM_INLINE vr sparse_plus_fwd(vr z, const vr *p) {
    vr half = vr_set(0.5) * (vr_max(vr_set(-1), z) + vr_set(1));
    return vr_sel(vr_gt(z, vr_set(1)), z, half * half);
}
FM_INLINE vr sparse_plus_bwd(vr y, vr dy, const vr *p) { return dy * vr_sqrt(vr_min(vr_set(1), y)); }

/* (z + √(z² + b)) / 2, for negative z as (b / 2) / (√(z² + b) - z): nothing cancels. Where z² overflows or b no longer
 * counts, the root is |z|. */
FM_INLINE vr squareplus_fwd(vr z, const vr *p) {
    vr size = vr_abs(z), half = vr_set(0.5);
    vr root = vr_sel(vr_gt(size, vr_set(0x1p60)), size, vr_sqrt(vr_fma(z, z, p[0])));
    return vr_sel(vr_ge(z, vr_zero()), vr_fma(half, size, half * root), half * p[0] / (root + size));
}
/* y / √(z² + b) with √(z² + b) = y + b / 4y */
FM_INLINE vr squareplus_bwd(vr y, vr dy, const vr *p) {
    vr inverse = vr_set(1) / y, slope = vr_set(1) / vr_fma(vr_set(0.25) * p[0] * inverse, inverse, vr_set(1));
    return vr_sel(vr_le(y, vr_zero()), vr_zero(), dy * slope);
}

/* ---- from exp, log and their kin ---- */

FM_INLINE vr sigmoid_fwd(vr z, const vr *p) { return vr_sigmoid(z); }
FM_INLINE vr sigmoid_bwd(vr y, vr dy, const vr *p) { return dy * (y * (vr_set(1) - y)); }

FM_INLINE vr tanh_fwd(vr z, const vr *p) { return vr_tanh(z); }
FM_INLINE vr tanh_bwd(vr y, vr dy, const vr *p) { return dy * vr_fma(vr_neg(y), y, vr_set(1)); }

FM_INLINE vr tanh_shrink_fwd(vr z, const vr *p) { return z - vr_tanh(z); }
FM_INLINE vr tanh_shrink_bwd(vr z, vr dy, const vr *p) {
    vr t = vr_tanh(z);
    return dy * (t * t);
}

FM_INLINE vr arctan_fwd(vr z, const vr *p) { return vr_atan(z); }
FM_INLINE vr arctan_bwd(vr z, vr dy, const vr *p) { return dy / vr_fma(z, z, vr_set(1)); }

FM_INLINE vr exponential_fwd(vr z, const vr *p) { return vr_exp(z); }
FM_INLINE vr exponential_bwd(vr y, vr dy, const vr *p) { return dy * y; }

/* log(1 + e^z), whose derivative is the sigmoid: 1 - e^-y */
FM_INLINE vr softplus_fwd(vr z, const vr *p) { return vr_softplus(z); }
FM_INLINE vr softplus_bwd(vr y, vr dy, const vr *p) { return dy * vr_neg(vr_expm1(vr_neg(y))); }

/* log σ(z), whose derivative is σ(-z) = 1 - e^y */
FM_INLINE vr log_sigmoid_fwd(vr z, const vr *p) { return vr_log_sigmoid(z); }
FM_INLINE vr log_sigmoid_bwd(vr y, vr dy, const vr *p) { return dy * vr_neg(vr_expm1(y)); }

FM_INLINE vr elu_fwd(vr z, const vr *p) { return vr_sel(vr_gt(z, vr_zero()), z, p[0] * vr_expm1(z)); }
FM_INLINE vr elu_bwd(vr y, vr dy, const vr *p) { return vr_sel(vr_gt(y, vr_zero()), dy, dy * (y + p[0])); }

FM_INLINE vr celu_fwd(vr z, const vr *p) { return vr_sel(vr_gt(z, vr_zero()), z, p[0] * vr_expm1(z / p[0])); }
FM_INLINE vr celu_bwd(vr y, vr dy, const vr *p) { return vr_sel(vr_gt(y, vr_zero()), dy, dy * (vr_set(1) + y / p[0])); }

/* elu with the α and the scale that keep mean 0 and variance 1 from layer to layer */
#define SELU_ALPHA 1.6732632423543772848
#define SELU_SCALE 1.0507009873554804934
FM_INLINE vr selu_fwd(vr z, const vr *p) {
    return vr_sel(vr_gt(z, vr_zero()), vr_set(SELU_SCALE) * z, vr_set(SELU_SCALE * SELU_ALPHA) * vr_expm1(z));
}
FM_INLINE vr selu_bwd(vr y, vr dy, const vr *p) {
    return dy * vr_sel(vr_gt(y, vr_zero()), vr_set(SELU_SCALE), y + vr_set(SELU_SCALE * SELU_ALPHA));
}

/* ---- gated: z times something between 0 and 1 ---- */

/* σ(t) and σ(t)·σ(-t), neither from a difference */
FM_INLINE vr sigmoid_and_slope(vr t, vr *slope) {
    vr e = vr_exp(vr_neg(vr_abs(t))), q = vr_set(1) / (vr_set(1) + e), low = e * q;
    *slope = low * q;
    return vr_sel(vr_ge(t, vr_zero()), q, low);
}

/* z · σ(βz) */
FM_INLINE vr swish_fwd(vr z, const vr *p) { return gated(z, vr_sigmoid(p[0] * z)); }
FM_INLINE vr swish_bwd(vr z, vr dy, const vr *p) {
    vr t = p[0] * z, slope, s = sigmoid_and_slope(t, &slope);
    return dy * (s + gated(t, slope));
}

FM_INLINE vr silu_fwd(vr z, const vr *p) { return gated(z, vr_sigmoid(z)); }
FM_INLINE vr silu_bwd(vr z, vr dy, const vr *p) {
    vr slope, s = sigmoid_and_slope(z, &slope);
    return dy * (s + gated(z, slope));
}

FM_INLINE vr hard_silu_fwd(vr z, const vr *p) { return gated(z, hard_sigmoid_fwd(z, p)); }
FM_INLINE vr hard_silu_bwd(vr z, vr dy, const vr *p) {
    vr inside = dy * vr_fma(z, vr_set(1. / 3), vr_set(0.5));
    return vr_sel(vr_le(z, vr_set(-3)), vr_zero(), vr_sel(vr_ge(z, vr_set(3)), dy, inside));
}

/* z · tanh(softplus(z)) = z · n / (n + 2), n = e^z (e^z + 2): one exp, one division. From 30 on the gate is 1. */
FM_INLINE vr mish_fwd(vr z, const vr *p) {
    vr e = vr_exp(vr_min(vr_set(30), z)), n = e * (e + vr_set(2));
    return gated(z, n / (n + vr_set(2)));
}
FM_INLINE vr mish_bwd(vr z, vr dy, const vr *p) {
    vr t = vr_min(vr_set(30), z), e = vr_exp(t), n = e * (e + vr_set(2)), q = vr_set(1) / (n + vr_set(2));
    vr slope = (vr_set(4) * e * q) * ((vr_set(1) + e) * q); /* tanh' · softplus' */
    return dy * (n * q + gated(t, slope));
}

#define SQRT_HALF 0.70710678118654752440
#define SQRT_HALF_REST (FM_BITS == 32 ? SQRT_HALF - (float)SQRT_HALF : -4.8336466567264567e-17)
#define INV_SQRT_2PI 0.39894228040143267794

/* Φ(t), the normal distribution: erfc(x) / 2 at x = -t/√2. What rounds off x counts 2x times in the tail, as
 * erfc' ≈ -2x erfc, and is put back. t within ±40, where Φ is 0 or 1. */
FM_INLINE vr normal_cdf(vr t) {
    vr c = vr_set(SQRT_HALF), a = vr_neg(t), x = a * c;
    vr rest = vr_fma(a, c, vr_neg(x)) + a * vr_set(SQRT_HALF_REST);
    vr half = vr_set(0.5) * vr_erfc(x);
    return vr_fma(half, vr_set(-2) * vr_max(vr_zero(), x) * rest, half);
}
/* its density e^(-t²/2) / √2π, with what rounds off t² put back too */
FM_INLINE vr normal_pdf(vr t) {
    vr square = t * t, rest = vr_fma(t, t, vr_neg(square)), e = vr_exp(vr_set(-0.5) * square);
    return vr_set(INV_SQRT_2PI) * vr_fma(e, vr_set(-0.5) * rest, e);
}

/* z · Φ(z) */
FM_INLINE vr gelu_fwd(vr z, const vr *p) { return gated(z, normal_cdf(clipped(z, -40, 40))); }
FM_INLINE vr gelu_bwd(vr z, vr dy, const vr *p) {
    vr t = clipped(z, -40, 40);
    return dy * vr_fma(t, normal_pdf(t), normal_cdf(t));
}

/* z · (1 + tanh u) / 2 = z · σ(2u), u = √(2/π) (z + 0.044715 z³) */
#define GELU_TWO_U 1.59576912160573071176 /* 2 √(2/π) */
#define GELU_CUBIC 0.044715
FM_INLINE vr gelu_tanh_fwd(vr z, const vr *p) {
    vr t = clipped(z, -40, 40);
    vr two_u = vr_set(GELU_TWO_U) * t * vr_fma(vr_set(GELU_CUBIC) * t, t, vr_set(1));
    return gated(z, vr_sigmoid(two_u));
}
FM_INLINE vr gelu_tanh_bwd(vr z, vr dy, const vr *p) {
    vr t = clipped(z, -40, 40);
    vr two_u = vr_set(GELU_TWO_U) * t * vr_fma(vr_set(GELU_CUBIC) * t, t, vr_set(1));
    vr inner = vr_set(GELU_TWO_U) * vr_fma(vr_set(3 * GELU_CUBIC) * t, t, vr_set(1)); /* (2u)' */
    vr slope, s = sigmoid_and_slope(two_u, &slope);
    return dy * vr_fma(t * inner, slope, s);
}

/* ---- the loops stamped from the list ---- */

#define FM_ACTIVATION_LOOPS(name, saves, names)                                                                       \
    static void name##_fwd_block(void *y, const void *z, int64_t rows, int64_t cols, int64_t ld,                      \
                                 const double *params) {                                                              \
        vr p[FM_PARAMS];                                                                                              \
        spread_params(p, params, names);                                                                              \
        FM_FOR_BLOCK(rows, cols, ld, o, n,                                                                            \
                     store_lanes((real *)y + o, name##_fwd(load_lanes((const real *)z + o, n), p), n););              \
    }                                                                                                                 \
    static void name##_bwd_block(void *dz, const void *saved, const void *dy, int64_t rows, int64_t cols, int64_t ld, \
                                 const double *params) {                                                              \
        vr p[FM_PARAMS];                                                                                              \
        spread_params(p, params, names);                                                                              \
        FM_FOR_BLOCK(rows, cols, ld, o, n, {                                                                          \
            vr s = load_lanes((const real *)saved + o, n), d = load_lanes((const real *)dy + o, n);                   \
            store_lanes((real *)dz + o, name##_bwd(s, d, p), n);                                                      \
        });                                                                                                           \
    }
FM_ACTIVATIONS(FM_ACTIVATION_LOOPS)

#define FM_ACTIVATION_ENTRY(name, saves, names) {#name, names, FM_SAVES_##saves, name##_fwd_block, name##_bwd_block},
static const fm_activation_kernel activation_table[] = {FM_ACTIVATIONS(FM_ACTIVATION_ENTRY){0}};
