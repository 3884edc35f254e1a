"""What it costs to compile a ResNet50 training step: graph, gradients, program, plan; no step runs.

    python benchmarks/resnet50_compile.py [--profile]

Prints each stage's processor time beside the limits, and exits with 1 if one is above its limit.
Times are of this process's own processor use, the best of five, so they do not depend on what
else the machine is doing. With --profile it prints where the time goes instead.
"""

import cProfile
import gc
import pstats
import sys
import time

import numpy as np

import thalweg.core as core
from thalweg.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
)
from thalweg.models import Model
from thalweg.optimizers import SGD
from thalweg.training.layout import Batch
from thalweg.training.step import Step

TRIES = 5
LIMIT_S = 1.0
LIMIT_NODE_US = 50.0


def convolution(x, filters, size, strides=1, activation="relu"):
    """Conv2D, BatchNormalization, and an activation unless it is None."""
    x = Conv2D(filters, size, strides=strides, padding="same")(x)
    x = BatchNormalization(epsilon=1.001e-5)(x)
    return x if activation is None else Activation(activation)(x)


def block(x, filters, strides):
    """A bottleneck block: K. He and others, "Deep Residual Learning", 2015, figure 5."""
    shortcut = x
    if strides != 1 or x.shape[-1] != 4 * filters:
        shortcut = convolution(x, 4 * filters, 1, strides, activation=None)
    y = convolution(x, filters, 1, strides)
    y = convolution(y, filters, 3)
    y = convolution(y, 4 * filters, 1, activation=None)
    return Activation("relu")(Add()([shortcut, y]))


def resnet50():
    """The functional model, compiled with SGD and momentum."""
    image = Input((224, 224, 3))
    x = MaxPooling2D(3, strides=2, padding="same")(convolution(image, 64, 7, strides=2))
    for stage, count in enumerate((3, 4, 6, 3)):
        for i in range(count):
            x = block(x, 64 << stage, strides=2 if stage and i == 0 else 1)
    x = Dense(1000, activation="softmax")(GlobalAveragePooling2D()(x))
    model = Model(image, x)
    model.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def compile_step():
    """Seconds of processor time by stage, and the number of nodes of graph and plan."""
    seconds = {}

    def timed(stage, function):
        start = time.process_time()
        result = function()
        seconds[stage] = time.process_time() - start
        return result

    with core.Graph().as_default() as context:
        model = timed("forward graph", resnet50)
        batch = Batch([np.empty((2, 224, 224, 3), np.float32)], [np.empty(2, np.int64)], [None])
        compiled = model._resolve_compiled()
        step = timed("loss, gradients, update", lambda: Step(model, "train", batch, compiled))
        arrays = step.function.bind([*batch.x, *batch.y, *step._constants])
        backend = core.get_backend("numpy")
        plan = timed("program and plan", lambda: step.function.compiled(arrays, backend)).plan
        gc.collect()  # nodes that nothing holds do not count
        nodes = len(context.graph.get_operations())
    return seconds, nodes, len(plan.program.instructions)


def main():
    """Measures, prints, and says whether both limits hold."""
    if "--profile" in sys.argv:
        compile_step()
        profile = cProfile.Profile(time.process_time)
        profile.runcall(compile_step)
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return 0
    runs = [compile_step() for _ in range(TRIES)]
    seconds, nodes, instructions = min(runs, key=lambda run: sum(run[0].values()))
    total = sum(seconds.values())
    print(f"{nodes} nodes, {instructions} instructions planned")
    for stage, value in seconds.items():
        print(f"{stage:<28} {value * 1e3:8.1f} ms")
    rows = [
        ("in all", total * 1e3, LIMIT_S * 1e3, "ms"),
        ("a node", total / nodes * 1e6, LIMIT_NODE_US, "us"),
    ]
    for name, value, limit, unit in rows:
        print(
            f"{name:<28} {value:8.1f} {unit}  limit {limit:g}{'' if value <= limit else '  ABOVE'}"
        )
    return 1 if any(value > limit for _, value, limit, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
