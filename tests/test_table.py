"""The tool `table`, which shows small tables in lectures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lectures import run_lecture

ROWS = [["value", 2], ["sweep", np.float64(6.25)]]


@pytest.fixture(scope="module")
def tools() -> dict[str, Any]:
    return run_lecture("05_forward_mode").names


def test_table_as_text_is_aligned(tools: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    tools["table"](["program", "operations"], (row for row in ROWS))
    assert capsys.readouterr().out == "program  operations\n  value           2\n  sweep        6.25\n"


def test_table_as_html_is_escaped(tools: dict[str, Any]) -> None:
    html = tools["Table"](["x < y", "ẋ"], ROWS)._repr_html_()
    assert "<th>x &lt; y</th><th>ẋ</th>" in html
    assert "<tr><td>sweep</td><td>6.25</td></tr>" in html


def test_table_has_the_decimals_asked_for(tools: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    tools["table"](["x"], [[1.5], [2]], decimals=2)
    assert capsys.readouterr().out.split() == ["x", "1.50", "2.00"]
