"""Tests of the statements on the slides of chapter 3."""

from __future__ import annotations

import re

import numpy as np
import pytest
from lectures import COURSE, Lecture

from triptych.model.chapter import read_chapter

CHAPTER = "03_linear_maps"
RUNNING_EXAMPLE = [[2, 0, 0], [0, 1, 3]]
GRAPH_LIKE = [[2, 1, 2], [-2, -1, 1]]


def test_the_matrix_is_the_differential_of_f(lecture: Lecture) -> None:
    f, point, example = lecture.names["f"], lecture.names["point"], lecture.names["A"]
    np.testing.assert_allclose(example, RUNNING_EXAMPLE)
    small = 1e-6 * np.eye(3)
    np.testing.assert_allclose(np.transpose([(f(point + e) - f(point - e)) / 2e-6 for e in small]), example, atol=1e-8)


def test_remainder_falls_a_hundredfold(lecture: Lecture) -> None:
    remainders = lecture.names["remainders"]
    np.testing.assert_allclose(remainders[1.0], [0.09, -0.1])
    np.testing.assert_allclose(remainders[0.1] / remainders[1.0], 0.01)
    np.testing.assert_allclose(remainders[0.01] / remainders[0.1], 0.01)


def test_three_ways_to_write_one_map(lecture: Lecture) -> None:
    for way in lecture.names["three_ways"]:
        np.testing.assert_allclose(way, [1, 5])


def test_why_matrix_free(lecture: Lecture) -> None:
    assert lecture.names["dense_gigabytes"] == pytest.approx(80)
    assert lecture.names["nonzero"] == 5_000_050_000
    assert lecture.names["cumsum_is_linear"]


def test_recovery_by_columns_and_by_rows(lecture: Lecture) -> None:
    np.testing.assert_allclose(
        lecture.names["matrix_from_mvp"](lecture.names["matrix_vector_product"], 3), RUNNING_EXAMPLE
    )
    np.testing.assert_allclose(
        lecture.names["matrix_from_vmp"](lecture.names["vector_matrix_product"], 2), RUNNING_EXAMPLE
    )


def test_columns_and_rows_are_those_of_the_matrix(lecture: Lecture) -> None:
    printed = lecture.printed["three-calls-three-columns-code"]
    for column in ("[2. 0.]", "[0. 1.]", "[0. 3.]"):
        assert f"gives  y = {column}" in printed
    printed = lecture.printed["two-calls-two-rows-code"]
    assert "gives  [2. 0. 0.]" in printed
    assert "gives  [0. 1. 3.]" in printed


def test_dot_product_tests_hold(lecture: Lecture) -> None:
    for cell in (
        "another-program-not-another-call-code-2",
        "do-the-two-belong-together-code",
    ):
        left, right = (line.split("= ")[1] for line in lecture.printed[cell].splitlines())
        assert float(left) == pytest.approx(float(right), rel=1e-10)
        assert float(left) != 0


def test_calls_of_wide_and_tall_maps(lecture: Lecture) -> None:
    assert lecture.names["wide"] == {"MVP": 10_000, "VMP": 1}
    assert lecture.names["tall"] == {"MVP": 1, "VMP": 10_000}


def test_line_against_line_is_the_program_and_its_transpose(lecture: Lecture) -> None:
    slide = next(cell for cell in read_chapter(COURSE.notebook(CHAPTER)).cells if cell.id == "line-against-line")
    rows = [line.split("|")[2:4] for line in slide.source.splitlines() if re.match(r"\| \d", line)]
    x, z = np.array([0.3, -1.2]), np.array([0.7, 2.1])
    names = {"x0": x[0], "x1": x[1], "z0_bar": z[0], "z1_bar": z[1], "s_bar": 0.0, "x0_bar": 0.0, "x1_bar": 0.0}
    for forward, _ in rows:
        exec("\n".join(re.findall("`(.*?)`", forward)), names)
    for _, backward in reversed(rows):
        exec("\n".join(re.findall("`(.*?)`", backward)), names)
    np.testing.assert_allclose([names["z0"], names["z1"]], lecture.names["program"](x))
    np.testing.assert_allclose([names["x0_bar"], names["x1_bar"]], lecture.names["transposed"](z))


def test_graph_like_and_its_transpose(lecture: Lecture) -> None:
    columns = [lecture.names["graph_like"](e) for e in np.eye(3)]
    np.testing.assert_allclose(np.transpose(columns), GRAPH_LIKE)
    rows = [lecture.names["graph_like_vmp"](e) for e in np.eye(2)]
    np.testing.assert_allclose(rows, GRAPH_LIKE)


def test_costs_of_the_composition(lecture: Lecture) -> None:
    assert lecture.names["one_sweep"] == 25_100
    assert lecture.names["forward_cost"] == 1_020_000
    assert lecture.names["backward_cost"] == 50_000
    example = [(2, 50), (50, 100), (100, 200)]
    assert lecture.names["composition_cost"](example, "forward") == 1_020_000
    assert lecture.names["composition_cost"](example, "backward") == 50_000
    np.testing.assert_allclose(np.transpose(lecture.names["by_columns"]), lecture.names["by_rows"])


def test_the_crossing_of_the_two_costs(lecture: Lecture) -> None:
    assert lecture.names["cheaper_from"] == 67
    assert lecture.names["backward_costs"][0] == 25_000
    assert all(
        cost == 25_000 * m for m, cost in zip(lecture.names["outputs"], lecture.names["backward_costs"], strict=True)
    )
    forward = lecture.names["forward_costs"]
    assert forward[0] >= 1.0e6 and forward[9] <= 1.1e6  # near a million up to ten outputs
    assert round(forward[66] / 1e6, 2) == 1.67
