"""A real hub: a student logs in, fetches a chapter and presses Validate, and the course page follows.

test_hub.py has the rest.
"""

from __future__ import annotations

from pathlib import Path

from courses import FORWARD
from hub_workshop import COURSE_ID, NOTEBOOK, RIGHT, SUM, WRONG, fill, workshop
from needs import needs_hub

from triptych.hub.admin.accounts import account

pytestmark = needs_hub


def test_a_student_logs_in_fetches_and_validates(tmp_path: Path) -> None:
    with workshop(tmp_path, ["ada"]) as hub:
        ada = hub.enter(hub.students[0])
        assert [entry["status"] for entry in ada.assignments(COURSE_ID, FORWARD)] == ["released"]
        assert "Not fetched yet" in ada.course_page()
        ada.button("fetch", COURSE_ID, FORWARD)
        fill(ada, mul_jvp=WRONG, sum_jvp=SUM)
        (failed,) = ada.validate(NOTEBOOK)["failed"]
        assert "write down the product rule" in failed["error"] and "Traceback" not in failed["error"]
        fill(ada, mul_jvp=RIGHT, sum_jvp=SUM)
        assert ada.validate(NOTEBOOK) == {}
        assert "Fetched Visible tests: 3 of 3 points" in ada.course_page()
    assert all(account(user) is None for user in (hub.instructor, *hub.students))
