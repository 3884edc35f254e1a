"""Compiling is linear in the graph, stage by stage; executed lines are counted, not seconds."""

import numpy as np
import pytest
from counting import lines_run

import thalweg.core as core
from thalweg.core.backends import executable
from thalweg.core.lower import lower
from thalweg.core.passes import run_passes
from thalweg.core.plan import make_plan

SIZES = (10, 40)  # blocks


def forward(blocks):
    """A residual network with batch normalisation whose state is updated."""
    x = core.placeholder("float32", [None, 8, 8, 4], name="x")
    variables, updates, y = [], [], x
    for i in range(blocks):
        with core.name_scope(f"block_{i}"):
            kernel = core.Variable(np.ones((3, 3, 4, 4), np.float32), name="kernel")
            scale, offset, mean = (core.Variable(np.ones(4, np.float32)) for _ in range(3))
            normal = core.batch_norm_train(
                core.conv2d(y, kernel, padding="same"), scale, offset, epsilon=1e-3
            )
            updates.append(mean.assign_sub(0.1 * (mean - normal.mean)))
            y = core.relu(y + normal.y)
            variables += [kernel, scale, offset]
    return x, core.reduce_mean(y), variables, updates


def backward(loss, variables, updates):
    """Gradients and an update, written as a user would."""
    gradients = core.gradients(loss, variables)
    steps = [v.assign_sub(0.1 * g) for v, g in zip(variables, gradients, strict=True)]
    return core.group(*steps, *updates)


def stages(blocks):
    """Lines executed by each stage, and the number of nodes."""
    counts = {}

    def counted(stage, function, *arguments):
        counts[stage], result = lines_run(function, *arguments)
        return result

    with core.Graph().as_default() as context:
        x, loss, variables, updates = counted("graph", forward, blocks)
        step = counted("gradients", backward, loss, variables, updates)
        nodes = len(context.graph.get_operations())
        counted("function", core.GraphFunction, [loss, step], [x])
        program = counted("lower", lower, [loss, step], [x])
        program = counted("passes", run_passes, program)
        plan = counted("plan", make_plan, program, [(2, 8, 8, 4)])
        counted("executable", executable, plan, core.get_backend("numpy"))
    return counts, nodes


@pytest.fixture(scope="module")
def counts():
    return [stages(blocks) for blocks in SIZES]


@pytest.mark.parametrize(
    "stage", ["graph", "gradients", "function", "lower", "passes", "plan", "executable"]
)
def test_each_stage_is_linear(counts, stage):
    (small, few), (large, many) = counts
    assert many > 3.8 * few
    assert large[stage] / small[stage] < 1.1 * many / few


def test_a_node_costs_a_bounded_number_of_lines(counts):
    for lines, nodes in counts:
        assert sum(lines.values()) / nodes < 800
