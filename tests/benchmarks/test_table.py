"""The sums behind the table, its text, and its place in the page."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.compare import table
from benchmarks.compare.__main__ import arguments, check
from benchmarks.compare.peers import PEERS, chosen_peers
from benchmarks.compare.protocol import ROOT, encode
from benchmarks.compare.rows import ROWS, Row, chosen_rows

MIB = 2**20
ROW: dict[str, Any] = {
    "thalweg": table.summary([0.010, 0.012, 0.011], 100 * MIB),
    "torch": table.summary([0.022, 0.030, 0.022], 200 * MIB),
    "keras-jax": table.summary([0.1, 0.1, 0.1], 300 * MIB),
    "openvino": table.failed("no kernel"),
}


def test_a_summary_holds_the_median_and_the_quarters() -> None:
    assert table.summary([5.0, 1.0, 2.0, 4.0, 3.0], 7) == {
        "median_s": 3.0,
        "low_s": 2.0,
        "high_s": 4.0,
        "turns": 5,
        "peak_bytes": 7,
    }


def test_the_ratio_is_the_best_peer_s_time_over_ours() -> None:
    assert table.best_peer(ROW) == "torch"
    assert table.ratio(ROW) == pytest.approx(2.0)
    assert table.ratio({"thalweg": ROW["thalweg"]}) is None
    assert table.ratio({"thalweg": table.failed("x"), "torch": ROW["torch"]}) is None
    assert table.ratio({"thalweg": ROW["thalweg"], "torch": table.failed("x")}) is None


def test_the_table_says_all_of_it() -> None:
    other = {"thalweg": ROW["thalweg"], "torch": table.summary([0.0055] * 2, 0)}
    text = table.markdown({"lenet-fit-32": ROW, "mlp-fit-32": other})
    assert text.splitlines() == [
        "| ms a step | thalweg | torch | keras-jax | openvino | best peer / thalweg |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| lenet-fit-32 | 11.0 | **22.0** | 100 | failed | 2.00 |",
        "| mlp-fit-32 | 11.0 | **5.50** |  |  | 0.50 |",
        "",
        "Geometric mean of the ratios: 1.00; smallest: 0.50.",
        "",
        "| peak memory, MiB | thalweg | torch | keras-jax | openvino |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| lenet-fit-32 | 100 | 200 | 300 |  |",
        "| mlp-fit-32 | 100 | 0 |  |  |",
        "",
        "* lenet-fit-32, openvino: no kernel",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0000123, "0.012"), (0.00123, "1.23"), (0.0123, "12.3"), (1.234, "1234"), (None, "failed")],
)
def test_times_have_three_digits(seconds: float | None, text: str) -> None:
    assert f"| a | {text} |" in table.markdown({"a": {"thalweg": {"median_s": seconds}}})


def test_differences_are_relative_to_the_largest_value() -> None:
    ours = np.array([[10.0, 0.0]], "f")
    assert table.difference(ours, ours + np.float32(0.1)) == pytest.approx(0.01, rel=1e-3)
    assert table.difference(ours, ours[:, :1]) == math.inf
    assert table.difference(ours, np.array([[np.nan, 0.0]], "f")) == math.inf


def test_a_peer_that_computes_something_else_is_found() -> None:
    ours = {"before": encode(np.ones(3)), "after": encode(np.full(3, 2.0))}
    check(ours, {"before": encode(np.full(3, 1.0005)), "after": encode(np.full(3, 2.01))})
    check(ours, {"before": encode(np.ones(3))})  # it only predicts, or draws random numbers
    with pytest.raises(ValueError, match=r"outputs before training differ by 0\.01 of the largest"):
        check(ours, {"before": encode(np.full(3, 1.01))})
    with pytest.raises(ValueError, match=r"outputs after training differ by 0\.1 "):
        check(ours, {"before": encode(np.ones(3)), "after": encode(np.full(3, 2.2))})


def test_products_in_bfloat16() -> None:
    ours = {"before": encode(np.ones(3)), "after": encode(np.full(3, 2.0))}
    rounded = {"before": encode(np.full(3, 1.03)), "after": encode(np.full(3, 2.1))}
    check(ours, rounded, "bfloat16")
    with pytest.raises(ValueError, match="before"):
        check(ours, rounded)
    assert arguments(["--precision", "bfloat16"]).precision == "bfloat16"
    with pytest.raises(SystemExit):
        arguments(["--precision", "bfloat16", "--save"])  # the tables are of float32


# --- files ----------------------------------------------------------------------------------------

ORDER = ["lenet-fit-32", "mlp-fit-32"]


def results(machine: str, *rows: str) -> dict[str, Any]:
    cells = {row: {"thalweg": ROW["thalweg"], "torch": ROW["torch"]} for row in rows}
    about = {"machine": machine, "threads": 2, "versions": {"torch": "2.13", "thalweg": "0.1"}}
    sources = {row: f"{row}'s files" for row in rows}
    return {**about, "order": ORDER, "sources": sources, "rows": cells}


def test_rows_of_one_machine_are_joined_in_order() -> None:
    old, new = results("here", "mlp-fit-32", "gone"), results("here", "lenet-fit-32")
    assert list(table.merge(old, new)["rows"]) == ORDER
    assert list(table.merge(results("there", "mlp-fit-32"), new)["rows"]) == ["lenet-fit-32"]
    assert table.merge(None, new) == new


def test_versions_must_agree_where_both_name_them() -> None:
    old, new = results("here", "mlp-fit-32"), results("here", "lenet-fit-32")
    del new["versions"]["torch"]
    merged = table.merge(old, new)
    assert merged["versions"] == {"torch": "2.13", "thalweg": "0.1"}
    assert merged["sources"] == {row: f"{row}'s files" for row in ORDER}
    del old["sources"]  # as it was written before there were any
    assert list(table.merge(old, new)["rows"]) == ORDER
    new["versions"]["thalweg"] = "0.2"
    assert table.merge(old, new) == new


def test_results_are_saved_between_the_marks(tmp_path: Path) -> None:
    page, data = tmp_path / "page.md", tmp_path / "data.json"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nbehind\n", encoding="utf-8")
    table.save(results("here", "lenet-fit-32"), data, page)
    table.save(results("here", "mlp-fit-32"), data, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{table.BEGIN}\nhere, 2 threads; thalweg 0.1, torch 2.13.\n\n|")
    assert text.endswith(f"\n{table.END}\nbehind\n")
    assert "old" not in text and all(f"| {row} | 11.0 | **22.0** | 2.00 |" in text for row in ORDER)
    assert list(json.loads(data.read_text(encoding="utf-8"))["rows"]) == ORDER
    page.write_text("no place", encoding="utf-8")
    with pytest.raises(ValueError, match="has no place for a table"):
        table.save(results("here", "mlp-fit-32"), data, page)


def test_the_page_has_a_place_for_the_table() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert text.count(table.BEGIN) == text.count(table.END) == 1


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    from benchmarks.compare.picture import draw

    draw({"lenet-fit-32": ROW}, tmp_path / "ratios.png")
    assert (tmp_path / "ratios.png").read_bytes().startswith(b"\x89PNG")


# --- choices --------------------------------------------------------------------------------------


def test_rows_are_chosen_by_any_part_of_their_name_from_the_left() -> None:
    assert chosen_rows([], ROWS) == ROWS
    assert chosen_rows(["lenet-fit"], ROWS) == [Row("lenet", "fit", 128), Row("lenet", "fit", 32)]
    assert [row.name for row in chosen_rows(["lstm", "lstm-fit-32"], ROWS)] == [
        "lstm-fit-32",
        "lstm-predict-32",
    ]
    assert {row.net for row in chosen_rows(["vgg16"], ROWS)} == {"vgg16"}
    with pytest.raises(ValueError, match="no row is called 'lene'; there are vgg16-predict-1, "):
        chosen_rows(["lene"], ROWS)


def test_peers_are_chosen_by_name() -> None:
    assert chosen_peers([]) == list(PEERS.values())
    assert [peer.name for peer in chosen_peers(["torch"])] == ["torch"]
    with pytest.raises(ValueError, match="no peer is called 'caffe'; there are keras-tf, "):
        chosen_peers(["caffe"])
    lenet = Row("lenet", "fit", 32)
    assert PEERS["torch"].takes(lenet) and not PEERS["openvino"].takes(lenet)
    assert not PEERS["torch-channels-last"].takes(Row("lstm", "fit", 32))


def test_every_peer_has_a_worker() -> None:
    workers = ROOT / "benchmarks" / "compare" / "workers"
    assert all((workers / f"{peer.worker}.py").exists() for peer in PEERS.values())
    assert all(
        any("==2.13.0+cpu" in p for p in peer.packages)
        for peer in PEERS.values()
        if "torch" in peer.name
    )


def test_the_options_of_the_page_are_understood() -> None:
    told = arguments("--only lenet,mlp-fit-32 --peers torch --seconds 3 --pip=--pre".split())
    assert told.only == ["lenet", "mlp-fit-32"] and told.peers == ["torch"]
    assert told.seconds == 3.0 and told.pip == ["--pre"] and told.threads == 2
