"""Shows what each layer on images does: a sheet of pictures, four calls of each layer.

    python examples/image_layer_sheet.py [--picture PHOTO.jpg] [--out image_layers.png]

Without a picture of yours it draws one.
"""

import argparse
import inspect
import re

import numpy as np
from PIL import Image, ImageDraw

from thalweg import layers

SIZE, COUNT, BLOCKS, MARGIN, LABEL = 72, 4, 2, 5, 160
SHEET = {
    "Resizing": {"height": 24, "width": 24},
    "CenterCrop": {"height": 48, "width": 48},
    "RandomCrop": {"height": 48, "width": 48},
    "RandomFlip": {"mode": "horizontal"},
    "RandomRotation": {"factor": 0.12},
    "RandomTranslation": {"height_factor": 0.3, "width_factor": 0.3, "fill_mode": "wrap"},
    "RandomZoom": {"height_factor": 0.5, "fill_mode": "constant"},
    "RandomShear": {"x_factor": 0.4, "y_factor": 0.2},
    "RandomPerspective": {"factor": (1.0, 1.0), "scale": 0.6},
    "RandomElasticTransform": {"factor": (1.0, 1.0), "scale": (0.7, 1.0)},
    "RandomErasing": {"factor": (1.0, 1.0), "scale": (0.1, 0.3)},
    "MixUp": {"alpha": 2.0},
    "CutMix": {"factor": (1.0, 1.0)},
    "RandomBrightness": {"factor": 0.5},
    "RandomContrast": {"factor": (0.8, 1.0)},
    "RandomHue": {"factor": 1.0},
    "RandomSaturation": {"factor": (0.1, 0.8)},
    "RandomColorJitter": {"brightness_factor": 0.3, "contrast_factor": 0.5, "hue_factor": 0.5},
    "RandomColorDegeneration": {"factor": (0.2, 1.0)},
    "RandomGrayscale": {"factor": 0.7},
    "RandomInvert": {"factor": (0.5, 0.5)},
    "Solarization": {"threshold_factor": (0.3, 0.9)},
    "RandomPosterization": {"factor": (1, 4)},
    "RandomSharpness": {"factor": 1.0},
    "RandomGaussianBlur": {"factor": (0.8, 1.0), "kernel_size": 7, "sigma": (1.0, 1.0)},
    "AutoContrast": {},
    "Equalization": {},
    "ContrastLimitedAdaptiveHistogramEqualization": {},
    "RandAugment": {},
}


def drawing():
    """A boat before hills, of which left, right, top and bottom differ: uint8 (72, 72, 3)."""
    edge = 4 * SIZE
    picture = Image.new("RGB", (edge, edge))
    draw = ImageDraw.Draw(picture)
    for y in range(edge):
        share = y / edge
        sea = (20, 90 + int(60 * share), 130)
        draw.line((0, y, edge, y), sea if share > 0.6 else (120, 170, 200 + int(60 * share)))
    draw.ellipse((200, 25, 255, 80), fill=(250, 215, 90))
    draw.polygon(((0, 173), (60, 90), (120, 150), (175, 110), (288, 173)), fill=(60, 110, 60))
    draw.polygon(((50, 215), (170, 215), (145, 250), (75, 250)), fill=(150, 50, 40))
    draw.line((110, 215, 110, 110), fill=(60, 40, 20), width=6)
    draw.polygon(((116, 112), (116, 205), (165, 205)), fill=(240, 235, 220))
    return np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def transformed(name, options, photo, seed):
    """Four pictures; for the layers that mix, four different ones are mixed."""
    batch = np.stack([photo] * COUNT)
    if name in ("MixUp", "CutMix"):
        batch[1::2] = 255 - batch[1::2, :, ::-1]
    if "seed" in inspect.signature(getattr(layers, name)).parameters:
        options = {**options, "seed": seed}
    return getattr(layers, name)(**options, dtype="uint8")(batch)


def label(name):
    """The name, in lines of at most 24 letters that break before capitals."""
    words = re.findall("[A-Z]+[a-z]*", name)
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > 24:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def main():
    """Writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--picture")
    parser.add_argument("--out", default="image_layers.png")
    options = parser.parse_args()
    photo = drawing()
    if options.picture:
        photo = np.asarray(Image.open(options.picture).convert("RGB").resize((SIZE, SIZE)))
    step, rows = SIZE + MARGIN, -(-len(SHEET) // BLOCKS)
    width = LABEL + COUNT * step
    sheet = Image.new("RGB", (BLOCKS * width, rows * step + MARGIN), "white")
    write = ImageDraw.Draw(sheet)
    for number, (name, arguments) in enumerate(SHEET.items()):
        left, top = number // rows * width, MARGIN + number % rows * step
        write.text((left + MARGIN, top + SIZE // 2), label(name), fill="black", anchor="lm")
        for column, picture in enumerate(transformed(name, arguments, photo, number + 2)):
            sheet.paste(Image.fromarray(picture), (left + LABEL + column * step, top))
    sheet.save(options.out, optimize=True)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
