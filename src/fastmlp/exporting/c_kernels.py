"""C kernels: those of the engine that an exported network needs, from the very texts the engine is compiled of.

Their vocabulary is csrc/simd/single.h's, one lane in plain C. Of a text we take definitions as they stand, those that
are asked for and all that these use; conditions are decided here, names made the network's own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# In the order of table.c. The first definition of a name counts, so that single.h's go before those for vectors.
TEXTS = ("simd/single.h", "fastmlp.h", "simd/simd.h", "kernels/loops.h", "kernels/vmath_coefficients.h",
         "kernels/vmath.h", "kernels/dense_row.h", "kernels/activations.h", "kernels/row_activations.h",
         "kernels/trainable.h", "kernels/pieces.h", "kernels/norm.h", "framework/float_mode.h")  # fmt: skip
_WHOLE = "framework/float_mode.h"  # asks for the CPU, which whoever compiles the network will know

# Conditions of these texts, for one lane; what is said of levels is said of others.
_CONDITIONS = dict.fromkeys(("LANES / VL <= 2", "!defined(VH)", "defined(__clang__)", "defined(FM_LEVEL_AVX512)",
                             "defined(FM_LEVEL_AVX2)", "defined(FM_LEVEL_NEON)"), False)  # fmt: skip

# What the vocabulary's types are called in C. Sizes in a network that a file can hold fit 32 bits.
_TYPES = {"vm": "int", "int64_t": "int32_t", "FM_INLINE": "static inline"}
_REALS = {32: {"vr": "float", "real": "float", "vi": "int32_t", "ireal": "int32_t", "vu": "uint32_t"},
          64: {"vr": "double", "real": "double", "vi": "int64_t", "ireal": "int64_t", "vu": "uint64_t"}}  # fmt: skip

_WORD = re.compile(r"[A-Za-z_]\w*")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_UNROLL = re.compile(r"\bFM_UNROLL(_GROUP)?\s+")
_HEX_FLOAT = re.compile(r"\b0x[0-9a-fA-F.]+p[+-]?\d+")


@dataclass(frozen=True)
class Definition:
    """A function, a macro, an array or a type, with the comment before it."""

    names: tuple[str, ...]
    comment: str
    code: str
    uses: frozenset[str]


def _folder() -> Path:
    """Where the texts are: beside this file once installed, in a checkout where the engine is compiled from."""
    here = Path(__file__).parent
    return next(path for path in (here / "csrc", here.parents[2] / "csrc") if path.is_dir())


def _decided(text: str, bits: int) -> list[str]:
    """The lines that are left when all conditions are decided."""
    known = _CONDITIONS | {"FM_BITS == 32": bits == 32}
    lines: list[str] = []
    taken: list[list[bool]] = []  # of each #if we are in: whether this branch is, and whether one has been
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        condition = _COMMENT.sub("", rest).strip()
        if word in ("#if", "#elif"):
            if word == "#if":
                taken.append([False, False])
            if condition not in known:
                raise ValueError(f"c: expected a condition that is decided for one lane, got {condition!r} in the "
                                 "kernels; add it to _CONDITIONS of exporting/c_kernels.py")  # fmt: skip
            taken[-1][0] = known[condition] and not taken[-1][1]
            taken[-1][1] |= taken[-1][0]
        elif word == "#else":
            taken[-1][0] = not taken[-1][1]
        elif word == "#endif":
            taken.pop()
        elif all(one for one, _ in taken) and word not in ("#include", "#pragma"):
            lines.append(line)
    return lines


def _parted(lines: Iterable[str]) -> Iterable[str]:
    """Definitions one by one: to the end of a macro, or to the ; or } that closes all braces."""
    gathered: list[str] = []
    depth, comment = 0, False
    for line in lines:
        if not line.strip() and not depth:
            gathered = []  # a comment that stands by itself
            continue
        gathered.append(line)
        bare = _COMMENT.sub("", line).rstrip()
        comment = (comment or "/*" in bare) and "*/" not in bare
        code = gathered[-1].lstrip()
        macro = any(one.startswith("#define") for one in gathered)
        if comment or (not macro and ("*/" in bare or code.startswith(("/*", "//")) and not bare)):
            continue
        if macro:
            if not bare.endswith("\\"):
                yield "\n".join(gathered)
                gathered = []
            continue
        depth += bare.count("{") + bare.count("(") - bare.count("}") - bare.count(")")
        if depth == 0 and (bare.endswith((";", "}")) or re.match(r"FM_\w+\(\w+\)", bare)):
            yield "\n".join(gathered)
            gathered = []


_NAMES = (
    re.compile(r"#define (\w+)"),
    re.compile(r"typedef (?:struct \w+ )?\{.*\} (\w+)(?: __attribute__.*)?;", re.DOTALL),
    re.compile(r"typedef [\w *]+?(\w+)(?: __attribute__.*)?;"),
    re.compile(r"static const real (\w+)\["),
    re.compile(r"(?:FM_INLINE|static)\s(?:__attribute__\S+ )?[\w\s*]*?\b(\w+)\([^;{]*\)\s*\{"),
)


def _names(code: str) -> tuple[str, ...]:
    """What a definition defines; nothing that we would know how to take is without a name."""
    if code.startswith("enum"):
        return tuple(re.findall(r"(\w+)\s*=", code))
    found = next((match for match in (pattern.match(code) for pattern in _NAMES) if match), None)
    return (found[1],) if found else ()


@functools.cache
def definitions(bits: int) -> Mapping[str, Definition]:
    """All there are, by name, in an order in which C can have them."""
    found: dict[str, Definition] = {}
    for name in TEXTS:
        text = (_folder() / name).read_text("utf-8")
        if name == _WHOLE:
            body = text[text.index("#if") :]
            names = tuple(dict.fromkeys(re.findall(r"static inline \w+ (\w+)", body)))
            found |= dict.fromkeys(names, Definition(names, "", body.rstrip(), frozenset()))
            continue
        for part in _parted(_decided(text, bits)):
            comment = re.match(r"(?:/\*.*?\*/\n|//.*?\n)*", part, re.DOTALL)[0]  # type: ignore[index]
            code = part.removeprefix(comment)
            names = _names(_COMMENT.sub("", code))
            one = Definition(names, comment, code, frozenset(words_of(code)) - set(names))
            for each in names:
                found.setdefault(each, one)
    return found


def needed(words: Iterable[str], bits: int) -> list[Definition]:
    """The definitions behind these words and behind what they use, each once."""
    plain = {*_TYPES, *_REALS[bits], "FM_UNROLL", "FM_UNROLL_GROUP"}
    known = {name: one for name, one in definitions(bits).items() if name not in plain}
    reached: set[str] = set()
    ahead = [word for word in words if word in known]
    while ahead:
        word = ahead.pop()
        if word not in reached:
            reached.add(word)
            ahead += [use for use in known[word].uses if use in known]
    found = dict.fromkeys(one for name, one in known.items() if name in reached)
    return sorted(found, key=lambda one: not one.code.startswith("#define"))  # macros first, for they may be used above


_PARAMETERS = re.compile(r"(?:FM_INLINE|static)\s[\w\s*]*?\b\w+\(([^;{]*)\)\s*\{")
_CONSTANT = re.compile(r"-?\d+\.\d+(?:e[+-]\d+)?")


def plain(one: Definition, bits: int) -> str:
    """Its text without what strict compilers warn of: parameters nobody uses, constants of another type."""
    code = one.code
    if (header := _PARAMETERS.match(code)) and header[1] != "void":
        names = [re.sub(r"\[\w*\]$", "", part).split()[-1].lstrip("*") for part in header[1].split(",")]
        used = words_of(code[header.end() :])
        unused = "".join(f" (void){name};" for name in names if name not in used)
        code = code[: header.end()] + unused + code[header.end() :]
    if bits == 32 and code.startswith("static const real"):
        start = code.index("= {")
        code = code[:start] + _CONSTANT.sub(lambda match: f"{np.float32(match[0]):.9g}f", code[start:])
    return one.comment + code


def words_of(text: str) -> set[str]:
    """The identifiers in C."""
    return set(_WORD.findall(_COMMENT.sub("", text)))


def own(text: str, prefix: str, bits: int, names: Iterable[str] = ()) -> str:
    """A text in plain C, in which all that is ours begins with the network's name."""
    table = {"FM_BITS": str(bits), **_TYPES, **_REALS[bits]}
    for name in (*definitions(bits), *names):
        plain = name.removeprefix("FM_").removeprefix("fm_")
        table.setdefault(name, f"{prefix.upper() if name.isupper() else prefix}_{plain}")

    def plain_c(code: str) -> str:
        code = _UNROLL.sub("", re.sub(r"\bvoid (?=\*)", "real ", code))  # typed, as C++ wants it
        code = _HEX_FLOAT.sub(lambda match: repr(float.fromhex(match[0])), code)  # C++ learnt these late
        return _WORD.sub(lambda match: table.get(match[0], match[0]), code)

    parts = re.split(r"(/\*.*?\*/)", text, flags=re.DOTALL)
    return "".join(part if part.startswith("/*") else plain_c(part) for part in parts)
