/* simd/single.h: the vocabulary with one lane, in C99 and C++11 without extensions. It is no level, for kernels that move
 * lanes about need more of them: networks exported to C are written in it (src/fastmlp/exporting reads these texts). */
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#define VL 1
#if FM_BITS == 32
typedef float real;
typedef int32_t ireal;
typedef uint32_t vu;
#define FM_SINGLE_FMA fmaf
#define FM_SINGLE_SQRT sqrtf
#else
typedef double real;
typedef int64_t ireal;
typedef uint64_t vu;
#define FM_SINGLE_FMA fma
#define FM_SINGLE_SQRT sqrt
#endif
typedef real vr;
typedef ireal vi;
typedef int vm; /* 1 or 0 */

FM_INLINE vu bits_of(vr x) {
    vu bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
FM_INLINE vr real_of(vu bits) {
    vr x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
#define AS_VR(bits) real_of((vu)(bits))
#define AS_VI(x) ((vi)bits_of(x))
#define AS_VU(x) bits_of(x)
#define VR_FIRST(x) (x)

FM_INLINE vr vr_load(const real *p) { return *p; }
FM_INLINE void vr_store(real *p, vr x) { *p = x; }
FM_INLINE vr vr_load_n(const real *p, int n) { return n ? *p : 0; }
FM_INLINE void vr_store_n(real *p, vr x, int n) {
    if (n) *p = x;
}
#define vr_set(a) ((real)(a))
FM_INLINE vr vr_fma(vr a, vr b, vr c) { return FM_SINGLE_FMA(a, b, c); }
FM_INLINE vr vr_sqrt(vr a) { return FM_SINGLE_SQRT(a); }
FM_INLINE vm vr_gt(vr a, vr b) { return a > b; }
FM_INLINE vm vr_ge(vr a, vr b) { return a >= b; }
FM_INLINE vm vr_lt(vr a, vr b) { return a < b; }
FM_INLINE vm vr_le(vr a, vr b) { return a <= b; }
FM_INLINE vm vr_eq(vr a, vr b) { return a == b; }
FM_INLINE vm vm_and(vm a, vm b) { return a & b; }
/* The compiler, which would make a maximum of two comparisons and a choice by them, is not to see it: a maximum flushes the
 * denormal that a choice passes on. The exported file says what HIDE is. */
FM_INLINE vm vm_or(vm a, vm b) {
    vm m = a | b;
    HIDE(m);
    return m;
}
FM_INLINE vm vm_not(vm a) { return !a; }
FM_INLINE vr vr_sel(vm m, vr a, vr b) { return m ? a : b; }
FM_INLINE vr vr_max(vr a, vr b) { return a > b ? a : b; }
FM_INLINE vr vr_min(vr a, vr b) { return a < b ? a : b; }
