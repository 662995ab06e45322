/* cpu.c: the one framework file, but for float_mode.h, that knows which CPU this is: probes, the spin-wait hint. */
#include "float_mode.h"
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
void fm_pause(void) { __builtin_ia32_pause(); }

#elif defined(__aarch64__)
int fm_cpu_has_avx2(void) { return 0; }
int fm_cpu_has_avx512(void) { return 0; }
int fm_cpu_has_dot(void) { return 0; }
void fm_pause(void) { __asm__ volatile("yield"); }

#else
int fm_cpu_has_avx2(void) { return 0; }
int fm_cpu_has_avx512(void) { return 0; }
int fm_cpu_has_dot(void) { return 0; }
void fm_pause(void) {}
#endif

uint64_t fm_float_mode_enter(void) { return float_mode_enter(); }
void fm_float_mode_leave(uint64_t old) { float_mode_leave(old); }
