"""The house rules for the engine's C++: functions from a tree (path -> source) to faults.

A kernel file is compiled once for each instruction set, and the linker keeps one copy of a function
with a shared name. So what a kernel reaches must be plain, private, and named by its instruction
set; test_house_rules.py runs these rules beside the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

__all__ = ["CPP_RULES"]

Tree = Mapping[str, str]

NATIVE = "core/native/"
KERNELS = "core/native/kernels/"
PLAIN_C = {"stddef.h", "stdint.h"}  # they define types and macros, no functions
INTRINSIC_HEADERS = {"immintrin.h", "arm_neon.h"}  # inlined always, so nothing is shared
INTRINSICS = "core/native/vec.h"  # the one place that knows an instruction set's own functions
SHARES_NOTHING = {"core/native/kernel.h", "core/native/elementwise_ops.h"}  # types and macros
NOT_IN_KERNELS = {
    "the C++ library": r"\bstd::",
    "an exception": r"\b(?:throw|try|catch)\b",
    "memory of its own": r"\b(?:malloc|calloc|realloc|free|new|delete)\b",
    "state of its own": r"\bthread_local\b|^static (?!const|constexpr|inline|INLINE|\w+ \**\w+\()",
    "output": r"\b(?:f?printf|fputs|puts|abort|assert)\s*\(",
}


def cpp_files(tree: Tree) -> Iterator[tuple[str, str]]:
    """Path and source, comments and strings blanked, of the engine's files."""
    for path, source in tree.items():
        if path.startswith(NATIVE) and path.endswith((".cpp", ".h")):
            yield path, _without_comments(source)


def _without_comments(source: str) -> str:
    """The same lines, with only their code; names of included files stay."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")

    lines = re.sub(r"/\*.*?\*/", blank, source, flags=re.DOTALL).splitlines()
    kept = []
    for line in lines:
        if not line.startswith("#include"):
            line = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
        kept.append(re.sub(r"//.*", "", line))
    return "\n".join(kept)


def _includes(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, `<` or `"`, and name of what a file includes."""
    for match in re.finditer(r'^\s*#\s*include\s*([<"])([^>"]+)', source, re.MULTILINE):
        yield source.count("\n", 0, match.start(2)) + 1, match[1], match[2]


def _target(path: str, name: str) -> str:
    """`kernels/gemm.cpp` and `../tile.h` -> `core/native/tile.h`."""
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / name).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def reached_by_kernels(tree: Tree) -> dict[str, str]:
    """The kernel files and all headers of ours that they include."""
    sources = dict(cpp_files(tree))
    waiting = [path for path in sources if path.startswith(KERNELS)]
    reached: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        if path in reached or path not in sources:
            continue
        reached[path] = sources[path]
        waiting += [_target(path, n) for _, kind, n in _includes(sources[path]) if kind == '"']
    return reached


def kernel_includes(tree: Tree) -> list[str]:
    """A kernel reaches no header of the system that defines functions, and no file that is gone."""
    faults = []
    for path, source in reached_by_kernels(tree).items():
        for line, kind, name in _includes(source):
            if kind == '"':
                is_right = _target(path, name) in tree
            else:
                is_right = name in PLAIN_C or (path == INTRINSICS and name in INTRINSIC_HEADERS)
            if not is_right:
                faults.append(f"{path}:{line}: may not include {name}")
    return faults


def kernel_tables(tree: Tree) -> list[str]:
    """A kernel file has one table, of its own name; CMake finds it where a line starts with it."""
    faults = []
    for path, source in cpp_files(tree):
        if not (path.startswith(KERNELS) and path.endswith(".cpp")):
            continue
        tables = re.findall(r"^[ \t]*KERNEL_TABLE\((\w+)", source, re.MULTILINE)
        found = re.findall(r"^KERNEL_TABLE\((\w+)", source, re.MULTILINE)
        stem = PurePosixPath(path).stem
        if tables != found:
            faults.append(f"{path}: KERNEL_TABLE does not start its line, so the build misses it")
        elif len(found) > 1 or (found and found[0] != stem):
            faults.append(f"{path}: wanted is one KERNEL_TABLE({stem}, …), found are {found}")
        elif not found and "THALWEG_NAME(" not in source:
            faults.append(
                f"{path}: no KERNEL_TABLE({stem}, …), and nothing that another file calls"
            )
    return faults


def shared_names(tree: Tree) -> list[str]:
    """What is not in an anonymous namespace bears its instruction set in its name."""
    faults = []
    for path, source in reached_by_kernels(tree).items():
        if path not in SHARES_NOTHING and "namespace {" not in source:
            faults.append(f"{path}: no anonymous namespace")
        for match in re.finditer(r'^extern (?:"" )?(?!""|\{)(.*)', source, re.MULTILINE):
            if "THALWEG_NAME(" not in match[1]:
                line = source.count("\n", 0, match.start()) + 1
                faults.append(f"{path}:{line}: an exported name without THALWEG_NAME")
    return faults


def plain_kernels(tree: Tree) -> list[str]:
    """Kernels throw nothing, allocate nothing, keep nothing and print nothing."""
    faults = []
    for path, source in reached_by_kernels(tree).items():
        patterns = dict(NOT_IN_KERNELS)
        if path != INTRINSICS:
            patterns["an intrinsic outside vec.h"] = (
                r"\b(?:_mm\d*_\w+|v[a-z]\w*_[fsu](?:8|16|32|64)\b)"
            )
        faults += [
            f"{path}:{source.count(chr(10), 0, match.start()) + 1}: {what}: {match[0].strip()!r}"
            for what, pattern in patterns.items()
            for match in re.finditer(pattern, source, re.MULTILINE)
        ]
    return faults


def headers_once(tree: Tree) -> list[str]:
    """A header begins with its comment and guards itself."""
    return [
        f"{path}: no #pragma once"
        for path, source in cpp_files(tree)
        if path.endswith(".h") and "#pragma once" not in source
    ]


def untold_files(tree: Tree) -> list[str]:
    """A file, or the header of its name, says first what it is for; white space is plain."""
    faults = []
    for path, source in tree.items():
        if path.startswith(NATIVE) and path.endswith((".cpp", ".h")):
            if not source.startswith(("// ", f'#include "{PurePosixPath(path).stem}.h"\n')):
                faults.append(f"{path}: the first line is no comment")
            for number, line in enumerate(source.splitlines(), 1):
                if "\t" in line or line != line.rstrip():
                    faults.append(f"{path}:{number}: a tab, or spaces at the end")
    return faults


CPP_RULES = [
    kernel_includes,
    kernel_tables,
    shared_names,
    plain_kernels,
    headers_once,
    untold_files,
]
