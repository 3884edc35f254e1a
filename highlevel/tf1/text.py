"""Strings in TF1's spelling: tensors of bytes, on the host.

# differs from TF1: there are no sparse tensors. What splits strings returns their three parts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from thalweg import core
from thalweg.core import Operation, Tensor, float32, string_join

from .arguments import either
from .window_sizes import given

__all__ = [
    "as_string",
    "decode_base64",
    "decode_raw",
    "encode_base64",
    "read_file",
    "regex_replace",
    "string_join",
    "string_split",
    "string_strip",
    "string_to_hash_bucket_fast",
    "string_to_number",
    "substr",
    "timestamp",
    "write_file",
]


class StringParts(NamedTuple):
    """The parts of strings, as a sparse tensor would hold them.

    Attributes:
        indices: (parts, 2) int64: of which string it is a part, and the how-manieth.
        values: (parts,) string.
        dense_shape: (2,) int64: how many strings there are, and the most parts of one.
    """

    indices: Tensor
    values: Tensor
    dense_shape: Tensor


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Numbers written out, elementwise.

    Args:
        input: (...) number or bool.
        precision: digits behind the point of a float; -1 leaves it open.
        scientific: whether floats have an exponent.
        shortest: whether floats have the shorter of both forms.
        width: the least number of characters; -1 for none.
        fill: what is put before a number that is too short: "", " ", "0", "+" or "-".
        name: of the node.
    """
    return core.as_string(input, precision, scientific, shortest, width, fill, name)


def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """What web-safe base64 stands for, elementwise."""
    return core.decode_base64(input, name)


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """Bytes in web-safe base64, elementwise; `pad` fills up with "="."""
    return core.encode_base64(input, pad, name)


def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: Any = None,
) -> Tensor:
    """The bytes of strings read as numbers.

    Args:
        input_bytes: (...) string, all of one length.
        out_type: dtype of the numbers.
        little_endian: order of a number's bytes.
        name: of the node.
        bytes: the old name of `input_bytes`.

    Returns:
        (..., length of a string / bytes of a number).
    """
    raw = either("decode_raw", "input_bytes", input_bytes, "bytes", bytes)
    given("decode_raw", input_bytes=raw, out_type=out_type)
    return core.decode_raw(raw, out_type, little_endian, name)


def regex_replace(
    input: Any, pattern: str, rewrite: str, replace_global: bool = True, name: str | None = None
) -> Tensor:
    r"""Strings with what a regular expression matches replaced.

    Args:
        input: (...) string.
        pattern: the expression.
        rewrite: what takes its place; \1 is the first group.
        replace_global: False: only the first match.
        name: of the node.
    """
    return core.regex_replace(input, pattern, rewrite, replace_global, name)


def string_strip(input: Any, name: str | None = None) -> Tensor:
    """Strings without white space at their ends."""
    return core.string_strip(input, name)


def string_to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """A number in 0 <= number < num_buckets for each string, TensorFlow's own; int64."""
    return core.string_to_hash_bucket_fast(input, num_buckets, name)


def string_to_number(
    string_tensor: Any = None, out_type: Any = float32, name: str | None = None, input: Any = None
) -> Tensor:
    """The numbers that strings spell.

    Args:
        string_tensor: (...) string.
        out_type: dtype of the numbers.
        name: of the node.
        input: the new name of `string_tensor`.
    """
    texts = either("string_to_number", "input", input, "string_tensor", string_tensor)
    given("string_to_number", string_tensor=texts)
    return core.string_to_number(texts, out_type, name)


def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """The part of each string that begins at `pos` and has `len` bytes, or less at the end.

    Args:
        input: (...) string.
        pos: () or (...) integer; negative ones count from the end.
        len: () or (...) integer.
        name: of the node.
        unit: "BYTE" or "UTF8_CHAR".
    """
    return core.substr(input, pos, len, unit, name)


def string_split(
    source: Any = None,
    sep: str | None = None,
    skip_empty: bool = True,
    delimiter: str = " ",
    result_type: str = "SparseTensor",
    name: str | None = None,
) -> StringParts:
    """The parts of strings between separators.

    Args:
        source: (n,) string.
        sep: the new name of `delimiter`.
        skip_empty: whether empty parts are left out.
        delimiter: what separates; "" parts single bytes. # differs from TF1: several characters
            are one separator.
        result_type: "SparseTensor".
        name: of the node.

    Returns:
        indices, values and dense_shape, as of TF1's sparse tensor.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.string_split(["a b", "c"]).values).tolist())
    [b'a', b'b', b'c']
    """
    if result_type != "SparseTensor":
        raise core.OptionError(
            "string_split",
            "unknown result_type",
            expected="'SparseTensor'",
            got=repr(result_type),
            hint="there are no ragged tensors here",
        )
    separator = delimiter if sep is None else sep
    rows, counts = core.string_split(source, separator, skip_empty, name)
    shape = core.cast(core.shape_of(rows), "int64")
    is_part = core.sequence_mask(counts, core.shape_of(rows)[1])
    return StringParts(core.where_indices(is_part), core.boolean_mask(rows, is_part), shape)


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """What a file holds, read in the run.  () string -> () string."""
    return core.read_file(filename, name)


def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """An operation that writes a file and makes the folders it needs."""
    return core.write_file(filename, contents, name)


def timestamp(name: str | None = None) -> Tensor:
    """Seconds since 1970 at the time of the run.  () float64."""
    return core.timestamp(name)
