"""Grades all hostile and broken submissions in one run, with an honest one after each.

Each case gets the result that its file states. No case changes the score of an honest student or the grader's disk,
and nothing is left running.
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
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import pytest
from courses import FORWARD, answer, edit, scratch, submit
from hostile_cases import KINDS, all_cases, fill_in, right_answers, write_submission
from needs import REQUIRE_ALL, needs_root, needs_sandbox
from users import as_ordinary_user

from triptych.build.release import release_chapter
from triptych.files import remove, walk
from triptych.grade.record import Result
from triptych.grade.run import grade
from triptych.grade.sandbox.limits import Limits
from triptych.model.chapter import Role, hidden_lines, read_chapter, role_of
from triptych.model.course import Course

HERE = Path(__file__)
CASES = {case.name: case for case in all_cases()}
#: Names of cases to run instead of all of them, separated by commas.
CHOSEN = [name for name in os.environ.get("TRIPTYCH_HOSTILE", "").split(",") if name] or list(CASES)
#: The exercises of the scratch chapter with their test cells.
EXERCISES = {
    "mul_jvp": ("mul_jvp_random_tangents", "mul_jvp_arrays"),
    "sum_jvp": ("sum_jvp_random_tangents",),
    "jacobian_by_columns": ("jacobian_by_columns_sweeps_and_inputs",),
}
FULL = sum(map(len, EXERCISES.values()))
#: More than the number of cores, because most jobs wait for an endless loop to be stopped.
JOBS = 2 * len(os.sched_getaffinity(0))
#: Short times, but long enough for honest submissions on a busy machine.
LIMITS = Limits(
    call_seconds=2, test_seconds=8, test_cpu_seconds=12, cell_seconds=5, notebook_seconds=60, memory_bytes=1_500_000_000
)
#: A process of the grader may hold this much, its share of the libraries that all of them have in memory included.
MEMORY_BYTES = 1_000_000_000
TOKEN = "5f3c-token-of-the-hub-77aa"
ORPHAN = f"hostile-orphan-{os.getpid()}"
#: Texts that pages may contain in escaped form.
MARKUP = ("<", "onerror", "href", "javascript")

#: One case of each family is graded in every run of the tests, all cases in the slow tier.
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
    """All tests of a tier run in the process that graded its class."""
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
class GradedClass:
    """A class after the run."""

    course: Course
    results: dict[str, Result]
    #: names of students by case
    students: dict[str, str]
    honest: list[str]
    changed_files: list[str]
    #: protocols over which something arrived
    arrived: list[str]
    #: values of the placeholders in cases
    values: dict[str, str]
    #: the largest memory of each of the grader's processes, in bytes, by a description of the process
    memory: dict[str, int]

    def student(self, case: str) -> str:
        if case not in self.students:
            pytest.skip("only root can make this one")
        return self.students[case]

    def feedback(self, student: str) -> str:
        path = self.course.root / "feedback" / student / FORWARD / f"{FORWARD}.html"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def outputs(self, student: str) -> str:
        """All outputs in the graded notebook."""
        path = self.course.root / "autograded" / student / FORWARD / f"{FORWARD}.ipynb"
        texts = []
        for cell in nbformat.read(path, as_version=4).cells if path.is_file() else []:
            for output in cell.get("outputs", []):
                texts += [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
                texts += map(str, output.get("data", {}).values())
        return "\n".join(texts)


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[str, GradedClass]]:
    """The class of each tier, graded when a test first needs it."""
    runs: dict[str, GradedClass] = {}
    yield runs
    for run in runs.values():
        remove(run.course.submitted)  # pytest's own removal recurses


@pytest.fixture
def graded(
    request: pytest.FixtureRequest, runs: dict[str, GradedClass], tmp_path_factory: pytest.TempPathFactory
) -> GradedClass:
    tier = request.param
    if tier not in runs:
        runs[tier] = grade_class(tmp_path_factory.mktemp("hostile"), TIERS[tier])
    return runs[tier]


def grade_class(base: Path, names: list[str]) -> GradedClass:
    course = small_course(base / "course")
    home, exchange, temporary = base / "home", base / "exchange", base / "tmp"
    temporary.mkdir()
    for folder in (home / ".ipython" / "profile_default" / "startup", exchange / "triptych" / "inbound"):
        folder.mkdir(parents=True)
        folder.chmod(0o777)
    with listener() as (port, abstract_name, arrived), pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", None)
        patch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
        patch.setenv("NBGRADER_EXECUTION", "autograde")
        values = {
            "COURSE": str(course.root), "HOME": str(home), "EXCHANGE": str(exchange), "PORT": str(port),
            "ABSTRACT": abstract_name, "ORPHAN": ORPHAN, "TOKEN": TOKEN,
        }  # fmt: skip
        students, honest = write_class(course, names, values)
        before = list_files(base)
        with memory_of_the_grader() as memory:
            results = grade(course, [FORWARD], limits=LIMITS, jobs=JOBS)
        after = list_files(base)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return GradedClass(course, {r.student: r for r in results}, students, honest, changed, arrived, values, memory)


def small_course(root: Path) -> Course:
    """Chapter 05 without its lecture and with few exercises, so that a whole class is graded in minutes."""
    course = scratch(root)
    names = {*EXERCISES, *(test for tests in EXERCISES.values() for test in tests)}

    def shorten(notebook: nbformat.NotebookNode) -> None:
        notebook.cells = [
            cell
            for cell in notebook.cells
            if role_of(cell) in (Role.SETUP, Role.STUDENT_SIDE)
            or cell.metadata.get("nbgrader", {}).get("grade_id") in names
        ]

    edit(course.notebook(FORWARD), shorten)
    release_chapter(course, FORWARD)
    return course


def write_class(course: Course, names: list[str], values: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Writes the submissions of cases, an honest one after each, as students are graded in the order of their names."""
    students: dict[str, str] = {}
    honest = ["000 honest"]
    for number, name in enumerate(names, 1):
        if CASES[name].needs != "root" or os.geteuid() == 0:
            students[name] = CASES[name].student or f"{number:03} {name}"
            honest.append(f"{number:03} zz honest")
    for student in honest:
        submit(course, student, answer(course, FORWARD, right_answers(course, FORWARD)))
    for name, student in students.items():
        write_submission(CASES[name], course, FORWARD, student, honest[0], values)
    return students, honest


def list_files(base: Path) -> dict[str, str]:
    """Mode, size and content of all files, except those that grading writes and the caches of its libraries."""
    written = [base / "course" / name for name in ("autograded", "feedback", ".triptych", "reports", "gradebook.db")]
    files = {}
    for entry in walk(base, skip={".cache"}):
        if not entry.is_folder and not any(entry.path.is_relative_to(path) for path in written):
            content = ""
            if entry.is_file and entry.status.st_size < 10**8:
                content = hashlib.sha256(entry.path.read_bytes()).hexdigest()
            files[repr(str(entry.relative))] = f"{entry.status.st_mode} {entry.status.st_size} {content}"
    return files


@contextlib.contextmanager
def memory_of_the_grader() -> Iterator[dict[str, int]]:
    """Records the largest resident memory of this process's descendants outside sandboxes, which have limits of their own.

    The kernel keeps the maximum, so that no peak is missed between two looks.
    """
    memory: dict[str, int] = {}
    namespace = Path("/proc/self/ns/pid").readlink()
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(0.1):
            for process in psutil.Process().children(recursive=True):
                folder = Path(f"/proc/{process.pid}")
                with contextlib.suppress(OSError, psutil.Error):
                    if (folder / "ns" / "pid").readlink() == namespace:
                        peak = re.search(r"VmHWM:\s*(\d+)", (folder / "status").read_text())
                        if peak is not None:  # a process that has ended and is still listed has no memory
                            memory[f"{process.pid} {process.name()}"] = 1024 * int(peak[1])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        stopped.set()
        thread.join()


@contextlib.contextmanager
def listener() -> Iterator[tuple[int, str, list[str]]]:
    """Listens on a port (TCP and UDP) and an abstract Unix name, which cases try to reach."""
    name = f"hostile-{os.getpid()}"
    arrived: list[str] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        abstract.bind(f"\0{name}")
        abstract.listen()
        stopped = threading.Event()

        def wait(listening: socket.socket, protocol: str) -> None:
            listening.settimeout(0.2)
            while not stopped.is_set():
                with contextlib.suppress(TimeoutError):
                    if protocol == "UDP":
                        listening.recv(10)
                    else:
                        listening.accept()[0].close()
                    arrived.append(protocol)

        threads = [
            threading.Thread(target=wait, args=pair) for pair in ((tcp, "TCP"), (udp, "UDP"), (abstract, "Unix"))
        ]
        for thread in threads:
            thread.start()
        try:
            yield port, name, arrived
        finally:
            stopped.set()
            for thread in threads:
                thread.join()


# --- the result of each case -----------------------------------------------------------------------


@each_case
def test_result_is_the_stated_one(graded: GradedClass, name: str) -> None:
    case, result = CASES[name], graded.results[graded.student(name)]
    scores = {id_: cell.score for id_, cell in result.cells.items()}
    assert result.status == case.status, (result.reason, scores)
    if case.status == "graded":
        assert result.score == (FULL if case.score == "full" else case.score), scores
        assert result.max_score == FULL
        assert {id_: scores[id_] for id_ in case.cells} == dict(case.cells)
    else:
        assert result.score is None and result.cells == {}
        assert (case.reason or "") in result.reason and result.reason


@each_case
def test_secrets_do_not_appear(graded: GradedClass, name: str) -> None:
    case, student = CASES[name], graded.student(name)
    secrets = {fill_in(text, graded.values) for text in (*case.must_not_appear, TOKEN)}
    page, outputs = graded.feedback(student), graded.outputs(student)
    for text in secrets | hidden_test_lines(graded.course):
        # notebooks store markup and terminal codes as they are; a page escapes markup
        assert text not in outputs or text.startswith((*MARKUP, "\x1b", "\x9b", "\x07")), text
        assert text not in page, text
        if not text.startswith(MARKUP):
            assert text not in html.unescape(re.sub(r"<[^>]*>", "", page)), text
    if case.status == "not_graded":
        assert page == outputs == ""


@functools.cache
def hidden_test_lines(course: Course) -> frozenset[str]:
    """Lines that only hidden tests contain: long, and not messages for students."""
    public = (course.release / FORWARD / f"{FORWARD}.ipynb").read_text(encoding="utf-8")
    tests = read_chapter(course.notebook(FORWARD)).with_role(Role.TEST)
    lines = {line.strip() for cell in tests for line in hidden_lines(cell.source)}
    return frozenset(
        line
        for line in lines
        if len(line) > 25 and not line.startswith(('"', "#")) and json.dumps(line)[1:-1] not in public
    )


# --- what no case changes --------------------------------------------------------------------------


@each_tier
def test_honest_scores_are_unaffected(graded: GradedClass) -> None:
    scores = {student: (graded.results[student].status, graded.results[student].score) for student in graded.honest}
    assert scores == dict.fromkeys(graded.honest, ("graded", FULL))


@each_tier
def test_honest_feedback_is_unaffected(graded: GradedClass) -> None:
    for student in graded.honest:
        page = graded.feedback(student)
        assert "MARK" not in page and "mul_jvp" in page


@each_tier
def test_no_other_file_has_changed(graded: GradedClass) -> None:
    assert graded.changed_files == []


@each_tier
def test_the_grader_s_memory_is_bounded(graded: GradedClass) -> None:
    print("MB by process:", {name: size // 10**6 for name, size in graded.memory.items() if size > 10**8})
    assert {name: size for name, size in graded.memory.items() if size > MEMORY_BYTES} == {}
    assert max(graded.memory.values()) > MEMORY_BYTES / 10, "the grader's processes were not measured"


@each_tier
def test_nothing_arrived_over_the_network(graded: GradedClass) -> None:
    assert graded.arrived == []


@each_tier
def test_no_process_is_left(graded: GradedClass) -> None:
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(path.read_bytes())
    left = [line for line in commands if ORPHAN.encode() in line and not line.startswith(sys.executable.encode())]
    assert left == []


@each_tier
def test_pages_and_notebooks_have_a_bounded_size(graded: GradedClass) -> None:
    for student in graded.students.values():
        for text in (graded.feedback(student), graded.outputs(student)):
            assert len(text) < 5 * LIMITS.output_bytes, student


# --- the collection of cases -----------------------------------------------------------------------


def test_the_collection_has_enough_cases_of_each_kind() -> None:
    assert len(CASES) >= 70
    kinds = [case.kind for case in CASES.values()]
    assert set(FAMILIES.values()) <= set(CASES)
    assert min(map(kinds.count, KINDS)) >= 10
    assert len({case.title for case in CASES.values()}) == len(CASES)


#: Cases that do no harm without a sandbox and succeed if tests share the student's process.
CHEATS = (
    "display_hook",
    "frame_walk",
    "input_transformer",
    "ast_transformer",
    "filtered_session",
    "history",
    "rebound_helpers",
)


@pytest.mark.slow
def test_cheats_succeed_in_stock_nbgrader(tmp_path: Path) -> None:
    """Shows that the cases work: they win if one kernel runs them and their tests, like stock nbgrader does."""
    from nbclient import NotebookClient
    from nbgrader.utils import determine_grade

    course = small_course(tmp_path / "course")
    tests = {c.id: c.source for c in read_chapter(course.notebook(FORWARD)).with_role(Role.TEST)}
    successful = []
    for name in CHEATS:
        folder = write_submission(CASES[name], course, FORWARD, name, "", {})
        submission = nbformat.read(folder / f"{FORWARD}.ipynb", as_version=4)
        for cell in submission.cells:
            cell.source = tests.get(cell.id, cell.source)
        NotebookClient(submission, timeout=60, allow_errors=True, kernel_name="python3").execute()
        if any(determine_grade(cell)[0] for cell in submission.cells if cell.id in EXERCISES["mul_jvp"]):
            successful.append(name)
    assert successful == list(CHEATS)


# --- as an ordinary user ---------------------------------------------------------------------------


@pytest.mark.slow
@needs_root
def test_all_of_this_as_an_ordinary_user() -> None:
    """Runs all cases if nothing may be skipped, otherwise some of each kind, as it doubles the time."""
    sample = [name for kind in KINDS if kind != "broken" for name in [n for n in CASES if CASES[n].kind == kind][::8]]
    chosen = CHOSEN if REQUIRE_ALL or len(CHOSEN) < len(CASES) else sample
    home = Path(subprocess.check_output(["mktemp", "-d", "/tmp/ordinary-XXXX"], text=True).strip())
    command = ["env", f"TRIPTYCH_HOSTILE={','.join(chosen)}", sys.executable, "-m", "pytest", "-q", "-rs", "-m", "slow"]
    command += ["-p", "no:cacheprovider", f"--basetemp={home}/t", str(HERE)]
    # neither this test, which needs root, nor one that does not depend on the user
    for test in (test_all_of_this_as_an_ordinary_user, test_cheats_succeed_in_stock_nbgrader):
        command += ["--deselect", f"{HERE.relative_to(HERE.parents[1])}::{test.__name__}"]
    try:
        result = subprocess.run(
            as_ordinary_user(command, home), capture_output=True, text=True, cwd=HERE.parents[1], check=False
        )
        assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=False)
