/* simd/neon.h: the vocabulary on AArch64 NEON, 16-byte vectors. vmax/vmin would return the NaN whichever operand
 * holds it; the vocabulary promises x86's rule (the second operand wins), so they are built from compare and select. */
#pragma once
#include <arm_neon.h>
#include <stdint.h>

#if FM_BITS == 32
#define VL 4
typedef float real;
typedef int32_t ireal;
typedef float32x4_t vr;
typedef int32x4_t vi;
#define FM_OP(name) v##name##q_f32
#define FM_BSL(m, a, b) vbslq_f32((uint32x4_t)(m), a, b)
#else
#define VL 2
typedef double real;
typedef int64_t ireal;
typedef float64x2_t vr;
typedef int64x2_t vi;
#define FM_OP(name) v##name##q_f64
#define FM_BSL(m, a, b) vbslq_f64((uint64x2_t)(m), a, b)
#endif
typedef uint64x2_t vw;
typedef vi vm; /* a mask: all bits of a lane set, or none */

#define MR 12        /* rows of a micro-kernel tile two vectors wide: 24 accumulators of 32 registers */
#define MR_NARROW 16 /* rows of a tile one vector wide */

FM_INLINE vr vr_load(const real *p) { return FM_OP(ld1)(p); }
FM_INLINE void vr_store(real *p, vr x) { FM_OP(st1)(p, x); }
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
FM_INLINE vr vr_fma(vr a, vr b, vr c) { return FM_OP(fma)(c, a, b); }
FM_INLINE vr vr_sqrt(vr a) { return FM_OP(sqrt)(a); }
FM_INLINE vm vr_gt(vr a, vr b) { return (vm)(a > b); }
FM_INLINE vm vr_ge(vr a, vr b) { return (vm)(a >= b); }
FM_INLINE vm vr_lt(vr a, vr b) { return (vm)(a < b); }
FM_INLINE vm vr_le(vr a, vr b) { return (vm)(a <= b); }
FM_INLINE vm vr_eq(vr a, vr b) { return (vm)(a == b); }
FM_INLINE vm vm_and(vm a, vm b) { return a & b; }
FM_INLINE vm vm_or(vm a, vm b) { return a | b; }
FM_INLINE vm vm_not(vm a) { return ~a; }
FM_INLINE vr vr_sel(vm m, vr a, vr b) { return FM_BSL(m, a, b); }
FM_INLINE vr vr_max(vr a, vr b) { return vr_sel(vr_gt(a, b), a, b); }
FM_INLINE vr vr_min(vr a, vr b) { return vr_sel(vr_lt(a, b), a, b); }
FM_INLINE vw vw_mul(vw a, vw b) { return vmull_u32(vmovn_u64(a), vmovn_u64(b)); }
