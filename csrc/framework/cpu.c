/* cpu.c: the one framework file that knows which CPU this is: probes, flush-to-zero, the spin-wait hint. */
#include "internal.h"

#if defined(__x86_64__)
int fm_cpu_has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
int fm_cpu_has_avx512(void) {
    return fm_cpu_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
int fm_cpu_has_dot(void) { return __builtin_cpu_supports("avx512bf16"); }
/* MXCSR: bit 15 flushes results, bit 6 reads denormal operands as zero; bits 13-14 hold the rounding mode and bits
 * 7-12 mask exceptions, which a host program may have changed: we want the default of both. */
uint64_t fm_float_mode_enter(void) {
    unsigned old = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(0x1f80 | 0x8040);
    return old;
}
void fm_float_mode_leave(uint64_t old) { __builtin_ia32_ldmxcsr((unsigned)old); }
void fm_pause(void) { __builtin_ia32_pause(); }

#elif defined(__aarch64__)
int fm_cpu_has_avx2(void) { return 0; }
int fm_cpu_has_avx512(void) { return 0; }
int fm_cpu_has_dot(void) { return 0; }
/* FPCR bit 24 flushes operands and results alike. Whether a result is too small is asked before it is rounded, on x86
 * afterwards: one less than half an ulp below the smallest normal number is 0 here, and that number there. */
uint64_t fm_float_mode_enter(void) {
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)1 << 24));
    return old;
}
void fm_float_mode_leave(uint64_t old) { __asm__ volatile("msr fpcr, %0" ::"r"(old)); }
void fm_pause(void) { __asm__ volatile("yield"); }

#else /* denormals are kept: slower at worst, and the bits may differ from the architectures above */
int fm_cpu_has_avx2(void) { return 0; }
int fm_cpu_has_avx512(void) { return 0; }
int fm_cpu_has_dot(void) { return 0; }
uint64_t fm_float_mode_enter(void) { return 0; }
void fm_float_mode_leave(uint64_t old) {}
void fm_pause(void) {}
#endif
