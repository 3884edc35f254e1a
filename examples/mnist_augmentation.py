"""Which augmentation helps three networks on MNIST most, alone and as ensembles of five?

    python examples/mnist_augmentation.py --work FOLDER [--epochs 5] [--members 5] [--picture FILE]

The question is that of Tabik, Peralta, Herrera-Poyatos and Herrera, "A snapshot of image
pre-processing for convolutional neural networks: case study of MNIST", 2017; protocol and figures
are our own, and docs/mnist_augmentation.md states both. Every network that is trained leaves what
it says of the test digits in `--work`, and the program goes on from there: on two cores, all 90
take about an hour and a half. `--nets` and `--data` choose some of them.
"""

import argparse
import math
from pathlib import Path

import numpy as np

import thalweg as keras
from thalweg import layers
from thalweg.applications import lenet
from thalweg.core import matmul
from thalweg.datasets import mnist
from thalweg.preprocessing.image import ImageDataGenerator

DATA = {
    "original": {},
    "centred": {"centre_by_mass": True},
    "translated": {"width_shift_range": range(-2, 3), "height_shift_range": range(-2, 3)},
    "rotated": {"rotation_range": 12},
    "elastic": {"elastic_alpha": 36.0, "elastic_sigma": 5.0},
    "elastic + rotated": {"elastic_alpha": 36.0, "elastic_sigma": 5.0, "rotation_range": 12},
}
BATCH, PEAK = 128, 1e-3
STILL = 1  # last epochs, on digits as they are: moved ones are interpolated, so their ink is softer


class DropConnect(layers.Dense):
    """Dense, whose kernel loses each weight with probability `rate` for one batch of training.

    Wan, Zeiler, Zhang, LeCun and Fergus, "Regularization of Neural Networks using DropConnect",
    2013, with one mask a batch instead of one a sample, and the mean of all masks in prediction.
    """

    def __init__(self, units, rate=0.5, **kwargs):
        super().__init__(units, **kwargs)
        self.rate = rate
        self.drop = layers.Dropout(rate)

    def call(self, x, training=None):
        """(batch, features) -> (batch, units)."""
        kernel = self.drop(self.kernel, training=training)
        return self.activation(matmul(x, kernel) + self.bias)


def convolutions(first, second):
    """Two convolutions of 5 x 5 with rectifiers, each with a pooling after it, and a row of all."""
    return [
        layers.Input((28, 28, 1)),
        layers.Conv2D(first, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(second, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
    ]


def network3():
    """The last network of M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 6."""
    dense = [layers.Dense(1000, "relu"), layers.Dropout(0.5)]
    dense += [layers.Dense(1000, "relu"), layers.Dropout(0.5)]
    return keras.Sequential([*convolutions(20, 40), *dense, layers.Dense(10, "softmax")])


def dropconnect():
    """Convolutions and a layer of 150 units that loses connections, as in Wan et al., section 6."""
    dense = [DropConnect(150, activation="relu"), layers.Dense(10, "softmax")]
    return keras.Sequential([*convolutions(32, 64), *dense])


NETS = {
    "LeNet": lambda: lenet.LeNet(weights=None),
    "Network3": network3,
    "DropConnect": dropconnect,
}


def member(net, data, seed, epochs):
    """What a network, trained on the digits of one kind, says of the test digits: (count, 10)."""
    keras.utils.set_random_seed(seed)
    (x, y), (x_test, _) = mnist.load_data()
    x, x_test = lenet.preprocess_input(x), lenet.preprocess_input(x_test)
    moving = ImageDataGenerator(fill_mode="constant", corrected=True, **DATA[data])
    still = ImageDataGenerator()
    if data == "centred":  # which is no augmentation: the test digits are centred as well
        still = moving
        x_test = still.flow(x_test, None, len(x_test), shuffle=False)[0]
    model = NETS[net]()
    rate = keras.optimizers.schedules.CosineDecay(PEAK, math.ceil(len(x) / BATCH) * epochs)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    first = max(0, epochs - STILL)
    model.fit(moving.flow(x, y, BATCH, seed=seed), epochs=first, verbose=0)
    model.fit(still.flow(x, y, BATCH, seed=seed), initial_epoch=first, epochs=epochs, verbose=0)
    return model.predict(x_test, 500, verbose=0)


def kept(path, make):
    """An array from its file, or made and written there."""
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, make())
        part.replace(path)
    return np.load(path)


def errors(votes, labels):
    """Test errors in percent: of each member, and of the mean of all."""
    wrong = [np.mean(vote.argmax(-1) != labels) * 100 for vote in (*votes, np.mean(votes, axis=0))]
    return wrong[:-1], wrong[-1]


def table(results):
    """Markdown: mean and standard deviation of single networks, and the ensemble."""
    lines = ["| test error, % | " + " | ".join(NETS) + " |", "| --- |" + " --- |" * len(NETS)]
    for data in DATA:
        cells = []
        for net in NETS:
            if (net, data) in results:
                single, together = results[net, data]
                cells.append(
                    f"{np.mean(single):.3f} ± {np.std(single, ddof=1):.3f}; {together:.2f}"
                )
            else:
                cells.append("")
        lines.append(f"| {data} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(results, path):
    """Single networks as small dots, ensembles as large ones."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.2), layout="constrained")
    for place, net in enumerate(NETS):
        color = f"C{place}"
        for row, data in enumerate(DATA):
            if (net, data) in results:
                single, together = results[net, data]
                height = row + (place - 1) * 0.22
                axes.plot(single, [height] * len(single), "o", color=color, alpha=0.35, ms=4)
                label = net if row == 0 else None
                axes.plot(together, height, "D", color=color, ms=8, label=label)
    axes.set_yticks(range(len(DATA)), DATA)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.4)
    axes.set_xlabel("test error on MNIST, % (dots: single networks; diamonds: ensembles of them)")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main():
    """Trains what is missing; prints the table, and draws it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of intermediate results")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--picture", type=Path, help="where to draw the errors")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    (_, _), (_, labels) = mnist.load_data()
    results = {}
    for data in options.data:
        for net in options.nets:
            votes = []
            for seed in range(options.members):
                path = (
                    options.work / f"{net}-{data.replace(' + ', '-')}-{options.epochs}-{seed}.npy"
                )
                votes.append(kept(path, lambda: member(net, data, seed, options.epochs)))  # noqa: B023
            results[net, data] = errors(votes, labels)
            print(f"{net}, {data}: {results[net, data]}", flush=True)
    print(table(results))
    if options.picture:
        plot(results, options.picture)


if __name__ == "__main__":
    main()
