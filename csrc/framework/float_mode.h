/* float_mode.h: flush-to-zero on this thread, and back. Networks exported to C carry this text along (src/fastmlp/exporting),
 * and run on more CPUs than we do. */
#pragma once
#include <stdint.h>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__SSE2_MATH__))
/* MXCSR: bit 15 flushes results, bit 6 reads denormal operands as zero; bits 13-14 hold the rounding mode and bits
 * 7-12 mask exceptions, which a host program may have changed: we want the default of both. */
static inline uint64_t float_mode_enter(void) {
    unsigned old = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(0x1f80 | 0x8040);
    return old;
}
static inline void float_mode_leave(uint64_t old) { __builtin_ia32_ldmxcsr((unsigned)old); }

#elif defined(__GNUC__) && defined(__aarch64__)
/* FPCR bit 24 flushes operands and results alike. Whether a result is too small is asked before it is rounded, on x86
 * afterwards: one less than half an ulp below the smallest normal number is 0 here, and that number there. */
static inline uint64_t float_mode_enter(void) {
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)1 << 24));
    return old;
}
static inline void float_mode_leave(uint64_t old) { __asm__ volatile("msr fpcr, %0" ::"r"(old)); }

#elif defined(__GNUC__) && defined(__arm__) && defined(__ARM_FP)
/* FPSCR, likewise */
static inline uint64_t float_mode_enter(void) {
    uint32_t old;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(old));
    __asm__ volatile("vmsr fpscr, %0" ::"r"((uint32_t)1 << 24));
    return old;
}
static inline void float_mode_leave(uint64_t old) { __asm__ volatile("vmsr fpscr, %0" ::"r"((uint32_t)old)); }

#else /* denormals are kept: slower at worst, and the bits may differ from the architectures above */
static inline uint64_t float_mode_enter(void) { return 0; }
static inline void float_mode_leave(uint64_t old) { (void)old; }
#endif
