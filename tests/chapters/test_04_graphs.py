"""Tests of the statements on the slides of chapter 4."""

from __future__ import annotations

import numpy as np
import pytest
from lectures import COURSE, Lecture

from triptych.model.chapter import read_chapter

MATRIX = [[2, 1, 2], [-2, -1, 1]]


def test_both_graphs_have_the_same_matrix(lecture: Lecture) -> None:
    np.testing.assert_allclose(lecture.names["graph_matrix"], MATRIX)
    np.testing.assert_allclose(lecture.names["layered_matrix"], MATRIX)


def test_entries_are_sums_over_paths(lecture: Lecture) -> None:
    title, *rows = [line.split() for line in lecture.lines("an-entry-is-a-sum-over-paths-code")]
    assert title == ["x1", "x2", "x3"]
    assert rows == [["z1", "2", "1", "2"], ["z2", "-2", "-1", "1"]]


def test_paths_double_with_every_rung(lecture: Lecture) -> None:
    ladder, path_sum = lecture.names["ladder"], lecture.names["path_sum"]
    for rungs in (1, 3, 6):
        assert path_sum(0, rungs, ladder(rungs)) == 2**rungs
        assert len(ladder(rungs)) == 4 * rungs
    assert lecture.names["calls"] == {2: 13, 4: 61, 8: 1021}
    assert lecture.numbers("counted-not-guessed-code") == [2, 4, 13, 4, 16, 61, 8, 256, 1021]
    assert len(ladder(40)) == lecture.names["edges_on_ladder"][-1] == 160
    assert lecture.names["paths_on_ladder"][-1] == 2**40 == 1_099_511_627_776
    assert lecture.names["days_for_paths"] == pytest.approx(12.7, abs=0.05)


def test_values_of_the_forward_sweep(lecture: Lecture) -> None:
    assert lecture.names["swept_forward"] == {"x1": 1, "x2": 2, "x3": 3, "y": 4, "z1": 10, "z2": -1}
    title, *columns = [line.split() for line in lecture.lines("the-sweep-line-by-line-code")]
    assert title == list(lecture.names["swept_forward"])
    np.testing.assert_allclose(np.array(columns, dtype=float)[:, 4:].T, MATRIX)


def test_values_of_the_backward_sweep(lecture: Lecture) -> None:
    assert lecture.names["swept_back"] == {"x1": -2, "x2": -1, "x3": 4, "y": -1, "z1": 1, "z2": 2}
    title, *rows = [line.split() for line in lecture.lines("backward-line-by-line-code")]
    assert title == list(lecture.names["swept_back"]) == ["z1", "z2", "y", "x3", "x2", "x1"]
    np.testing.assert_allclose(np.array(rows, dtype=float)[:, :2:-1], MATRIX)
    assert lecture.lines("do-both-sweeps-agree-code") == ["dot-product test: 8.0 = 8.0"]


def test_the_exercises_give_what_the_lecture_swept_by_hand(lecture: Lecture) -> None:
    edges = lecture.names["graph_like_edges"]
    forward = lecture.names["propagate_forward"](edges, {"x1": 1.0, "x2": 2.0, "x3": 3.0})
    backward = lecture.names["propagate_backward"](edges, {"z1": 1.0, "z2": 2.0})
    assert forward == lecture.names["swept_forward"]
    assert backward == lecture.names["swept_back"]


def test_topological_orders(lecture: Lecture) -> None:
    assert len(lecture.names["allowed"]) == 16
    assert ("x1", "x2", "x3", "y", "z1", "z2") in lecture.names["allowed"]
    assert all(order.index("y") > order.index("x2") for order in lecture.names["allowed"])


def test_the_order_by_counting(lecture: Lecture) -> None:
    slide = next(cell for cell in read_chapter(COURSE.notebook("04_graphs")).cells if cell.id == "an-order-by-counting")
    table = [
        [entry.strip(" `*") for entry in line.split("|")[1:-1]] for line in slide.source.splitlines() if "|" in line
    ]
    nodes, (start, *rows) = table[0][1:], table[2:]
    unused = list(lecture.names["graph_like_edges"])
    taken: set[str] = set()
    for node, *counts in (start, *rows):
        if node != "none":
            assert node not in taken and all(child != node for _, child, _ in unused)
            taken.add(node)
            unused = [edge for edge in unused if edge[0] != node]
        assert counts == ["taken" if n in taken else str(sum(edge[1] == n for edge in unused)) for n in nodes]
    assert not unused


def test_the_propagator(lecture: Lecture) -> None:
    np.testing.assert_allclose(lecture.names["propagator"][4:, :3], MATRIX)
    weights = lecture.names["W"]
    assert np.count_nonzero(weights @ weights) == 4
    assert not np.any(weights @ weights @ weights)
    expected = np.eye(6) + weights + weights @ weights
    np.testing.assert_allclose(lecture.names["propagator"], expected, atol=1e-12)
