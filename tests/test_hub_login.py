"""A real hub, once through: a student logs in, fetches a chapter and presses Validate. test_hub.py has the rest."""

from __future__ import annotations

import pytest
from courses import FORWARD, edit, scratch
from hub_workshop import COURSE_ID, NOTEBOOK, RIGHT, SUM, WRONG, Workshop, fill, two_exercises
from needs import needs_hub

from triptych.hub.admin import accounts

pytestmark = needs_hub


def test_a_student_logs_in_fetches_and_validates(tmp_path_factory: pytest.TempPathFactory) -> None:
    course = scratch(tmp_path_factory.mktemp("hub") / "course")
    edit(course.notebook(FORWARD), two_exercises)
    course.root.chmod(0o700)
    workshop = Workshop(course, students=["ada"])
    try:
        workshop.up(FORWARD)
        ada = workshop.enter(workshop.students[0])
        assert [entry["status"] for entry in ada.assignments(COURSE_ID, FORWARD)] == ["released"]
        ada.button("fetch", COURSE_ID, FORWARD)
        fill(ada, mul_jvp=WRONG, sum_jvp=SUM)
        (failed,) = ada.validate(NOTEBOOK)["failed"]
        assert "write down the product rule" in failed["error"] and "Traceback" not in failed["error"]
        fill(ada, mul_jvp=RIGHT, sum_jvp=SUM)
        assert ada.validate(NOTEBOOK) == {}
    finally:
        workshop.close()
    assert all(accounts.account(user) is None for user in (workshop.instructor, *workshop.students))
