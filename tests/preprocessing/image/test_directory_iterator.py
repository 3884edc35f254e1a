"""`flow_from_directory`: which files, which targets, and what becomes of bad ones."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.core import DataError, OptionError
from thalweg.preprocessing.image import ImageDataGenerator


def flow(folder: Path, **options: Any) -> Any:
    arguments = {"target_size": (4, 4), "shuffle": False, "verbose": False, **options}
    return ImageDataGenerator(validation_split=0.5).flow_from_directory(folder, **arguments)


FILES = ["cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.bmp", "dogs/old/3.png"]


def test_files_and_classes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batches = flow(folder, verbose=True)
    assert capsys.readouterr().out == (
        "Found 5 images belonging to 2 classes. (1 other files ignored)\n"
    )
    assert batches.filenames == FILES
    assert batches.filepaths == [str(folder / name) for name in FILES]
    assert batches.classes.tolist() == batches.labels.tolist() == [0, 0, 1, 1, 1]
    assert batches.class_indices == {"cats": 0, "dogs": 1}
    assert (batches.samples, batches.n, batches.num_classes) == (5, 5, 2)
    assert batches.ignored == ["dogs/notes.txt"]
    assert batches.image_shape == (4, 4, 3)
    x, y = batches[0]
    assert x.shape == (5, 4, 4, 3) and x.dtype == y.dtype == np.float32
    np.testing.assert_array_equal(x[:, 0, 0, 0], [0, 10, 20, 30, 40])
    np.testing.assert_array_equal(y, [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]])


def test_class_modes(folder: Path) -> None:
    for mode in ("binary", "sparse"):
        np.testing.assert_array_equal(flow(folder, class_mode=mode)[0][1], [0, 0, 1, 1, 1])
    x, y = flow(folder, class_mode="input")[0]
    np.testing.assert_array_equal(x, y)
    assert isinstance(flow(folder, class_mode=None)[0], np.ndarray)
    reversed_ = flow(folder, classes=["dogs", "cats"], class_mode="sparse")
    assert reversed_.class_indices == {"dogs": 0, "cats": 1}
    assert reversed_.filenames[0] == "dogs/1.png"


def test_subsets(folder: Path) -> None:
    held_out = flow(folder, subset="validation")
    rest = flow(folder, subset="training")
    assert held_out.filenames == ["cats/1.png", "dogs/1.png"]
    assert rest.filenames == ["cats/2.png", "dogs/2.bmp", "dogs/old/3.png"]
    with pytest.raises(OptionError, match="bad subset"):
        flow(folder, subset="test")
    with pytest.raises(OptionError, match="subset needs a part"):
        ImageDataGenerator().flow_from_directory(folder, subset="training")


def test_links(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "more"
    write_one(elsewhere / "9.png", 90)
    (folder / "cats/linked").symlink_to(elsewhere)
    assert len(flow(folder).filenames) == 5
    (folder / "dogs/old/back").symlink_to(folder / "dogs")
    found = flow(folder, follow_links=True).filenames
    assert "cats/linked/9.png" in found and len(found) == 6  # and it ends


def write_one(path: Path, number: int) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((10, 12, 3), number, np.uint8)).save(path)


def test_color_modes_and_formats(folder: Path) -> None:
    for mode, channels in (("rgb", 3), ("rgba", 4), ("grayscale", 1)):
        batches = flow(folder, color_mode=mode, class_mode=None)
        assert batches[0].shape == (5, 4, 4, channels)
    first = ImageDataGenerator(data_format="channels_first").flow_from_directory(
        folder, (4, 6), class_mode=None, shuffle=False, verbose=False
    )
    assert first.image_shape == (3, 4, 6) and first[0].shape == (5, 3, 4, 6)
    np.testing.assert_array_equal(first[0][:, 0, 0, 0], [0, 10, 20, 30, 40])


def test_16_bits_of_grey(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "a").mkdir()
    Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(tmp_path / "a/1.png")
    Image.fromarray(np.full((4, 4), 200, np.uint8)).save(tmp_path / "a/2.png")
    batch = flow(tmp_path, color_mode="grayscale", class_mode=None)[0]
    np.testing.assert_array_equal(batch[:, 0, 0, 0], [40_000, 200])


def test_orders_and_bits_do_not_depend_on_prefetching(folder: Path) -> None:
    def taken(**options: Any) -> list[Any]:
        generator = ImageDataGenerator(rotation_range=90, width_shift_range=0.5)
        batches = generator.flow_from_directory(
            folder, (8, 8), batch_size=2, seed=3, verbose=False, **options
        )
        return [next(batches) for _ in range(9)]

    expected = taken(prefetch=0, cache_bytes=0)
    for options in ({}, {"prefetch": 5}, {"cache_bytes": 200}):
        for (x, y), (x0, y0) in zip(taken(**options), expected, strict=True):
            np.testing.assert_array_equal(x, x0)
            np.testing.assert_array_equal(y, y0)


def test_pixels_are_kept_within_the_budget(folder: Path) -> None:
    batches = flow(folder, class_mode=None, cache_bytes=3 * 48)
    before = batches[0]
    kept = np.flatnonzero(batches._files._cache._slots >= 0)
    assert len(kept) == 3
    shutil.rmtree(folder / "cats")
    shutil.rmtree(folder / "dogs/old")
    for number in kept:
        picture = batches._get_batches_of_transformed_samples(np.array([number]))
        np.testing.assert_array_equal(picture[0], before[number])
    both = batches._get_batches_of_transformed_samples(kept[::-1])
    np.testing.assert_array_equal(both, before[kept[::-1]])
    all_kept = flow(folder, class_mode=None)
    all_kept[0]
    shutil.rmtree(folder / "dogs")
    assert all_kept[0].shape == (2, 4, 4, 3)


def test_files_are_decoded_on_several_threads(folder: Path, monkeypatch: Any) -> None:
    names: set[str] = set()
    batches = flow(folder, class_mode=None)
    decode = batches._files._decode
    ready = threading.Barrier(2, timeout=20)  # two at a time, or the test fails

    def noted(path: str) -> np.ndarray:
        names.add(threading.current_thread().name)
        if len(names) < 3 and "cats" in path:
            ready.wait()
        return decode(path)

    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("thalweg.preprocessing.image.batches._Decoders.pool", None)
    batches._files._decode = noted
    assert batches[0].shape == (5, 4, 4, 3)
    assert all(name.startswith("thalweg-decoder") for name in names)


# Bad files ----------------------------------------------------------------------------------------


@pytest.fixture
def damaged(folder: Path) -> Path:
    """The same folder, where the second cat is cut short and the first dog is gone."""
    path = folder / "cats/2.png"
    path.write_bytes(path.read_bytes()[:40])
    return folder


def test_a_bad_file_is_named(damaged: Path) -> None:
    batches = flow(damaged, batch_size=1)
    assert batches[0][0].shape == (1, 4, 4, 3)
    for _ in range(2):
        with pytest.raises(DataError, match=r"cannot read the picture '.*cats/2\.png'"):
            batches[1]
    batches = flow(damaged, batch_size=1)
    (damaged / "dogs/1.png").unlink()
    with pytest.raises(FileNotFoundError):
        batches[2]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_bad_files_are_left_out_and_told(damaged: Path, prefetch: int) -> None:
    batches = flow(damaged, class_mode="sparse", on_error="skip", prefetch=prefetch)
    (damaged / "dogs/1.png").unlink()
    x, y = batches[0]
    np.testing.assert_array_equal(x[:, 0, 0, 0], [0, 30, 40])
    np.testing.assert_array_equal(y, [0, 1, 1])
    assert list(batches.skipped) == [str(damaged / "cats/2.png"), str(damaged / "dogs/1.png")]
    assert "cannot read the picture" in batches.skipped[str(damaged / "cats/2.png")]
    assert "No such file" in batches.skipped[str(damaged / "dogs/1.png")]
    assert len(batches) == 1 and batches.samples == 5


def test_a_batch_is_never_empty(damaged: Path) -> None:
    batches = flow(damaged, class_mode="sparse", on_error="skip", batch_size=1)
    x, y = batches[1]  # the bad one alone: the next good one comes in its place
    assert x[0, 0, 0, 0] == 20 and y.tolist() == [1]
    for path in damaged.rglob("*.*"):
        if path.is_file():
            path.write_bytes(b"bad")
    with pytest.raises(DataError, match="not one of the files can be read"):
        flow(damaged, on_error="skip")[0]


# Wrong folders and arguments ----------------------------------------------------------------------


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="there is no such folder"):
        flow(tmp_path / "gone")
    with pytest.raises(OptionError, match="there is no such folder"):
        flow(3)  # type: ignore[arg-type]


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"there are no pictures\n  expected  files that end in \.png"
    ):
        flow(tmp_path)
    write_one(tmp_path / "1.png", 1)
    with pytest.raises(DataError, match=r"pictures lie in the folder itself, as '1\.png'"):
        flow(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "1.png").unlink()
    (tmp_path / "a/x.txt").write_text("")
    with pytest.raises(DataError, match=r"there are other files, as 'a.x.txt'"):
        flow(tmp_path)


def test_empty_and_single_classes(folder: Path) -> None:
    (folder / "birds").mkdir()
    with pytest.warns(UserWarning, match="no pictures in the class folders 'birds'"):
        assert flow(folder).class_indices == {"birds": 0, "cats": 1, "dogs": 2}
    with pytest.warns(UserWarning, match="there is only one class, 'cats'"):
        flow(folder, classes=["cats"])
    assert flow(folder, classes=["cats"], class_mode=None).samples == 2
    with pytest.raises(DataError, match="class_mode 'binary' needs two classes"):
        flow(folder, class_mode="binary")


def test_unknown_classes(folder: Path) -> None:
    with pytest.raises(OptionError) as caught:
        flow(folder, classes=["cats", "dog"])
    assert "there is no folder for the class 'dog'\n  expected  'cats', 'dogs'" in str(caught.value)
    assert "did you mean 'dogs'?" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"target_size": (0, 4)}, "bad target_size\n  expected  an integer >= 1, or 2 of them"),
        ({"target_size": None}, "bad target_size"),
        ({"class_mode": "multi_output"}, "bad class_mode"),
        ({"color_mode": "bgr"}, "bad color_mode"),
        ({"interpolation": "linear"}, "bad interpolation"),
        ({"on_error": "ignore"}, "bad on_error"),
        ({"cache_bytes": -1}, "bad cache_bytes"),
        ({"prefetch": -1}, "bad prefetch"),
        ({"batch_size": 0}, "bad batch_size"),
    ],
)
def test_arguments_are_checked(folder: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        flow(folder, **options)
