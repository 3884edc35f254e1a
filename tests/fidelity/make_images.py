"""Writes reference/images.npz: what Keras 2.3.1's image generator makes of `image_cases.py`.

    python3 -m venv images-env
    images-env/bin/pip install keras-preprocessing==1.1.2 numpy scipy pillow
    images-env/bin/python tests/fidelity/make_images.py

For each case it holds the parameters that were drawn, and the picture; and statistics of a batch.
With `--draws 200 --out FILE` it writes as many arbitrary transformations of larger pictures, for

    python tests/fidelity/compare_images.py FILE
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import image_cases as cases
import numpy as np
from keras_preprocessing import image

HERE = Path(__file__).parent
AXES = (0, 1, 2)  # with its defaults Keras 2.3.1 takes the centre from the wrong axes


def transformed(case):
    """The parameters, NaN for none, and the picture."""
    generator = image.ImageDataGenerator(**case.arguments)
    parameters = generator.get_random_transform(case.shape, case.seed)
    x = generator.apply_transform(cases.case_picture(case), parameters)
    values = [parameters[name] for name in cases.PARAMETERS]
    return np.array([np.nan if value is None else value for value in values], np.float64), x


def statistics(arguments):
    """What `fit` finds, and a batch that was brought to scale, picture by picture."""
    is_first = arguments.get("data_format") == "channels_first"
    generator = image.ImageDataGenerator(**arguments)
    data = cases.batch(is_first)
    generator.fit(data)
    found = {
        name: getattr(generator, name)
        for name in ("mean", "std", "principal_components")
        if getattr(generator, name) is not None
    }
    scaled = np.stack([generator.standardize(x.copy()) for x in data[:4]])
    return {**found, "scaled": scaled}


def functions():
    """What the functions for single pictures make of one, with the seed 7."""
    x = cases.picture((12, 14, 3))
    first = np.moveaxis(x, -1, 0)
    random = {
        "random_rotation": lambda: image.random_rotation(x, 30, *AXES),
        "random_shift": lambda: image.random_shift(first, 0.3, 0.2, fill_mode="constant"),
        "random_shear": lambda: image.random_shear(x, 20, *AXES),
        "random_zoom": lambda: image.random_zoom(x, (0.6, 1.4), *AXES),
        "random_channel_shift": lambda: image.random_channel_shift(first, 40.0),
        "random_brightness": lambda: image.random_brightness(x, (0.5, 0.9)),
        "apply_brightness_shift": lambda: image.apply_brightness_shift(x - 60, 1.3),
        "array_to_img": lambda: np.asarray(image.array_to_img(x * 0.7 - 20)),
    }
    result = {}
    for name, call in random.items():
        np.random.seed(7)
        result[name] = call()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "reference" / "images.npz")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    arrays = {}
    chosen = cases.random_cases(options.draws) if options.draws else cases.CASES
    for name, case in chosen.items():
        arrays[f"{name}/parameters"], arrays[f"{name}/picture"] = transformed(case)
    if not options.draws:
        for name, arguments in cases.STATISTICS.items():
            for key, array in statistics(arguments).items():
                arrays[f"{name}/{key}"] = np.asarray(array, np.float32)
        arrays |= {f"function/{name}": array for name, array in functions().items()}
    np.savez_compressed(options.out, **arrays)


if __name__ == "__main__":
    main()
