"""Real photographs of ants and bees, where `THALWEG_DATA` has them."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from thalweg.preprocessing.image import (
    ImageDataGenerator,
    image_dataset_from_directory,
    img_to_array,
    load_img,
)

ARCHIVE = Path(os.environ.get("THALWEG_DATA", ".")) / "ants_bees.zip"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="needs ants_bees.zip in THALWEG_DATA"),
]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(folder)
    return folder / "ants_bees"


def test_all_of_them(photographs: Path) -> None:
    generator = ImageDataGenerator(rescale=1 / 255, rotation_range=30, zoom_range=0.3)
    options = {"target_size": (48, 48), "class_mode": "binary", "seed": 1, "verbose": False}
    train = generator.flow_from_directory(photographs / "train", **options)
    assert (train.samples, train.class_indices) == (244, {"ants": 0, "bees": 1})
    epochs = [[next(train) for _ in range(len(train))] for _ in range(2)]
    for batches in epochs:
        assert sum(len(x) for x, _ in batches) == 244
        assert sum(float(y.sum()) for _, y in batches) == np.sum(train.classes)
        assert all(
            0 <= x.min() and x.max() <= 1 + 1e-5 and 0.1 < x.mean() < 0.9 for x, _ in batches
        )
    assert not np.array_equal(epochs[0][0][0], epochs[1][0][0])


def test_each_is_what_load_img_reads(photographs: Path) -> None:
    flow = ImageDataGenerator().flow_from_directory(
        photographs / "val", (40, 50), shuffle=False, class_mode=None, verbose=False
    )
    batch = flow[1]
    for number in (0, 31):
        picture = load_img(flow.filepaths[32 + number], target_size=(40, 50))
        np.testing.assert_array_equal(batch[number], img_to_array(picture))


def test_as_a_data_set(photographs: Path) -> None:
    both = image_dataset_from_directory(
        photographs / "train",
        image_size=(32, 32),
        validation_split=0.25,
        subset="both",
        seed=1,
        verbose=False,
    )
    assert [len(part.file_paths) for part in both] == [183, 61]
    assert sum(len(x) for x, _ in both[1]) == 61
