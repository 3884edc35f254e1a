"""Rows of `core/ops/string*.py` and `table.py`; other ops on strings."""

from __future__ import annotations

import binascii
import itertools
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import core

from .case import Case, Input

TEXTS = ["", "a", "River", "thal weg", "höhe", "ÄÖ", "\u6c34\u6d41", " x\t", "a--b", "-", "a-b-"]
LONG = [b"abcd", "höhe".encode(), b"\xff\x00\xfe\x01", "\u6c34\u6d41".encode(), b"0123456789"]


def chosen(words: Sequence[str | bytes]) -> Any:
    """Draws from some strings."""
    known = [word.encode() if isinstance(word, str) else word for word in words]

    def values(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        result = np.empty(shape, dtype)
        for place in np.ndindex(shape):
            result[place] = known[rng.integers(len(known))]
        return result

    return values


def each(function: Callable[..., Any], dtype: Any = object) -> Callable[..., np.ndarray]:
    """An oracle from a function of one element of each input."""

    def oracle(*arrays: np.ndarray) -> np.ndarray:
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
        wide = [np.broadcast_to(array, shape) for array in arrays]
        result = np.empty(shape, dtype)
        for place in np.ndindex(shape):
            result[place] = function(*(array[place] for array in wide))
        return result

    return oracle


def row(
    name: str,
    op: str,
    function: Callable[..., Any],
    inputs: tuple[Input, ...],
    oracle: Any,
    **more: Any,
) -> Case:
    return Case(name, (op,), function, inputs, oracle, gradient=False, **more)


def characters(text: bytes) -> list[bytes]:
    """Pieces of a UTF-8 string, by the first bits of their bytes; other bytes one by one."""
    pieces: list[bytes] = []
    while text:
        size = 1 + sum(text[0] >= limit for limit in (0xC0, 0xE0, 0xF0))
        try:
            text[:size].decode()
        except UnicodeDecodeError:
            size = 1
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def split(texts: np.ndarray, separator: str, skip: bool) -> tuple[np.ndarray, np.ndarray]:
    rows = []
    for text in texts:
        parts = [""]
        for character in text.decode():
            if character == separator:
                parts.append("")
            else:
                parts[-1] += character
        rows.append([part.encode() for part in parts if part or not skip])
    columns = list(itertools.zip_longest(*rows, fillvalue=b""))
    filled = np.empty((len(columns), len(rows)), object)
    for number, column in enumerate(columns):
        filled[number] = column
    return filled.T, np.array([len(parts) for parts in rows], np.int32)


def ascii_shift(text: bytes, first: str, last: str, by: int) -> bytes:
    return bytes(byte + by if ord(first) <= byte <= ord(last) else byte for byte in text)


def stripped(text: bytes) -> bytes:
    while text[:1].isspace():
        text = text[1:]
    while text[-1:].isspace():
        text = text[:-1]
    return text


def base64(data: bytes) -> bytes:
    code = binascii.b2a_base64(data, newline=False)
    return code.replace(b"+", b"-").replace(b"/", b"_")


def raw(texts: np.ndarray, form: str) -> np.ndarray:
    count = struct.calcsize(form[1])
    rows = [struct.unpack(f"{form[0]}{len(t) // count}{form[1]}", t) for t in texts.reshape(-1)]
    return np.array(rows).reshape((*texts.shape, -1))


def written(low: float, high: float, form: str) -> Any:
    """Draws numbers as text."""

    def values(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        result = np.empty(shape, dtype)
        for place in np.ndindex(shape):
            result[place] = format(rng.uniform(low, high), form).encode()
        return result

    return values


WORDS = Input("mn", "string", values=chosen(TEXTS))
VECTOR = Input("n", "string", values=chosen(TEXTS))
SCALAR = Input((), "string", values=chosen(TEXTS))
PARTS = Input("mn", "string", values=chosen(LONG))

OTHER_OPS = (
    row("concat of strings", "Concat", lambda *x: core.concat(x, axis=1), (WORDS, WORDS),
        lambda x, y: np.array([[*a, *b] for a, b in zip(x, y, strict=True)], object), empty="n"),
    row("gather of strings", "Gather", lambda x: core.gather(x, [0, -1, 0]), (VECTOR,),
        lambda x: np.array([x[0], x[len(x) - 1], x[0]], object)),
    row("gather of one string", "Gather", lambda x: core.gather(x, 0), (VECTOR,),
        lambda x: np.array(x.tolist()[0], object)),
    row("reshape of strings", "Reshape", lambda x: core.reshape(x, [-1]), (WORDS,),
        lambda x: np.array([text for line in x for text in line], object), empty="m"),
    row("stack of strings", "Stack", lambda *x: core.stack(x), (SCALAR, SCALAR),
        lambda *x: np.array([text[()] for text in x], object)),
    row("unstack of strings", "Unstack", lambda x: core.unstack(x, 2),
        (Input((2,), "string", values=chosen(TEXTS)),),
        lambda x: [np.array(text, object) for text in x]),
    row("transpose of strings", "Transpose", lambda x: core.transpose(x, [1, 0]), (WORDS,),
        lambda x: np.array([[line[i] for line in x] for i in range(x.shape[1])], object)),
    row("tile of strings", "Tile", lambda x: core.tile(x, [2]), (VECTOR,),
        lambda x: np.array([*x, *x], object)),
    row("a part of strings", "Slice", lambda x: x[:, ::-1], (WORDS,),
        lambda x: np.array([[*reversed(line)] for line in x], object)),
    row("one string of many", "Slice", lambda x: x[-1], (VECTOR,),
        lambda x: np.array(x.tolist()[-1], object)),
    row("zeros like strings", "ZerosLike", core.zeros_like, (WORDS,),
        each(lambda x: b""), empty="n"),
    row("equal of one string", "Equal", core.equal, (SCALAR, VECTOR),
        each(lambda x, y: x.hex() == y.hex(), bool)),
    row("where of one string", "Where", core.where, (Input("n", "bool"), SCALAR, SCALAR),
        each(lambda condition, x, y: x if condition else y)),
)  # fmt: skip

# FarmHash's fingerprint and SipHash under the key (2**40 + 7, -5) modulo 2**63 - 1, by TensorFlow.
HASHES = {
    "": (0x9AE16A3B2F90404F, 6519698166062169302),
    "a": (0xB3454265B6DF75E3, 7478377558016903272),
    "River": (0x23C2CABE5CBF08AD, 5120392593681167421),
    "thal weg": (0xDBD079C299D7C95A, 750506758862761928),
    "höhe": (0x8D76CFD631AA8B9D, 5582585855748494399),
    "the deepest line of a valley": (0xED880973C57A6EA5, 4673714850514998084),
    "x" * 64: (0x5FFB3C754F6913B8, 8349720896314555634),
    "0123456789" * 13: (0x94C7D81D1C9D5D04, 8763292543465402302),
}
HASHED = Input("mn", "string", values=chosen([*HASHES]))


def words_in(words: Sequence[bytes]) -> Any:
    """Where words stand, found by comparing them one after another."""
    return each(lambda x: next((i for i, word in enumerate(words) if word == x), -7), np.int64)


RIVER = (b"River", b"a", "h\u00f6he".encode())
WORD_TABLE = core.Table(RIVER, of_strings=True)
NUMBER_TABLE = core.Table([5, -3, 0, 2**40], of_strings=False)


def ngrams(texts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs, then single words, by walking over every row."""
    rows = []
    for text, length in zip(texts, lengths, strict=True):
        words = [*text][:length]
        rows.append([a + b"+" + b for a, b in itertools.pairwise(words)] + words)
    columns = list(itertools.zip_longest(*rows, fillvalue=b""))
    filled = np.empty((len(columns), len(rows)), object)
    for number, column in enumerate(columns):
        filled[number] = column
    return filled.T, np.array([len(row) for row in rows], np.int32)


TABLES_AND_ROWS = (
    row("table_index of words", "TableIndex", lambda x: core.table_index(x, WORD_TABLE, -7),
        (WORDS,), words_in(RIVER), empty="m"),
    row("table_index of integers", "TableIndex", lambda x: core.table_index(x, NUMBER_TABLE, -7),
        (Input("n", "int64", low=-5, high=7),),
        each(lambda x: {5: 0, -3: 1, 0: 2}.get(int(x), -7), np.int64)),
    row("table_value of words", "TableValue", lambda x: core.table_value(x, WORD_TABLE, b"?"),
        (Input("mn", "int64", low=-2, high=5),),
        each(lambda x: RIVER[x] if x in range(3) else b"?"), empty="n"),
    row("table_value of integers", "TableValue", lambda x: core.table_value(x, NUMBER_TABLE, 9),
        (Input("n", "int64", low=-2, high=6),),
        each(lambda x: [5, -3, 0, 2**40][x] if x in range(4) else 9, np.int64)),
    row("string_split at white space", "StringSplit", lambda x: core.string_split(x, None),
        (Input("n", "string", values=chosen([" a b", "", "\t\n", "c", "d \r\fe\vf "])),),
        lambda x: split(np.array([b"-".join(t.split()) for t in x] or [b""], object)[: len(x)],
                        "-", skip=True), data_sizes=True),
    row("string_split into characters", "StringSplit",
        lambda x: core.string_split(x, "", unit="UTF8_CHAR"), (VECTOR,),
        lambda x: split(np.array(["\0".join(t.decode()).encode() for t in x], object), "\0",
                        skip=True), data_sizes=True),
    row("string_ngrams", "StringNgrams",
        lambda x, n: core.string_ngrams(x, n, [2, 1], "+"),
        (WORDS, Input("m", "int32", low=0, high=5)), ngrams, data_sizes=True),
    row("string_fingerprint", "StringFingerprint", core.string_fingerprint, (HASHED,),
        each(lambda x: HASHES[x.decode()][0], np.uint64), empty="m"),
    row("string_to_hash_bucket_fast", "StringToHashBucket",
        lambda x: core.string_to_hash_bucket_fast(x, 1000), (HASHED,),
        each(lambda x: HASHES[x.decode()][0] % 1000, np.int64), empty="m"),
    row("string_to_hash_bucket_strong", "StringToHashBucket",
        lambda x: core.string_to_hash_bucket_strong(x, 2**63 - 1, [2**40 + 7, -5]), (HASHED,),
        each(lambda x: HASHES[x.decode()][1], np.int64)),
)  # fmt: skip

CASES = (
    *OTHER_OPS,
    *TABLES_AND_ROWS,
    row("string_length", "StringLength", core.string_length, (WORDS,),
        each(lambda x: len(x.hex()) // 2, np.int32), empty="n"),
    row("string_length in characters", "StringLength",
        lambda x: core.string_length(x, "UTF8_CHAR"), (PARTS,),
        each(lambda x: len(characters(x)), np.int32)),
    row("substr", "Substr", core.substr,
        (PARTS, Input("n", "int32", low=-4, high=4), Input(("m", 1), "int64", low=0, high=5)),
        each(lambda x, pos, n: bytes(x[i] for i in range(pos % len(x) if pos < 0 else pos, len(x))
                                     if i < (pos % len(x) if pos < 0 else pos) + n)), empty="m"),
    row("substr of characters", "Substr", lambda x: core.substr(x, 1, 2, "UTF8_CHAR"), (PARTS,),
        each(lambda x: b"".join(characters(x)[1:3]))),
    row("string_join", "StringJoin", lambda *x: core.string_join(x, "--"), (WORDS, VECTOR, SCALAR),
        each(lambda x, y, z: x + b"--" + y + b"--" + z), empty="m"),
    row("string_join of one", "StringJoin", lambda x: core.string_join([x]), (VECTOR,),
        each(lambda x: x)),
    row("string_split", "StringSplit", lambda x: core.string_split(x, "-"), (VECTOR,),
        lambda x: split(x, "-", skip=True), data_sizes=True),
    row("string_split with empty parts", "StringSplit",
        lambda x: core.string_split(x, "-", skip_empty=False), (VECTOR,),
        lambda x: split(x, "-", skip=False), data_sizes=True),
    row("string_lower", "StringLower", core.string_lower, (WORDS,),
        each(lambda x: ascii_shift(x, "A", "Z", 32))),
    row("string_upper", "StringUpper", core.string_upper, (WORDS,),
        each(lambda x: ascii_shift(x, "a", "z", -32))),
    row("string_lower of Unicode", "StringLower", lambda x: core.string_lower(x, "utf-8"), (WORDS,),
        each(lambda x: ascii_shift(x, "A", "Z", 32).decode().translate(
            str.maketrans("ÄÖ", "äö")).encode())),
    row("string_strip", "StringStrip", core.string_strip, (WORDS,), each(stripped), empty="m"),
    row("regex_replace", "RegexReplace",
        lambda x: core.regex_replace(x, "-+", r"<\0\\>"), (WORDS,),
        each(lambda x: b"".join(
            b"<" + bytes(part) + b"\\>" if is_line else bytes(part)
            for is_line, part in itertools.groupby(x, lambda byte: byte == ord("-"))))),
    row("regex_replace of the first", "RegexReplace",
        lambda x: core.regex_replace(x, "-", "", replace_global=False), (WORDS,),
        each(lambda x: b"".join([x.partition(b"-")[0], x.partition(b"-")[2]]))),
    row("regex_full_match", "RegexFullMatch", lambda x: core.regex_full_match(x, "[a-z].*"),
        (WORDS,), each(lambda x: bool(x) and ord("a") <= x[0] <= ord("z"), bool)),
    row("as_string", "AsString", core.as_string, (Input("mn", "float64", low=-99, high=99),),
        each(lambda x: np.format_float_positional(x, 6, unique=False).encode()), empty="m"),
    row("as_string of integers", "AsString", lambda x: core.as_string(x, width=4, fill="0"),
        (Input("n", "int16", low=-99, high=99),), each(lambda x: str(x).zfill(4).encode())),
    row("as_string of booleans", "AsString", core.as_string, (Input("n", "bool"),),
        each(lambda x: [b"false", b"true"][int(x)])),
    row("as_string, scientific", "AsString", lambda x: core.as_string(x, 3, scientific=True),
        (Input("n", "float64", low=0.01, high=999),),
        each(lambda x: np.format_float_scientific(x, 3, unique=False, exp_digits=2).encode())),
    row("string_to_number", "StringToNumber", lambda x: core.string_to_number(x, "float64"),
        (Input("mn", "string", values=written(-1e3, 1e3, "+.9e")),),
        lambda x: x.astype("S").astype(float), empty="n"),
    row("string_to_number of integers", "StringToNumber",
        lambda x: core.string_to_number(x, "int32"),
        (Input("n", "string", values=written(-1e3, 1e3, " 6.0f")),),
        lambda x: x.astype("S").astype(float).astype(int)),
    row("decode_raw", "DecodeRaw", lambda x: core.decode_raw(x, "int16"),
        (Input("mn", "string", values=chosen([b"abcd", b"\xff\x00\xfe\x01", b"0\x80\x00\x00"])),),
        lambda x: raw(x, "<h"), data_sizes=True),
    row("decode_raw, most significant byte first", "DecodeRaw",
        lambda x: core.decode_raw(x, "float32", little_endian=False),
        (Input("n", "string", values=chosen([b"A\x00\x00\x00\xc0\x20\x00\x00", b"\x00" * 8])),),
        lambda x: raw(x, ">f"), data_sizes=True),
    row("encode_base64", "EncodeBase64", lambda x: core.encode_base64(x, pad=True), (PARTS,),
        each(base64)),
    row("encode_base64 without padding", "EncodeBase64", core.encode_base64, (PARTS,),
        each(lambda x: base64(x).split(b"=")[0])),
    row("decode_base64", "DecodeBase64", core.decode_base64,
        (Input("mn", "string", values=chosen([base64(x) for x in LONG]
                                             + [base64(x).rstrip(b"=") for x in LONG])),),
        each(lambda x: binascii.a2b_base64(
            x.replace(b"-", b"+").replace(b"_", b"/") + b"==="[:-len(x) % 4]))),
)  # fmt: skip
