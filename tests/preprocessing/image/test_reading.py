"""Picture files: what is read as what, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from thalweg.core import DataError, OptionError
from thalweg.preprocessing.image import img_to_array, load_img, save_img


def saved(image: Image.Image, kind: str = "png", **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file


def pixels(file: Any, **options: Any) -> np.ndarray:
    return np.asarray(load_img(file, **options))


RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3)).astype(np.uint8)


def test_color_modes() -> None:
    file = saved(Image.fromarray(RGB))
    np.testing.assert_array_equal(pixels(file), RGB)
    rgba = pixels(file, color_mode="rgba")
    np.testing.assert_array_equal(rgba, np.dstack([RGB, np.full((6, 9), 255, np.uint8)]))
    grey = pixels(file, color_mode="grayscale")
    luma = RGB @ np.array([299, 587, 114]) / 1000  # ITU-R 601-2, which Pillow has in integers
    assert np.abs(grey - luma).max() <= 0.51
    np.testing.assert_array_equal(pixels(file, grayscale=True), grey)


def test_arguments_of_keras_3_by_position() -> None:
    file = saved(Image.fromarray(RGB))
    assert load_img(file, "grayscale").mode == "L"
    assert load_img(file, "rgba", (4, 5)).size == (5, 4)
    assert load_img(file, False, "grayscale", (4, 5)).size == (5, 4)


def test_paths(tmp_path: Path) -> None:
    path = tmp_path / "ä b.png"
    Image.fromarray(RGB).save(path)
    for given in (path, str(path), str(path).encode()):
        np.testing.assert_array_equal(pixels(given), RGB)
    with pytest.raises(FileNotFoundError):
        load_img(tmp_path / "gone.png")
    with pytest.raises(OptionError, match="this is no path"):
        load_img(3)

    class Stream(io.RawIOBase):  # cannot go back
        def __init__(self) -> None:
            self._file = io.BytesIO(path.read_bytes())

        def read(self, size: int = -1) -> bytes:
            return self._file.read(size)

    np.testing.assert_array_equal(pixels(Stream()), RGB)


def test_16_bits_of_grey_are_kept_or_their_upper_half() -> None:
    deep = np.arange(0, 65536, 1311, dtype=np.uint16)[:48].reshape(6, 8)
    for kind in ("png", "tiff"):
        file = saved(Image.fromarray(deep), kind)
        array = img_to_array(load_img(file, color_mode="grayscale"))
        np.testing.assert_array_equal(array[..., 0], deep)
        assert array.dtype == np.float32
        for mode in ("rgb", "rgba"):
            np.testing.assert_array_equal(pixels(file, color_mode=mode)[..., 1], deep // 256)
        for method in ("nearest", "bilinear"):
            options = {"color_mode": "grayscale", "target_size": (3, 4), "interpolation": method}
            smaller = img_to_array(load_img(file, **options))
            assert smaller.shape == (3, 4, 1) and smaller.max() > 50_000


def test_palettes_and_transparency() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([0, 1])
    for transparency in (0, bytes([0, 128])):  # one color, or one value a color
        file = saved(image, transparency=transparency)
        np.testing.assert_array_equal(pixels(file), [[[10, 20, 30], [200, 100, 50]]])
        clear = 255 if transparency == 0 else 128
        expected = [[[10, 20, 30, 0], [200, 100, 50, clear]]]
        np.testing.assert_array_equal(pixels(file, color_mode="rgba"), expected)
        assert pixels(file, color_mode="grayscale").shape == (1, 2)


def test_cmyk() -> None:
    cmyk = Image.new("CMYK", (1, 1), (255, 0, 0, 0))
    np.testing.assert_allclose(pixels(saved(cmyk, "tiff")), [[[0, 255, 255]]], atol=1)
    np.testing.assert_allclose(
        pixels(saved(cmyk.resize((16, 16)), "jpeg"))[8, 8], [0, 255, 255], atol=3
    )


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (3, 2), color) for color in ((255, 0, 0), (0, 0, 255))]
    file = saved(frames[0], "gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(pixels(file)[0, 0], [255, 0, 0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff"])
def test_exif_orientation(orientation: int, kind: str) -> None:
    # A file whose first row and column are, by the number, these sides of the scene (EXIF 2.3).
    scene = np.zeros((16, 24, 3), np.uint8)
    scene[:8, :8] = 255  # the top left is white
    stored = {
        1: scene,
        2: scene[:, ::-1],
        3: scene[::-1, ::-1],
        4: scene[::-1],
        5: scene.transpose(1, 0, 2),
        6: scene.transpose(1, 0, 2)[::-1],
        7: scene.transpose(1, 0, 2)[::-1, ::-1],
        8: scene.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = saved(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif)
    np.testing.assert_allclose(pixels(file), scene, atol=4)
    if kind != "tiff":  # where Pillow itself turns them
        np.testing.assert_allclose(pixels(file, exif=False), stored, atol=4)


def test_sizes_are_pillows() -> None:
    file = saved(Image.fromarray(RGB))
    for name in ("nearest", "bilinear", "bicubic", "box", "lanczos", "hamming"):
        method = getattr(Image.Resampling, name.upper())
        expected = np.asarray(Image.fromarray(RGB).resize((4, 5), method))
        np.testing.assert_array_equal(
            pixels(file, target_size=(5, 4), interpolation=name), expected
        )
    middle = Image.fromarray(RGB[:, 1:7])  # 6 of 9 columns
    expected = np.asarray(middle.resize((3, 3), Image.Resampling.NEAREST))
    got = pixels(file, target_size=(3, 3), keep_aspect_ratio=True)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"color_mode": "cmyk"}, "bad color_mode\n  expected  'rgb', 'rgba' or 'grayscale'"),
        ({"target_size": 0}, "bad target_size"),
        ({"target_size": (3, 3, 3)}, "bad target_size"),
        ({"interpolation": "linear"}, "bad interpolation"),
        ({"max_pixels": 0}, "bad max_pixels"),
    ],
)
def test_arguments_are_checked(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        load_img(saved(Image.fromarray(RGB)), **options)


# What is refused ----------------------------------------------------------------------------------


def png_header(width: int, height: int) -> bytes:
    """A PNG file that says how large it is, and has hardly any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(9000, 9000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_bombs_are_refused_before_memory_is_taken(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(*size))
    count = size[0] * size[1]
    with pytest.raises(DataError) as caught:  # and no warning, which would be an error here
        load_img(path)
    assert str(caught.value) == (
        "load_img: the picture is too large\n"
        "  expected  at most 67108864 pixels\n"
        f"  got       {size[0]} x {size[1]} = {count} pixels in {str(path)!r}\n"
        f"  hint      max_pixels={count} allows it"
    )


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp", "ppm", "gif"])
def test_the_limit_is_not_pillows(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(Image.fromarray(RGB), kind)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert load_img(file).size == (9, 6)
    assert load_img(file, max_pixels=None).size == (9, 6)
    with pytest.raises(DataError, match="at most 53 pixels"):
        load_img(file, max_pixels=53)


def test_where_pillow_has_a_limit_too_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(Image.fromarray(RGB), "webp")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataError, match=r"hint      PIL.Image.MAX_IMAGE_PIXELS is Pillow's own"):
        load_img(file)


JPEG = saved(Image.fromarray(RGB).resize((64, 64)), "jpeg").getvalue()
PNG = saved(Image.fromarray(RGB)).getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (JPEG[: len(JPEG) // 2], "image file is truncated"),
        (JPEG[:30], ""),
        (PNG[: len(PNG) // 2], ""),
        (b"", "the file is empty"),
        (b"some text", "no known picture format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no known picture format"),
        (b"GIF89a" + b"\xff" * 40, ""),
        (b"BM" + b"\0" * 60, ""),
        (b"II*\0" + b"\xff" * 40, ""),
    ],
)
def test_damaged_files(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_img(path)
    assert f"load_img: cannot read the picture {str(path)!r}" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize("original", [JPEG, PNG], ids=["jpeg", "png"])
def test_arbitrary_damage_never_gives_another_error(original: bytes) -> None:
    rng = np.random.default_rng(3)
    for _ in range(150):
        content = bytearray(original)
        for place in rng.integers(0, len(content), 4):
            content[place] = int(rng.integers(256))
        try:
            load_img(io.BytesIO(bytes(content)))
        except DataError:
            pass


# Writing ------------------------------------------------------------------------------------------


def test_saving(tmp_path: Path) -> None:
    for name in ("a.png", "a.bmp", "a.TIFF"):
        save_img(tmp_path / name, RGB, scale=False)
        np.testing.assert_array_equal(pixels(tmp_path / name), RGB)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.TIFF", "a.bmp", "a.png"]
    save_img(str(tmp_path / "b"), np.moveaxis(RGB, -1, 0), "channels_first", "png", scale=False)
    np.testing.assert_array_equal(pixels(tmp_path / "b"), RGB)
    rgba = np.dstack([RGB, RGB[..., 0]])
    with pytest.warns(UserWarning, match="JPEG has no transparency"):
        save_img(tmp_path / "c.jpg", rgba)
    assert load_img(tmp_path / "c.jpg").size == (9, 6)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save_img(path, RGB, scale=False)
    with pytest.raises(AttributeError):
        save_img(path, RGB, pnginfo=3)
    np.testing.assert_array_equal(pixels(path), RGB)
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(OptionError, match="the format is not known"):
        save_img(tmp_path / "a.pgn", RGB)
    with pytest.raises(OptionError, match="the format is not known"):
        save_img(io.BytesIO(), RGB)
