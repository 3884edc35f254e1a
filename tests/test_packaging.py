"""What is built, what it holds, and what an import of it costs.

Building and installing are marked slow; both work offline, with the build backend that the extra
`test` installs. The engine is compiled once, from the source distribution, which takes most of the
time; the folder itself is built without a compiler.
"""

from __future__ import annotations

import ast
import email.parser
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import thalweg
from thalweg.datasets import cifar10

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "highlevel": "thalweg",
    "core": "thalweg/core",
    "applications": "thalweg/applications",
    "preprocessing": "thalweg/preprocessing",
}
LITTER = (  # what building and working leave behind
    ".venv/lib/thing.py",
    "build/leftover.py",
    "core/__pycache__/graph.cpython-310.pyc",
    "core/_native.so",
    "dist/thalweg-0.0.1.tar.gz",
    "thalweg.egg-info/PKG-INFO",
)
STRAYS = (
    "applications/other.h5",
    "core/graph.py.orig",
    "highlevel/notes.txt",
    "preprocessing/cat.npz",
)
QUICK_TO_BUILD = "THALWEG_BASELINE_ONLY=ON;THALWEG_OPTIMIZATION=-O0"
SHIPPED = {
    "lenet": ROOT / "applications" / "files" / "lenet_mnist.h5",
    "vgg16-cifar10": ROOT / "applications" / "files" / "vgg16_cifar10.h5",
}
NO_COMPILER = {"CXX": "/bin/false", "THALWEG_REQUIRE_NATIVE": "0"}
HEAVY = {"PIL", "h5py", "hypothesis", "matplotlib", "pytest", "rich", "scipy"}


def attempt(
    *command: str | Path, cwd: Path | str = "/", **env: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command, which has no package index to ask."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PIP_NO_INDEX": "1", **env},
        capture_output=True,
        text=True,
        check=False,
    )


def run(*command: str | Path, cwd: Path | str = "/", **env: str) -> str:
    """What a command prints; it has to succeed."""
    done = attempt(*command, cwd=cwd, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def building(source: Path, target: Path) -> tuple[str | Path, ...]:
    """The command that builds a folder or a source distribution, with what is installed."""
    options = ("--no-build-isolation", "--no-deps", "--verbose", "--wheel-dir", target)
    return (sys.executable, "-m", "pip", "wheel", *options, source)


def build_wheel(source: Path, target: Path, **env: str) -> tuple[Path, str]:
    """Builds a wheel; also returns what was said."""
    said = run(*building(source, target), **env)
    (wheel,) = target.glob("thalweg-*.whl")
    return wheel, said


def members(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def engine(wheel: Path) -> set[str]:
    """The compiled part of a wheel."""
    return {name for name in members(wheel) if fnmatch(name, "thalweg/core/_native*.so")}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository in which somebody has worked."""
    copy = tmp_path_factory.mktemp("source") / "repository"
    names = (".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "*.so")
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*names))
    for name in (*LITTER, *STRAYS):
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return copy


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the engine, as `python -m build` makes it: from the source distribution.

    The engine is compiled once for all processes of a run, for the baseline and not optimised: that
    takes a small part of the time.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared_wheel"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for built in shared.glob("thalweg-*.whl"):
            return built
        required = {"THALWEG_REQUIRE_NATIVE": "1", "SKBUILD_CMAKE_DEFINE": QUICK_TO_BUILD}
        return build_wheel(sdist, shared, **required)[0]


@pytest.fixture(scope="module")
def pure(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What a machine without a compiler makes of the folder, and what it says."""
    return build_wheel(source, tmp_path_factory.mktemp("pure"), **NO_COMPILER)


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sdist")
    code = "import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])"
    run(sys.executable, "-c", code, target, cwd=source)
    (archive,) = target.iterdir()
    return archive


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def installed_pure(pure: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(pure[0], tmp_path_factory.mktemp("installed_pure"))


def install(wheel: Path, folder: Path) -> Path:
    """The Python of a new environment with the wheel; it borrows our dependencies."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    options = ("--no-deps", "--quiet")
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel)
    # Now, not before the installation: pip must not take what is there for its own. A folder
    # named in a .pth file does not get its own .pth files read, so an editable install stays out.
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(python, "-c", code).strip())
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("\n".join(sorted(paths)), encoding="utf-8")
    return python


# --- what the archives hold -----------------------------------------------------------------------


@pytest.mark.slow
def test_wheel_holds_the_packages_and_nothing_else(source: Path, wheel: Path) -> None:
    code = {
        f"{package}/{path.relative_to(source / folder).as_posix()}"
        for folder, package in PACKAGES.items()
        for path in (source / folder).rglob("*.py")
    }
    data = {"thalweg/py.typed"} | {
        f"thalweg/datasets/{path.name}"
        for path in (source / "highlevel" / "datasets").iterdir()
        if path.suffix in {".npz", ".txt"}
    }
    weights = [
        path
        for path in (source / "applications" / "files").glob("*")
        if path.suffix in {".h5", ".md"}
    ]
    data |= {f"thalweg/applications/files/{path.name}" for path in weights}
    info = f"thalweg-{thalweg.__version__}.dist-info"
    licences = ("LICENSE", "highlevel/datasets/mnist_sample.txt")
    about = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")}
    about |= {f"{info}/licenses/{name}" for name in licences}
    assert members(wheel) - engine(wheel) == code | data | about
    assert len(engine(wheel)) == 1
    assert any(name.endswith(".npz") for name in data), "the sample of digits is missing"
    assert wheel.stat().st_size - sum(path.stat().st_size for path in weights) < 6_000_000
    # From 3.12 on one wheel serves all versions; before there is no stable interface for nanobind.
    python = "".join(map(str, sys.version_info[:2]))
    tags = "cp312-abi3" if sys.version_info >= (3, 12) else f"cp{python}-cp{python}"
    assert wheel.name.startswith(f"thalweg-{thalweg.__version__}-{tags}-")


@pytest.mark.slow
def test_wheel_without_a_compiler_is_pure(pure: tuple[Path, str], wheel: Path) -> None:
    """It holds the same but for the engine, and comes from the folder, not the sdist."""
    built, _ = pure
    assert built.name == f"thalweg-{thalweg.__version__}-py3-none-any.whl"
    assert members(built) == members(wheel) - engine(wheel)


@pytest.mark.slow
def test_a_required_engine_that_cannot_be_built_is_an_error(source: Path, tmp_path: Path) -> None:
    env = {**NO_COMPILER, "THALWEG_REQUIRE_NATIVE": "1"}
    done = attempt(*building(source, tmp_path), **env)
    assert done.returncode != 0
    assert "CMake configuration failed" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_sdist_holds_all_that_is_needed_and_no_litter(source: Path, sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert not names & set(LITTER)
    assert not {name for name in names if name.endswith((".pyc", ".so"))}
    assert {
        f"core/native/{name}" for name in ("CMakeLists.txt", "vec.h", "kernels/gemm.cpp")
    } <= names
    for folder in (*PACKAGES, "tests", "examples", "benchmarks", "docs", ".ci"):
        wanted = {
            path.relative_to(source).as_posix()
            for path in (source / folder).rglob("*")
            if path.is_file()
        }
        assert wanted - set(LITTER) <= names
    assert {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"} <= names


# --- what stands in the metadata ------------------------------------------------------------------


def wheel_metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return email.parser.Parser().parsestr(archive.read(name).decode("utf-8"))


@pytest.mark.slow
def test_metadata(wheel: Path) -> None:
    told = wheel_metadata(wheel)
    needed = [line for line in told.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {re.split(r"\W", line)[0] for line in needed} == {
        *("numpy", "h5py", "pillow", "rich", "click")
    }
    assert told["Version"] == thalweg.__version__
    assert told["Requires-Python"] == ">=3.10"
    assert told["License-Expression"] == "Apache-2.0 AND CC-BY-SA-3.0"
    assert told["Author"] == "The thalweg authors"


def test_version_is_stated_once() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"{thalweg.__version__}"' not in project


def asked_extras() -> Iterator[tuple[str, str]]:
    """Where the product tells a user to install an extra, and which."""
    for folder in PACKAGES:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("require_extra"):
                    named = {keyword.arg: keyword.value for keyword in node.keywords}
                    yield (
                        f"{path}:{node.lineno}",
                        ast.literal_eval(named["extra"] if "extra" in named else node.args[1]),
                    )


@pytest.mark.slow
def test_errors_name_extras_that_exist(wheel: Path) -> None:
    extras = set(wheel_metadata(wheel).get_all("Provides-Extra", []))
    assert {"cuda12", "cuda13", "onnx", "plots", "scipy", "tensorboard", "test"} <= extras
    assert [where for where, extra in asked_extras() if extra not in extras] == []


# --- what an import does --------------------------------------------------------------------------


def loaded_by(statement: str, python: Path | str = sys.executable) -> set[str]:
    """The modules that a statement loads beyond NumPy's, in a fresh process."""
    code = f"""
import json, sys, numpy
before = set(sys.modules)
{statement}
print(json.dumps(sorted(set(sys.modules) - before)))"""
    return set(json.loads(run(python, "-W", "error", "-c", code)))


def test_import_is_light() -> None:
    new = loaded_by("import thalweg")
    assert not {name.split(".")[0] for name in new} & HEAVY
    assert len(new) < 100, sorted(new)


def test_import_of_core_loads_no_layer() -> None:
    new = {name for name in loaded_by("import thalweg.core") if name.startswith("thalweg.")}
    assert {name for name in new if not f"{name}.".startswith("thalweg.core.")} == set()


def test_folders_refuse_their_own_names() -> None:
    code = f"""
import importlib, json, sys
sys.path.insert(0, {str(ROOT)!r})
said = {{}}
for name in {list(PACKAGES)}:
    try:
        importlib.import_module(name)
    except ImportError as error:
        said[name] = str(error)
print(json.dumps(said))"""
    said = json.loads(run(sys.executable, "-c", code))
    assert set(said) == set(PACKAGES)
    for folder, package in PACKAGES.items():
        assert repr(package.replace("/", ".")) in said[folder]
        assert repr(folder) in said[folder]


@pytest.mark.slow
def test_installed_wheel_imports(wheel: Path, installed: Path) -> None:
    files = sorted(name for name in members(wheel) if name.endswith(".py"))
    names = [name.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for name in files]
    code = f"""
import importlib, importlib.metadata
import thalweg
for name in {names}:
    importlib.import_module(name)
print(thalweg.__version__, importlib.metadata.version("thalweg"), thalweg.__file__)"""
    said = run(installed, "-W", "error", "-c", code).split()
    assert said[:2] == [thalweg.__version__] * 2
    assert Path(said[2]).is_relative_to(installed.parent.parent)


@pytest.mark.slow
def test_import_costs_little_more_than_numpy(installed: Path) -> None:
    code = """
import time, numpy
start_s = time.perf_counter()
import thalweg
print(time.perf_counter() - start_s)"""
    assert min(float(run(installed, "-c", code)) for _ in range(5)) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("model", [name for name in SHIPPED if SHIPPED[name].exists()])
def test_installed_program_knows_pictures(model: str, installed: Path, tmp_path: Path) -> None:
    """The weights are in the wheel: nothing is fetched, and nothing is read from the repository."""
    with np.load(Path(thalweg.datasets.mnist.__file__).with_name("mnist_sample.npz")) as sample:
        digit, number = sample["x_test"][0], sample["y_test"][0]
    Image.fromarray(255 - np.pad(digit, 20)).resize((200, 200)).save(tmp_path / "ink.png")
    command = ("-m", "thalweg", "predict", "ink.png", "--model", model, "--json")
    env = {"THALWEG_OFFLINE": "1", "HOME": str(tmp_path), "THALWEG_DATA": ""}
    (found,) = json.loads(run(installed, *command, cwd=tmp_path, **env))["predictions"]
    names = [item["name"] for item in found["classes"]]
    assert names[0] == str(number) if model == "lenet" else set(names) < set(cifar10.CLASSES)


# --- with and without the engine ------------------------------------------------------------------

COMPUTE = """
import numpy as np
import thalweg
from thalweg.layers import Dense, Input
model = thalweg.Sequential([Input((3,)), Dense(2)])
print(thalweg.core.get_instruction_set(), model.predict(np.ones((4, 3), "f"), verbose=0).shape)"""


@pytest.mark.slow
def test_installed_engine_computes(installed: Path) -> None:
    known = "|".join(("avx512", "avx2", "baseline", "neon"))
    said = run(installed, "-W", "error", "-c", COMPUTE, THALWEG_REQUIRE_NATIVE="1")
    assert re.fullmatch(rf"({known}) \(4, 2\)\n", said)


@pytest.mark.slow
def test_installed_without_an_engine_warns_once_and_computes(installed_pure: Path) -> None:
    done = attempt(installed_pure, "-c", COMPUTE, THALWEG_REQUIRE_NATIVE="0")
    assert (done.returncode, done.stdout) == (0, "None (4, 2)\n")
    assert done.stderr.count("RuntimeWarning: thalweg: the compiled engine is not available") == 1
    assert "No module named 'thalweg.core._native'" in done.stderr


@pytest.mark.slow
def test_installed_without_an_engine_is_silent_if_told(installed_pure: Path) -> None:
    said = run(installed_pure, "-W", "error", "-c", COMPUTE, THALWEG_NATIVE="0")
    assert said == "None (4, 2)\n"
    said = run(installed_pure, "-m", "thalweg", "info", THALWEG_REQUIRE_NATIVE="0")
    assert "engine    not built, NumPy computes\n" in said


@pytest.mark.slow
def test_installed_without_an_engine_fails_if_it_is_required(installed_pure: Path) -> None:
    done = attempt(installed_pure, "-c", COMPUTE, THALWEG_REQUIRE_NATIVE="1")
    assert done.returncode != 0
    assert "ModuleNotFoundError: No module named 'thalweg.core._native'" in done.stderr
