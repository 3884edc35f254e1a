"""`tf.data`: data sets, and iterators that feed graphs with their elements."""

from __future__ import annotations

from typing import Any

from ..arguments import missing_name
from . import experimental as experimental
from .dataset import Dataset
from .files import FixedLengthRecordDataset, TextLineDataset
from .iterators import Iterator
from .options import Options

__all__ = [
    "Dataset",
    "FixedLengthRecordDataset",
    "Iterator",
    "Options",
    "TextLineDataset",
    "experimental",
    "get_output_classes",
    "get_output_shapes",
    "get_output_types",
    "make_initializable_iterator",
    "make_one_shot_iterator",
]

__getattr__ = missing_name(__name__, __all__)


def make_one_shot_iterator(dataset: Dataset) -> Iterator:
    """`dataset.make_one_shot_iterator()`."""
    return dataset.make_one_shot_iterator()


def make_initializable_iterator(dataset: Dataset, shared_name: str | None = None) -> Iterator:
    """`dataset.make_initializable_iterator()`."""
    return dataset.make_initializable_iterator(shared_name)


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The dtypes of an element."""
    return dataset_or_iterator.output_types


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The shapes of an element."""
    return dataset_or_iterator.output_shapes


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The classes of the parts of an element."""
    return dataset_or_iterator.output_classes
