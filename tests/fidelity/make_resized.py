"""Writes reference/resized.npz: how Keras 3 and TensorFlow bring pictures to another size.

    python tests/fidelity/make_resized.py

Needs keras 3 and tensorflow-cpu; see make_reference.py for their environment.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

from pathlib import Path

import image_cases as cases
import keras
import numpy as np
import tensorflow as tf

arrays = {}
for shape in cases.RESIZED_SHAPES:
    x = cases.picture(shape).astype(np.uint8)
    for size in cases.RESIZED_SIZES:
        for method in cases.RESIZED_METHODS:
            key = f"{shape}/{size}/{method}"
            arrays[f"{key}/distort"] = tf.image.resize(x, size, method).numpy()
            arrays[f"{key}/pad"] = tf.image.resize_with_pad(x, *size, method).numpy()
            if method in ("bilinear", "nearest", "bicubic"):
                cropped = keras.preprocessing.image.smart_resize(x, size, method)
                arrays[f"{key}/crop"] = cropped
arrays = {key: np.float32(np.round(array, 3)) for key, array in arrays.items()}
np.savez_compressed(Path(__file__).parent / "reference" / "resized.npz", **arrays)
