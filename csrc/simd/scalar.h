/* simd/scalar.h: the vocabulary in plain C, for any CPU. Sixteen-byte vectors whose lanes are worked one by one
 * wherever C has no vector operator; fma() comes from libm, exact on every machine, so the bits equal the
 * wide levels'. Complete and tested, not tuned. */
#pragma once
#include <math.h>
#include <stdint.h>

#if FM_BITS == 32
#define VL 4
typedef float real;
typedef int32_t ireal;
#define FM_SCALAR_FMA fmaf
#define FM_SCALAR_SQRT sqrtf
#else
#define VL 2
typedef double real;
typedef int64_t ireal;
#define FM_SCALAR_FMA fma
#define FM_SCALAR_SQRT sqrt
#endif

typedef real vr __attribute__((vector_size(16)));
typedef ireal vi __attribute__((vector_size(16)));
typedef uint64_t vw __attribute__((vector_size(16)));
typedef vi vm; /* a mask: all bits of a lane set, or none */

#define MR 6        /* rows of a micro-kernel tile two vectors wide */
#define MR_NARROW 8 /* rows of a tile one vector wide */

FM_INLINE vr vr_load(const real *p) {
    vr x;
    memcpy(&x, p, sizeof x);
    return x;
}
FM_INLINE void vr_store(real *p, vr x) { memcpy(p, &x, sizeof x); }
FM_INLINE vr vr_load_n(const real *p, int n) {
    vr x = {0};
    for (int i = 0; i < n; i++) x[i] = p[i];
    return x;
}
FM_INLINE void vr_store_n(real *p, vr x, int n) {
    for (int i = 0; i < n; i++) p[i] = x[i];
}
FM_INLINE vr vr_set(real a) {
    vr x = {0};
    for (int i = 0; i < VL; i++) x[i] = a;
    return x;
}
FM_INLINE vr vr_fma(vr a, vr b, vr c) {
    for (int i = 0; i < VL; i++) c[i] = FM_SCALAR_FMA(a[i], b[i], c[i]);
    return c;
}
FM_INLINE vr vr_sqrt(vr a) {
    for (int i = 0; i < VL; i++) a[i] = FM_SCALAR_SQRT(a[i]);
    return a;
}
FM_INLINE vm vr_gt(vr a, vr b) { return (vm)(a > b); }
FM_INLINE vm vr_ge(vr a, vr b) { return (vm)(a >= b); }
FM_INLINE vm vr_lt(vr a, vr b) { return (vm)(a < b); }
FM_INLINE vm vr_le(vr a, vr b) { return (vm)(a <= b); }
FM_INLINE vm vr_eq(vr a, vr b) { return (vm)(a == b); }
FM_INLINE vm vm_and(vm a, vm b) { return a & b; }
FM_INLINE vm vm_or(vm a, vm b) { return a | b; }
FM_INLINE vm vm_not(vm a) { return ~a; }
FM_INLINE vr vr_sel(vm m, vr a, vr b) { return (vr)(((vi)a & m) | ((vi)b & ~m)); }
FM_INLINE vr vr_max(vr a, vr b) { return vr_sel(vr_gt(a, b), a, b); }
FM_INLINE vr vr_min(vr a, vr b) { return vr_sel(vr_lt(a, b), a, b); }
FM_INLINE vw vw_mul(vw a, vw b) { return (a & 0xffffffff) * (b & 0xffffffff); }
