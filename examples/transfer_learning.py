"""Teaches VGG-16 the classes of a folder: a new head first, then the last block of convolutions.

    python examples/transfer_learning.py FOLDER [--base cifar10|imagenet|FILE] [--out model.h5]

FOLDER has `train/` and `val/`, and each of them a folder of pictures for every class. The frozen
convolutions see every picture once, in `--copies` augmented forms; what they say is kept, in memory
or in the file `--features`, and the head trains on that in seconds. `--scratch` trains the same
network from random weights on the same pictures as long, for comparison. Every step is written out
here; `thalweg train FOLDER` does them in one command, and goes on when it was stopped.

Yosinski, Clune, Bengio and Lipson, "How transferable are features in deep neural networks?", 2014.
"""

import argparse
from pathlib import Path

import numpy as np

import thalweg as keras
from thalweg import layers
from thalweg.applications.vgg16 import VGG16, preprocess_input
from thalweg.preprocessing.image import ImageDataGenerator

AUGMENTED = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "corrected": True,
}


def pictures(folder, options, seed, is_augmented, shuffle):
    """Batches of the pictures in a folder, as VGG-16 takes them."""
    generator = ImageDataGenerator(
        preprocessing_function=preprocess_input, **(AUGMENTED if is_augmented else {})
    )
    size = (options.size, options.size)
    flow = generator.flow_from_directory
    return flow(
        folder,
        size,
        class_mode="sparse",
        batch_size=options.batch,
        shuffle=shuffle,
        seed=seed,
        interpolation="bilinear",
        on_error="skip",
        verbose=False,
    )


def features(base, batches, passes):
    """What the base says of all pictures, several times, and their labels."""
    said, labels = [], []
    for _ in range(passes):
        for number in range(len(batches)):
            x, y = batches[number]
            said.append(base.predict_on_batch(x))
            labels.append(y)
        batches.on_epoch_end()  # the next pass draws other transformations
    return np.concatenate(said), np.concatenate(labels)


def kept_features(base, options, seed):
    """The features of the training pictures, from their file where there is one."""
    path = options.features
    if path and path.exists():
        with np.load(path) as arrays:
            return arrays["x"], arrays["y"]
    x, y = features(
        base, pictures(options.folder / "train", options, seed, True, False), options.copies
    )
    if path:
        with path.open("wb") as file:
            np.savez(file, x=x, y=y)
    return x, y


def compiled(model, rate):
    """The model, ready to train on integer labels."""
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def assembled(base, classes):
    """The base, and a head that chooses among the classes."""
    units = base.output_shape[-1]
    head = keras.Sequential(
        [layers.Input((units,)), layers.Dropout(0.5), layers.Dense(classes, "softmax")], name="head"
    )
    return head, keras.Sequential([base, head])


def transferred(options, seed):
    """Validation accuracy in percent with a new head, and after the last block was tuned."""
    keras.utils.set_random_seed(seed)
    shape = (options.size, options.size, 3)
    base = VGG16(False, options.base, input_shape=shape, pooling="avg")
    base.trainable = False
    validation = pictures(options.folder / "val", options, seed, False, False)
    training = pictures(options.folder / "train", options, seed, True, True)
    head, model = assembled(base, training.num_classes)
    x, y = kept_features(base, options, seed)
    compiled(head, 1e-3).fit(x, y, batch_size=32, epochs=options.epochs, verbose=0)
    frozen = compiled(model, 1e-3).evaluate(validation, verbose=0)[1]
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
    compiled(model, options.rate).fit(training, epochs=options.tune, verbose=2)
    tuned = model.evaluate(validation, verbose=0)[1]
    if options.out:
        model.save(options.out)
    return {"head": frozen * 100, "tuned": tuned * 100}


def from_scratch(options, seed):
    """Validation accuracy in percent of the same network, trained from random weights."""
    keras.utils.set_random_seed(seed)
    shape = (options.size, options.size, 3)
    training = pictures(options.folder / "train", options, seed, True, True)
    validation = pictures(options.folder / "val", options, seed, False, False)
    base = VGG16(False, None, input_shape=shape, pooling="avg")
    _, model = assembled(base, training.num_classes)
    compiled(model, 1e-4).fit(training, epochs=options.copies + options.tune, verbose=2)
    return {"scratch": model.evaluate(validation, verbose=0)[1] * 100}


def main():
    """Trains once a seed, and says how well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base", default="cifar10", help="cifar10, imagenet, or a file")
    parser.add_argument("--size", type=int, default=64, help="height and width of pictures")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--copies", type=int, default=8, help="augmented forms of each picture")
    parser.add_argument("--epochs", type=int, default=30, help="of the head, on features")
    parser.add_argument("--tune", type=int, default=8, help="epochs of the last block")
    parser.add_argument("--rate", type=float, default=1e-4, help="learning rate of the last block")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--features", type=Path, help="file that keeps what the base says")
    parser.add_argument("--out", help="file for the model")
    parser.add_argument("--scratch", action="store_true", help="compare with random weights")
    options = parser.parse_args()
    results = []
    for seed in range(options.seeds):
        result = transferred(options, seed)
        if options.scratch:
            result.update(from_scratch(options, seed))
        results.append(result)
        print(f"seed {seed}: " + ", ".join(f"{k} {v:.1f} %" for k, v in result.items()), flush=True)
    for name in results[0]:
        values = [result[name] for result in results]
        print(f"{name:8} {np.mean(values):.1f} % ± {np.std(values):.1f}")


if __name__ == "__main__":
    main()
