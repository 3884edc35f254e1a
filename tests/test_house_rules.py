"""The house rules that no linter knows, read from the source itself.

A rule is a function from a tree (path -> source) to faults. It runs twice: on the repository, where
it must find nothing, and on made-up trees, where it must bite: a rule cannot rot into passing.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import NamedTuple

import cpp_rules
import pytest

import thalweg.core

Tree = Mapping[str, str]
Rule = Callable[[Tree], list[str]]

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 600
LISTS = {"core/__init__.py"}  # names alone, one a line: not a file to be read from top to bottom
CODE = {".py", ".pyi", ".c", ".cpp", ".cu", ".cuh", ".h", ".cmake", ".sh"}
PACKAGES = {
    "highlevel": "thalweg",
    "core": "thalweg.core",
    "applications": "thalweg.applications",
    "preprocessing": "thalweg.preprocessing",
}
MAY_USE = {
    "core": {"core"},
    "preprocessing": {"core", "preprocessing"},
    "highlevel": {"core", "highlevel"},
    "applications": {"core", "preprocessing", "highlevel", "applications"},
    "examples": set(PACKAGES),
    "benchmarks": set(PACKAGES),
}
STARTS = {"highlevel/__main__.py": {"applications"}}  # `python -m thalweg`: nobody imports it
CORE_LAYERS = (  # a module may import its own line and those above it
    {"_native", "types", "errors", "random", "record", "structure", "devices", "atomic", "options"}
    | {"workers"},
    {"graph", "opdef"},
    {"ops"},
    {"gradients", "updates", "update_rules"},
    {"program"},
    {"lower"},
    {"passes"},
    {"segments"},
    {"plan"},
    {"backends"},
    {"function"},
    {"drawing", "initial"},
    {"session"},
    {"eager"},
    {"__init__"},
)
BASE = {"thalweg", "numpy", "h5py", "PIL", "click", "rich"}  # what every installation has
CHECKERS_ONLY = {"typing_extensions"}  # imported under TYPE_CHECKING, never at run time
EXTRAS = {"cupy", "cupyx", "matplotlib", "onnx", "scipy", "tensorboardX"}
UNSAFE_MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
UNSAFE_CALLS = {"compile", "eval", "exec"}
UNWANTED_TEXT = {  # brackets keep this file from naming what it forbids
    "a path of one machine": r"(?<![\w.])/(?:home|root|Users|work|workspace)/\w",
    "a folder outside the repository": r"\.\./shared/(?!data\b)\w",
    "the address of a package registry": r"pypi[.]org|pythonhosted[.]org|/opt/(?:pypi|wheels)",
    "a word about how the text came to be": r"(?i:\bsub[-]?agents?\b)",
    "unfinished work": r"\bTO[D]O\b|\bFIX[M]E\b|\bX[X]X\b",
}


# --- the tree -------------------------------------------------------------------------------------


@cache
def repository() -> dict[str, str]:
    """Every text file that git tracks or would track; in an unpacked sdist, every text file."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0 and "pyproject.toml" in listing.stdout:
        paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    else:
        litter = {"build", "dist", "__pycache__", "venv", "PKG-INFO"}
        paths = [
            path
            for path in ROOT.rglob("*")
            if not any(
                part in litter or (part.startswith(".") and part not in {".ci", ".gitignore"})
                for part in path.relative_to(ROOT).parts
            )
        ]
    tree = {}
    for path in sorted(paths):
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            tree[path.relative_to(ROOT).as_posix()] = content.decode("utf-8")
    return tree


def module_of(path: str) -> str | None:
    """`highlevel/layers/base.py` -> `thalweg.layers.base`; None outside the packages."""
    folder, *rest = PurePosixPath(path).with_suffix("").parts
    if folder not in PACKAGES or not path.endswith(".py"):
        return None
    return ".".join([PACKAGES[folder], *rest]).removesuffix(".__init__")


def folder_of(module: str) -> str | None:
    """The folder a module lies in: `thalweg.core.graph` -> `core`; None for other packages."""
    for folder, package in PACKAGES.items():
        if folder != "highlevel" and f"{module}.".startswith(f"{package}."):
            return folder
    return "highlevel" if f"{module}.".startswith("thalweg.") else None


@cache
def parsed(path: str, source: str) -> ast.Module:
    return ast.parse(source, path)


def product(tree: Tree, *folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Path and syntax of the Python files in the folders (default: all that use the packages)."""
    for path, source in tree.items():
        if path.endswith(".py") and path.split("/")[0] in (folders or MAY_USE):
            yield path, parsed(path, source)


class Import(NamedTuple):
    """`from BASE import NAME as ALIAS`, or `import BASE as ALIAS` with an empty name."""

    line: int
    base: str
    name: str
    alias: str

    def module(self, modules: Collection[str | None]) -> str:
        """The module that is loaded: NAME itself may be one."""
        inner = f"{self.base}.{self.name}"
        return inner if inner in modules else self.base


def imports(path: str, syntax: ast.Module) -> Iterator[Import]:
    """All imports: relative ones made absolute, those inside functions, `import_module("…")`."""
    package = module_of(path) or ""
    if not path.endswith("/__init__.py"):
        package = package.rpartition(".")[0]
    for node in ast.walk(syntax):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, "", alias.asname or alias.name)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(relative, package) if node.level else relative
            for alias in node.names:
                yield Import(node.lineno, base, alias.name, alias.asname or alias.name)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = node.func
            called = getattr(function, "attr", getattr(function, "id", ""))
            name = node.args[0].value
            if called in {"import_module", "__import__"} and isinstance(name, str):
                yield Import(node.lineno, importlib.util.resolve_name(name, package), "", "")


# --- the rules ------------------------------------------------------------------------------------


def long_files(tree: Tree) -> list[str]:
    """A file holds one idea."""
    counts = {path: source.count("\n") for path, source in tree.items()}
    return [
        f"{path}: {count} lines, allowed are fewer than {MAX_LINES}"
        for path, count in counts.items()
        if PurePosixPath(path).suffix in CODE and count >= MAX_LINES and path not in LISTS
    ]


def folders_out_of_order(tree: Tree) -> list[str]:
    """core < highlevel, preprocessing < applications < examples, and nobody uses tests."""
    modules = {module_of(path) for path in tree}
    faults = []
    for path, syntax in product(tree):
        allowed = MAY_USE[path.split("/")[0]] | STARTS.get(path, set())
        for found in imports(path, syntax):
            top = found.base.split(".")[0]
            if top in {*PACKAGES, "tests", "conftest"}:
                faults.append(f"{path}:{found.line}: no package is called {top!r} once installed")
            folder = folder_of(found.module(modules))
            if folder is not None and folder not in allowed:
                faults.append(f"{path}:{found.line}: may not use {folder}/")
    return faults


def core_out_of_order(tree: Tree) -> list[str]:
    """Inside core a module sees only what lies below it: an op knows no pass, plan or backend."""
    rank = {name: place for place, names in enumerate(CORE_LAYERS) for name in names}
    modules = {module_of(path) for path in tree}
    faults = []
    for path, syntax in product(tree, "core"):
        own = PurePosixPath(path).with_suffix("").parts[1]
        if own not in rank:
            faults.append(f"{path}: {own} has no place in CORE_LAYERS")
            continue
        for found in imports(path, syntax):
            module = found.module(modules)
            if folder_of(module) == "core":
                other = [*module.split("."), "__init__"][2]
                if rank.get(other, len(rank)) > rank[own]:
                    faults.append(f"{path}:{found.line}: {own} may not import {other}")
    return faults


def core_by_the_back_door(tree: Tree, public: Collection[str]) -> list[str]:
    """Highlevel uses what `thalweg.core.__all__` lists, and a few modules beside it."""
    allowed = {*public, "drawing", "errors", "options", "workers"}
    faults = []
    for path, syntax in product(tree, "highlevel"):
        used, aliases = [], set()
        for found in imports(path, syntax):
            if f"{found.base}.{found.name}" in {"thalweg.core.", "thalweg.core"}:
                aliases.add(found.alias)
            elif found.base == "thalweg.core":
                used.append((found.line, found.name))
            elif found.base.startswith("thalweg.core."):
                used.append((found.line, found.base.split(".")[2]))
        for node in ast.walk(syntax):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in aliases:
                used.append((node.lineno, node.attr))
        faults += [
            f"{path}:{line}: {name!r} is not in thalweg.core.__all__"
            for line, name in sorted(set(used))
            if name not in allowed
        ]
    return faults


def undeclared_packages(tree: Tree) -> list[str]:
    """The base installation is small: an extra is imported inside the function that needs it."""
    faults = []
    for path, syntax in product(tree, *PACKAGES):
        functions = [
            range(node.lineno, (node.end_lineno or node.lineno) + 1)
            for node in ast.walk(syntax)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        for found in imports(path, syntax):
            top = found.base.split(".")[0]
            is_late = any(found.line in lines for lines in functions)
            allowed = {*sys.stdlib_module_names, *BASE, *CHECKERS_ONLY}
            if top not in {*allowed, *(EXTRAS if is_late else ())}:
                faults.append(f"{path}:{found.line}: {top} is not in the base installation")
    return faults


def unsafe_code(tree: Tree) -> list[str]:
    """Data stay data: nothing read from a file may become code."""
    faults = []
    for path, syntax in product(tree):
        faults += [
            f"{path}:{found.line}: {found.base} can run code from a file"
            for found in imports(path, syntax)
            if found.base.split(".")[0] in UNSAFE_MODULES
        ]
        for node in ast.walk(syntax):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).removeprefix("builtins.")
            if called in UNSAFE_CALLS:
                faults.append(f"{path}:{node.lineno}: {called}() makes code of text")
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False":
                    faults.append(f"{path}:{node.lineno}: allow_pickle can run code from a file")
    return faults


def stray_errors(tree: Tree) -> list[str]:
    """One formatter builds all messages, so all its classes live in one file."""
    home = "core/errors.py"
    classes = [node for node in ast.walk(ast.parse(tree[home])) if isinstance(node, ast.ClassDef)]
    ours = {"ThalwegError"}
    for node in classes:  # in a file a base stands above its subclass
        if ours & {ast.unparse(base) for base in node.bases}:
            ours.add(node.name)
    faults = []
    for path, syntax in product(tree):
        if path == home:
            continue
        names = ours | {
            alias.asname
            for node in ast.walk(syntax)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname and alias.name in ours
        }
        faults += [
            f"{path}:{node.lineno}: error class {node.name} belongs in {home}"
            for node in ast.walk(syntax)
            if isinstance(node, ast.ClassDef)
            and names & {ast.unparse(base).split(".")[-1] for base in node.bases}
        ]
    return faults


def unwanted_text(tree: Tree) -> list[str]:
    """The repository speaks of the project alone, and of what is done."""
    return [
        f"{path}:{source[: match.start()].count(chr(10)) + 1}: {what}: {match[0]!r}"
        for path, source in tree.items()
        for what, pattern in UNWANTED_TEXT.items()
        for match in re.finditer(pattern, source)
    ]


def unlisted_names(tree: Tree) -> list[str]:
    """A module's `__all__` is the list of what is public, and nothing else is."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    faults = []
    for path, syntax in product(tree, *PACKAGES):
        public = [
            node.name
            for node in syntax.body
            if isinstance(node, definitions) and not node.name.startswith("_")
        ]
        has_list = any(
            isinstance(node, ast.Name) and node.id == "__all__" for node in ast.walk(syntax)
        )
        if public and not has_list:
            faults.append(f"{path}: {public[0]} is public, but there is no __all__")
    return faults


def broken_promises(module: ModuleType) -> list[str]:
    """What `__all__` names is there, once."""
    names: list[str] = list(getattr(module, "__all__", []))
    faults = []
    for name in names:
        try:
            getattr(module, name)
        except (AttributeError, ImportError) as error:  # the latter where names load lazily
            faults.append(f"{module.__name__}: {name} is missing: {error}")
    if len(names) != len(set(names)):
        faults.append(f"{module.__name__}: a name stands twice")
    return faults


# --- the repository keeps them --------------------------------------------------------------------


def public_core(tree: Tree) -> list[str]:
    return core_by_the_back_door(tree, thalweg.core.__all__)


RULES: list[Rule] = [
    long_files,
    folders_out_of_order,
    core_out_of_order,
    public_core,
    undeclared_packages,
    unsafe_code,
    stray_errors,
    unlisted_names,
    unwanted_text,
    *cpp_rules.CPP_RULES,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_repository(rule: Rule) -> None:
    faults = rule(repository())
    assert not faults, "\n".join(faults)


def test_the_repository_is_seen() -> None:
    assert {"core/errors.py", "highlevel/__init__.py", ".ci/run", "README.md"} <= set(repository())


def test_public_names_exist() -> None:
    names = sorted(name for path in repository() if (name := module_of(path)))
    faults = [fault for name in names for fault in broken_promises(importlib.import_module(name))]
    assert not faults, "\n".join(faults)


# --- and each of them bites -----------------------------------------------------------------------

KERNELS = "core/native/kernels"
ERRORS = {
    "core/errors.py": "__all__ = []\nclass ThalwegError(Exception): ...\n"
    "class ShapeError(ThalwegError): ..."
}


def made_up_core(tree: Tree) -> list[str]:
    return core_by_the_back_door(tree, {"Graph", "matmul"})


@pytest.mark.parametrize(
    ("rule", "path", "source", "told"),
    [
        (long_files, "core/ops/conv.py", "x = 1\n" * 600, "600 lines"),
        (folders_out_of_order, "core/graph.py", "import thalweg.layers", "highlevel/"),
        (folders_out_of_order, "core/ops/conv.py", "from ... import layers", "highlevel/"),
        (folders_out_of_order, "core/graph.py", "import thalweg.tf1.nn as nn", "highlevel/"),
        (folders_out_of_order, "highlevel/a.py", "from . import applications", "applications/"),
        (folders_out_of_order, "highlevel/a.py", "import thalweg.preprocessing", "preprocessing/"),
        (folders_out_of_order, "preprocessing/a.py", "def f():\n  import thalweg", "highlevel/"),
        (folders_out_of_order, "core/graph.py", 'import_module("thalweg.layers")', "highlevel/"),
        (folders_out_of_order, "highlevel/a.py", "from core import Graph", "'core'"),
        (folders_out_of_order, "examples/a.py", "import tests.conftest", "'tests'"),
        (core_out_of_order, "core/graph.py", "def f():\n  from . import ops", "import ops"),
        (core_out_of_order, "core/ops/conv.py", "from ..backends import numpy", "import backends"),
        (core_out_of_order, "core/ops/conv.py", "import thalweg.core.plan", "import plan"),
        (core_out_of_order, "core/plan.py", "from thalweg.core import Session", "import __init__"),
        (core_out_of_order, "core/types.py", "from .graph import Graph", "import graph"),
        (core_out_of_order, "core/types.py", "from .riddle import answer", "import riddle"),
        (core_out_of_order, "core/riddle.py", "answer = 42", "no place"),
        (made_up_core, "highlevel/a.py", "from thalweg.core import Graph, Plan", "'Plan'"),
        (made_up_core, "highlevel/layers/a.py", "from ..core import Plan", "'Plan'"),
        (made_up_core, "highlevel/a.py", "from thalweg.core.graph import Graph", "'graph'"),
        (made_up_core, "highlevel/a.py", "import thalweg.core\nthalweg.core.plan", "'plan'"),
        (made_up_core, "highlevel/a.py", "import thalweg.core as c\nc.plan.Plan()", "'plan'"),
        (made_up_core, "highlevel/a.py", "from . import core\ncore.plan", "'plan'"),
        (made_up_core, "highlevel/a.py", "from thalweg import core as c\nc.plan", "'plan'"),
        (undeclared_packages, "core/graph.py", "import scipy.special", "scipy"),
        (undeclared_packages, "highlevel/a.py", "def f():\n  import torch", "torch"),
        (unsafe_code, "core/graph.py", "import pickle", "pickle"),
        (unsafe_code, "highlevel/a.py", "def f():\n  from marshal import loads", "marshal"),
        (unsafe_code, "highlevel/a.py", "eval('1')", "eval()"),
        (unsafe_code, "highlevel/a.py", "builtins.exec('1')", "exec()"),
        (unsafe_code, "highlevel/a.py", "np.load(f, allow_pickle=yes)", "allow_pickle"),
        (stray_errors, "core/ops/conv.py", "class ConvError(ShapeError): ...", "ConvError"),
        (stray_errors, "highlevel/a.py", "class MyError(errors.ThalwegError): ...", "MyError"),
        (
            stray_errors,
            "highlevel/a.py",
            "from thalweg.core.errors import ShapeError as E\nclass MyError(E): ...",
            "MyError",
        ),
        (unlisted_names, "core/graph.py", "class Graph: ...", "Graph"),
        (unwanted_text, "docs/a.md", "see /" + "home/ann/notes", "a path"),
        (unwanted_text, "docs/a.md", "see ../" + "shared/notes", "outside"),
        (unwanted_text, "README.md", "https://" + "pypi." + "org/simple", "registry"),
        (unwanted_text, "core/graph.py", "# TO" + "DO: think", "unfinished"),
        (long_files, "core/native/kernels/a.cpp", "int x;\n" * 600, "600 lines"),
        (cpp_rules.kernel_includes, f"{KERNELS}/a.cpp", "#include <vector>", "vector"),
        (cpp_rules.kernel_includes, f"{KERNELS}/a.h", "#include <immintrin.h>", "immintrin"),
        (cpp_rules.kernel_includes, f"{KERNELS}/a.cpp", '#include "gone.h"', "gone.h"),
        (cpp_rules.kernel_includes, "core/native/math.h", "#include <cmath>", "cmath"),
        (cpp_rules.kernel_tables, f"{KERNELS}/a.cpp", "int x;", "no KERNEL_TABLE(a, "),
        (cpp_rules.kernel_tables, f"{KERNELS}/a.cpp", "KERNEL_TABLE(b, {})", "KERNEL_TABLE(a, "),
        (cpp_rules.kernel_tables, f"{KERNELS}/a.cpp", " KERNEL_TABLE(a, {})", "start its line"),
        (cpp_rules.shared_names, f"{KERNELS}/a.cpp", "int f();", "anonymous"),
        (cpp_rules.shared_names, f"{KERNELS}/a.h", 'namespace {}\nextern "C" int f();', "exported"),
        (cpp_rules.plain_kernels, f"{KERNELS}/a.cpp", "int *x = new int[3];", "memory"),
        (cpp_rules.plain_kernels, f"{KERNELS}/a.cpp", "static int calls = 0;", "state"),
        (cpp_rules.plain_kernels, f"{KERNELS}/a.cpp", "v = _mm_add_ps(a, b);", "intrinsic"),
        (cpp_rules.plain_kernels, f"{KERNELS}/a.cpp", "v = vld1q_f32(a);", "intrinsic"),
        (cpp_rules.plain_kernels, "core/native/math.h", "std::exp(x)", "C++ library"),
        (cpp_rules.headers_once, "core/native/a.h", "int f();", "#pragma once"),
        (cpp_rules.untold_files, "core/native/a.cpp", "int f();", "first line"),
        (cpp_rules.untold_files, "core/native/a.cpp", "// What.\n\tint f();", "a.cpp:2"),
    ],
)
def test_rule_bites(rule: Rule, path: str, source: str, told: str) -> None:
    others = {"core/ops/__init__.py": "", "core/backends/__init__.py": "", "core/riddle/a.py": ""}
    others["applications/__init__.py"] = ""
    others[f"{KERNELS}/b.cpp"] = '#include "../math.h"'
    faults = [fault for fault in rule({**ERRORS, **others, path: source}) if path in fault]
    assert len(faults) == 1
    assert told in faults[0]


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (long_files, "core/ops/conv.py", "x = 1\n" * 599),
        (long_files, "docs/guide.md", "text\n" * 1000),
        (long_files, "core/__init__.py", "x = 1\n" * 1000),
        (folders_out_of_order, "highlevel/layers/a.py", "from ..core import Graph\nimport numpy"),
        (folders_out_of_order, "applications/a.py", "from thalweg.layers import Dense"),
        (folders_out_of_order, "applications/a.py", "import thalweg.preprocessing"),
        (folders_out_of_order, "highlevel/__main__.py", "import thalweg.applications"),
        (core_out_of_order, "core/session.py", "from . import plan\nfrom .ops import conv, norm"),
        (core_out_of_order, "core/ops/a.py", "from ..graph import Graph\nfrom . import conv"),
        (core_out_of_order, "core/__init__.py", "from .session import Session"),
        (made_up_core, "highlevel/a.py", "from thalweg.core import Graph, errors, matmul"),
        (made_up_core, "highlevel/a.py", "import thalweg.core as c\nc.matmul; c.errors.nearest"),
        (made_up_core, "highlevel/a.py", "from .core.errors import ShapeError\nother.plan"),
        (undeclared_packages, "core/a.py", "import os, numpy\ndef f():\n  import scipy"),
        (unsafe_code, "highlevel/a.py", "tensor.eval(); model.compile(); np.load(f)"),
        (unsafe_code, "highlevel/a.py", "np.load(f, allow_pickle=False)"),
        (stray_errors, "highlevel/a.py", "class Error(ValueError): ...\nraise ShapeError()"),
        (unlisted_names, "core/graph.py", "__all__ = []\nclass Graph: ..."),
        (unlisted_names, "core/graph.py", "def _find(): ..."),
        (unwanted_text, "README.md", "./work/x network/home/x ../shared/data highlevel/rooted"),
        (cpp_rules.kernel_includes, f"{KERNELS}/a.cpp", "#include <stdint.h>\n// <vector>"),
        (cpp_rules.kernel_includes, "core/native/module.cpp", "#include <vector>"),
        (cpp_rules.kernel_includes, "core/native/vec.h", "#include <immintrin.h>"),
        (cpp_rules.kernel_includes, "core/native/vec.h", "#include <arm_neon.h>"),
        (cpp_rules.kernel_tables, f"{KERNELS}/a.cpp", "\nKERNEL_TABLE(a, {})\n"),
        (cpp_rules.kernel_tables, f"{KERNELS}/a.cpp", "void THALWEG_NAME(f)() {}"),
        (cpp_rules.shared_names, f"{KERNELS}/a.cpp", "namespace {}\nextern THALWEG_NAME(f);"),
        (cpp_rules.plain_kernels, f"{KERNELS}/a.cpp", '// new data\nerror = "try again";'),
        (cpp_rules.plain_kernels, f"{KERNELS}/a.cpp", "static const int N = 3;"),
        (cpp_rules.plain_kernels, "core/native/pool.cpp", "std::thread t; _mm_pause();"),
        (cpp_rules.untold_files, "core/native/a.h", "// What it is.\n#pragma once\n"),
        (cpp_rules.untold_files, "core/native/a.cpp", '#include "a.h"\n'),
    ],
)
def test_rule_spares(rule: Rule, path: str, source: str) -> None:
    modules = {"core/plan.py": "", "core/ops/conv.py": "", "core/ops/norm.py": ""}
    assert rule({**ERRORS, **modules, path: source}) == []


def test_broken_promise_is_seen() -> None:
    module = ModuleType("made_up")
    module.__dict__.update(__all__=["there", "there", "gone"], there=1)
    gone, twice = broken_promises(module)
    assert "made_up: gone is missing" in gone
    assert twice == "made_up: a name stands twice"
