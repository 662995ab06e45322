/* simd/simd.h: the vector vocabulary every kernel is written in.
 *
 * table.c is compiled once per level × element type with FM_LEVEL_<NAME> and FM_BITS (32 or 64) defined; the level's
 * header supplies
 *
 *   real, ireal        the element and the integer of its width        VL   lanes in a vector
 *   vr, vi, vm         vector of real, vector of ireal, lane mask
 *   vr_load/store      unaligned;  vr_load_n/store_n: the first n < VL lanes only, the rest read as 0
 *   vr_set, vr_fma, vr_sqrt, vr_max, vr_min, comparisons vr_gt … vr_eq, vm_and/or/not, vr_sel(mask, yes, no)
 *   vw, vw_mul         a vector of uint64_t; the 64-bit product of each lane's low 32 bits
 *   MR, MR_NARROW      rows of the matrix micro-kernel
 *   VH, vh, vh_…       half a vector for it, on levels where that pays
 *
 * and GCC's vector operators (+ - * / on vr; + - & | ^ << >> on vi) do the rest, so that the helpers below need no
 * intrinsic. Two promises make results equal on every level: each operation is IEEE-exact, and max/min are
 * `a > b ? a : b` and `a < b ? a : b` (a NaN in either operand gives b: put the data there if it must survive).
 * Whether they flush a denormal they pass on is the CPU's choice: add zero to what is stored as it comes out. */
#pragma once
#include <string.h>

#define FM_INLINE static inline __attribute__((always_inline, unused))
#if defined(__clang__)
#define FM_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FM_UNROLL _Pragma("GCC unroll 32")
#endif

#if defined(FM_LEVEL_AVX512)
#include "avx512.h"
#elif defined(FM_LEVEL_AVX2)
#include "avx2.h"
#elif defined(FM_LEVEL_NEON)
#include "neon.h"
#else
#include "scalar.h"
#endif

#define LANES 16 /* virtual lanes of every reduction: the same on each level, so sums have the same order */
#define NV (LANES / VL)

#if FM_BITS == 32
typedef uint32_t vu __attribute__((vector_size(4 * VL)));
#define FM_SIGN_BIT INT32_MIN
#define FM_MANTISSA 23
#define FM_EXP_BIAS 127
#define FM_MAGIC 12582912.0f /* 1.5 · 2^23: adding it leaves round(x) in the low bits */
#define FM_TINY 1.17549435e-38f
#define FM_HUGE 3.40282347e+38f
#else
typedef uint64_t vu __attribute__((vector_size(8 * VL)));
#define FM_SIGN_BIT INT64_MIN
#define FM_MANTISSA 52
#define FM_EXP_BIAS 1023
#define FM_MAGIC 6755399441055744.0 /* 1.5 · 2^52 */
#define FM_TINY 2.2250738585072014e-308
#define FM_HUGE 1.7976931348623157e+308
#endif

#if !defined(VH) /* a level without half vectors */
#define VH VL
#define vh vr
#define vh_load vr_load
#define vh_store vr_store
#define vh_set vr_set
#define vh_fma vr_fma
#endif

/* the same bits as another type, and the first lane: all that is asked of vectors otherwise than by the vocabulary in texts
 * that single.h, too, is to make sense of */
#define AS_VR(x) ((vr)(x))
#define AS_VI(x) ((vi)(x))
#define AS_VU(x) ((vu)(x))
#define VR_FIRST(x) ((x)[0])

FM_INLINE vr vr_zero(void) { return vr_set(0); }
FM_INLINE vr vr_abs(vr x) { return AS_VR(AS_VI(x) & ~FM_SIGN_BIT); }
FM_INLINE vr vr_neg(vr x) { return AS_VR(AS_VI(x) ^ FM_SIGN_BIT); }
FM_INLINE vr vr_copysign(vr magnitude, vr sign) {
    return AS_VR((AS_VI(magnitude) & ~FM_SIGN_BIT) | (AS_VI(sign) & FM_SIGN_BIT));
}
FM_INLINE vm vr_isnan(vr x) { return vm_not(vr_eq(x, x)); }
/* Round to nearest, ties to even, for |x| < 2^22 (float32) or 2^51 (float64). */
FM_INLINE vr vr_round_small(vr x) { return (x + vr_set(FM_MAGIC)) - vr_set(FM_MAGIC); }
/* -1, 0 or 1; NaN stays. */
FM_INLINE vr vr_sign(vr x) {
    vr one = vr_copysign(vr_set(1), x);
    return vr_sel(vr_eq(x, vr_zero()), vr_zero(), vr_sel(vr_isnan(x), x, one));
}

/* The sum (or maximum) of 16 virtual lanes in one fixed tree, whatever the vector width. */
FM_INLINE real fm_tree_sum(const vr acc[NV]) {
    real s[LANES];
    FM_UNROLL for (int v = 0; v < NV; v++) vr_store(s + v * VL, acc[v]);
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++) s[i] += s[i + half];
    return s[0];
}
FM_INLINE real fm_tree_max(const vr acc[NV]) { /* a NaN in any lane gives NaN */
    real s[LANES];
    FM_UNROLL for (int v = 0; v < NV; v++) vr_store(s + v * VL, acc[v]);
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] = s[i] != s[i] || s[i] > s[i + half] ? s[i] : s[i + half];
    return s[0];
}
