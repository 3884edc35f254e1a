"""Fixed inputs of the fidelity tests: weights, batches and data made by NumPy alone.

The script that runs real Keras and the tests that run thalweg both import this file, so that both
start from the same bits. Every number comes from the raw 64-bit stream of PCG64 (which NumPy
promises never to change) through one multiplication and one addition; no library function whose
last bit may differ between machines is involved. `sha256` lets a test prove that it regenerated
what the script saw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
Int64Array = npt.NDArray[np.int64]

BATCH_SIZE = 32
TRAINING_STEPS = 100

MLP_SEED = 20_001
# One seed an optimizer. Training the LeNet is chaotic: where rounding decides which of two almost
# equal values a max pooling takes, or the sign of an almost zero ReLU input, two traces part and
# differ by 1e-2 some thirty steps later, in any implementation. These seeds were searched for paths
# without such near ties (README.md, "Conditioning"), so that a difference means other formulas.
LENET_SEEDS = {
    "sgd_momentum": 16,
    "sgd_nesterov": 7,
    "adam": 53,
    "adamw": 28,
    "adadelta": 8,
    "adagrad": 2,
    "adamax": 8,
    "nadam": 30,
    "rmsprop": 2,
    "rmsprop_centered": 21,
}
FIT_DATA_SEED = 20_003
FIT_WEIGHTS_SEED = 20_004

# Shapes in the order of Keras's `model.get_weights()`: kernel, bias, layer after layer.
MLP_SHAPES: tuple[tuple[int, ...], ...] = ((784, 64), (64,), (64, 32), (32,), (32, 10), (10,))
LENET_SHAPES: tuple[tuple[int, ...], ...] = (
    *((5, 5, 1, 6), (6,)),
    *((5, 5, 6, 16), (16,)),
    *((400, 120), (120,)),
    *((120, 84), (84,)),
    *((84, 10), (10,)),
)


def generator(seed: int) -> np.random.Generator:
    """Return the generator that every array of this file is drawn from."""
    return np.random.Generator(np.random.PCG64(seed))


def uniform(
    random: np.random.Generator, shape: Sequence[int], low: float = -1.0, high: float = 1.0
) -> Float32Array:
    """Draw float32 values of low <= value <= high.

    The top 53 bits of each raw word become a float64 in 0 <= u < 1, then low + (high - low) * u,
    rounded once to float32.
    """
    count = int(np.prod(shape, dtype=np.int64))
    words = np.asarray(random.bit_generator.random_raw(count), dtype=np.uint64)
    unit = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    values: Float32Array = (low + (high - low) * unit).astype(np.float32)
    return values.reshape(tuple(shape))


def glorot_uniform(random: np.random.Generator, shape: Sequence[int]) -> Float32Array:
    """Draw a kernel of shape (..., in, out) from U(-limit, limit), Glorot and Bengio 2010, eq. 16.

    The limit is sqrt(6 / (fan_in + fan_out)); both fans count the receptive field.
    """
    field = int(np.prod(shape[:-2], dtype=np.int64))
    limit = float(np.sqrt(6.0 / (field * (shape[-2] + shape[-1]))))
    return uniform(random, shape, -limit, limit)


def initial_weights(seed: int, shapes: Iterable[Sequence[int]]) -> list[Float32Array]:
    """Draw Glorot-uniform kernels in order; shapes of rank 1 are biases and stay zero."""
    random = generator(seed)
    return [
        glorot_uniform(random, shape) if len(shape) > 1 else np.zeros(tuple(shape), np.float32)
        for shape in shapes
    ]


def mlp_weights() -> list[Float32Array]:
    """Return the starting weights of the MLP, in the order of `MLP_SHAPES`."""
    return initial_weights(MLP_SEED, MLP_SHAPES)


def lenet_weights(optimizer: str) -> list[Float32Array]:
    """Return the LeNet's starting weights for a key of `LENET_SEEDS`, ordered as `LENET_SHAPES`."""
    return initial_weights(LENET_SEEDS[optimizer], LENET_SHAPES)


def pixels(images: npt.NDArray[np.uint8]) -> Float32Array:
    """Scale images of 0..255 to float32 in 0..1 (one float32 division by 255)."""
    scaled: Float32Array = images.astype(np.float32) / np.float32(255.0)
    return scaled


def batch_rows(step: int, count: int) -> slice:
    """Return the rows of training step 0, 1, 2 ... when `count` rows are used cyclically."""
    start = step * BATCH_SIZE % count
    return slice(start, start + BATCH_SIZE)


def one_hot(labels: npt.NDArray[np.integer], classes: int) -> Float32Array:
    """Return float32 rows of shape (batch, classes) with a one at each label."""
    rows: Float32Array = (labels[:, None] == np.arange(classes)).astype(np.float32)
    return rows


@dataclass(frozen=True)
class FitData:
    """Data of the whole-fit test: 8 features, 3 classes, 70 training and 45 validation rows."""

    x: Float32Array  # (70, 8); batches of 32 leave a last batch of 6
    y: Int64Array  # (70,), labels 0..2
    sample_weight: Float32Array  # (70,), 0.25..2
    x_validation: Float32Array  # (45, 8); batches of 32 leave a last batch of 13
    y_validation: Int64Array  # (45,), labels 0..2
    validation_weight: Float32Array  # (45,), 0.25..2


# A label outside 0..2 never occurs; unequal weights, so that a swapped pair shows.
CLASS_WEIGHT = {0: 0.5, 1: 2.0, 2: 1.25}
FIT_SHAPES: tuple[tuple[int, ...], ...] = ((8, 12), *((12,),) * 5, (12, 3), (3,))


def fit_data() -> FitData:
    """Draw the data of the whole-fit test; a label says which third the features' sum falls in."""
    random = generator(FIT_DATA_SEED)
    x = uniform(random, (115, 8))
    total = x[:, 0].astype(np.float64) + 0.5 * x[:, 1] - x[:, 2] + 0.25 * x[:, 3]
    y = (total > -0.35).astype(np.int64) + (total > 0.35).astype(np.int64)
    weight = uniform(random, (115,), 0.25, 2.0)
    return FitData(x[:70], y[:70], weight[:70], x[70:], y[70:], weight[70:])


def fit_weights() -> list[Float32Array]:
    """Return the starting weights of the whole-fit model.

    Order: dense kernel (8, 12) and bias, batch normalization's gamma, beta, moving mean and
    moving variance (12,) each, dense kernel (12, 3) and bias. None is at Keras's default, so that
    a default used by mistake shows.
    """
    random = generator(FIT_WEIGHTS_SEED)
    small, positive = (-0.2, 0.2), (0.5, 1.5)
    ranges = [None, small, positive, small, small, positive, None, small]
    return [
        glorot_uniform(random, shape) if limits is None else uniform(random, shape, *limits)
        for shape, limits in zip(FIT_SHAPES, ranges, strict=True)
    ]


def sha256(*arrays: npt.NDArray[np.generic]) -> str:
    """Return the SHA-256, in hexadecimal, of dtype, shape and bytes of the arrays in order."""
    digest = hashlib.sha256()
    for array in arrays:
        little = array.astype(array.dtype.newbyteorder("<"))
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        digest.update(np.ascontiguousarray(little).tobytes())
    return digest.hexdigest()
