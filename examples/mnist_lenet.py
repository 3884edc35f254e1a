"""LeNet on MNIST: trains, saves and reloads its weights, and shows some predictions.

    python examples/mnist_lenet.py [--epochs 6] [--seed 0] [--weights lenet_weights.h5]

Uses all of MNIST where it is found (see the README), else the sample that comes with thalweg.
LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

import argparse

import numpy as np

from thalweg import Sequential
from thalweg.callbacks import LearningRateScheduler
from thalweg.datasets import mnist
from thalweg.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from thalweg.optimizers import Adam
from thalweg.utils import set_random_seed


def build():
    """LeNet-5 with rectifiers: 28 x 28 pixels in 0..1 to ten probabilities."""
    return Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(20, 5, activation="relu"),
            MaxPooling2D(2),
            Conv2D(50, 5, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(500, activation="relu"),
            Dense(10, activation="softmax"),
        ],
        name="lenet",
    )


def pixels(images):
    """Bytes (batch, 28, 28) to floats in 0..1 with an axis of channels."""
    return images[..., None].astype("float32") / 255


def main():
    """Trains, evaluates, saves, reloads, predicts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=0, help="0: 6, or 12 on the sample")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", default="lenet_weights.h5", help="file to write")
    options = parser.parse_args()
    set_random_seed(options.seed)

    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    epochs = options.epochs or (6 if len(x_train) > 20_000 else 12)
    model = build()
    model.summary()
    model.compile(Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    cool_down = LearningRateScheduler(lambda epoch: 1e-3 * 0.5 ** max(0, epoch - epochs // 2))
    model.fit(pixels(x_train), y_train, batch_size=128, epochs=epochs, callbacks=[cool_down])

    model.save_weights(options.weights)
    fresh = build()
    fresh.load_weights(options.weights)
    probabilities = fresh.predict(pixels(x_test[:5]))
    for image, row in zip(y_test[:5], probabilities, strict=True):
        print(f"digit {image}: predicted {np.argmax(row)} with {row.max():.1%}")

    fresh.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = fresh.evaluate(pixels(x_test), y_test, batch_size=500, verbose=0)
    print(f"test loss: {loss:.6f}")
    print(f"test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
