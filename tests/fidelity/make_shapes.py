"""Make `shapes.*` of the fidelity tests: models of a dozen shapes, saved by real Keras 3.

Command, in the repository's root, with the environment that `make_reference.py` describes:

    keras-env/bin/python tests/fidelity/make_shapes.py --out tests/fidelity/reference

Each model of `shape_cases.py` is trained for three steps and saved as `NAME.keras`, and as
`NAME.h5` where that can hold it, in `shapes.tar.xz`; what it predicts then, and the losses of four
more steps, go into `shapes.json`, its data into `shapes.npz`. Takes a minute.
"""

from __future__ import annotations

import argparse
import io
import lzma
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from make_reference import replace_file, write_arrays, write_json
from reference_models import keras, make_repeatable
from shape_cases import SHAPES, compiled, data, step, weights_of


def packed(files: dict[str, bytes]) -> bytes:
    """A tar.xz archive; dates are constant, so that equal files give equal bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def main() -> None:
    """Make all files."""
    parser = argparse.ArgumentParser(description="Make models of many shapes with real Keras 3.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    out: Path = parser.parse_args().out
    make_repeatable()
    files: dict[str, bytes] = {}
    arrays: dict[str, Any] = {}
    described = {}
    for name in SHAPES:
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        model = compiled(keras, name)
        model.set_weights(weights_of(model, name))
        x, y = data(model, name)
        for _ in range(3):
            step(model, x, y)
        with tempfile.TemporaryDirectory() as folder:
            for suffix in ("keras", "h5") if SHAPES[name].is_legacy else ("keras",):
                path = Path(folder) / f"{name}.{suffix}"
                model.save(str(path))
                files[path.name] = path.read_bytes()
        predictions = model.predict(x if len(x) > 1 else x[0], verbose=0)
        predictions = predictions if isinstance(predictions, list) else [predictions]
        keys = {}
        for part, group in (("x", x), ("y", y), ("predictions", predictions)):
            keys[part] = [f"{name}/{part}_{i}" for i in range(len(group))]
            arrays.update(zip(keys[part], map(np.asarray, group), strict=True))
        described[name] = {**keys, "next_steps": [step(model, x, y) for _ in range(4)]}
    replace_file(out / "shapes.tar.xz", packed(files))
    write_arrays(out / "shapes.npz", arrays)
    write_json(out / "shapes.json", {"arrays": "shapes.npz", "shapes": described})


if __name__ == "__main__":
    main()
