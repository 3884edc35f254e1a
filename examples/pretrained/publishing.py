"""What the recipes in this folder share: small weight files, and cards that say what is in them."""

import hashlib
import os
from pathlib import Path

import h5py
import numpy as np


def folded(layer, normalisation):
    """Kernel and bias that do what a layer without a bias and a normalisation after it do.

    At inference that is gamma (x - mean) / sqrt(variance + epsilon) + beta: a factor, which the
    kernel takes, and a bias.
    """
    [kernel] = layer.get_weights()
    gamma, beta, mean, variance = normalisation.get_weights()
    factor = gamma / np.sqrt(variance + normalisation.epsilon)
    return kernel * factor, beta - mean * factor


def write_half(model, path):
    """Writes a model's weights in float16, compressed; the file appears whole or not at all.

    Pairs of bytes are taken apart before they are compressed (HDF5's shuffle filter): exponents
    beside exponents shrink, fractions do not.
    """
    whole, half = Path(f"{path}.float32.h5"), Path(f"{path}.float16.h5")
    model.save_weights(whole)

    def halved(name, item):
        if isinstance(item, h5py.Dataset):
            values = item[()].astype("float16")
            parts = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
            made = target.create_dataset(name, data=values, **(parts if values.size > 64 else {}))
        else:
            made = target.require_group(name)
        made.attrs.update(item.attrs)

    with h5py.File(whole) as source, h5py.File(half, "w") as target:
        target.attrs.update(source.attrs)
        source.visititems(halved)
    os.replace(half, path)
    whole.unlink()


def accuracy(probabilities, labels):
    """The share of rows whose largest entry is at the label."""
    return float(np.mean(np.argmax(probabilities, -1) == np.ravel(labels)))


def confusion_table(probabilities, labels, names):
    """Markdown: a row for each true class, a column for each predicted one."""
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (np.ravel(labels), np.argmax(probabilities, -1)), 1)
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for name, row in zip(names, counts, strict=True):
        lines.append(f"| **{name}** | " + " | ".join(str(count or "·") for count in row) + " |")
    return "\n".join(lines)


def write_card(path, text, probabilities, labels, names):
    """Writes the card beside a file of weights: the text, figures of that file, its checksum.

    Args:
        path: the file of weights.
        text: of the card, with the fields `{accuracy}`, `{table}`, `{megabytes}` and `{sha256}`.
        probabilities: (count, classes), of the network with those very weights.
        labels: (count,) integers.
        names: of the classes.
    """
    data = Path(path).read_bytes()
    Path(path).with_suffix(".md").write_text(
        text.format(
            accuracy=f"{accuracy(probabilities, labels):.2%}",
            table=confusion_table(probabilities, labels, names),
            megabytes=f"{len(data) / 1e6:.1f}",
            sha256=hashlib.sha256(data).hexdigest(),
        )
    )
