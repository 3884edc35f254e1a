"""What the doctor finds, in a healthy installation and in sick ones."""

import importlib.metadata

import pytest

from thalweg.applications import health
from thalweg.applications.health import check_installation
from thalweg.core import get_instruction_set


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home, and no variable set."""
    for name in ("THALWEG_DATA", "THALWEG_HOME", "KERAS_HOME", *health._VARIABLES):
        if name != "THALWEG_NATIVE":  # it has decided already
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def found(name):
    return [finding for finding in check_installation() if finding.name == name]


def test_here_nothing_is_broken():
    findings = check_installation()
    assert [finding for finding in findings if finding.status == "broken"] == []
    names = {finding.name for finding in findings}
    assert {"thalweg", "python", "numpy", "engine", "threads", "GPU", "cache", "files"} <= names


@pytest.mark.skipif(get_instruction_set() is None, reason="the engine is not built here")
def test_the_engine_tells_its_instruction_set():
    (engine,) = found("engine")
    assert engine.text == f"C++, {get_instruction_set()}"


def test_an_engine_that_is_off_or_not_built_is_no_fault(monkeypatch):
    monkeypatch.setattr(health, "get_instruction_set", lambda: None)
    monkeypatch.setenv("THALWEG_NATIVE", "0")
    (engine,) = found("engine")
    assert (engine.status, engine.text) == ("note", "switched off, NumPy computes")
    monkeypatch.delenv("THALWEG_NATIVE")
    monkeypatch.setattr(health.importlib.util, "find_spec", lambda name: None)
    (engine,) = found("engine")
    assert engine.status == "note" and "there was no compiler" in engine.text
    assert "C++17" in (engine.hint or "")


def test_an_engine_that_cannot_be_loaded_is_broken(monkeypatch):
    def fails(name):
        raise ImportError("libstdc++.so.6: version not found")

    monkeypatch.setattr(health, "get_instruction_set", lambda: None)
    monkeypatch.delenv("THALWEG_NATIVE", raising=False)
    monkeypatch.setattr(health.importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(health.importlib, "import_module", fails)
    (engine,) = found("engine")
    assert engine.status == "broken" and "libstdc++.so.6" in engine.text


def test_a_wrong_result_is_seen(monkeypatch):
    monkeypatch.setattr(health, "_TOLERANCE", -1.0)
    (computing,) = found("computing")
    assert computing.status == "broken" and "differ by" in computing.text


def test_a_missing_package_is_broken_if_it_is_needed(monkeypatch):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(health.importlib.metadata, "version", missing)
    by_name = {finding.name: finding for finding in health._versions()}
    assert by_name["h5py"].status == "broken" and by_name["h5py"].hint == "pip install h5py"
    assert by_name["onnx"].status == "note"
    assert by_name["onnx"].text == 'not installed, optional: pip install "thalweg[onnx]"'


def test_a_cache_that_cannot_be_written(home, monkeypatch):
    (home / "file").write_text("")
    monkeypatch.setenv("THALWEG_HOME", str(home / "file"))
    (cache,) = found("cache")
    assert cache.status == "broken" and "cannot be written" in cache.text
    assert "THALWEG_HOME" in (cache.hint or "")


def test_folders_are_told_and_nothing_is_left_in_them(home, monkeypatch):
    (cache,) = found("cache")
    assert cache.text == f"{home}/.thalweg, which is made when it is needed"
    (home / ".thalweg").mkdir()
    (home / ".keras").mkdir()
    assert found("cache")[0].text == f"{home}/.thalweg"
    assert found("Keras's cache")[0].status == "ok"
    assert sorted(path.name for path in home.rglob("*")) == [".keras", ".thalweg"]
    monkeypatch.setenv("THALWEG_DATA", str(home / "gone"))
    assert found("THALWEG_DATA")[0].status == "broken"
    monkeypatch.setenv("THALWEG_DATA", str(home))
    assert found("THALWEG_DATA")[0].status == "ok"


def test_weights_in_the_caches_are_listed(home):
    (home / ".keras" / "models").mkdir(parents=True)
    (home / ".keras" / "models" / "vgg16.h5").write_bytes(b"x" * 2_500_000)
    assert f"{home}/.keras/models/vgg16.h5, 2.5 MB" in [f.text for f in found("weights")]


def test_variables_that_change_much_are_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert found("OMP_NUM_THREADS")[0].text == "is set to '3'"


def test_a_check_that_fails_has_found_something(monkeypatch):
    def _strange_thing():
        raise ValueError("out of order")

    monkeypatch.setattr(health, "CHECKS", (_strange_thing,))
    (finding,) = check_installation()
    assert finding == health.Finding("strange thing", "broken", "ValueError: out of order")


def test_a_gpu_that_is_there_is_named(monkeypatch):
    from thalweg import core
    from thalweg.core.backends import cupy

    gpu = core.list_devices()[0]._replace(name="gpu:0", memory_bytes=2**33, description="H100")
    monkeypatch.setattr(cupy, "why_no_gpu", lambda: None)
    monkeypatch.setattr(core, "list_devices", lambda: [gpu])
    assert found("gpu:0")[0].text == "H100, 8 GiB, by CuPy"
    assert found("GPU")[0].status == "note"
