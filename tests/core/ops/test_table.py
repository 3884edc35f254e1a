"""Tables, n-grams and keyed hashes beyond their rows: filling anew, threads, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Graph,
    Session,
    Table,
    constant,
    placeholder,
    reshape,
    string_ngrams,
    string_split,
    string_to_hash_bucket_strong,
    table_index,
    table_value,
)
from thalweg.core.errors import DataError, DtypeError, OptionError, ShapeError


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def words(*values: str) -> Table:
    return Table([value.encode() for value in values], of_strings=True)


def test_a_table_filled_anew_counts_in_the_next_run(backend: str) -> None:
    """Also for constants, which other ops would compute while the plan is made."""
    table = words("a", "b")
    x = placeholder("string", [None])
    fetches = [table_index(x, table, -1), table_index(constant(["c"]), table, -1)]
    session = Session(backend=backend)
    one, two = session.run(fetches, {x: ["b", "c"]})
    assert (one.tolist(), two.tolist()) == ([1, -1], [-1])
    table.fill([b"c", b"b"])
    one, two = session.run(fetches, {x: ["b", "c"]})
    assert (one.tolist(), two.tolist()) == ([1, 0], [0])
    assert table.values == (b"c", b"b")


def test_unknown_values_are_an_error_without_missing() -> None:
    with pytest.raises(DataError) as caught:
        Session().run(table_index(constant(["a", "x", "x", "y"]), words("a")))
    assert "values that are not in the table" in str(caught.value)
    assert "expected  1 known values\n  got       b'x', b'y'" in str(caught.value)


def test_any_rank() -> None:
    table = Table([7], of_strings=False)
    x = placeholder("int64")
    y = table_index(x, table, -1)
    assert Session().run(y, {x: np.int64(7)}) == 0
    assert Session().run(y, {x: np.int64([[7, 8]])}).tolist() == [[0, -1]]
    assert y.dtype == "int64"


def test_numpy_s_integers_are_integers() -> None:
    assert Table(np.arange(3), of_strings=False).values == (0, 1, 2)


@pytest.mark.parametrize(
    ("values", "of_strings", "told"),
    [
        (["a"], True, "expected  bytes\n  got       'a'"),
        ([1.0], False, "expected  integers\n  got       1.0"),
        ([True], False, "expected  integers\n  got       True"),
        ([b"a", b"b", b"a"], True, "a value stands twice\n  got       b'a'"),
    ],
)
def test_bad_values(values: Any, of_strings: bool, told: str) -> None:
    table = Table(of_strings=of_strings)
    with pytest.raises(OptionError) as caught:
        table.fill(values)
    assert told in str(caught.value)
    assert len(table) == 0


def test_bad_dtypes() -> None:
    table = words("a")
    with pytest.raises(DtypeError, match=r"(?s)expected  string.*got       x int32"):
        table_index(constant([1]), table)
    with pytest.raises(DtypeError, match=r"cast\(x, 'int64'\) converts"):
        table_value(constant([1.0]), table, b"")
    with pytest.raises(OptionError, match=r"expected  bytes\n  got       'a'"):
        table_value(np.int64([1]), table, "a")


def test_ngrams_of_a_split(backend: str) -> None:
    x = placeholder("string", [None])
    grams, count = string_ngrams(*string_split(x, None), [2])
    first = reshape(grams[:, :1], [-1])
    got = Session(backend=backend).run([first, count], {x: ["a b c", "d e"]})
    assert got[0].tolist() == [b"a b", b"d e"]
    assert got[1].tolist() == [2, 1]
    grams, count = Session(backend=backend).run([grams, count], {x: ["a", ""]})
    assert grams.shape == (2, 0)
    assert count.tolist() == [0, 0]


def test_bad_ngrams() -> None:
    x = constant([["a", "b"]])
    for widths in ([], [0], [1.5]):
        with pytest.raises(OptionError, match="bad widths"):
            string_ngrams(x, [2], widths)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="not one length a row"):
        string_ngrams(x, [2, 1], [1])
    with pytest.raises(ShapeError, match="not one length a row"):
        string_ngrams(constant(["a"]), [1], [1])


def test_bad_keys_and_units() -> None:
    for key in ([1], [1, 2, 3], ["a", "b"]):
        with pytest.raises(OptionError, match="two integers"):
            string_to_hash_bucket_strong("a", 5, key)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="there is no bucket"):
        string_to_hash_bucket_strong("a", 0, [1, 2])
    with pytest.raises(OptionError, match="unknown unit"):
        string_split(constant(["a"]), "", unit="WORD")


def test_sip_hash_by_its_paper() -> None:
    """Appendix A: the bytes 0 to 14 under the key 0 to 15."""
    key = [int.from_bytes(bytes(range(first, first + 8)), "little") for first in (0, 8)]
    message = constant([bytes(range(15))])
    bucket = Session().run(string_to_hash_bucket_strong(message, 2**63 - 1, key))
    assert bucket.tolist() == [0xA129CA6149BE45E5 % (2**63 - 1)]
