"""Strings beyond the rows of `conformance/cases_string.py`: what goes in and out, and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Graph,
    OpDef,
    Session,
    TensorType,
    Variable,
    apply,
    as_string,
    cast,
    constant,
    decode_base64,
    decode_raw,
    encode_base64,
    equal,
    gather,
    identity,
    one_hot,
    ones,
    ones_like,
    placeholder,
    regex_full_match,
    regex_replace,
    reshape,
    stack,
    string_join,
    string_length,
    string_lower,
    string_split,
    string_to_hash_bucket_fast,
    string_to_number,
    substr,
    tile,
    zeros,
)
from thalweg.core.errors import DataError, DtypeError, OptionError, ShapeError, ThalwegError


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def run(fetches: Any, feeds: Any = None, backend: str = "numpy") -> Any:
    return Session(backend=backend).run(fetches, feeds)


# What goes in and out -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [b"a\x00", "a\x00", "\x00", b"\xff\x00\x00"])
def test_zero_bytes_at_the_end_stay(value: str | bytes, backend: str) -> None:
    kept = value.encode() if isinstance(value, str) else value
    x = placeholder("string", [])
    names = placeholder("string", [None])
    fetches = [constant(value), identity(x), constant([value, "b"]), gather(names, 0), names]
    results = run(fetches, {x: value, names: [value, "b"]}, backend)
    assert results[:2] == [kept, kept] and results[3] == kept
    assert type(results[3]) is bytes
    assert results[2].tolist() == results[4].tolist() == [kept, b"b"]


class Shortest(OpDef):
    """The shortest string, as bytes and not as an array.  x: (...) string -> () string."""

    def infer(self, x: TensorType) -> TensorType:
        return x.with_shape(())

    def compute(self, xp: Any, x: Any) -> Any:
        return min(x.reshape(-1).tolist(), key=len)


def test_bytes_that_an_op_returns_stay_whole(backend: str) -> None:
    x = placeholder("string", [None])
    shortest = apply(Shortest(), x)
    results = run([shortest, string_length(shortest)], {x: ["abc", "a\x00"]}, backend)
    assert results == [b"a\x00", 2]


def test_arrays_of_str_are_fed_as_bytes() -> None:
    x = placeholder("string", [None])
    for given in (np.array(["ö", "b"], object), np.array(["ö", "b"]), ["ö", b"b"]):
        values, lengths = run([identity(x), string_length(x)], {x: given})
        assert values.tolist() == ["ö".encode(), b"b"] and lengths.tolist() == [2, 1]


def test_a_fed_array_is_not_handed_out() -> None:
    x = placeholder("string", [None])
    given = np.array([b"a"], object)
    result = run(identity(x), {x: given})
    result[0] = b"changed"
    assert given.tolist() == [b"a"]


def test_variables_of_strings() -> None:
    variable = Variable(["a", "b\x00"])
    session = Session()
    assert session.run(variable).tolist() == [b"a", b"b\x00"]
    assert session.run(variable.assign(["c", "d"])).tolist() == [b"c", b"d"]
    session.load(variable, ["e", "f\x00"])
    assert session.run(variable).tolist() == [b"e", b"f\x00"]


def test_a_list_of_words_and_numbers_is_refused() -> None:
    with pytest.raises(DtypeError, match="not an array of numbers or strings"):
        constant(["a", 1])


def test_sizes_of_strings_are_computed_on_the_host(backend: str) -> None:
    x = placeholder("string", [None])
    n = placeholder("int32", [])
    results = run([reshape(x, [n, 1]), tile(x, [n]), zeros([n], "string")], {x: ["a", "b"], n: 2},
                  backend)  # fmt: skip
    assert [r.tolist() for r in results] == [[[b"a"], [b"b"]], [b"a", b"b"] * 2, [b"", b""]]


def test_numbers_go_to_strings_and_back_on_a_device(backend: str) -> None:
    x = placeholder("float32", [None])
    words = string_join(["<", as_string(x * 2.0, precision=1), ">"])
    y = string_to_number(regex_replace(words, "[<>]", "")) + 1.0
    same = equal(words, "<3.0>")
    results = run([words, y, same], {x: [1.5, -2.0]}, backend)
    assert results[0].tolist() == [b"<3.0>", b"<-4.0>"]
    assert results[1].tolist() == [4.0, -3.0] and results[2].tolist() == [True, False]


def test_what_follows_the_parts_of_a_string(backend: str) -> None:
    x = placeholder("string", [None])
    parts, count = string_split(x, ",")
    numbers = string_to_number(reshape(parts[:, :1], [-1])) * 2.0
    results = run([numbers, count], {x: ["1,2", "3", "4,5,6"]}, backend)
    assert results[0].tolist() == [2.0, 6.0, 8.0] and results[1].tolist() == [2, 1, 3]
    assert run(count, {x: []}).tolist() == []


def test_hash_buckets_never_change() -> None:
    buckets = string_to_hash_bucket_fast(["", "a", "thalweg", "höhe"], 2**62)
    # FarmHash's fingerprints, by TensorFlow.
    fingerprints = 0x9AE16A3B2F90404F, 0xB3454265B6DF75E3, 0xDC7213CD179BEB81, 0x8D76CFD631AA8B9D
    assert run(buckets).tolist() == [number % 2**62 for number in fingerprints]


def test_bytes_that_are_no_utf8_survive() -> None:
    x = constant([b"\xff-\xc3"])
    fetches = [
        regex_replace(x, "-", "+"),
        string_lower(x, "utf-8"),
        substr(x, 0, 1, "UTF8_CHAR"),
        string_length(x, "UTF8_CHAR"),
        decode_base64(encode_base64(x)),
    ]
    values = [value.tolist()[0] for value in run(fetches)]
    assert values == [b"\xff+\xc3", b"\xff-\xc3", b"\xff", 3, b"\xff-\xc3"]


def test_formats_of_numbers() -> None:
    forms = [
        as_string(1.0 / 3.0, shortest=True),
        as_string(1e10, shortest=True),
        as_string(2.5, precision=0),
        as_string(float("nan")),
        as_string(float("-inf")),
        as_string(7, width=3),
        as_string(7, width=3, fill="-"),
        as_string(7, fill="+"),
        as_string(np.uint64(2**64 - 1)),
        as_string("as it is"),
    ]
    assert run(forms) == [
        b"0.333333", b"1e+10", b"2", b"nan", b"-inf", b"  7", b"7  ", b"+7",
        b"18446744073709551615", b"as it is",
    ]  # fmt: skip


def test_numbers_in_many_spellings() -> None:
    texts = [" 1.5 ", "-.5", "+2", "1e-3", "inf", "-Infinity", "1e999"]
    expected = [1.5, -0.5, 2.0, 1e-3, np.inf, -np.inf, np.inf]
    assert run(string_to_number(texts, "float64")).tolist() == expected
    assert run(string_to_number(texts)).tolist() == pytest.approx(expected)
    assert np.isnan(run(string_to_number("nan")))
    assert run(string_to_number([" -7 ", "0012"], "int64")).tolist() == [-7, 12]


def test_nothing_to_decode() -> None:
    assert run(decode_raw(["", ""], "float32")).shape == (2, 0)
    x = placeholder("string", [None])
    assert run(decode_raw(x, "uint8"), {x: []}).shape == (0, 0)


# Errors -------------------------------------------------------------------------------------------

BUILDING: list[tuple[Callable[[], Any], type[ThalwegError], list[str]]] = [
    (
        lambda: string_length(3.0),
        DtypeError,
        [
            "StringLength: takes strings",
            "  expected  string dtypes",
            "  got       x float32 ()",
            "  hint      as_string(x) writes numbers as strings",
        ],
    ),
    (
        lambda: substr("abc", 1.0, 2),
        DtypeError,
        [
            "Substr: takes integer tensors",
            "  expected  integer dtypes",
            "  got       pos float32 (), length int32 ()",
        ],
    ),
    (
        lambda: string_join([["a", "b"], ["c", "d", "e"]]),
        ShapeError,
        [
            "StringJoin: shapes cannot be broadcast together",
            "  expected  equal sizes, or 1, on each axis counted from the last",
            "  got       inputs[0] string (2,), inputs[1] string (3,)",
        ],
    ),
    (
        lambda: string_split([["a b"]]),
        ShapeError,
        ["StringSplit: takes a vector", "  expected  x (n,)", "  got       x string (1, 1)"],
    ),
    (
        lambda: string_length("a", "WORD"),
        OptionError,
        [
            "string_length: unknown unit",
            "  expected  'BYTE' or 'UTF8_CHAR'",
            "  got       'WORD'",
        ],
    ),
    (
        lambda: string_lower("a", "latin1"),
        OptionError,
        [
            "string_lower: unknown encoding",
            "  expected  '' for ASCII, or 'utf-8'",
            "  got       'latin1'",
        ],
    ),
    (
        lambda: regex_full_match("a", "(a"),
        OptionError,
        [
            "regex_full_match: not a regular expression",
            "  expected  Python's syntax of regular expressions",
            "  got       '(a': missing ), unterminated subpattern at position 0",
        ],
    ),
    (
        lambda: regex_replace("a", "(a)", r"\2"),
        OptionError,
        [
            "regex_replace: not a rewriting rule",
            r"  expected  text, \0 to \1 for what a group matched, and \\ for a backslash",
            r"  got       \2",
        ],
    ),
    (
        lambda: regex_replace("a", "a", "b\\"),
        OptionError,
        [
            "regex_replace: not a rewriting rule",
            r"  expected  text, \0 for what a group matched, and \\ for a backslash",
            "  got       b\\",
        ],
    ),
    (
        lambda: as_string(3, precision=2),
        OptionError,
        [
            "as_string: a format of floats",
            "  expected  only width and fill for others",
            "  got       a int32",
        ],
    ),
    (
        lambda: as_string(3.0, scientific=True, shortest=True),
        OptionError,
        [
            "as_string: two formats",
            "  expected  scientific, shortest, or neither",
            "  got       both",
        ],
    ),
    (
        lambda: as_string(3.0, fill="x"),
        OptionError,
        [
            "as_string: unknown fill",
            "  expected  '', ' ', '+', '-', '0' or '#'",
            "  got       'x'",
        ],
    ),
    (
        lambda: string_to_number("1", "bool"),
        OptionError,
        [
            "string_to_number: not a number's dtype",
            "  expected  a float or integer dtype",
            "  got       bool",
        ],
    ),
    (
        lambda: string_to_hash_bucket_fast("a", 0),
        OptionError,
        [
            "string_to_hash_bucket_fast: there is no bucket",
            "  expected  num_buckets >= 1",
            "  got       0",
        ],
    ),
    (
        lambda: cast(constant("1"), "float32"),
        DtypeError,
        [
            "Cast: strings are not cast",
            "  expected  from and to numbers or booleans",
            "  got       x string (), dtype float32",
            "  hint      string_to_number reads numbers, as_string writes them",
        ],
    ),
    (
        lambda: ones_like(constant("a")),
        DtypeError,
        [
            "OnesLike: takes numeric tensors",
            "  expected  numeric dtypes",
            "  got       x string ()",
        ],
    ),
    (
        lambda: ones([2], "string"),
        DtypeError,
        ["ones: there is no string of one", "  expected  a number or bool"],
    ),
    (
        lambda: one_hot([1], 2, dtype="string"),
        DtypeError,
        ["OneHot: makes no strings", "  expected  a number or bool dtype"],
    ),
]


@pytest.mark.parametrize(("call", "kind", "expected"), BUILDING)
def test_errors_when_building(
    call: Callable[[], Any], kind: type[ThalwegError], expected: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        call()
    lines = str(caught.value).splitlines()
    assert any(line.startswith("  made at   test_string.py") for line in lines)
    assert [line for line in lines if not line.startswith(("  node", "  made at"))] == expected


RUNNING: list[tuple[Callable[[Any], Any], str, list[str]]] = [
    (
        lambda x: substr(x, 4, 1),
        "abc",
        [
            "Substr: a part lies outside its string",
            "  expected  -3 <= pos <= 3 and length >= 0, for b'abc'",
            "  got       pos 4, length 1",
        ],
    ),
    (
        lambda x: string_to_number(x),
        "1_0",
        [
            "StringToNumber: not a number",
            "  expected  the text of a float32",
            "  got       b'1_0'",
        ],
    ),
    (
        lambda x: string_to_number(x, "int8"),
        "128",
        ["StringToNumber: not a number", "  expected  the text of a int8", "  got       b'128'"],
    ),
    (
        lambda x: decode_raw(x, "int32"),
        "abc",
        [
            "DecodeRaw: the strings have wrong lengths",
            "  expected  one length for all, a multiple of 4 bytes for int32",
            "  got       3 bytes",
        ],
    ),
    (
        lambda x: decode_raw(stack([x, "abc"]), "uint8"),
        "a",
        [
            "DecodeRaw: the strings have wrong lengths",
            "  expected  one length for all, a multiple of 1 bytes for uint8",
            "  got       1 bytes to 3 bytes",
        ],
    ),
    (
        decode_base64,
        "ab+/",
        [
            "DecodeBase64: not web-safe base64",
            "  expected  letters, digits, - and _, and = at the end only",
            "  got       b'ab+/'",
        ],
    ),
]


@pytest.mark.parametrize(("call", "value", "expected"), RUNNING)
def test_errors_when_running(
    call: Callable[[Any], Any], value: str, expected: list[str], backend: str
) -> None:
    x = placeholder("string", [])
    y = call(x)
    with pytest.raises(DataError) as caught:
        run(y, {x: value}, backend)
    lines = str(caught.value).splitlines()
    assert lines[:3] == expected
    assert lines[3] == f"  node      '{y.op.name}'"
    assert lines[4].startswith("  made at   test_string.py")


@pytest.mark.parametrize("code", ["a", "abcde", "ab=", "ab===", "a=bc", "=", "ö"])
def test_what_is_not_base64(code: str) -> None:
    with pytest.raises(DataError, match="not web-safe base64"):
        run(decode_base64(code))
