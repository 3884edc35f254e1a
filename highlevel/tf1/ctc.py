"""`tf.nn`: connectionist temporal classification, over dense labels.

# differs from TF1: there are no sparse tensors. Labels are (batch, longest) integers, with a
# negative number, or the blank, behind the last label of a row; decoders return the like.
"""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import OptionError, Tensor, convert, reduce_sum

from .arguments import either, refuse
from .window_sizes import given

__all__ = ["ctc_beam_search_decoder", "ctc_greedy_decoder", "ctc_loss", "ctc_loss_v2"]

_SPARSE = ("indices", "values", "dense_shape")  # what tells a SparseTensor


def _dense_labels(where: str, labels: Any) -> Tensor:
    """The labels, unless they are sparse.

    Raises:
        OptionError: for three parts of a sparse tensor.
    """
    if all(hasattr(labels, part) for part in _SPARSE):
        raise OptionError(
            where,
            "labels are sparse",
            expected="(batch, longest) integers, -1 behind the last label of each row",
            got=type(labels).__name__,
            hint="there are no sparse tensors here; fill rows up with -1",
        )
    return convert(labels)


def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Tensor:
    """-log p(labels | inputs), summed over all alignments; Graves et al., 2006.

    Args:
        labels: (batch, longest) integer, negative behind the last label of a row: dense, where
            TF1 takes a SparseTensor.
        inputs: (time, batch, classes) float logits; the last class is the blank.
        sequence_length: (batch,) integer, the times of each sequence that count.
        preprocess_collapse_repeated: must be False.
        ctc_merge_repeated: must be True.
        ignore_longer_outputs_than_inputs: whether sequences that are too short for their labels
            have loss 0; else it is infinite.
        time_major: False if `inputs` are (batch, time, classes).
        logits: the new name of `inputs`.

    Returns:
        (batch,) float.

    Raises:
        OptionError: for sparse labels.
        GraphError: for the two other variants.

    >>> import numpy as np
    >>> import thalweg.tf1 as tf
    >>> loss = tf.nn.ctc_loss([[0, -1]], np.zeros((2, 1, 2), np.float32), [2])
    >>> with tf.Session() as session:
    ...     print(np.exp(-session.run(loss)).round(4))
    [0.75]
    """
    scores = either("ctc_loss", "logits", logits, "inputs", inputs)
    given("ctc_loss", inputs=scores, sequence_length=sequence_length)
    refuse(
        "ctc_loss",
        "the loss of Graves et al., 2006, alone",
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        without_ctc_merge_repeated=not ctc_merge_repeated,
    )
    dense = _dense_labels("ctc_loss", labels)
    is_label = core.greater_equal(dense, core.zeros_like(dense))
    lengths = reduce_sum(core.cast(is_label, "int32"), 1)
    dense = core.maximum(dense, core.zeros_like(dense))
    loss = core.ctc_loss(dense, scores, lengths, sequence_length, time_major)
    if ignore_longer_outputs_than_inputs:
        loss = core.where(core.is_inf(loss), core.zeros_like(loss), loss)
    return loss


def ctc_loss_v2(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:
    """-log p(labels | logits) of dense labels with their lengths.

    Args:
        labels: (batch, longest) integer.
        logits: (time, batch, classes) float.
        label_length: (batch,) integer.
        logit_length: (batch,) integer.
        logits_time_major: False if `logits` are (batch, time, classes).
        unique: accepted: it saves TF1 time.
        blank_index: the blank class; 0 if None, as in TF1 for dense labels.
        name: of the node.
    """
    del unique
    return core.ctc_loss(
        _dense_labels("ctc_loss_v2", labels),
        logits,
        label_length,
        logit_length,
        logits_time_major,
        0 if blank_index is None else blank_index,
        name=name,
    )


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True
) -> tuple[list[Tensor], Tensor]:
    """The labels of the best class at each time.

    Args:
        inputs: (time, batch, classes) float logits; the last class is the blank.
        sequence_length: (batch,) integer.
        merge_repeated: whether equal labels that follow one another become one.

    Returns:
        A list of one tensor of labels (batch, time), -1 behind the last of a row (TF1: sparse),
        and the negated sums of the best logits, (batch, 1).
    """
    found = core.ctc_greedy_decoder(inputs, sequence_length, merge_repeated)
    return [found.labels], core.expand_dims(found.scores, 1)


def ctc_beam_search_decoder(
    inputs: Any,
    sequence_length: Any,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> tuple[list[Tensor], Tensor]:
    """The most probable label sequences, by a beam search over prefixes.

    Args:
        inputs: (time, batch, classes) float logits; the last class is the blank.
        sequence_length: (batch,) integer.
        beam_width: prefixes kept at each time.
        top_paths: how many sequences are wanted.
        merge_repeated: accepted: equal labels that a blank parts stay two in any case.

    Returns:
        A list of `top_paths` tensors of labels (batch, time), -1 behind the last of a row (TF1:
        sparse), and log-probabilities (batch, top_paths).
    """
    del merge_repeated  # differs from TF1, whose default merges what a blank parts
    found = core.ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths)
    return core.unstack(found.labels, top_paths, axis=1), found.scores
