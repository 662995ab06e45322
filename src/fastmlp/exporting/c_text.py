"""C text: the exported file around its steps: what its head says, declarations, numbers, the functions one calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp import __version__

HEAD = """\
{file}: the network '{model}' in one file of C99, which is C++11 too. Written by fastmlp {version}.

{inputs} inputs, {outputs} outputs, {type}: {kib} of constants, {scratch} bytes of scratch memory.
{steps}
It depends on <math.h>, <stdint.h>, <stddef.h>, <string.h>, <float.h>; it allocates nothing, writes no globals and may
run in several threads at once.
{use}
    #include <stdio.h>

    int main(void) {{
        const {type} x[{NAME}_INPUTS] = {{0}}; /* a row of features */
        {type} y[{NAME}_OUTPUTS];
        {name}_predict(x, y);
        for (int j = 0; j < {NAME}_OUTPUTS; j++) printf("%g\\n", (double)y[j]);
        return 0;
    }}

Build it with optimisation and with the CPU's fused multiply-add, if it has one: cc -O3 -march=native, for one, or
-mcpu=cortex-m7. Without, {fma}() of the C library is called: slow, but the same bits where it rounds once, as those of
glibc and musl do. Linking may need -lm. Never build it with -ffast-math or its like, nor by Clang with
-ffp-contract=fast.

The bits of y are those of model.predict on a CPU of the same kind. On x86, AArch64 and 32-bit Arm numbers below the
smallest normal one count as zero meanwhile, for which each call sets the CPU's mode and restores it; with
{NAME}_KEEP_FLOAT_MODE defined it does not, nor can it elsewhere, and such tiny numbers may make a difference. With
{NAME}_CHECK defined there is {name}_check(), to see whether the bits of a new target or compiler are right."""

_USE = {
    "h": """
In one source file:

    #define {NAME}_IMPLEMENTATION
    #include "{file}"
""",
    "c": """
To be compiled by itself. Who calls it says

    extern void {name}_predict(const {type} *x, {type} *y);
""",
}

DECLARATIONS = """\
#ifndef {NAME}_DECLARED
#define {NAME}_DECLARED
#include <stddef.h>

#define {NAME}_INPUTS {inputs}
#define {NAME}_OUTPUTS {outputs}
#define {NAME}_SCRATCH {room} /* numbers of scratch memory */

#ifdef __cplusplus
extern "C" {{
#endif
/* y of x, one row of features. They are not to overlap. */
void {name}_predict(const {type} *x, {type} *y);
/* The same of rows, one behind the other. */
void {name}_predict_rows(const {type} *x, {type} *y, size_t rows);
/* The same of one row, with {NAME}_SCRATCH numbers of the caller's in place of the stack. */
void {name}_predict_with(const {type} *x, {type} *y, {type} *scratch);
#ifdef {NAME}_CHECK
/* 1 if this build computes what fastmlp did for a row of test, bit for bit; else 0. */
int {name}_check(void);
#endif
#ifdef __cplusplus
}}
#endif
#endif
"""

# Before anything that computes. GCC takes no notice of STDC FP_CONTRACT.
RULES = """\
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0) || \\
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "{name}: expected IEEE arithmetic, got -ffast-math or a part of it; leave it out for this file"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "{name}: expected arithmetic in the type of its operands, got more digits (x87?); build with -msse2 -mfpmath=sse"
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#elif defined(_MSC_VER) && !defined(__clang__)
#pragma fp_contract(off)
#else
#pragma STDC FP_CONTRACT OFF
#endif
"""

# The row is a function apart, so that no arithmetic is moved out of where the mode is set.
CALLS = """\
void {name}_predict_with(const real *x, real *y, real *scratch) {{
    const uint64_t mode = float_mode_enter();
    {name}_row(x, y, scratch);
    float_mode_leave(mode);
}}
void {name}_predict_rows(const real *x, real *y, size_t rows) {{
    real scratch[{room} + !{room}];
    const uint64_t mode = float_mode_enter();
    for (size_t i = 0; i < rows; i++) {name}_row(x + i * {inputs}, y + i * {outputs}, scratch);
    float_mode_leave(mode);
}}
void {name}_predict(const real *x, real *y) {{ {name}_predict_rows(x, y, 1); }}

#ifdef {NAME}_CHECK
int {name}_check(void) {{
    static const real want[] = {{
{want}
    }};
    real x[{inputs}], y[{outputs}];
    for (uint32_t i = 0; i < {inputs}; i++) x[i] = (real)(i * 40503 % 512) / 256 - 1;
    {name}_predict(x, y);
    for (uint32_t j = 0; j < {outputs}; j++)
        if (memcmp(&y[j], &want[j], sizeof y[j]) != 0 && !(y[j] != y[j] && want[j] != want[j])) return 0;
    return 1;
}}
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
"""

# A compiler that saw a factor of 1 would leave the product out, and with it the flush to zero.
HIDE = """\
/* What the compiler is not to know: to it 1 * x is x, but to a CPU that flushes tiny numbers it may be 0. */
#if defined(__GNUC__)
#define HIDE(x) __asm__("" : "+r"(x))
#else
#define HIDE(x) (void)(x)
#endif
"""

NO_MODE = """\
static inline uint64_t float_mode_enter(void) { return 0; }
static inline void float_mode_leave(uint64_t old) { (void)old; }
"""

_ASCII = str.maketrans({"·": "*", "²": "^2", "³": "^3", "≤": "<=", "≥": ">=", "√": "sqrt ", "½": "1/2", "…": "...",
                        "×": "x", "±": "+-", "Σ": "sum of ", "Φ": "Phi", "π": "pi", "σ": "sigma", "τ": "tau ",
                        "ε": "eps", "α": "alpha ", "β": "beta ", "γ": "gamma ", "μ": "mu"})  # fmt: skip


def plain_ascii(text: str) -> str:
    """A text that any compiler reads; the few other characters stand in comments."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def as_comment(text: str) -> str:
    """A block comment of this text, which cannot end it."""
    lines = text.replace("/* ", "// ").replace(" */", "").replace("*/", "* /").replace("/*", "/ *").splitlines()
    return "\n".join(["/* " + lines[0], *(f" * {line}".rstrip() for line in lines[1:]), " */"]) + "\n"


def literal(value: float, bits: int) -> str:
    """A number that C reads back exactly: 9 digits tell floats apart, 17 doubles."""
    if value != value:
        return "NAN"
    if value in (np.inf, -np.inf):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = f"{value:.9g}" if bits == 32 else f"{value:.17g}"
    return text + ".0" * text.lstrip("-").isdigit() + "f" * (bits == 32)


def lines_of(values: Any, bits: int, indent: str = "    ") -> str:
    """Numbers between braces, in lines of a page's width."""
    each = 7 if bits == 32 else 4
    texts = [literal(value, bits) for value in np.ravel(values).tolist()]
    return ",\n".join(indent + ", ".join(texts[at : at + each]) for at in range(0, len(texts), each))


def title_of(name: str, values: Any, what: str) -> str:
    """How the definition of an array begins."""
    shape = " x ".join(map(str, np.shape(values)))
    title = ", ".join(filter(None, (what.replace("*/", "").replace("/*", ""), shape)))
    return f"/* {title} */\nstatic const real {name}[{np.size(values)}] = {{\n"


def head(form: str, steps: Sequence[str], **facts: Any) -> str:
    """The comment at the head of the file."""
    told = "\n".join(f"  {step}" for step in steps) + "\n"
    return as_comment(HEAD.format(steps=told, use=_USE[form].format(**facts), version=__version__, **facts))
