"""Shows what each augmentation of ImageDataGenerator does: a sheet of pictures, one row each.

    python examples/augmentation_sheet.py [--picture PHOTO.jpg] [--out augmentations.png]

Without a picture of yours it draws one; the lower rows are digits from the sample of MNIST.
"""

import argparse
import warnings

import numpy as np
from PIL import Image, ImageDraw

from thalweg.datasets import mnist
from thalweg.preprocessing.image import ImageDataGenerator, array_to_img, img_to_array, load_img

SIZE, COLUMNS, MARGIN, LABEL = 80, 6, 6, 190
ROWS = [
    {},
    {"rotation_range": 30},
    {"width_shift_range": 0.2, "height_shift_range": 0.2},
    {"shear_range": 30},
    {"zoom_range": 0.4},
    {"horizontal_flip": True, "vertical_flip": True},
    {"brightness_range": (0.4, 1.6)},
    {"channel_shift_range": 80},
    {"rotation_range": 45, "fill_mode": "constant"},
    {"rotation_range": 45, "fill_mode": "reflect"},
    {"rotation_range": 45, "fill_mode": "wrap"},
    {"elastic_alpha": 150, "elastic_sigma": 7},
]
DIGIT_ROWS = [
    {},
    {"elastic_alpha": 34, "elastic_sigma": 4},
    {"elastic_alpha": 15, "elastic_sigma": 2},
    {"width_shift_range": 6, "height_shift_range": 6},
    {"centre_by_mass": True},
]


def drawing():
    """A landscape of which left, right, top and bottom differ, (80, 80, 3)."""
    image = Image.new("RGB", (4 * SIZE, 4 * SIZE), (110, 170, 225))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 250, 384, 384), fill=(80, 140, 60))
    draw.ellipse((290, 30, 350, 90), fill=(250, 220, 80))
    draw.rectangle((60, 180, 200, 310), fill=(190, 80, 60), outline=(40, 30, 30), width=6)
    draw.polygon(((40, 185), (130, 90), (220, 185)), fill=(90, 50, 40))
    draw.rectangle((140, 230, 180, 310), fill=(60, 40, 30))
    draw.rectangle((80, 210, 120, 250), fill=(250, 240, 180), outline=(40, 30, 30), width=4)
    for x in range(240, 384, 48):
        draw.line((x, 250, x, 340), fill=(60, 50, 40), width=8)
    return img_to_array(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def digits(count):
    """The first digits of MNIST, (count, 28, 28, 1)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its sample will do
        return mnist.load_data()[0][0][:count, ..., None]


def transformed(arguments, images):
    """One batch of them."""
    generator = ImageDataGenerator(corrected=True, **arguments)
    return generator.flow(images, shuffle=False, seed=1, batch_size=COLUMNS)[0]


def main():
    """Writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--picture")
    parser.add_argument("--out", default="augmentations.png")
    options = parser.parse_args()
    photo = drawing()
    if options.picture:
        photo = img_to_array(load_img(options.picture, target_size=(SIZE, SIZE)))
    rows = [(arguments, np.stack([photo] * COLUMNS)) for arguments in ROWS]
    images = digits(COLUMNS)
    for arguments in DIGIT_ROWS:
        if "centre_by_mass" in arguments:  # of what the row above shows
            images = transformed(rows[-1][0], images)
        rows.append(({"fill_mode": "constant", **arguments}, images))
    step = SIZE + MARGIN
    sheet = Image.new("RGB", (LABEL + COLUMNS * step, len(rows) * step + MARGIN), "white")
    write = ImageDraw.Draw(sheet)
    for number, (arguments, images) in enumerate(rows):
        top = MARGIN + number * step
        label = "\n".join(f"{name}={value!r}" for name, value in arguments.items())
        write.text((MARGIN, top + SIZE // 2 - 16), label or "as it is", fill="black")
        for column, picture in enumerate(transformed(arguments, images)):
            image = array_to_img(picture, scale=False).resize((SIZE, SIZE), Image.Resampling.BOX)
            sheet.paste(image, (LABEL + column * step, top))
    sheet.save(options.out, optimize=True)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
