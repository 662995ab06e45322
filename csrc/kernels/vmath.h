/* vmath.h: exp, log, tanh, … on the vector type. */
#pragma once
#include <math.h>
#define FM_LANEWISE(name, f)                                  \
    FM_INLINE vr vr_##name(vr x) {                            \
        real t[VL];                                           \
        vr_store(t, x);                                       \
        for (int i = 0; i < VL; i++) t[i] = (real)f(t[i]);    \
        return vr_load(t);                                    \
    }
FM_INLINE double fm_sigmoid_(double x) { return 1 / (1 + exp(-x)); }
FM_INLINE double fm_softplus_(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }
FM_INLINE double fm_log_sigmoid_(double x) { return -fm_softplus_(-x); }
FM_LANEWISE(log_sigmoid, fm_log_sigmoid_)
FM_LANEWISE(exp, exp)
FM_LANEWISE(expm1, expm1)
FM_LANEWISE(log, log)
FM_LANEWISE(log1p, log1p)
FM_LANEWISE(tanh, tanh)
FM_LANEWISE(sigmoid, fm_sigmoid_)
FM_LANEWISE(softplus, fm_softplus_)
FM_LANEWISE(erf, erf)
FM_LANEWISE(erfc, erfc)
FM_LANEWISE(atan, atan)

/* c[0] + c[1] x + … by Horner's rule */
#define FM_POLY(x, c) fm_poly(x, c, (int)(sizeof(c) / sizeof *(c)))
FM_INLINE vr fm_poly(vr x, const real *c, int terms) {
    vr p = vr_set(c[terms - 1]);
    FM_UNROLL for (int i = terms - 2; i >= 0; i--) p = vr_fma(p, x, vr_set(c[i]));
    return p;
}

/* sin 2πx, and cos 2πx in *c, for |x| ≤ 2^20. The nearest quarter turn is taken off exactly, so that x = q/4 + r with
 * |r| ≤ 1/8; then sin 2πr = 2πr + r·S(r²), cos 2πr = 1 + r²·C(r²), and q mod 4 says which of the two, and its sign. */
#if FM_BITS == 32
#define FM_TWO_PI 6.2831855f
static const real sin2pi_s[] = {-1.9572235e-07, -4.134166e+01, 8.159191e+01, -7.537051e+01};
static const real cos2pi_c[] = {-1.9739208e+01, 6.493915e+01, -8.542452e+01, 5.862106e+01};
#else
#define FM_TWO_PI 6.283185307179586
static const real sin2pi_s[] = {2.231665989010235e-16,  -4.134170224039963e+01, 8.16052492759407e+01,
                                -7.670585970213442e+01, 4.205868473965645e+01,  -1.509378733577528e+01,
                                3.780489638009475e+00};
static const real cos2pi_c[] = {-1.9739208802178716e+01, 6.493939402266669e+01,   -8.545681720600031e+01,
                                6.02446412302699e+01,    -2.642624151100257e+01, 7.902651222246536e+00,
                                -1.6887779145798183e+00};
#endif
FM_INLINE vr vr_sincos2pi(vr x, vr *c) {
    vr a = vr_abs(x), t = vr_fma(a, vr_set(4), vr_set(FM_MAGIC));
    vr r = vr_fma(t - vr_set(FM_MAGIC), vr_set(-0.25), a), y = r * r;
    vr s = vr_fma(r, vr_set(FM_TWO_PI), r * FM_POLY(y, sin2pi_s));
    vr k = vr_fma(y, FM_POLY(y, cos2pi_c), vr_set(1));
    vi q = (vi)t;
    vi odd = -(q & 1); /* all ones where q is odd: sine and cosine change places */
    vi swap = ((vi)s ^ (vi)k) & odd;
    vi sine = (vi)s ^ swap, cosine = (vi)k ^ swap;
    *c = (vr)(cosine ^ (((q + 1) << (FM_BITS - 2)) & FM_SIGN_BIT));
    return (vr)(sine ^ ((q << (FM_BITS - 2)) & FM_SIGN_BIT) ^ ((vi)x & FM_SIGN_BIT));
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

#define FM_VMATH(X) X(exp) X(expm1) X(log) X(log1p) X(tanh) X(sigmoid) X(softplus) X(log_sigmoid) X(erf) X(erfc) X(atan) X(sin2pi) X(cos2pi)

#define FM_VMATH_LOOP(name)                                                                            \
    static void vmath_##name(void *y, const void *x, int64_t n_) {                                     \
        FM_FOR_BLOCK(1, n_, n_, o, n, store_lanes((real *)y + o, vr_##name(load_lanes((const real *)x + o, n)), n);); \
    }
FM_VMATH(FM_VMATH_LOOP)
#define FM_VMATH_ENTRY(name) {#name, vmath_##name},
static const fm_vmath_kernel vmath_table[] = {FM_VMATH(FM_VMATH_ENTRY){0}};
