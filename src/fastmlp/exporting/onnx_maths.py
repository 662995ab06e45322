"""Functions that ONNX, or onnxruntime in float64, has not: formulas in the operations that they have.

The polynomials are those of csrc/kernels/vmath_coefficients.h for float64, lowest power first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastmlp.exporting.onnx_graph import Edge

ERFC = (
    1.1030271476979596e00, -1.00792459245141e00, 8.405105182497266e-01, -6.378712614988885e-01, 4.3855960425031454e-01,
    -2.712838848169048e-01, 1.494092772486529e-01, -7.208072003042028e-02, 2.9643243836003058e-02,
    -9.86448651034763e-03, 2.3314885474060064e-03, -1.9130450758586402e-04, -1.294321383533857e-04,
    6.513346710480144e-05, -8.959672807694721e-06, -4.064541880850214e-06, 2.1231505134486837e-06,
    -7.919870699954795e-08, -2.411006392273972e-07, 6.198065918467594e-08, 2.529957080951119e-08,
    -1.0250358244301854e-08, -3.727085856422612e-09,
)  # fmt: skip
ERFC_K, ERFC_ZERO = 4.5625, 28.0  # (x + K) e^x² erfc x is a polynomial in (x - K) / (x + K); e^-28² is 0
ATAN = (
    -3.333333333333307e-01, 1.999999999995174e-01, -1.4285714282587458e-01, 1.1111111007326023e-01,
    -9.090907007585312e-02, 7.692279887290662e-02, -6.666404416864892e-02, 5.880529806398386e-02,
    -5.253526919404568e-02, 4.7223492638153064e-02, -4.219246918369791e-02, 3.664324496031107e-02,
    -2.990590455763496e-02, 2.198729318274998e-02, -1.39027965800481e-02, 7.198047731579709e-03,
    -2.8856953961670213e-03, 8.315903768624597e-04, -1.522178614973993e-04, 1.3230674922318322e-05,
)  # fmt: skip


def of(op: str, x: Edge) -> Edge:
    """An operation of one number."""
    return x.graph.node(op, x)


def _single(x: Edge) -> bool:
    """Whether onnxruntime has all of ONNX's functions for it."""
    return bool(x.dtype == np.float32)


def _polynomial(x: Edge, c: Sequence[float]) -> Edge:
    """c[0] + c[1] x + … by Horner's rule."""
    p = x * c[-1] + c[-2]
    for term in c[-3::-1]:
        p = p * x + term
    return p


# ---- exponentials and logarithms, exact near 0: what rounds off in the one is put back by the other (Kahan)


def log1p(x: Edge) -> Edge:
    """log(1 + x)."""
    g, w = x.graph, x + 1.0
    log = of("Log", w)
    mended = g.where(w.equal(1.0), x, log * (x / (w - 1.0)))
    return g.where(of("Abs", x) < 0.5, mended, log)


def expm1(x: Edge) -> Edge:
    """e^x - 1."""
    g, w = x.graph, of("Exp", x)
    less = w - 1.0
    mended = g.where(w.equal(1.0), x, less * (x / of("Log", w)))
    return g.where(of("Abs", x) < 0.5, mended, less)


def softplus(x: Edge) -> Edge:
    """log(1 + e^x)."""
    if _single(x):
        return of("Softplus", x)
    return x.graph.node("Max", x, 0.0) + log1p(of("Exp", -of("Abs", x)))


def elu(x: Edge, alpha: float) -> Edge:
    """x where it is positive, α(e^x - 1) elsewhere."""
    if _single(x):
        return x.graph.node("Elu", x, alpha=float(alpha))
    return x.graph.where(x > 0.0, x, expm1(x) * alpha)


# ---- the error function


def erf(x: Edge) -> Edge:
    """2/√π ∫ e^-t² dt from 0 to x."""
    return of("Erf", x) if _single(x) else 1.0 - erfc(x)


def erfc(x: Edge) -> Edge:
    """1 - erf x."""
    if _single(x):
        return 1.0 - of("Erf", x)
    g = x.graph
    a = g.node("Min", of("Abs", x), ERFC_ZERO)
    y = of("Exp", -(a * a)) * _polynomial((a - ERFC_K) / (a + ERFC_K), ERFC) / (a + ERFC_K)
    return g.where(x < 0.0, 2.0 - y, y)


# ---- angles


def arctan(x: Edge) -> Edge:
    """The angle between -π/2 and π/2 whose tangent is x."""
    if _single(x):
        return of("Atan", x)
    g, a = x.graph, of("Abs", x)
    far = a > 1.0
    t = g.where(far, -1.0 / a, a)
    z = t * t
    y = t * z * _polynomial(z, ATAN) + t
    return g.where(far, y + float(np.pi / 2), y) * of("Sign", x)


def tan(x: Edge) -> Edge:
    """The tangent."""
    return of("Tan", x) if _single(x) else of("Sin", x) / of("Cos", x)


def arcsin(x: Edge) -> Edge:
    """The angle between -π/2 and π/2 whose sine is x."""
    return of("Asin", x) if _single(x) else arctan(x / of("Sqrt", (1.0 - x) * (x + 1.0)))


def arccos(x: Edge) -> Edge:
    """The angle between 0 and π whose cosine is x."""
    return of("Acos", x) if _single(x) else arctan(of("Sqrt", (1.0 - x) / (x + 1.0))) * 2.0


def sinh(x: Edge) -> Edge:
    """The hyperbolic sine: (E + E / (E + 1)) / 2 with E = e^x - 1."""
    if _single(x):
        return of("Sinh", x)
    e = expm1(of("Abs", x))
    return x.graph.where(e > 1e20, e, e + e / (e + 1.0)) * 0.5 * of("Sign", x)


def cosh(x: Edge) -> Edge:
    """The hyperbolic cosine."""
    return of("Cosh", x) if _single(x) else (of("Exp", x) + of("Exp", -x)) * 0.5


def arcsinh(x: Edge) -> Edge:
    """The number whose hyperbolic sine is x."""
    if _single(x):
        return of("Asinh", x)
    g, a = x.graph, of("Abs", x)
    low = g.node("Min", a, 1e10)  # whose square is no trouble; above, it is log 2a
    near = log1p(low + low * low / (of("Sqrt", low * low + 1.0) + 1.0))
    return g.where(a > 1e10, of("Log", a) + float(np.log(2)), near) * of("Sign", x)


def arccosh(x: Edge) -> Edge:
    """The number from 0 up whose hyperbolic cosine is x."""
    if _single(x):
        return of("Acosh", x)
    t = x - 1.0
    return log1p(t + of("Sqrt", t) * of("Sqrt", t + 2.0))


def arctanh(x: Edge) -> Edge:
    """The number whose hyperbolic tangent is x."""
    return of("Atanh", x) if _single(x) else log1p(2.0 * x / (1.0 - x)) * 0.5
