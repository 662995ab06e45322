/* vmath.h: exp, log, tanh, … on the vector type.
 *
 * FM_VMATH is the registry: for an entry write vr vr_name(vr x) here, name(x) in tests/reference/vmath.py and its bound
 * in tests/tolerance.py.
 *
 * Every function is one branch-free text of IEEE operations and written-out fused multiply-adds, so its bits are the
 * same on every level. Largest error in ulp of the exact result: in float32 of all numbers, in float64 of some five
 * million where the function bends. The tests hold them to ULPS of tests/tolerance.py, a little above.
 *
 *             exp  expm1  log  log1p  tanh  sigmoid  softplus  log_sigmoid  erf   erfc  atan  sin2pi  cos2pi
 *   float32   1.04  1.54  0.89  1.52  2.57   2.02      1.71       1.71      1.81  4.47  1.21   0.95    0.87
 *   float64   1.00  1.99  0.85  1.41  2.53   1.93      1.55       1.55      1.80  4.37  1.19   0.87    0.86
 *
 * The rules of the edges: NaN gives NaN, infinities and zeros give what the limit says, odd functions keep the sign of
 * zero, numbers below the smallest normal count as zero and results there become zero.
 *
 * Polynomials are minimax fits (Remez exchange in 50 digits, weighted by the error they cause in the function); their
 * coefficients were rounded one by one from the lowest power up, the rest fitted anew each time. "2^-26" beside one is
 * the largest relative error it leaves in the function before any other rounding. */
#pragma once
#include <math.h>
#include "vmath_coefficients.h"

// clang-format off
#define FM_VMATH(X)                                                                                       \
    X(exp) X(expm1) X(log) X(log1p) X(tanh) X(sigmoid) X(softplus) X(log_sigmoid) X(erf) X(erfc) X(atan)  \
    X(sin2pi) X(cos2pi)
// clang-format on

/* c[0] + c[1] x + … by Horner's rule */
#define FM_POLY(x, c) fm_poly(x, c, (int)(sizeof(c) / sizeof *(c)))
FM_INLINE vr fm_poly(vr x, const real *c, int terms) {
    vr p = vr_set(c[terms - 1]);
    FM_UNROLL
    for (int i = terms - 2; i >= 0; i--) p = vr_fma(p, x, vr_set(c[i]));
    return p;
}
/* y, known to have x's sign, when it is a zero too */
FM_INLINE vr fm_signed_like(vr y, vr x) { return AS_VR(AS_VI(y) | (AS_VI(x) & FM_SIGN_BIT)); }

/* ---- exp and what is made of it: e^x = s (1 + u), s = 2^n, u = e^r - 1, x = n ln 2 + r, |r| ≤ ln 2 / 2 ---- */

/* r; n + bias is left in the low bits of x / ln 2 + FM_MAGIC. n·FM_LN2_HI is exact. */
FM_INLINE vr exp_split(vr x, int bias, vu *n) {
    vr magic = vr_set(FM_MAGIC + (real)bias), t = vr_fma(x, vr_set(FM_LOG2_E), magic), k = t - magic;
    *n = AS_VU(t);
    return vr_fma(k, vr_set(-FM_LN2_LO), vr_fma(k, vr_set(-FM_LN2_HI), x));
}
FM_INLINE vr expm1_near(vr r) { return vr_fma(r * r, FM_POLY(r, expm1_c), r); }
FM_INLINE vr exponent(vu n) { return AS_VR(n << FM_MANTISSA); }
/* u and s for |x| ≤ FM_EXP_SAFE; s is 0 at the lower end */
FM_INLINE vr exp_parts(vr x, vr *s) {
    vu n;
    vr r = exp_split(x, FM_EXP_BIAS, &n);
    *s = exponent(n);
    return expm1_near(r);
}

/* 2^n goes on in two factors, for n = 128 (1024) has no exponent field, yet 2^128 · 0.99 is a number */
FM_INLINE vr vr_exp(vr x) {
    vu n;
    vr r = exp_split(vr_max(vr_set(FM_EXP_MIN), vr_min(vr_set(FM_EXP_MAX), x)), 2 * FM_EXP_BIAS, &n);
    vr u = expm1_near(r);
    vu half = n >> 1;
    vr s = exponent(half);
    return vr_fma(u, s, s) * exponent(n - half);
}
/* 2 (s/2 · u + (s/2 - 1/2)), for the same reason */
FM_INLINE vr vr_expm1(vr x) {
    vu n;
    vr r = exp_split(vr_max(vr_set(-FM_EXP_SAFE / 2), vr_min(vr_set(FM_EXP_MAX), x)), FM_EXP_BIAS - 1, &n);
    vr s = exponent(n), y = vr_fma(expm1_near(r), s, s - vr_set(0.5));
    return vr_sel(vr_lt(vr_abs(x), vr_set(FM_SAME)), x, y + y);
}
/* E / (E + 2) with E = e^2|x| - 1 */
FM_INLINE vr vr_tanh(vr x) {
    vr a = vr_min(vr_set(FM_TANH_ONE), vr_abs(x)), s, u = exp_parts(a + a, &s);
    vr e = vr_fma(u, s, s - vr_set(1));
    return fm_signed_like(e / (e + vr_set(2)), x);
}
/* 1 / (1 + e^-x), and what the rounding of the denominator d left out, r: 1/(d + r) is y - y²r with y = 1/d. */
FM_INLINE vr vr_sigmoid(vr x) {
    vr z = vr_max(vr_set(-FM_EXP_SAFE), vr_min(vr_set(FM_EXP_SAFE), vr_neg(x))), s, u = exp_parts(z, &s);
    vr t = s + vr_set(1), d = vr_fma(u, s, t), y = vr_set(1) / d;
    return vr_fma(vr_neg(y * y), vr_fma(u, s, t - d), y);
}

/* ---- log and what is made of it: x = 2^k (1 + f), √½ ≤ 1 + f < √2 ---- */

#define FM_ONE_BITS ((ireal)FM_EXP_BIAS << FM_MANTISSA)
#define FM_TWO_TO_MANTISSA_BITS ((ireal)(FM_EXP_BIAS + FM_MANTISSA) << FM_MANTISSA)

/* 1 + f; the exponent field k + bias in *e */
FM_INLINE vr log_split(vr x, vu *e) {
    vu i = AS_VU(x) + (FM_ONE_BITS - FM_SQRT_HALF_BITS);
    *e = i >> FM_MANTISSA;
    return AS_VR((i & (((ireal)1 << FM_MANTISSA) - 1)) + FM_SQRT_HALF_BITS);
}
/* An exponent field as a number, less `bias`, by way of the bits of 2^23 (2^52) */
FM_INLINE vr exponent_value(vu e, real bias) {
    return AS_VR(e | FM_TWO_TO_MANTISSA_BITS) - vr_set((real)((ireal)1 << FM_MANTISSA) + bias);
}
/* log(1 + f) - f */
FM_INLINE vr log1p_near(vr f) {
#if FM_BITS == 32
    return f * f * FM_POLY(f, log1p_c);
#else /* with s = f / (2 + f): log(1 + f) = 2s + s R(s²), and 2s = f - f²/2 + s f²/2 */
    vr s = f / (f + vr_set(2)), z = s * s, h = f * f * vr_set(0.5);
    return vr_fma(s, vr_fma(z, FM_POLY(z, log1p_c), h), vr_neg(h));
#endif
}
/* k ln 2 + log(1 + f) */
FM_INLINE vr log_join(vr k, vr f) {
    return vr_fma(k, vr_set(FM_LN2_HI), f + vr_fma(k, vr_set(FM_LN2_LO), log1p_near(f)));
}
/* y, but -inf at the pole, NaN below it, and infinity and NaN as they come */
FM_INLINE vr log_limits(vr y, vr x, vr pole) {
    vr beyond = vr_sel(vr_lt(x, pole), vr_set((real)NAN), vr_set((real)-INFINITY));
    return vr_sel(vr_le(x, pole), beyond, vr_sel(vr_le(x, vr_set(FM_HUGE)), y, x));
}

FM_INLINE vr vr_log(vr x) {
    vu e;
    vr m = log_split(x, &e);
    return log_limits(log_join(exponent_value(e, FM_EXP_BIAS), m - vr_set(1)), x, vr_zero());
}
/* f = 2^-k (1 + x) - 1 from x itself, in one rounding. Quarters are split, for 2^-k must be a normal number. */
FM_INLINE vr vr_log1p(vr x) {
    vu e;
    vr q = x * vr_set(0.25);
    log_split(q + vr_set(0.25), &e);
    vr scale = exponent(2 * FM_EXP_BIAS - e);
    vr f = vr_fma(scale, q, vr_fma(scale, vr_set(0.25), vr_set(-1)));
    vr y = log_join(exponent_value(e, FM_EXP_BIAS - 2), f);
    return log_limits(vr_sel(vr_lt(vr_abs(x), vr_set(FM_SAME)), x, y), x, vr_set(-1));
}
/* max(x, 0) + log(1 + e^-|x|); the logarithm is split at e^-|x| = √2 - 1, where k goes from 0 to 1 */
FM_INLINE vr vr_softplus(vr x) {
    vr a = vr_max(vr_set(-FM_EXP_SAFE), vr_neg(vr_abs(x))), s, u = exp_parts(a, &s);
    vm k = vr_gt(a, vr_set(FM_LOG_SQRT2_LESS_1));
    s = vr_sel(k, s * vr_set(0.5), s);
    vr f = vr_fma(u, s, s - vr_sel(k, vr_set(0.5), vr_zero()));
    return vr_max(vr_zero(), x) + log_join(vr_sel(k, vr_set(1), vr_zero()), f);
}
FM_INLINE vr vr_log_sigmoid(vr x) { return vr_neg(vr_softplus(vr_neg(x))); }

/* x^y = e^(y log x) for x ≥ 0, within 4 + 2 |y log x| ulp. x^0 = 1, but NaN stays. */
FM_INLINE vr vr_pow(vr x, vr y) {
    return vr_sel(vr_eq(y, vr_zero()), vr_sel(vr_isnan(x), x, vr_set(1)), vr_exp(y * vr_log(x)));
}

/* ---- the error function ---- */

/* 1 - e^-h with h = -log erfc|x|: one formula, and small errors of h, for small and large x alike */
FM_INLINE vr vr_erf(vr x) {
    vr a = vr_min(vr_set(FM_ERF_ONE), vr_abs(x)), s, u = exp_parts(vr_neg(vr_fma(a, FM_POLY(a, erf_c), a)), &s);
    return vr_copysign(vr_fma(u, s, s - vr_set(1)), x);
}
/* erfc|x| = e^-x² P(t) / (|x| + K), t = (|x| - K) / (|x| + K) with its rounding mended; that of x² is taken off r */
FM_INLINE vr vr_erfc(vr x) {
    vr a = vr_min(vr_set(FM_ERFC_ZERO), vr_abs(x)), square = a * a;
    vr k = vr_set(FM_ERFC_K), q = vr_set(1) / (a + k), d = a - k, t = d * q;
    t = vr_fma(q, vr_fma(vr_neg(t), a, vr_fma(vr_neg(t), k, d)) + (a - (d + k)), t);
    vr p = q * FM_POLY(t, erfc_c);
    vu n;
    vr r = exp_split(vr_neg(square), FM_EXP_BIAS, &n) - vr_fma(a, a, vr_neg(square));
    vr y = vr_fma(expm1_near(r), p, p) * exponent(n);
    return vr_sel(vr_lt(x, vr_zero()), vr_set(2) - y, y);
}

/* ---- angles ---- */

/* of t = |x|, or π/2 plus that of t = -1/|x| where |x| > 1 */
FM_INLINE vr vr_atan(vr x) {
    vr a = vr_abs(x);
    vm far = vr_gt(a, vr_set(1));
    vr t = vr_sel(far, vr_set(-1) / a, a), z = t * t;
    vr y = t + vr_fma(t * z, FM_POLY(z, atan_c), vr_sel(far, vr_set(FM_HALF_PI_LO), vr_zero()));
    return fm_signed_like(y + vr_sel(far, vr_set(FM_HALF_PI), vr_zero()), x);
}
/* sin 2πx, and cos 2πx in *c, for |x| ≤ 2^20. The nearest quarter turn is taken off exactly, so that |x| = q/4 + r with
 * |r| ≤ 1/8; then sin 2πr = 2πr + r S(r²), cos 2πr = 1 + r² C(r²), and q mod 4 says which is which, and the signs. */
FM_INLINE vr vr_sincos2pi(vr x, vr *c) {
    vr a = vr_abs(x), t = vr_fma(a, vr_set(4), vr_set(FM_MAGIC));
    vr r = vr_fma(t - vr_set(FM_MAGIC), vr_set(-0.25), a), z = r * r;
    vi sine = AS_VI(vr_fma(r, vr_set(FM_TWO_PI), r * FM_POLY(z, sin2pi_c)));
    vi cosine = AS_VI(vr_fma(z, FM_POLY(z, cos2pi_c), vr_set(1)));
    vu q = AS_VU(t);
    vi swap = (sine ^ cosine) & -(vi)(q & 1);
    *c = AS_VR(cosine ^ swap ^ ((vi)((q + 1) << (FM_BITS - 2)) & FM_SIGN_BIT));
    return AS_VR(sine ^ swap ^ (((vi)(q << (FM_BITS - 2)) ^ AS_VI(x)) & FM_SIGN_BIT));
}
FM_INLINE vr vr_sin2pi(vr x) {
    vr c;
    return vr_sincos2pi(x, &c);
}
FM_INLINE vr vr_cos2pi(vr x) {
    vr c;
    vr_sincos2pi(x, &c);
    return c;
}

/* ---- the loops stamped from the list ---- */

// clang-format off
#define FM_VMATH_LOOP(name)                                                                                            \
    static void vmath_##name(void *y, const void *x, int64_t n_) {                                                     \
        FM_FOR_BLOCK(1, n_, n_, o, n,                                                                                  \
                     store_lanes((real *)y + o, vr_##name(load_lanes((const real *)x + o, n)), n););                   \
    }
// clang-format on
FM_VMATH(FM_VMATH_LOOP)
#define FM_VMATH_ENTRY(name) {#name, vmath_##name},
static const fm_vmath_kernel vmath_table[] = {FM_VMATH(FM_VMATH_ENTRY){0}};
