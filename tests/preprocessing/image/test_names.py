"""Where the names of Keras 2 and 3 are found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import thalweg as keras
from thalweg.cli.names import translation
from thalweg.preprocessing import image

KERAS_2 = """
    random_rotation random_shift random_shear random_zoom apply_channel_shift random_channel_shift
    apply_brightness_shift random_brightness apply_affine_transform load_img array_to_img
    img_to_array save_img Iterator ImageDataGenerator DirectoryIterator NumpyArrayIterator
    DataFrameIterator
"""


def test_names_of_keras() -> None:
    assert set(KERAS_2.split()) <= set(dir(image))
    assert keras.preprocessing.image is image
    for name in ("load_img", "save_img", "array_to_img", "img_to_array"):
        assert getattr(keras.utils, name) is getattr(image, name)
    assert image.smart_resize is keras.preprocessing.image.smart_resize
    with pytest.raises(AttributeError, match="has no attribute 'ImageGenerator'"):
        image.ImageGenerator  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'images'"):
        keras.preprocessing.images  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'load_image'"):
        keras.utils.load_image  # noqa: B018


def test_programs_of_keras_find_them(tmp_path: Path) -> None:
    for name in ("keras", "tensorflow.keras"):
        assert translation(f"{name}.preprocessing.image") == ("thalweg.preprocessing.image",)
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from keras.preprocessing.image import ImageDataGenerator, load_img\n"
        "from keras.preprocessing import image\n"
        "next(ImageDataGenerator().flow([[[[1.0]]]] * 9, batch_size=1))\n"
        "sys.stdout.write(f'{ImageDataGenerator.__name__} {image.load_img is load_img}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "thalweg", "run", script],
        capture_output=True,
        text=True,
        timeout=120,  # threads that make batches do not keep the program from ending
        check=False,
    )
    assert done.stdout == "ImageDataGenerator True", done.stderr


def test_nothing_is_imported_before_it_is_used() -> None:
    code = "import sys, thalweg.preprocessing.image; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
