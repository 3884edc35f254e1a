"""A classifier that names the colour of a picture, with weights written down, and such pictures."""

from pathlib import Path

import numpy as np
from PIL import Image

from thalweg.applications.model_card import ModelCard, write_model
from thalweg.layers import Conv2D, Dense, GlobalAveragePooling2D
from thalweg.models import Sequential

NAMES = ("blue", "green", "red")
CARD = ModelCard(NAMES, "unit")
CHANNEL = {"red": 0, "green": 1, "blue": 2}
SHARPNESS = 20.0  # scores are this times the mean of a channel


def colour_model(side=8):
    """(batch, side, side, 3) in 0..1 to probabilities of blue, green and red."""
    model = Sequential(
        [
            Conv2D(3, 1, use_bias=False, name="look", input_shape=(side, side, 3)),
            GlobalAveragePooling2D(name="mean"),
            Dense(3, activation="softmax", name="name"),
        ]
    )
    turned = np.eye(3, dtype=np.float32)[:, ::-1]  # red, green, blue to the order of the names
    model.set_weights([turned[None, None], SHARPNESS * np.eye(3, dtype=np.float32), np.zeros(3)])
    return model


def colour_pixels(name, number=0, side=8):
    """(side, side, 3) uint8: mostly of one colour, noisy, never the same."""
    random = np.random.default_rng([CHANNEL[name], number])
    pixels = random.integers(0, 60, (side, side, 3))
    pixels[..., CHANNEL[name]] += 150
    return pixels.astype(np.uint8)


def write_picture(path, pixels):
    """Writes a picture file, and the folders to it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return str(path)


def write_folder(folder, counts, side=8, first=0):
    """Class folders of pictures: name of the colour -> how many."""
    for name, count in counts.items():
        for number in range(first, first + count):
            write_picture(
                Path(folder) / name / f"{number:02d}.png", colour_pixels(name, number, side)
            )
    return str(folder)


def write_colour_model(path, card=CARD, side=8):
    """The classifier in a file, with its card."""
    write_model(colour_model(side), path, card)
    return str(path)
