"""Checkpoints: what is saved comes back, the last few are kept, damage and gaps are told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import DtypeError, FileFormatError, GraphError, OptionError, ShapeError


def saved(folder: Path, **values: Any) -> str:
    """A checkpoint of variables with these values."""
    with tf.Graph().as_default(), tf.Session() as session:
        for name, value in values.items():
            tf.Variable(value, name=name.replace("__", "/"))
        path = tf.train.Saver().save(session, str(folder / "model.ckpt"))
        assert path is not None
        return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_comes_back_bit_for_bit(tmp_path: Path) -> None:
    values = {
        "floats": np.float32([1.5, np.nan, -0.0]),
        "double": np.float64(1 / 3),
        "half": np.float16([[1, 2]]),
        "counts": np.arange(6, dtype=np.int64).reshape(2, 3),
        "bytes": np.uint8([0, 255]),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 3), np.float32),
    }
    variables = {name: tf.Variable(value, name=name) for name, value in values.items()}
    saver = tf.train.Saver()
    with tf.Session() as session:
        path = saver.save(session, str(tmp_path / "model.ckpt"))
    assert path == str(tmp_path / "model.ckpt")
    assert files(tmp_path) == ["checkpoint", "model.ckpt.h5"]
    with tf.Session() as session:
        for variable in variables.values():
            session.run(variable.assign(tf.zeros_like(variable)))
        saver.restore(session, path)
        for name, value in session.run(variables).items():
            np.testing.assert_array_equal(value, values[name])
            assert value.dtype == values[name].dtype


def test_names_may_lie_inside_one_another(tmp_path: Path) -> None:
    path = saved(tmp_path, w=1.0, w__Adam=2.0, w__Adam__deep=3.0)
    assert tf.train.list_variables(path) == [("w", []), ("w/Adam", []), ("w/Adam/deep", [])]
    assert tf.train.load_variable(path, "w/Adam:0") == 2.0


def test_lists_and_dicts_of_variables(tmp_path: Path) -> None:
    v, w = tf.Variable(1.0, name="v"), tf.Variable(2.0, name="w")
    with tf.Session() as session:
        by_list = tf.train.Saver([w]).save(session, str(tmp_path / "list"))
        by_dict = tf.train.Saver({"old/w": w, "old/v": v}).save(session, str(tmp_path / "dict"))
    assert [name for name, _ in tf.train.list_variables(by_list)] == ["w"]
    assert [name for name, _ in tf.train.list_variables(by_dict)] == ["old/v", "old/w"]
    with tf.Session() as session:
        tf.train.Saver({"old/w": v}).restore(session, by_dict)
        assert session.run([v, w]) == [2.0, 2.0]


def test_local_variables_are_not_saved_and_optimizers_are(tmp_path: Path) -> None:
    w = tf.get_variable("w", [2])
    tf.get_local_variable("local", [2])
    optimizer = tf.train.AdamOptimizer(0.1)
    step = optimizer.minimize(tf.reduce_sum(w**2), tf.train.create_global_step())
    saver = tf.train.Saver()
    with tf.Session() as session:
        for _ in range(3):
            session.run(step)
        path = saver.save(session, str(tmp_path / "model.ckpt"), tf.train.get_global_step())
        session.run(step)
        expected = session.run(w)
    assert path == str(tmp_path / "model.ckpt-3")
    assert [name for name, _ in tf.train.list_variables(path)] == [
        "beta1_power", "beta2_power", "global_step", "w", "w/Adam", "w/Adam_1",
    ]  # fmt: skip
    with tf.Session() as session:
        saver.restore(session, path)
        session.run(step)
        np.testing.assert_array_equal(session.run(w), expected)
        assert tf.train.global_step(session, tf.train.get_global_step()) == 4


def test_only_the_last_few_are_kept(tmp_path: Path) -> None:
    tf.Variable(1.0)
    saver = tf.train.Saver(max_to_keep=2)
    prefix = str(tmp_path / "model.ckpt")
    with tf.Session() as session:
        for step in range(4):
            saver.save(session, prefix, global_step=step)
    assert files(tmp_path) == ["checkpoint", "model.ckpt-2.h5", "model.ckpt-3.h5"]
    assert saver.last_checkpoints == [f"{prefix}-2", f"{prefix}-3"]
    assert tf.train.latest_checkpoint(str(tmp_path)) == f"{prefix}-3"
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert state.model_checkpoint_path == f"{prefix}-3"
    assert state.all_model_checkpoint_paths == saver.last_checkpoints
    assert len(state.all_model_checkpoint_timestamps) == 2


@pytest.mark.parametrize("number", [None, 0])
def test_all_are_kept(tmp_path: Path, number: int | None) -> None:
    tf.Variable(1.0)
    saver = tf.train.Saver(max_to_keep=number)
    with tf.Session() as session:
        for step in range(7):
            saver.save(session, str(tmp_path / "m"), step)
    assert len(files(tmp_path)) == 8
    assert saver.last_checkpoints == []
    assert str(tf.train.latest_checkpoint(str(tmp_path))).endswith("m-6")


def test_saving_one_prefix_again_counts_it_once(tmp_path: Path) -> None:
    tf.Variable(1.0)
    saver = tf.train.Saver(max_to_keep=1)
    with tf.Session() as session:
        for _ in range(3):
            saver.save(session, str(tmp_path / "m"))
    assert files(tmp_path) == ["checkpoint", "m.h5"]
    assert len(saver.last_checkpoints) == 1


def test_one_is_kept_for_good_after_some_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    tf.Variable(1.0)
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1)
    with tf.Session() as session:
        for step in range(5):
            now += 1500
            saver.save(session, str(tmp_path / "m"), step)
    assert files(tmp_path) == ["checkpoint", "m-2.h5", "m-4.h5"]


def test_a_new_saver_goes_on_where_another_stopped(tmp_path: Path) -> None:
    tf.Variable(1.0)
    prefix = str(tmp_path / "m")
    with tf.Session() as session:
        first = tf.train.Saver(max_to_keep=3)
        for step in range(3):
            first.save(session, prefix, step)
        (tmp_path / "m-1.h5").unlink()
        second = tf.train.Saver(max_to_keep=2)
        second.recover_last_checkpoints(
            tf.train.get_checkpoint_state(str(tmp_path)).all_model_checkpoint_paths
        )
        assert second.last_checkpoints == [f"{prefix}-0", f"{prefix}-2"]
        second.save(session, prefix, 3)
        assert files(tmp_path) == ["checkpoint", "m-2.h5", "m-3.h5"]
        second.set_last_checkpoints([f"{prefix}-3"])
        assert second.last_checkpoints == [f"{prefix}-3"]
        second.set_last_checkpoints_with_time([(f"{prefix}-2", 1.0), (f"{prefix}-3", 2.0)])
        assert second.last_checkpoints == [f"{prefix}-2", f"{prefix}-3"]


def test_paths_of_all_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tf.Variable(1.0)
    (tmp_path / 'run é"1').mkdir()
    with tf.Session() as session:
        saver = tf.train.Saver()
        assert saver.save(session, "model.ckpt", 1) == "model.ckpt-1"
        assert tf.train.latest_checkpoint(".") == "./model.ckpt-1"
        inside = saver.save(session, 'run é"1/model.ckpt.h5', np.int64(2))
        assert inside == 'run é"1/model.ckpt-2'
        assert tf.train.latest_checkpoint('run é"1') == inside
        saver.restore(session, f"{inside}.h5")
        assert tf.train.checkpoint_exists(inside)
        assert not tf.train.checkpoint_exists("nothing")
        relative = tf.train.Saver(save_relative_paths=True, pad_step_number=True)
        path = relative.save(session, str(tmp_path / "rel"), 7, latest_filename="latest")
        assert path == str(tmp_path / "rel-00000007")
        assert 'model_checkpoint_path: "rel-00000007"' in Path("latest").read_text()
        assert tf.train.latest_checkpoint(str(tmp_path), "latest") == path
        assert tf.train.get_checkpoint_mtimes([inside, "nothing"]) == [
            os.path.getmtime(f"{inside}.h5")
        ]
        tf.train.remove_checkpoint(inside)
        tf.train.remove_checkpoint(inside)
        assert tf.train.latest_checkpoint('run é"1') is None


def test_without_a_list(tmp_path: Path) -> None:
    tf.Variable(1.0)
    with tf.Session() as session:
        tf.train.Saver().save(session, str(tmp_path / "m"), write_state=False)
    assert files(tmp_path) == ["m.h5"]
    assert tf.train.get_checkpoint_state(str(tmp_path)) is None
    assert tf.train.latest_checkpoint(str(tmp_path)) is None


def test_the_list_of_tensorflow_is_read(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text(
        "# a comment\n"
        'model_checkpoint_path: "/data/model\\303\\251\\x41\\n-20"\n'
        'all_model_checkpoint_paths: "model-10"\n'
        'all_model_checkpoint_paths: "/data/model-20"\n'
        "all_model_checkpoint_timestamps: 1.5e9\n"
        "unknown: 5\n"
    )
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert state.model_checkpoint_path == "/data/modeléA\n-20"
    assert state.all_model_checkpoint_paths == [str(tmp_path / "model-10"), "/data/model-20"]
    assert state.all_model_checkpoint_timestamps == [1.5e9]


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01", b"model_checkpoint_path: m", b"model_checkpoint_path: 5", b'"a"', b"\xff\xfe"],
)
def test_a_damaged_list(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint").write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        tf.train.latest_checkpoint(str(tmp_path))
    assert str(caught.value).startswith(
        f"{tmp_path}/checkpoint: not a list of checkpoints\n"
        '  expected  lines such as model_checkpoint_path: "model.ckpt-100"\n'
    )


def test_lists_made_by_hand(tmp_path: Path) -> None:
    state = tf.train.generate_checkpoint_state_proto("runs", "runs/m-2", ["runs/m-1"], [1.0])
    assert state.all_model_checkpoint_paths == ["m-1", "m-2"]
    assert len(state.all_model_checkpoint_timestamps) == 2
    with pytest.raises(OptionError, match="times do not fit the paths"):
        tf.train.generate_checkpoint_state_proto("runs", "runs/m-2", ["runs/m-1"], [1.0, 2.0])
    with pytest.raises(OptionError, match="the file is the checkpoint's own"):
        tf.train.update_checkpoint_state(str(tmp_path), f"{tmp_path}/m", latest_filename="m.h5")


def test_wrong_paths(tmp_path: Path) -> None:
    tf.Variable(1.0)
    saver = tf.train.Saver()
    with tf.Session() as session:
        with pytest.raises(OptionError) as caught:
            saver.save(session, str(tmp_path / "missing" / "m"))
        assert str(caught.value) == (
            "Saver.save: the folder does not exist\n"
            f"  got       '{tmp_path}/missing'\n"
            "  hint      os.makedirs(folder, exist_ok=True) makes it"
        )
        with pytest.raises(OptionError, match="latest_filename is a path"):
            saver.save(session, str(tmp_path / "m"), latest_filename="a/b")
        with pytest.raises(OptionError, match="latest_filename collides with save_path"):
            saver.save(session, str(tmp_path / "checkpoint"))
        with pytest.raises(OptionError) as caught:
            saver.restore(session, tf.train.latest_checkpoint(str(tmp_path)))
        assert str(caught.value) == (
            "Saver.restore: there is no path\n"
            "  expected  the prefix of a checkpoint\n"
            "  got       None\n"
            "  hint      tf.train.latest_checkpoint(folder) is None where it finds none"
        )


def test_a_checkpoint_that_does_not_exist(tmp_path: Path) -> None:
    tf.Variable(1.0)
    prefix = str(tmp_path / "model.ckpt")
    with tf.Session() as session:
        with pytest.raises(tf.errors.NotFoundError) as caught:
            tf.train.Saver().restore(session, prefix)
        assert isinstance(caught.value, ValueError)
        assert str(caught.value) == (
            f"{prefix}: there is no such checkpoint\n  expected  the file '{prefix}.h5'"
        )
        (tmp_path / "model.ckpt.index").write_bytes(b"")
        with pytest.raises(FileFormatError, match="a checkpoint of TensorFlow"):
            tf.train.Saver().restore(session, prefix)
    with pytest.raises(tf.errors.NotFoundError, match="no checkpoint in this folder"):
        tf.train.list_variables(str(tmp_path))


def test_variables_that_do_not_fit_leave_all_as_they_were(tmp_path: Path) -> None:
    path = saved(tmp_path, v=np.float32([7]), w=np.float32([1, 2, 3]))
    v = tf.Variable([0.0], name="v")
    missing = tf.Variable([0.0], name="weights")
    shape = tf.Variable([[0.0, 0.0, 0.0]], name="w")
    with tf.Session() as session:
        with pytest.raises(tf.errors.NotFoundError) as gap:
            tf.train.Saver([v, missing]).restore(session, path)
        with pytest.raises(ShapeError) as size:
            tf.train.Saver([v, shape]).restore(session, path)
        with pytest.raises(DtypeError) as dtype:
            tf.train.Saver({"v": v, "w": tf.Variable([0, 0, 0])}).restore(session, path)
        assert session.run(v) == [0.0]
        tf.train.Saver([v, shape], reshape=True).restore(session, path)
        assert session.run([v, shape])[1].tolist() == [[1.0, 2.0, 3.0]]
    assert str(gap.value) == (
        f"{path}.h5: no variable 'weights' in the checkpoint\n  expected  one of 'v', 'w'"
    )
    assert str(size.value) == (
        "Saver.restore: 'w' in the checkpoint has another shape than the variable\n"
        "  expected  float32 (1, 3), the type of 'w:0'\n"
        "  got       float32 (3,)"
    )
    assert isinstance(size.value, tf.errors.InvalidArgumentError)
    assert "has another dtype than the variable\n  expected  int32 (3,)" in str(dtype.value)


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(GraphError) as caught:
        tf.train.Saver()
    assert str(caught.value) == (
        "Saver: there are no variables\n"
        "  expected  variables in the graph, or var_list=[…]\n"
        "  hint      make the Saver after the variables, or with allow_empty=True"
    )
    with tf.Session() as session:
        assert tf.train.Saver(allow_empty=True).save(session, str(tmp_path / "m")) is None
        late = tf.train.Saver(defer_build=True)
        text = tf.Variable("text", name="text")
        with pytest.raises(DtypeError) as caught_dtype:
            late.save(session, str(tmp_path / "m"))
        assert str(caught_dtype.value) == (
            "Saver.save: the variable 'text' is not made of numbers\n"
            "  expected  float, integer or bool\n"
            "  got       string\n"
            "  hint      leave it out: Saver(var_list=[…])"
        )
        assert files(tmp_path) == []
    with tf.Graph().as_default():
        other = tf.Variable(1.0, name="text")
    with pytest.raises(OptionError, match="two variables have one name\n  got       'text'"):
        tf.train.Saver([text, other])
    with pytest.raises(GraphError, match="saver_def is not supported"):
        tf.train.Saver(saver_def=object())


def test_graphs_are_not_written(tmp_path: Path) -> None:
    tf.Variable(1.0)
    for call in (
        lambda: tf.train.import_meta_graph("model.meta"),
        lambda: tf.train.export_meta_graph("model.meta"),
        lambda: tf.train.write_graph(tf.get_default_graph(), str(tmp_path), "graph.pb"),
        lambda: tf.train.Saver().export_meta_graph(),
    ):
        with pytest.raises(GraphError, match="graphs are neither written to files nor read"):
            call()


# Damage ----------------------------------------------------------------------------------------


def test_every_truncation_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, w=np.arange(300, dtype=np.float32))
    whole = Path(f"{path}.h5").read_bytes()
    for length in [*range(0, 64, 7), *range(64, len(whole), 211)]:
        Path(f"{path}.h5").write_bytes(whole[:length])
        with pytest.raises(tf.errors.DataLossError):
            tf.train.load_variable(path, "w")


def test_files_of_another_kind(tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04", b"\x80\x04\x95", b"text"):
        (tmp_path / "m.h5").write_bytes(content)
        with pytest.raises(tf.errors.DataLossError, match="not an HDF5 file"):
            tf.train.load_checkpoint(str(tmp_path / "m"))
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["w"] = [1.0]
    with pytest.raises(FileFormatError) as caught:
        tf.train.load_checkpoint(str(tmp_path / "m"))
    assert str(caught.value) == (
        f"{tmp_path}/m.h5: not a checkpoint\n"
        "  expected  the attribute 'format' with 'thalweg checkpoint 1'\n"
        "  got       None"
    )


def test_values_in_other_files_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, w=np.float32([1, 2]))
    secret = tmp_path / "secret"
    secret.write_bytes(b"12345678")
    with h5py.File(f"{path}.h5", "a") as file:
        del file["values/0"]
        file["values"].create_dataset("0", (2,), "f4", external=[(str(secret), 0, 8)])
    with pytest.raises(FileFormatError, match="not stored as plain data"):
        tf.train.load_variable(path, "w")
    with h5py.File(f"{path}.h5", "a") as file:
        del file["values/0"]
        file["values/0"] = h5py.ExternalLink(str(secret), "/")
    with pytest.raises(FileFormatError, match="not stored as plain data"):
        tf.train.list_variables(path)


def test_declared_sizes_are_compared_with_stored_ones(tmp_path: Path) -> None:
    path = saved(tmp_path, w=np.float32([1, 2]))
    with h5py.File(f"{path}.h5", "a") as file:
        del file["values/0"]
        file["values"].create_dataset("0", (1 << 40,), "f4", chunks=(1 << 20,))
    with pytest.raises(FileFormatError, match="declares more than the file holds"):
        tf.train.load_variable(path, "w")


def test_killed_while_saving_the_old_file_stays(tmp_path: Path) -> None:
    """kill -9 at the worst moment: the new file is written, but has not yet its name."""
    program = textwrap.dedent(
        f"""
        import os, signal
        import thalweg.tf1 as tf

        w = tf.Variable([1.0] * 1000, name="w")
        saver = tf.train.Saver()
        session = tf.Session()
        saver.save(session, {str(tmp_path / "m")!r}, global_step=1)
        session.run(w.assign([2.0] * 1000))
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        saver.save(session, {str(tmp_path / "m")!r}, global_step=1)
        """
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    path = tf.train.latest_checkpoint(str(tmp_path))
    assert path == str(tmp_path / "m-1")
    np.testing.assert_array_equal(tf.train.load_variable(path, "w"), np.ones(1000))
    left = [name for name in files(tmp_path) if name not in ("checkpoint", "m-1.h5")]
    assert all(re.fullmatch(r"\.thalweg-[0-9a-f]+\.h5", name) for name in left)


# Readers and initial values ---------------------------------------------------------------------


def test_readers(tmp_path: Path) -> None:
    path = saved(tmp_path, w=np.float32([[1, 2]]), n=np.int64(3))
    for reader in (
        tf.train.load_checkpoint(path),
        tf.train.load_checkpoint(str(tmp_path)),
        tf.train.NewCheckpointReader(path),
    ):
        assert reader.names == ["w", "n"]
        assert reader.get_variable_to_shape_map() == {"w": [1, 2], "n": []}
        assert reader.get_variable_to_dtype_map() == {"w": tf.float32, "n": tf.int64}
        assert reader.has_tensor("w")
        assert not reader.has_tensor("w:0")
        for _ in range(3):
            assert reader.get_tensor("w").tolist() == [[1.0, 2.0]]
        with pytest.raises(tf.errors.NotFoundError, match="no variable 'v' in the checkpoint"):
            reader.get_tensor("v")


def test_many_variables_with_long_names(tmp_path: Path) -> None:
    names = [f"scope_{'x' * 200}__w{i}" for i in range(700)]
    path = saved(tmp_path, **{name: np.float32(i) for i, name in enumerate(names)})
    assert tf.train.load_variable(path, names[-1].replace("__", "/")) == 699
    assert len(tf.train.list_variables(path)) == 700


def test_initial_values_from_a_checkpoint(tmp_path: Path) -> None:
    saved(tmp_path, old__w=np.float32([1, 2]), old__b=np.float32([3]), step=np.int64(9))
    with tf.variable_scope("new"):
        w, b = tf.get_variable("w", [2]), tf.get_variable("b", [1])
    own = tf.Variable([0.0], name="own")
    step = tf.Variable(0, name="step", dtype=tf.int64)
    tf.train.init_from_checkpoint(str(tmp_path), {"old/": "new/"})
    tf.train.init_from_checkpoint(str(tmp_path), {"old/b": own, "step": "step"})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run([w, b, own, step])
        assert [value.tolist() for value in values] == [[1.0, 2.0], [3.0], [3.0], 9]
        session.run(w.assign([0.0, 0.0]))
        session.run(w.initializer)
        assert session.run(w).tolist() == [1.0, 2.0]
    with tf.Session() as session:
        assert session.run(w).tolist() == [1.0, 2.0]


def test_initial_values_of_a_whole_graph(tmp_path: Path) -> None:
    saved(tmp_path, w=np.float32([1, 2]), a__b=np.float32([3]))
    with tf.variable_scope("net"):
        w = tf.get_variable("w", [2])
        with tf.variable_scope("a"):
            b = tf.get_variable("b", [1])
    tf.train.init_from_checkpoint(str(tmp_path), {"/": "net/"})
    with tf.Session() as session:
        assert [value.tolist() for value in session.run([w, b])] == [[1.0, 2.0], [3.0]]
    same = tf.Variable([0.0, 0.0], name="w")
    assert same.op.name == "w"
    tf.train.init_from_checkpoint(str(tmp_path), [same])
    with tf.Session() as session:
        assert session.run(same).tolist() == [1.0, 2.0]


def test_initial_values_that_do_not_fit(tmp_path: Path) -> None:
    saved(tmp_path, w=np.float32([1, 2]))
    w = tf.get_variable("w", [3])
    with pytest.raises(ShapeError, match="init_from_checkpoint: 'w' in the checkpoint has another"):
        tf.train.init_from_checkpoint(str(tmp_path), {"w": w})
    with pytest.raises(OptionError, match="no variable 'v' in the graph"):
        tf.train.init_from_checkpoint(str(tmp_path), {"w": "v"})
    with pytest.raises(OptionError, match="a variable cannot become a scope"):
        tf.train.init_from_checkpoint(str(tmp_path), {"w": "new/"})
    with pytest.raises(tf.errors.NotFoundError, match="no variable 'v' in the checkpoint"):
        tf.train.init_from_checkpoint(str(tmp_path), {"v": w})
