"""Prints how far pictures are from those that Keras 2.3.1 made of arbitrary arguments.

    python tests/fidelity/compare_images.py FILE

FILE is written by `make_images.py --draws 200 --out FILE`. Fails if any value is off by more than
1e-4 of the range 0..255. (With another build of SciPy, one that lies as near as rounding to the
border between two pixels, or to the edge of a picture, could be.)
"""

from __future__ import annotations

import sys
from pathlib import Path

import image_cases as cases
import numpy as np

from thalweg.preprocessing.image import ImageDataGenerator

TOLERANCE = 255 * 1e-4


def differences(path: Path) -> dict[str, tuple[float, int]]:
    """For each case the largest difference, and how many values are off by more than allowed."""
    with np.load(path) as file:
        reference = dict(file)
    result = {}
    for name, case in cases.random_cases(len(reference) // 2).items():
        generator = ImageDataGenerator(**case.arguments)
        parameters = generator.get_random_transform(case.shape, case.seed)
        values = [parameters[key] for key in cases.PARAMETERS]
        drawn = np.array([np.nan if value is None else value for value in values], np.float64)
        np.testing.assert_array_equal(drawn, reference[f"{name}/parameters"])
        x = generator.apply_transform(cases.case_picture(case), parameters)
        off = np.abs(x.astype(np.float64) - reference[f"{name}/picture"])
        result[name] = (float(off.max()), int((off > TOLERANCE).sum()))
    return result


def main() -> int:
    found = differences(Path(sys.argv[1]))
    everything = cases.random_cases(len(found))
    lines = [
        f"{len(found)} pictures, {max(off for off, _ in found.values()):.1e} the largest difference"
    ]
    for name, (largest, count) in found.items():
        if count:
            values = int(np.prod(everything[name].shape))
            lines.append(
                f"{name}: {count} of {values} values, by up to {largest:.1e}; "
                f"{everything[name].arguments}"
            )
    sys.stdout.write("\n".join(lines) + "\n")
    return int(len(lines) > 1)


if __name__ == "__main__":
    sys.exit(main())
