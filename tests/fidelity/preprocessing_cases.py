"""Preprocessing layers that real Keras and thalweg make and call alike; inputs by NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

WORDS = np.array([["river", "sea"], ["bed", "river"], ["", "delta"], ["sea", "river"]])
IDS = np.array([[7, 3], [-2, 7], [0, 9], [3, 7]], "int64")
TEXTS = np.array(
    [
        "The river, the SEA; the bed!",
        "A   deep\tsea -- it's (not) a river_bed",
        "",
        "Élan naïve über ÄÖ river 123",
    ]
)
NUMBERS = np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0], [2.0, -7.0, 0.25, 9.5]], "float32")


def numbers(count: int, seed: int) -> np.ndarray:
    """Numbers between -3 and 5 that float32 holds exactly."""
    draws = np.random.RandomState(seed).randint(-3 * 1024, 5 * 1024, count)
    return (draws / 1024).astype("float32")


@dataclass(frozen=True)
class Case:
    """A layer, what it learns from, and what it is called on.

    Args:
        layer: its class in `keras.layers`.
        arguments: of the class.
        inputs: of calls, one after another; a list is one input of several arrays.
        learn: a function that gives what `adapt` is called with; None for no learning.
        keywords: of the calls.
        reads: names of methods without arguments, and of attributes, whose values count too.
    """

    layer: str
    arguments: dict[str, Any]
    inputs: tuple[Any, ...] = ()
    learn: Callable[[], Any] | None = None
    keywords: dict[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()


def answer(keras: Any, case: Case, to_numpy: Callable[[Any], Any]) -> list[Any]:
    """The layer's outputs and what else counts, as JSON can hold it."""
    layer = getattr(keras.layers, case.layer)(**case.arguments)
    if case.learn is not None:
        layer.adapt(case.learn())
    found = [plain(to_numpy(layer(given, **case.keywords))) for given in case.inputs]
    for name in case.reads:
        value = getattr(layer, name)
        found.append(plain(value() if callable(value) else value))
    return found


def plain(value: Any) -> Any:
    """Arrays as lists, bytes as text."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def _batches(array: np.ndarray, size: int = 2) -> Callable[[], Any]:
    return lambda: (array[i : i + size] for i in range(0, len(array), size))


_VOCABULARY = ("get_vocabulary", "vocabulary_size")
_MODES = ("one_hot", "multi_hot", "count")

CASES: dict[str, Case] = {
    # CategoryEncoding
    **{
        f"category {mode} {np.shape(given)}": Case(
            "CategoryEncoding", {"num_tokens": 5, "output_mode": mode}, (np.array(given),)
        )
        for mode in _MODES
        for given in ([3, 0, 3], [[1], [4]], [[0, 2, 2], [1, 1, 4]])
    },
    "category weights": Case(
        "CategoryEncoding",
        {"num_tokens": 4, "output_mode": "count"},
        (np.array([[0, 1], [0, 0], [1, 2], [3, 1]]),),
        keywords={"count_weights": np.array([[0.5, 0.25], [1, 2], [3, 4], [0, 1]], "float32")},
    ),
    # Discretization
    **{
        f"discretization {mode}": Case(
            "Discretization",
            {"bin_boundaries": [0.0, 1.0, 2.0], "output_mode": mode},
            (NUMBERS, NUMBERS[:, :1]),
        )
        for mode in ("int", *_MODES)
    },
    "discretization of a vector": Case(
        "Discretization", {"bin_boundaries": [-1.0, 3.0]}, (NUMBERS[0], NUMBERS[:, :2])
    ),
    **{
        f"discretization learnt {bins} {epsilon} {count}": Case(
            "Discretization",
            {"num_bins": bins, "epsilon": epsilon},
            (NUMBERS,),
            lambda count=count: numbers(count, 3).reshape(-1, 1),
            reads=("bin_boundaries",),
        )
        for bins, epsilon, count in (
            *((4, 0.01, 8), (3, 0.01, 1000), (10, 0.1, 300)),
            *((5, 0.01, 3), (2, 0.3, 50)),
        )
    },
    "discretization learnt from batches": Case(
        "Discretization",
        {"num_bins": 6, "epsilon": 0.02},
        (NUMBERS,),
        _batches(numbers(900, 4), 250),
        reads=("bin_boundaries",),
    ),
    # Normalization
    **{
        f"normalization {axis} {invert}": Case(
            "Normalization",
            {"axis": axis, "invert": invert},
            (numbers(24, 6).reshape(2, 3, 4),),
            lambda: numbers(120, 5).reshape(10, 3, 4),
        )
        for axis in (-1, None, 1, (1, 2))
        for invert in (False, True)
    },
    "normalization from batches": Case(
        "Normalization", {}, (NUMBERS,), _batches(numbers(44, 7).reshape(11, 4), 3)
    ),
    "normalization of a constant": Case(
        "Normalization", {}, (NUMBERS,), lambda: np.ones((5, 4), "float32")
    ),
    "normalization given": Case(
        "Normalization", {"mean": [1.0, 2, 3, 4], "variance": [4.0, 1, 0, 0.25]}, (NUMBERS,)
    ),
    "normalization given a number": Case(
        "Normalization", {"axis": None, "mean": 3.0, "variance": 4.0, "invert": True}, (NUMBERS,)
    ),
    "normalization given for one of two axes": Case(
        "Normalization",
        {"axis": (1, 2), "mean": [1.0, 2, 3, 4], "variance": [4.0, 1, 9, 16]},
        (numbers(24, 6).reshape(2, 3, 4),),
    ),
    # Hashing
    **{
        f"hashing {arguments}": Case("Hashing", {"num_bins": 7, **arguments}, (WORDS, IDS))
        for arguments in (
            {},
            {"salt": 1337},
            {"salt": (133, 137)},
            {"output_mode": "multi_hot"},
            {"output_mode": "count", "salt": 5},
        )
    },
    "hashing with a mask": Case("Hashing", {"num_bins": 4, "mask_value": ""}, (WORDS,)),
    "hashing with a masked integer": Case("Hashing", {"num_bins": 4, "mask_value": 7}, (IDS,)),
    "hashing one_hot": Case(
        "Hashing", {"num_bins": 3, "output_mode": "one_hot"}, (WORDS[:, :1], IDS[:, 0])
    ),
    "hashing floats": Case("Hashing", {"num_bins": 100}, (NUMBERS,)),
    "hashing long words": Case(
        "Hashing", {"num_bins": 10**9}, (np.array(["x" * n for n in range(0, 300, 7)]),)
    ),
    # HashedCrossing
    **{
        f"crossing {mode} {rank}": Case(
            "HashedCrossing",
            {"num_bins": 11, "output_mode": mode},
            ([WORDS[:, :1], IDS[:, :1]], [IDS[:, :1], IDS[:, 1:], WORDS[:, 1:]])
            if rank == 2
            else ([WORDS[:, 0], IDS[:, 0]],),
        )
        for mode in ("int", "one_hot")
        for rank in (1, 2)
    },
    # StringLookup
    "string learnt": Case(
        "StringLookup", {}, (WORDS, WORDS[:, 0]), lambda: WORDS, reads=_VOCABULARY
    ),
    "string learnt, at most 3": Case(
        "StringLookup", {"max_tokens": 3}, (WORDS,), lambda: WORDS, reads=_VOCABULARY
    ),
    "string learnt with a mask": Case(
        "StringLookup",
        {"mask_token": "", "num_oov_indices": 2},
        (WORDS, np.array(["unknown", "words", "here", ""])),
        _batches(WORDS),
        reads=_VOCABULARY,
    ),
    "string learnt from a vector": Case(
        "StringLookup", {}, (WORDS,), lambda: WORDS[:, 0], reads=_VOCABULARY
    ),
    **{
        f"string {mode} {pads}": Case(
            "StringLookup",
            {
                "vocabulary": ["river", "sea"],
                "output_mode": mode,
                "mask_token": "",
                "num_oov_indices": 2,
                **({"max_tokens": 6, "pad_to_max_tokens": True} if pads else {}),
            },
            (WORDS, WORDS[:, 1:]) if mode != "one_hot" else (WORDS[:, 1:], WORDS[:, 0]),
        )
        for mode in _MODES
        for pads in (False, True)
    },
    "string inverted": Case(
        "StringLookup",
        {"vocabulary": ["river", "sea"], "invert": True, "mask_token": "", "num_oov_indices": 2},
        (np.array([[0, 1, 2], [3, 4, 9]], "int64"),),
        reads=_VOCABULARY,
    ),
    "string with special words": Case(
        "StringLookup",
        {"vocabulary": ["", "[UNK]", "river", "sea"], "mask_token": ""},
        (WORDS,),
        reads=_VOCABULARY,
    ),
    "string with a salt": Case(
        "StringLookup", {"vocabulary": ["x"], "num_oov_indices": 5, "salt": [3, 4]}, (WORDS,)
    ),
    "string tf_idf learnt": Case(
        "StringLookup", {"output_mode": "tf_idf"}, (WORDS,), lambda: WORDS, reads=_VOCABULARY
    ),
    "string tf_idf learnt and padded": Case(
        "StringLookup",
        {"output_mode": "tf_idf", "max_tokens": 7, "pad_to_max_tokens": True, "mask_token": ""},
        (WORDS,),
        _batches(WORDS),
        reads=_VOCABULARY,
    ),
    "string tf_idf given": Case(
        "StringLookup",
        {"output_mode": "tf_idf", "vocabulary": ["river", "sea"], "idf_weights": [0.5, 2.0]},
        (WORDS,),
    ),
    # IntegerLookup
    "integer learnt": Case("IntegerLookup", {}, (IDS,), lambda: IDS, reads=_VOCABULARY),
    "integer learnt with a mask": Case(
        "IntegerLookup",
        {"mask_token": 0, "num_oov_indices": 3, "max_tokens": 6},
        (IDS, np.arange(-5, 12)),
        lambda: IDS,
        reads=_VOCABULARY,
    ),
    **{
        f"integer {arguments}": Case(
            "IntegerLookup",
            {"vocabulary": [3, 7], "num_oov_indices": 4, **arguments},
            (IDS, np.arange(-5, 12).reshape(1, -1)),
            reads=_VOCABULARY,
        )
        for arguments in (
            {},
            {"oov_method": "farmhash"},
            {"oov_method": "farmhash", "salt": 9},
            {"output_mode": "multi_hot", "mask_token": 0},
            {"output_mode": "count"},
        )
    },
    "integer inverted": Case(
        "IntegerLookup",
        {"vocabulary": [3, 7], "invert": True},
        (np.array([[0, 1, 2], [5, 2, 0]], "int64"),),
    ),
    # TextVectorization
    **{
        f"text learnt {arguments}": Case(
            "TextVectorization",
            arguments,
            (TEXTS, TEXTS[:, None], np.array(["the unknown river bed"])),
            lambda: TEXTS,
            reads=_VOCABULARY,
        )
        for arguments in (
            {},
            {"max_tokens": 6},
            {"standardize": None},
            {"standardize": "lower"},
            {"standardize": "strip_punctuation", "split": "character"},
            {"output_sequence_length": 3},
            {"output_sequence_length": 12},
            {"ngrams": 2},
            {"ngrams": (3, 1), "max_tokens": 12},
            {"output_mode": "multi_hot"},
            {"output_mode": "count", "max_tokens": 8},
            {"output_mode": "count", "max_tokens": 40, "pad_to_max_tokens": True},
            {"output_mode": "tf_idf"},
            {"output_mode": "tf_idf", "ngrams": 2, "max_tokens": 9},
        )
    },
    "text learnt from batches": Case(
        "TextVectorization", {"output_mode": "tf_idf"}, (TEXTS,), _batches(TEXTS), reads=_VOCABULARY
    ),
    "text without a split": Case(
        "TextVectorization",
        {"split": None, "vocabulary": ["river", "sea"], "ngrams": None},
        (WORDS, WORDS[:, 0]),
        reads=_VOCABULARY,
    ),
    "text given": Case(
        "TextVectorization",
        {"vocabulary": ["the", "sea", "river"], "output_sequence_length": 5},
        (TEXTS,),
        reads=_VOCABULARY,
    ),
}  # fmt: skip
