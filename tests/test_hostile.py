"""The tree of hostile and broken submissions, graded in one run with an honest one after each.

Each case gets the verdict that its file says. No case changes an honest student's marks, anything
on the grader's disk, or anything that goes on after the run.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import html
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, edit, scratch
from hostile_cases import all_cases, answer, filled_in, lay_out, right_answers
from needs import REQUIRE_ALL, needs_root, needs_sandbox
from users import as_ordinary_user

from triptych.build.release import release_chapter
from triptych.grade.run import Result, grade
from triptych.grade.sandbox.limits import Limits
from triptych.model.chapter import Role, hidden_lines, read_chapter, role_of
from triptych.model.course import Course

HERE = Path(__file__)
CASES = {case.name: case for case in all_cases()}
#: A few cases by name instead of all, separated by commas.
CHOSEN = [name for name in os.environ.get("TRIPTYCH_HOSTILE", "").split(",") if name] or list(CASES)
#: Exercises that the scratch chapter keeps, with the test cells that decide on them.
KEPT = {
    "mul_jvp": ("mul_jvp_random_tangents", "mul_jvp_arrays"),
    "sum_jvp": ("sum_jvp_random_tangents",),
    "jacobian_by_columns": ("jacobian_by_columns_sweeps_and_inputs",),
}
FULL = sum(map(len, KEPT.values()))
#: More than there are cores: most of the time goes into waiting for what does not end.
JOBS = 2 * len(os.sched_getaffinity(0))
#: Short, so that what does not end is soon over; long enough for what is honest on a busy machine.
LIMITS = Limits(call_seconds=2, test_seconds=8, cell_seconds=5, notebook_seconds=60, memory_bytes=1_500_000_000)
TOKEN = "5f3c-token-of-the-hub-77aa"
ORPHAN = f"hostile-orphan-{os.getpid()}"

#: One case of each family, graded in every run of the tests; all cases are in the slow tier.
FAMILIES = {
    "answers that compare equal to everything": "always_equal",
    "the notebook's own metadata": "tag_skip_execution",
    "the test's frames and messages": "frame_walk",
    "links out of the folder": "link_to_gradebook",
    "markup in outputs": "hostile_outputs",
    "files of the grader": "read_source",
    "network": "sockets",
    "processes that stay": "daemon",
    "output without end": "flood_of_lines",
    "loops without end": "endless_loop",
    "memory": "memory_hog",
    "disk": "disk_filled",
    "crashes": "segfault",
    "files that are no notebook": "bad_json",
    "notebooks of another form": "deleted_tests",
    "honest work": "honest_shapes_of_results",
}
TIERS = {"family": [name for name in FAMILIES.values() if name in CHOSEN], "all": CHOSEN}

pytestmark = needs_sandbox


def marks_of(tier: str) -> list[pytest.MarkDecorator]:
    """One class is graded for all tests of a tier."""
    return [pytest.mark.xdist_group(f"hostile {tier}"), *([pytest.mark.slow] if tier == "all" else [])]


each_tier = pytest.mark.parametrize(
    "graded", [pytest.param(tier, marks=marks_of(tier)) for tier in TIERS], indirect=True
)
each_case = pytest.mark.parametrize(
    ("graded", "name"),
    [pytest.param(tier, name, marks=marks_of(tier)) for tier, names in TIERS.items() for name in names],
    indirect=["graded"],
)


@dataclass(frozen=True)
class Graded:
    """What the one run left."""

    course: Course
    results: dict[str, Result]
    #: the student's name by case
    students: dict[str, str]
    honest: tuple[str, ...]
    #: what differs on disk, what arrived over the network
    changed: tuple[str, ...]
    arrived: tuple[str, ...]
    values: dict[str, str]


@pytest.fixture(scope="module")
def runs() -> dict[str, Graded]:
    """The run of each tier, made when it is first asked for."""
    return {}


@pytest.fixture
def graded(request: pytest.FixtureRequest, runs: dict[str, Graded], tmp_path_factory: pytest.TempPathFactory) -> Graded:
    tier = request.param
    if tier not in runs:
        runs[tier] = grade_class(tmp_path_factory.mktemp("hostile"), TIERS[tier])
    return runs[tier]


def grade_class(base: Path, names: list[str]) -> Graded:
    course = small_course(base / "course")
    home, exchange = base / "home", base / "exchange"
    for folder in (home / ".ipython" / "profile_default" / "startup", exchange / "triptych" / "inbound"):
        folder.mkdir(parents=True)
        folder.chmod(0o777)
    with listener() as (port, name, arrived), pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
        patch.setenv("NBGRADER_EXECUTION", "autograde")
        values = {
            "COURSE": str(course.root), "HOME": str(home), "EXCHANGE": str(exchange), "PORT": str(port),
            "ABSTRACT": name, "ORPHAN": ORPHAN, "TOKEN": TOKEN,
        }  # fmt: skip
        students, honest = lay_out_class(course, names, values)
        before = fingerprint(base)
        results = grade(course, [FORWARD], limits=LIMITS, jobs=JOBS)
        after = fingerprint(base)
    changed = [f"{path} was made or changed" for path in sorted(after) if after[path] != before.get(path)]
    changed += [f"{path} is gone" for path in sorted(before.keys() - after.keys())]
    by_student = {result.student: result for result in results}
    return Graded(course, by_student, students, tuple(honest), tuple(changed), tuple(arrived), values)


def small_course(root: Path) -> Course:
    """Chapter 05 with a few of its exercises and no lecture, so that a whole class is graded in minutes."""
    course = scratch(root)
    keep = {*KEPT, *(test for tests in KEPT.values() for test in tests)}

    def shorten(notebook: nbformat.NotebookNode) -> None:
        notebook.cells = [
            cell
            for cell in notebook.cells
            if role_of(cell) in (Role.SETUP, Role.STUDENT_SIDE)
            or cell.metadata.get("nbgrader", {}).get("grade_id") in keep
        ]

    edit(course.notebook(FORWARD), shorten)
    release_chapter(course, FORWARD)
    return course


def lay_out_class(course: Course, names: list[str], values: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Submissions of some cases, an honest one after each: students are graded by name."""
    students: dict[str, str] = {}
    honest = ["000 honest"]
    for number, name in enumerate(names, 1):
        if CASES[name].needs == "root" and os.geteuid() != 0:
            continue
        students[name] = CASES[name].student or f"{number:03} {name}"
        honest.append(f"{number:03} zz honest")
    for student in honest:
        path = course.release / FORWARD / f"{FORWARD}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        answer(notebook, right_answers(course, FORWARD))
        folder = course.submitted / student / FORWARD
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / path.name)
    for name, student in students.items():
        lay_out(CASES[name], course, FORWARD, student, honest[0], values)
    return students, honest


def fingerprint(base: Path) -> dict[str, str]:
    """What there is on disk but for what grading itself writes, as text that tells versions apart."""
    found = {}
    for above, folders, names in os.walk(os.fsencode(base)):
        if Path(os.fsdecode(above)) == base / "course":
            folders[:] = [f for f in folders if f not in (b"autograded", b"feedback", b".triptych", b"reports")]
            names[:] = [n for n in names if n != b"gradebook.db"]
        # the libraries of the grader itself keep caches in its home
        folders[:] = [f for f in folders if f != b".cache"]
        for name in names:
            path = os.path.join(above, name)  # noqa: PTH118 - names may be no text
            status = os.lstat(path)
            content = ""
            if stat.S_ISREG(status.st_mode) and status.st_size < 10**8:
                with open(path, "rb") as file:  # noqa: PTH123
                    content = hashlib.sha256(file.read()).hexdigest()
            found[repr(os.path.relpath(path, os.fsencode(base)))] = f"{status.st_mode} {status.st_size} {content}"
    return found


@contextlib.contextmanager
def listener() -> Iterator[tuple[int, str, list[str]]]:
    """Listens where the cases try to reach: TCP and UDP on one port, and an abstract Unix name."""
    name = f"hostile-{os.getpid()}"
    arrived: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        with socket.socket(socket.AF_UNIX) as abstract:
            abstract.bind(f"\0{name}")
            abstract.listen()
            over = threading.Event()

            def wait(made: socket.socket, kind: str) -> None:
                made.settimeout(0.2)
                while not over.is_set():
                    with contextlib.suppress(TimeoutError):
                        if kind == "UDP":
                            made.recv(10)
                        else:
                            made.accept()[0].close()
                        arrived.append(kind)

            threads = [
                threading.Thread(target=wait, args=(s, k)) for s, k in ((tcp, "TCP"), (udp, "UDP"), (abstract, "Unix"))
            ]
            for thread in threads:
                thread.start()
            try:
                yield port, name, arrived
            finally:
                over.set()
                for thread in threads:
                    thread.join()


# --- what each case gets ---------------------------------------------------------------------------


@each_case
def test_verdict(graded: Graded, name: str) -> None:
    case = CASES[name]
    if name not in graded.students:
        pytest.skip("only root can make this one")
    result = graded.results[graded.students[name]]
    told = {cell: mark.score for cell, mark in result.cells.items()}
    assert result.status == case.status, (result.reason, told)
    if case.status == "graded":
        assert result.score == (FULL if case.score == "full" else case.score), told
        assert result.max_score == FULL
        assert {cell: told[cell] for cell in case.cells} == dict(case.cells)
    else:
        assert result.score is None and result.cells == {}
        assert (case.reason or "") in result.reason and result.reason


@each_case
def test_what_must_not_appear(graded: Graded, name: str) -> None:
    if name not in graded.students:
        pytest.skip("only root can make this one")
    case, student = CASES[name], graded.students[name]
    secrets = {filled_in(text, graded.values) for text in (*case.must_not_appear, TOKEN)}
    page = feedback_of(graded.course, student)
    printed = outputs_of(graded.course, student)
    for text in secrets | hidden_of(graded.course):
        # a page shows text escaped; markup that is live would stand there as it is
        assert text not in printed or text.startswith(("<", "\x1b", "\x9b", "\x07", "onerror", "href", "javascript")), (
            text
        )
        assert text not in page, text
        if not text.startswith(("<", "onerror", "href", "javascript")):
            assert text not in html.unescape(re.sub(r"<[^>]*>", "", page)), text
    if case.status == "not_graded":
        assert page == printed == ""


@functools.cache
def hidden_of(course: Course) -> frozenset[str]:
    """Lines of hidden tests and of solutions that are nobody else's: long, and not a message for students."""
    chapter = read_chapter(course.notebook(FORWARD))
    public = nbformat.writes(nbformat.read(course.release / FORWARD / f"{FORWARD}.ipynb", as_version=4))
    lines = {line.strip() for cell in chapter.with_role(Role.TEST) for line in hidden_lines(cell.source)}
    return frozenset(
        line
        for line in lines
        if len(line) > 25 and not line.startswith(('"', "#")) and json.dumps(line)[1:-1] not in public
    )


def feedback_of(course: Course, student: str) -> str:
    path = course.root / "feedback" / student / FORWARD / f"{FORWARD}.html"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def outputs_of(course: Course, student: str) -> str:
    """Everything that the graded notebook's cells have put out, one after the other."""
    path = course.root / "autograded" / student / FORWARD / f"{FORWARD}.ipynb"
    if not path.is_file():
        return ""
    said = []
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            said += [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
            said += map(str, output.get("data", {}).values())
    return "\n".join(said)


# --- what all of them leave alone ------------------------------------------------------------------


@each_tier
def test_honest_marks_are_untouched(graded: Graded) -> None:
    marks = {student: (graded.results[student].status, graded.results[student].score) for student in graded.honest}
    assert marks == dict.fromkeys(graded.honest, ("graded", FULL))


@each_tier
def test_honest_feedback_is_their_own(graded: Graded) -> None:
    for student in graded.honest:
        page = feedback_of(graded.course, student)
        assert "MARK" not in page and "mul_jvp" in page


@each_tier
def test_nothing_else_on_disk_has_changed(graded: Graded) -> None:
    assert graded.changed == ()


@each_tier
def test_nothing_arrived_over_the_network(graded: Graded) -> None:
    assert graded.arrived == ()


@each_tier
def test_nothing_goes_on_after_the_run(graded: Graded) -> None:
    left = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes()
            if ORPHAN.encode() in line and not line.startswith(sys.executable.encode()):
                left.append(line)
    assert left == []


@each_tier
def test_pages_and_notebooks_are_of_a_size_to_send(graded: Graded) -> None:
    for student in graded.students.values():
        for text in (feedback_of(graded.course, student), outputs_of(graded.course, student)):
            assert len(text) < 5 * LIMITS.output_bytes, student


# --- the tree itself -------------------------------------------------------------------------------


def test_the_tree_is_as_large_as_it_is_said_to_be() -> None:
    assert len(CASES) >= 70
    kinds = [case.kind for case in CASES.values()]
    assert set(FAMILIES.values()) <= set(CASES)
    assert min(kinds.count(kind) for kind in ("cheat", "leak", "harm", "broken", "honest")) >= 10
    assert len({case.title for case in CASES.values()}) == len(CASES)


#: Cases that harm nobody outside of a sandbox and win where tests share the student's process.
HOLES = (
    "display_hook",
    "frame_walk",
    "input_transformer",
    "ast_transformer",
    "filtered_session",
    "history",
    "rebound_helpers",
)


@pytest.mark.slow
def test_without_the_wall_the_tree_finds_the_holes(tmp_path: Path) -> None:
    """The same cases in one kernel with its tests, as stock nbgrader runs them: they win there."""
    from nbclient import NotebookClient

    course = small_course(tmp_path / "course")
    won = []
    for name in HOLES:
        folder = lay_out(CASES[name], course, FORWARD, name, "", {})
        submission = nbformat.read(folder / f"{FORWARD}.ipynb", as_version=4)
        source = nbformat.read(course.notebook(FORWARD), as_version=4)
        tests = {c.id: c.source for c in source.cells if c.metadata.nbgrader.get("grade")}
        for cell in submission.cells:
            cell.source = tests.get(cell.id, cell.source)
        NotebookClient(submission, timeout=60, allow_errors=True, kernel_name="python3").execute()
        marks = [
            _stock_mark(cell) for cell in submission.cells if cell.id in ("mul_jvp_random_tangents", "mul_jvp_arrays")
        ]
        won += [name] if any(marks) else []
    assert won == list(HOLES)


def _stock_mark(cell: nbformat.NotebookNode) -> bool:
    """Whether nbgrader's own `determine_grade` gives points for these outputs."""
    from nbgrader.utils import determine_grade

    return bool(determine_grade(cell)[0])


# --- as somebody else ------------------------------------------------------------------------------


@pytest.mark.slow
@needs_root
def test_the_tree_as_an_ordinary_user() -> None:
    """All of it where nothing may be left out, else some of each kind: it doubles the time."""
    some: list[str] = []
    for kind in ("cheat", "leak", "harm", "honest"):
        some += [name for name in CASES if CASES[name].kind == kind][::8]
    chosen = CHOSEN if REQUIRE_ALL or len(CHOSEN) < len(CASES) else some
    home = Path(subprocess.check_output(["mktemp", "-d", "/tmp/ordinary-XXXX"], text=True).strip())
    try:
        names = f"TRIPTYCH_HOSTILE={','.join(chosen)}"
        command = ["env", names, sys.executable, "-m", "pytest", "-q", "-rs", "-m", "slow"]
        command += ["-p", "no:cacheprovider", str(HERE)]
        command += [f"--basetemp={home}/t", "--deselect", f"{HERE.relative_to(HERE.parents[1])}::{_ONCE}"]
        # itself, which even a required run cannot do there
        command += ["--deselect", f"{HERE.relative_to(HERE.parents[1])}::{_AS_SOMEBODY_ELSE}"]
        ran = subprocess.run(
            as_ordinary_user(command, home), capture_output=True, text=True, cwd=HERE.parents[1], check=False
        )
        assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=False)


_AS_SOMEBODY_ELSE = test_the_tree_as_an_ordinary_user.__name__
_ONCE = test_without_the_wall_the_tree_finds_the_holes.__name__
