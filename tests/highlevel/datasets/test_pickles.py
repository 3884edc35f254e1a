"""The reader of pickled data: what Python wrote is read, what could run anything is refused."""

from __future__ import annotations

import os
import pickle
import struct
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_rows import lists
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.core.errors import FileFormatError
from thalweg.datasets.pickles import PickledArray, array_of, read_pickle

PLAIN = {
    b"data": [0, 1, 255, 256, 65535, 65536, 2**31 - 1, -1, -(2**31), 2**31, -(2**63)],
    "text": ["", "naïve", "\udc80", "x" * 300],
    b"bytes": [b"", b"\x00\xff", b"y" * 300],
    7: (True, False, None, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], {}),
}


def read(data: bytes, maximum_items: int = 100_000) -> Any:
    return read_pickle("a.pkl", data, maximum_items=maximum_items)


def failure(data: bytes, maximum_items: int = 100_000) -> str:
    with pytest.raises(FileFormatError) as caught:
        read(data, maximum_items)
    text = str(caught.value)
    assert text.startswith("a.pkl: a pickle that holds more than plain data, or a damaged one\n")
    return text


# --- what Python writes ---------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_plain_data(protocol: int) -> None:
    got = read(pickle.dumps(PLAIN, protocol))
    assert got == PLAIN
    assert [type(value) for value in got[7]] == [type(value) for value in PLAIN[7]]


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("optimized", [False, True])
def test_long_lists(protocol: int, optimized: bool) -> None:
    """Python writes them by the thousand; small integers and others alternate."""
    values = [int(n) ** 3 for n in np.random.default_rng(0).integers(-2000, 2000, 5000)]
    import pickletools

    data = pickle.dumps(values, protocol)
    assert read(pickletools.optimize(data) if optimized else data) == values


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", ">i4", "<i8", "float32", ">f8", "bool"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays(protocol: int, dtype: str, order: Any) -> None:
    array = np.asarray(np.random.default_rng(1).integers(0, 2, (3, 5, 2)), dtype, order=order)
    got = read(pickle.dumps({"a": array, "again": array}, protocol))
    native = np.dtype(dtype).newbyteorder("=").name
    for value in got.values():
        again = array_of("a.pkl", value, native, (3, None, 2))
        np.testing.assert_array_equal(again, array.astype(native), strict=True)
        assert again.flags.c_contiguous and again.flags.writeable


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_of_lists(protocol: int) -> None:
    value = read(pickle.dumps(lists([1, 300], [], [70000]), protocol))
    assert isinstance(value, PickledArray)
    assert (value.shape, value.dtype) == ((3,), "O8")
    assert value.content == [[1, 300], [], [70000]]


def test_empty_array() -> None:
    value = read(pickle.dumps(np.zeros((0, 3072), "uint8"), 2))
    assert array_of("a", value, "uint8", (None, 3072)).shape == (0, 3072)


def python2_batch(pixels: bytes, labels: list[int], numbers_from: int = 1) -> bytes:
    """A batch instruction by instruction, as the C pickler of Python 2 wrote CIFAR's."""
    rows = len(labels)
    memory = iter(range(numbers_from, 100))

    def short(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text + keep()

    def keep() -> bytes:
        return b"q" + bytes([next(memory)])

    return b"".join(
        [
            b"\x80\x02}", keep(), b"(",
            short(b"batch_label"), short(b"training batch 1 of 5"),
            short(b"labels"), b"]", keep(), b"(", *(b"K" + bytes([n]) for n in labels), b"e",
            short(b"data"), b"cnumpy.core.multiarray\n_reconstruct\n", keep(),
            b"cnumpy\nndarray\n", keep(), b"K\x00\x85U\x01b\x87R", keep(),
            b"(K\x01M", struct.pack("<H", rows), b"M", struct.pack("<H", 3072), b"\x86",
            b"cnumpy\ndtype\n", keep(), b"U\x02u1K\x00K\x01\x87R", keep(),
            b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"T", struct.pack("<I", len(pixels)), pixels, b"tb",
            short(b"filenames"), b"]", keep(), b"(", *(short(b"a.png") for _ in labels), b"eu.",
        ]
    )  # fmt: skip


def test_a_batch_of_python_2() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (3, 3072), dtype=np.uint8)
    data = python2_batch(pixels.tobytes(), [6, 9, 4])
    value = read(data)
    assert value[b"labels"] == [6, 9, 4]
    assert value[b"batch_label"] == b"training batch 1 of 5"
    assert value[b"filenames"] == [b"a.png"] * 3
    np.testing.assert_array_equal(array_of("a", value[b"data"], "uint8", (None, 3072)), pixels)
    # Python itself agrees that this is such a pickle.
    theirs = pickle.loads(data, encoding="bytes")
    np.testing.assert_array_equal(theirs[b"data"], pixels)
    assert theirs[b"labels"] == value[b"labels"]


# --- what is refused ------------------------------------------------------------------------------


class Evil:
    """Pickled, it is a call of whatever it was made with."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(
    "value",
    [
        Evil(os.system, ("touch evil",)),
        Evil(eval, ("open('evil', 'w')",)),
        Evil(exec, ("open('evil', 'w')",)),
        Evil(getattr, ("text", "upper")),
        Evil(np.load, ("evil",)),
        Evil(np.frombuffer, (b"abcd",)),
        Evil(np.dtype, ("O", False, True, {"a": 1})),
        Evil(np.ndarray, ((3,), "u1")),
        Evil(np.ndarray.__reduce__, (np.zeros(2),)),
        np.float64(3.0),
        np.array([("a", 1)], [("name", "U3"), ("size", "i4")]),
        np.array(["2020-01-01"], "M8[D]"),
        np.array(["text"]),
        1.5,
        2 + 1j,
        2**80,
        {1, 2},
        frozenset({1}),
        OrderedDict(a=1),
        os.path.join,
        Evil,
        {"labels": [1, Evil(os.system, ("touch evil",))]},
        {(1, 2): 3},
    ],
    ids=lambda value: type(value).__name__,
)
def test_more_than_data(value: Any, protocol: int, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    failure(pickle.dumps(value, protocol))
    assert not list((tmp_path / "empty").iterdir())


def test_evil_object_in_an_array() -> None:
    array = np.empty(2, object)
    array[:] = [[1], Evil(os.system, ("touch evil",))]
    assert f"the name {os.system.__module__}.system" in failure(pickle.dumps(array, 3))


@pytest.mark.parametrize("protocol", [0, 1, 5])
def test_other_protocols(protocol: int) -> None:
    failure(pickle.dumps(PLAIN, protocol))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (b"cos\nsystem\n(S'touch evil'\ntR.", "the name os.system"),
        (b"(ios\nsystem\n.", "the instruction b'i'"),
        (b"(cos\nsystem\no.", "the name os.system"),
        (b"P1\n.", "the instruction b'P'"),
        (b"K\x01Q.", "the instruction b'Q'"),
        (b"\x82\x01.", "the instruction b'\\x82'"),
        (b")\x81.", "the instruction b'\\x81'"),
        (b"cnumpy\nload\n.", "the name numpy.load"),
        (b"cnumpy\ndtype\nU\x02u1\x85R.", "a call of numpy.dtype with other arguments"),
        (b"cnumpy\nndarray\n(K\x01tR.", "a call of numpy.ndarray"),
        (b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.", "_codecs.encode"),
        (b"c_codecs\nencode\nX\x02\x00\x00\x00\xc4\x80X\x06\x00\x00\x00latin1\x86R.", "no bytes"),
        (b"]K\x01\x85R.", "a call of what is no name"),
        (b"U\x02osU\x06system\x93.", "the name b'os'.b'system'"),
        (b"cnumpy\ndtype\nU\x02c8K\x00K\x01\x87R.", "the dtype 'c8'"),
        (b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x04U\x01<NNNtb.", "another form"),
        (b"K\x01}b.", "another form"),
        (b"h\x05.", "value 5, which was never kept"),
        (b"q\x05.", "a value that is missing"),
        (b"(.", "an end in the middle"),
        (b"K\x01K\x02.", "an end in the middle"),
        (b"K\x01.K", "an end in the middle"),
        (b"K\x01e.", "a mark that is missing"),
        (b"]a.", "no list where one belongs"),
        (b"K\x01(K\x02e.", "no list where one belongs"),
        (b"}(K\x01u.", "keys that are neither"),
        (b"}]K\x01s.", "keys that are neither"),
        (b"\x80\x02N.", "protocol 2"),
        (b"T\xff\xff\xff\xffabc.", "the end of the data"),
        (b"\x8a\x09aaaaaaaaa.", "an integer of 9 bytes"),
        (b"X\x01\x00\x00\x00\xff.", "text that is not UTF-8"),
        (b"c" + b"a" * 200, "a name without an end"),
    ],
)
def test_instructions(code: bytes, told: str) -> None:
    start = b"" if code.startswith(b"\x80") else b"\x80\x02"
    if told == "protocol 2":
        code = b"N" + code
    assert told in failure(start + code)


def array_state(shape: bytes, content: bytes, dtype: bytes = b"u1") -> bytes:
    """An array with any shape and content."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01" + shape + b"cnumpy\ndtype\nU\x02" + dtype + b"K\x00K\x01\x87R"
        b"(K\x03U\x01|NNNtb\x89" + content + b"tb."
    )


def test_an_array_by_hand() -> None:
    value = read(array_state(b"K\x02K\x03\x86", b"U\x06abcdef"))
    np.testing.assert_array_equal(
        array_of("a", value, "uint8", (2, 3)), [[97, 98, 99], [100, 101, 102]]
    )


@pytest.mark.parametrize(
    "data",
    [
        array_state(b"K\x02K\x03\x86", b"U\x05abcde"),
        array_state(b"J\xff\xff\xff\xff\x85", b"U\x00"),
        array_state(b"K\x00\x8a\x08" + b"\xff" * 7 + b"\x7f\x86", b"U\x00"),
        array_state(b"U\x01a\x85", b"U\x01a"),
        array_state(b"K\x01\x85", b"]"),
        array_state(b"K\x01\x85", b"U\x08abcdefgh", b"O8"),
        array_state(b"K\x01\x85", b"N"),
        array_state(b"(" + b"K\x01" * 9 + b"t", b"U\x01a"),
    ],
)
def test_array_that_lies(data: bytes) -> None:
    assert "an array" in failure(data)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (np.zeros((2, 5), "uint8"), "an array |u1 (2, 5)"),
        (np.zeros(3, "uint8"), "an array |u1 (3,)"),
        (np.zeros((2, 3), "int8"), "an array |i1 (2, 3)"),
        (lists([1], [2]), "an array O8 (2,)"),
        ([1, 2, 3], "list"),
    ],
)
def test_another_array(value: Any, got: str) -> None:
    with pytest.raises(FileFormatError) as caught:
        array_of("a.pkl", read(pickle.dumps(value, 2)), "uint8", (None, 3))
    assert str(caught.value) == (
        f"a.pkl: not the array\n  expected  uint8 (any, 3)\n  got       {got}"
    )


# --- damage and bombs -----------------------------------------------------------------------------


def test_truncated_anywhere() -> None:
    data = python2_batch(bytes(3072), [1])
    pixels = range(300, len(data) - 100)  # a long string, of which a few places do
    for size in {*range(len(data))} - {*pixels} | {*pixels[::97]}:
        failure(data[:size])


SAMPLES = [
    pickle.dumps(PLAIN, 2),
    pickle.dumps(PLAIN, 4),
    pickle.dumps(lists([1, 300], [], [70000]), 3),
    pickle.dumps({b"data": np.arange(6, dtype="uint8").reshape(2, 3)}, 2),
]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_anywhere(data: st.DataObject) -> None:
    """Whatever the bytes are, the result is plain data or the error is ours."""
    content = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    try:
        value = read(bytes(content))
    except FileFormatError:
        return
    assert isinstance(value, dict | list | tuple | bytes | str | int | PickledArray | None)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            b"K\x01 ( e ] } u s a t \x85 \x86 \x87 q\x01 h\x01 R b U\x02u1 ) N \x89 \x94 . "
            b"cnumpy\ndtype\n cnumpy\nndarray\n cnumpy.core.multiarray\n_reconstruct\n".split(b" ")
        ),
        max_size=30,
    )
)
def test_any_program(program: list[bytes]) -> None:
    try:
        read(b"\x80\x02" + b"".join(program) + b".", maximum_items=100)
    except FileFormatError:
        return


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x80\x02" + b"]" * 5_000_000 + b".",
        b"\x80\x02" + b"(" * 5_000_000 + b".",
        b"\x80\x02]" + b"\x94" * 5_000_000 + b".",
        b"\x80\x02]" + b"q\x00h\x00" * 1_000_000 + b".",
        b"\x80\x02" + b"K\x01" * 5_000_000 + b".",
        b"\x80\x02]" + b"\x85" * 5_000_000 + b".",
        b"\x80\x02T\xff\xff\xff\x7f.",
    ],
)
def test_bomb(bomb: bytes) -> None:
    tracemalloc.start()
    try:
        failure(bomb, maximum_items=10_000)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_items_are_counted() -> None:
    data = pickle.dumps([1, 2, 3], 2)
    assert read(data, maximum_items=7) == [1, 2, 3]  # a list, its place, a mark, three, and one
    assert "too many items" in failure(data, maximum_items=5)


def test_deep_nests_do_not_recurse() -> None:
    value = read(b"\x80\x02)" + b"\x85" * 50_000 + b".")
    depth = 0
    while value:
        [value] = value
        depth += 1
    assert depth == 50_000
