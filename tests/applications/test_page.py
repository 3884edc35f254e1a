"""docs/applications.md: its example runs, and its numbers are those of the networks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from thalweg import applications

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "applications.md").read_text("utf-8")


@pytest.mark.slow
def test_example(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "docs/applications.md", "exec"), names)
    assert capsys.readouterr().out.startswith("[('")
    assert names["mine"].output_shape == (None, 3)


def test_parameters() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `\w+`[^|]*\| ([\d,]+) \|", PAGE, re.MULTILINE)
    assert {name for name, _ in rows} == {name for name in applications.__all__ if name[0] < "a"}
    for name, count in rows:
        model = getattr(applications, name)(weights=None)
        assert f"{model.count_params():,}" == count
    small = applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=10, head=(512,))
    assert f'| {small.count_params():,} | 32 x 32 x 3 | `"cifar10"`' in PAGE
