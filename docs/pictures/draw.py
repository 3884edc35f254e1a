"""Draws the pictures of docs/drawing.md: `python docs/pictures/draw.py` writes them anew.

The tests compare the files with what this draws, so the pictures show what the code does.
"""

from pathlib import Path

import numpy as np

import thalweg.core as core
from thalweg.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from thalweg.models import Sequential


def lenet():
    """LeNet's forward pass, a layer a box."""
    with core.Graph().as_default() as context:
        model = Sequential(
            [
                Input((28, 28, 1), name="image"),
                Conv2D(20, 5, activation="relu", name="conv_1"),
                MaxPooling2D(2, name="pool_1"),
                Conv2D(50, 5, activation="relu", name="conv_2"),
                MaxPooling2D(2, name="pool_2"),
                Flatten(name="flatten"),
                Dense(500, activation="relu", name="hidden"),
                Dense(10, activation="softmax", name="digits"),
            ]
        )
        return context.graph.show(model.outputs)


def training_step():
    """The tensors of a small network's training step, and feeds for it."""
    x = core.placeholder("float32", [None, 784], name="x")
    y = core.placeholder("int64", [None], name="y")
    with core.name_scope("hidden"):
        w1 = core.Variable(np.zeros((784, 128), np.float32), name="w")
        b1 = core.Variable(np.zeros(128, np.float32), name="b")
        hidden = core.relu(core.matmul(x, w1) + b1)
    with core.name_scope("logits"):
        w2 = core.Variable(np.zeros((128, 10), np.float32), name="w")
        b2 = core.Variable(np.zeros(10, np.float32), name="b")
        logits = core.matmul(hidden, w2) + b2
    with core.name_scope("loss"):
        loss = core.reduce_mean(core.sparse_softmax_cross_entropy(y, logits))
    variables = [w1, b1, w2, b2]
    gradients = core.gradients(loss, variables)
    with core.name_scope("train"):
        updates = [v.assign_sub(0.1 * g) for v, g in zip(variables, gradients, strict=True)]
        step = core.group(*updates, name="step")
    return [loss, step], {x: np.zeros((32, 784), np.float32), y: np.zeros(32, np.int64)}


def mlp_step():
    """The graph of a training step, two levels of scopes."""
    with core.Graph().as_default() as context:
        fetches, _ = training_step()
        return context.graph.show(fetches, depth=2)


def mlp_plan():
    """The plan of the same step, with everything."""
    with core.Graph().as_default():
        fetches, feeds = training_step()
        return core.Session(backend="numpy").show(fetches, feeds, stage="planned", depth=None)


PICTURES = {"lenet": lenet, "mlp_step": mlp_step, "mlp_plan": mlp_plan}


def main():
    """Writes all pictures beside this file."""
    for name, draw in PICTURES.items():
        draw().save(Path(__file__).with_name(f"{name}.svg"))


if __name__ == "__main__":
    main()
