"""Named lists of a graph: where variables, losses and updates are found again."""

from __future__ import annotations

from typing import Any

from .graph_state import home_graph, matching

__all__ = [
    "GraphKeys",
    "add_to_collection",
    "add_to_collections",
    "get_collection",
    "get_collection_ref",
]


class GraphKeys:
    """Names of the collections that programs share with the library."""

    GLOBAL_VARIABLES = "variables"
    VARIABLES = "variables"  # the name before 1.0
    LOCAL_VARIABLES = "local_variables"
    METRIC_VARIABLES = "metric_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    CONCATENATED_VARIABLES = "concatenated_variables"
    RESOURCES = "resources"
    LOCAL_RESOURCES = "local_resources"
    TRAINABLE_RESOURCE_VARIABLES = "trainable_resource_variables"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    LOSSES = "losses"
    REGULARIZATION_LOSSES = "regularization_losses"
    UPDATE_OPS = "update_ops"
    GLOBAL_STEP = "global_step"
    EVAL_STEP = "eval_step"
    TRAIN_OP = "train_op"
    INIT_OP = "init_op"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    TABLE_INITIALIZERS = "table_initializer"
    SUMMARIES = "summaries"
    SUMMARY_OP = "summary_op"
    SAVERS = "savers"
    SAVEABLE_OBJECTS = "saveable_objects"
    ASSET_FILEPATHS = "asset_filepaths"
    QUEUE_RUNNERS = "queue_runners"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"


def add_to_collection(name: str, value: Any) -> None:
    """Appends to a named list of the default graph.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     tf.add_to_collection("sizes", 784)
    ...     tf.get_collection("sizes")
    [784]
    """
    home_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Appends to several named lists of the default graph.

    Args:
        names: a name or several; a name that comes twice counts once.
        value: what is appended.
    """
    for name in dict.fromkeys([names] if isinstance(names, str) else names):
        add_to_collection(name, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """A copy of a named list of the default graph.

    Args:
        key: its name.
        scope: a regular expression that the start of an item's name must match, if given; items
            without a name are then left out.
    """
    return matching(home_graph().get_collection(key), scope)


def get_collection_ref(key: str) -> list[Any]:
    """A named list of the default graph itself, so that it can be changed."""
    items: list[Any] = home_graph().collections.setdefault(key, [])
    return items
