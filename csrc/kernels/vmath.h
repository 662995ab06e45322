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
FM_LANEWISE(cos2pi, cos)

#define FM_VMATH(X) X(exp) X(expm1) X(log) X(log1p) X(tanh) X(sigmoid) X(softplus) X(erf) X(atan)

#define FM_VMATH_LOOP(name)                                                                            \
    static void vmath_##name(void *y, const void *x, int64_t n_) {                                     \
        FM_FOR_BLOCK(1, n_, n_, o, n, store_lanes((real *)y + o, vr_##name(load_lanes((const real *)x + o, n)), n);); \
    }
FM_VMATH(FM_VMATH_LOOP)
#define FM_VMATH_ENTRY(name) {#name, vmath_##name},
static const fm_vmath_kernel vmath_table[] = {FM_VMATH(FM_VMATH_ENTRY){0}};
