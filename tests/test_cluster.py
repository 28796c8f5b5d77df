"""A class graded by Dask workers: the same marks as on one machine, whatever workers die of."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import dask
import pytest
from courses import FORWARD, PROJECT, answer, edit, scratch, shortened, submit
from deadly import Deadly, busy, found_in
from distributed import Client, LocalCluster
from distributed.security import Security
from needs import needs, needs_sandbox
from test_archive import GOOD
from test_kill import ANSWERS
from typer.testing import CliRunner
from waiting import happens

from triptych.build.release import release_chapter
from triptych.cli import app
from triptych.grade.dispatch import archive, dask_worker, subprocess_worker
from triptych.grade.dispatch import dask as grading
from triptych.grade.dispatch.job import Outcome
from triptych.grade.record import GRADED, NOT_GRADED, Result
from triptych.grade.run import Listener, grade
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.sandbox import find_problem
from triptych.grade.submission.intake import RejectedSubmission, collect, read_submission
from triptych.model.chapter import hidden_lines, read_chapter
from triptych.model.course import Course, CourseError

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]
BOX = "none" if find_problem() else "bwrap"
PAGE = PROJECT.root / "docs" / "cluster.md"
RIGHT = ANSWERS["ada"]

#: Answers that want the worker's end, or more of it than an answer.
HOSTILE = {
    "exit": "import os\ndef mul_jvp(x1, dx1, x2, dx2):\n    os._exit(3)",
    "kill": "import os, signal\ndef mul_jvp(x1, dx1, x2, dx2):\n    os.kill(os.getppid(), signal.SIGKILL)\n    os.kill(-1, signal.SIGKILL)",
    "pickle": "class Evil:\n    def __reduce__(self):\n        return (exec, ('import os; os._exit(9)',))\ndef mul_jvp(x1, dx1, x2, dx2):\n    return Evil(), Evil()",
}
#: Looks for a text in all files that are not the system's or the environment's, and knocks at Dask's doors.
SEARCH = """
import os, socket, sys
found = []
for above, folders, names in os.walk("/"):
    folders[:] = [f for f in folders if above != "/" or f not in ("usr", "proc", "sys", "dev", "lib", "lib64", "bin", "sbin")]
    folders[:] = [f for f in folders if os.path.join(above, f) not in (sys.prefix, sys.base_prefix)]
    for name in names:
        try:
            found += [name] * (@TEXT@ in open(os.path.join(above, name), errors="replace").read())
        except OSError:
            pass
open_ = []
for port in @PORTS@:
    try:
        open_.append(socket.create_connection(("127.0.0.1", port), timeout=1))
    except OSError:
        pass
print("found", len(found), "open", len(open_), "there", os.path.exists(@FOLDER@), "dask", [n for n in os.environ if "DASK" in n])
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    made = scratch(tmp_path_factory.mktemp("cluster") / "course")
    edit(made.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    release_chapter(made, FORWARD)
    for student, text in {**ANSWERS, **HOSTILE}.items():
        submit(made, student, answer(made, FORWARD, {"mul_jvp": text}))
    # an answer that needs a file beside it, and one that came late as the file says
    path = submit(made, "carl", answer(made, FORWARD, {"mul_jvp": "from own.helper import mul_jvp"}))
    (path.parent / "own").mkdir()
    (path.parent / "own" / "helper.py").write_text(RIGHT, encoding="utf-8")
    (path.parent / "naïve name.txt").write_bytes(b"\xff")
    (path.parent / "timestamp.txt").write_text("2026-02-03 04:05:06 UTC", encoding="utf-8")
    submit(made, "leonhard", answer(made, FORWARD, {})).write_text("{no notebook", encoding="utf-8")
    submit(made, "mary", answer(made, FORWARD, {})).rename(made.submitted / "mary" / FORWARD / "mine.ipynb")
    linked = submit(made, "sofia", answer(made, FORWARD, {}))
    linked.unlink()
    linked.symlink_to(made.notebook(FORWARD))
    return made


@pytest.fixture(scope="module")
def local(course: Course, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, Result]]:
    """The class graded on this machine, in a copy of the course."""
    copy = Course(tmp_path_factory.mktemp("local") / "course")
    shutil.copytree(course.root, copy.root, symlinks=True)
    return copy, {r.student: r for r in grade(copy, [FORWARD], sandbox=BOX)}


def secret(course: Course) -> str:
    """A line that stands in the hidden tests alone, and in a notebook's JSON as it is."""
    tests = read_chapter(course.notebook(FORWARD)).exercises["mul_jvp"].tests
    lines = [line.strip() for test in tests for line in hidden_lines(test.source)]
    return max((line for line in lines if json.dumps(line) == f'"{line}"'), key=len)


@pytest.fixture(scope="module")
def scratch_space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory, scratch_space: Path) -> Iterator[LocalCluster]:
    """A scheduler behind TLS as Dask's own configuration says; two worker processes come when they are asked for."""
    folder = tmp_path_factory.mktemp("tls")
    made = Security.temporary()
    (folder / "ca.pem").write_text(made.tls_ca_file)
    (folder / "cert.pem").write_text(made.tls_client_cert)
    (folder / "key.pem").write_text(made.tls_client_key)
    files = {
        f"{role}.{kind}": folder / f"{kind}.pem"
        for role in ("client", "scheduler", "worker")
        for kind in ("cert", "key")
    }
    tls = {f"distributed.comm.tls.{name}": str(file) for name, file in {**files, "ca-file": folder / "ca.pem"}.items()}
    with (
        dask.config.set({**tls, "distributed.comm.require-encryption": True}),
        LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            protocol="tls://",
            security=Security(),
            dashboard_address=":0",
            local_directory=str(scratch_space),
            silence_logs=50,
        ) as cluster,
    ):
        yield cluster


@pytest.fixture
def staffed(farm: LocalCluster) -> LocalCluster:
    """The same with its two workers, in whatever state other tests have left them."""
    if not farm.workers:
        farm.scale(2)
    return farm


class Seen(Listener):
    """Keeps what it is told; does something once somebody is being worked on, and again if that gives False."""

    def __init__(self, first: Callable[[], object] = lambda: None, waits: Callable[[], object] = lambda: None) -> None:
        self.names: set[str] = set()
        self.waited: list[str] = []
        self.acted = False
        self._first, self._waits = first, waits

    def waiting(self, why: str) -> None:
        self.waited.append(why)
        if len(self.waited) == 1:
            self._waits()

    def running(self, names: Sequence[str]) -> None:
        if names and not self.acted:
            self.acted = self._first() is not False
        self.names |= set(names)


@pytest.fixture(scope="module")
def graded(course: Course, local: object, farm: LocalCluster, scratch_space: Path) -> tuple[dict[str, Result], Seen]:
    """The class graded by workers that come late; among it somebody who looks for the tests' text on them."""
    ports = [int(farm.scheduler_address.rpartition(":")[2])]
    search = SEARCH.replace("@TEXT@", repr(secret(course))).replace("@PORTS@", repr(ports))
    search = search.replace("@FOLDER@", repr(str(scratch_space)))
    submit(course, "mallory", answer(course, FORWARD, {"mul_jvp": f"{RIGHT}\n{search}"}))
    seen = Seen(waits=lambda: farm.scale(2))
    results = grade(course, [FORWARD], scheduler=farm.scheduler_address, sandbox=BOX, listener=seen)
    print("local", {s: round(r.seconds, 1) for s, r in local[1].items()})
    print("farm", {r.student: round(r.seconds, 1) for r in results})
    return {r.student: r for r in results}, seen


def test_marks_are_those_of_a_local_run(
    graded: tuple[dict[str, Result], Seen], local: tuple[Course, dict[str, Result]], course: Course
) -> None:
    copy, expected = local
    assert {s: (r.score, r.status) for s, r in expected.items() if s in ANSWERS} == {
        "ada": (2, GRADED), "blaise": (0, GRADED), "emmy": (2, GRADED),
    }  # fmt: skip
    assert expected["carl"].score == 2
    for student, result in expected.items():
        found = graded[0][student]
        same = {"seconds": 0.0, "phases": {}, "tests": {}, "digest": ""}
        assert replace(found, **same) == replace(result, **same)
        assert set(found.phases) == set(result.phases) and set(found.tests) == set(result.tests)
        page = Path("feedback") / student / FORWARD / f"{FORWARD}.html"
        if result.status == GRADED and student not in HOSTILE:
            assert (course.root / page).read_text() == (copy.root / page).read_text()
    assert {s for s, r in expected.items() if r.status == NOT_GRADED} == {"leonhard", "mary", "sofia"}


def test_it_waits_for_workers_and_says_so(graded: tuple[dict[str, Result], Seen], farm: LocalCluster) -> None:
    _, seen = graded
    assert seen.waited and seen.waited[0] == f"waiting for workers at {farm.scheduler_address}"
    assert farm.scheduler_address.startswith("tls://")
    assert seen.names and seen.names <= {f"{student} 05" for student in graded[0]}


def test_nothing_is_graded_again_here_or_there(graded: object, course: Course, farm: LocalCluster) -> None:
    for address in ("", farm.scheduler_address):
        again = grade(course, [FORWARD], scheduler=address, sandbox=BOX)
        assert {r.student for r in again if not r.unchanged} == set()
        assert len(again) == 11


def test_hostile_answers_end_no_worker(graded: tuple[dict[str, Result], Seen], farm: LocalCluster) -> None:
    assert {student: graded[0][student].score for student in HOSTILE} == dict.fromkeys(HOSTILE, 0)
    begun = _begun(farm, set())
    assert len(begun) == 9 and set(begun.values()) == {1}, "somebody's worker died"


@needs_sandbox
def test_the_box_sees_nothing_of_the_worker(
    graded: tuple[dict[str, Result], Seen], course: Course, farm: LocalCluster, scratch_space: Path
) -> None:
    page = (course.root / "feedback" / "mallory" / FORWARD / f"{FORWARD}.html").read_text(encoding="utf-8")
    assert "found 0 open 0 there False dask []" in page
    assert graded[0]["mallory"].score == 2
    # the same search outside of the sandbox finds it: what was looked for is there
    with Client(farm.scheduler_address) as client:
        outside = client.run(found_in, str(scratch_space), secret(course))
    assert all(f"{FORWARD}.ipynb" in names for names in outside.values())


def _kill_who_works_on(numbers: tuple[str, ...], farm: LocalCluster, before: set[str]) -> bool:
    """Kills the worker that has begun one of these submissions, and has not ended it, if there is one."""
    for topic, events in farm.scheduler.get_events().items():
        if topic not in before and topic.endswith(numbers) and sum(m["begun"] for _, m in events) == 1:
            address = events[-1][1]["worker"]
            for nanny in farm.workers.values():  # where it is known by now
                if nanny.worker_address == address:
                    os.kill(nanny.pid, signal.SIGKILL)
                    return True
    return False


def _begun(farm: LocalCluster, before: set[str]) -> dict[str, int]:
    """How often each submission of the last run was begun."""
    topics = {t: e for t, e in farm.scheduler.get_events().items() if re.match(r"triptych-\w+-\d+$", t)}
    return {t: sum(m["begun"] > 0 for _, m in events) for t, events in topics.items() if t not in before}


@pytest.mark.parametrize("allowed", [20, 0])
def test_workers_that_die_cost_nobody_a_mark(course: Course, staffed: LocalCluster, allowed: int) -> None:
    """One is killed at work, and whoever has eve's submission dies of it; whatever Dask itself would allow."""
    if not (course.submitted / "eve").exists():
        submit(course, "eve", answer(course, FORWARD, {"mul_jvp": RIGHT}))
    before = set(staffed.scheduler.get_events())
    staffed.scheduler.allowed_failures = allowed
    with Client(staffed.scheduler_address) as client:
        client.register_plugin(Deadly(), name="deadly")
        try:
            seen = Seen(first=lambda: _kill_who_works_on(("-1", "-2"), staffed, before))
            students = ["ada", "blaise", "eve"]
            results = grade(
                course, [FORWARD], students, scheduler=staffed.scheduler_address, sandbox=BOX, force=True, listener=seen
            )
        finally:
            client.unregister_worker_plugin("deadly")
    found = {r.student: r for r in results}
    assert {s: found[s].score for s in ("ada", "blaise")} == {"ada": 2, "blaise": 0}
    assert (found["eve"].status, found["eve"].digest) == (NOT_GRADED, "")
    assert found["eve"].reason.startswith("3 workers died while they had it")
    begun = _begun(staffed, before)
    assert seen.acted
    (eves,) = [topic for topic in begun if topic.endswith("-3")]
    assert begun[eves] == 3, "the first time and two more"
    assert len(begun) == 3 and sum(begun.values()) >= 6, "the one that was killed at work was given to another"


def test_ctrl_c_takes_back_what_is_pending_and_leaves_the_cluster(course: Course, staffed: LocalCluster) -> None:
    submit(course, "zeno", answer(course, FORWARD, {"mul_jvp": "import time\ntime.sleep(3600)"}))

    def stop() -> None:
        with Client(staffed.scheduler_address) as client:
            assert sum(client.run(busy).values()) == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        limits = Limits(cell_seconds=3600, notebook_seconds=3600)  # nothing but Ctrl+C ends it
        address = staffed.scheduler_address
        grade(course, [FORWARD], ["zeno"], scheduler=address, sandbox=BOX, limits=limits, listener=Seen(first=stop))
    assert not any(state.processing for state in staffed.scheduler.workers.values())
    with Client(staffed.scheduler_address) as client:
        assert happens(lambda: not any(client.run(busy).values())), "a worker goes on with what nobody wants"
    assert staffed.scheduler.workers and staffed.scheduler.status.name == "running"


def test_a_worker_with_other_software_is_refused(
    course: Course, staffed: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_worker, "about", lambda: {"Python": "3.11", "jax": "0.0.1"})
    with pytest.raises(CourseError, match=r"The worker at tls://\S+ has .*jax \S+ instead of 0\.0\.1: install") as said:
        grade(course, [FORWARD], ["ada"], scheduler=staffed.scheduler_address, sandbox=BOX, force=True)
    assert "\n" not in str(said.value) and "What was graded is kept" in str(said.value)


# --- without workers --------------------------------------------------------------------------------


def test_a_scheduler_that_is_lost_ends_the_run_in_one_sentence(course: Course, local: object) -> None:
    with LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as cluster:
        seen = Seen(waits=cluster.close)
        with pytest.raises(CourseError, match=r"does not answer any more: start it again\. What was graded is kept"):
            grade(
                course, [FORWARD], ["ada"], scheduler=cluster.scheduler_address, sandbox=BOX, force=True, listener=seen
            )
    assert seen.waited


@pytest.mark.parametrize("scheme", ["tcp", "tls", "nonsense"])
def test_no_scheduler_is_one_sentence(course: Course, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setattr(grading, "CONNECT_SECONDS", 0.5)
    with socket.socket() as taken:  # bound and not listened to: nobody else's
        taken.bind(("127.0.0.1", 0))
        address = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CourseError, match=f"No Dask scheduler answers at {address} ") as said:
            grade(course, [FORWARD], ["ada"], scheduler=address, sandbox=BOX, force=True)
    assert "\n" not in str(said.value)
    assert ("certificates" in str(said.value)) is (scheme == "tls")


def test_without_dask_there_is_a_cure(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CourseError, match=r"pip install 'triptych\[cluster\]'"):
        grade(course, [FORWARD], ["ada"], scheduler="tcp://127.0.0.1:1", sandbox=BOX, force=True)


def test_jobs_and_scheduler_do_not_go_together(course: Course) -> None:
    told = CliRunner().invoke(app, ["grade", "--scheduler", "tcp://h:1", "--jobs", "2", "--course", str(course.root)])
    assert isinstance(told.exception, CourseError) and "give one of them" in str(told.exception)


# --- what comes back -------------------------------------------------------------------------------


def test_what_comes_back_is_looked_at(course: Course, tmp_path: Path) -> None:
    """Only the submission's own files and two notebooks with the same cells reach the gradebook's side."""
    notebook = (course.release / FORWARD / f"{FORWARD}.ipynb").read_bytes()
    other = json.loads(notebook)
    del other["cells"][-1]
    name = f"{FORWARD}.ipynb"
    good = {
        archive.OUTCOME: json.dumps(GOOD | {"ready": True}).encode(),
        archive.STAGED + name: notebook,
        archive.EXECUTED: notebook,
    }

    def back(files: object, work: Path = tmp_path / "bad") -> Outcome:
        return archive.unpack_outcome(files, work, "ada", FORWARD, {name, "own.py"}, Limits())

    assert back(archive.pack(good | {archive.STAGED + "own.py": b"1"}), tmp_path / "good").ready
    assert (tmp_path / "good" / "executed" / "ada" / name).read_bytes() == notebook
    assert (tmp_path / "good" / "staged" / "ada" / FORWARD / "own.py").read_bytes() == b"1"
    for bad in (
        good | {archive.STAGED + "nbgrader_config.py": b"1"},
        good | {"else.txt": b"1"},
        good | {archive.EXECUTED: json.dumps(other).encode()},
        good | {archive.EXECUTED: b'{"nbformat": 4}'},
        {file: content for file, content in good.items() if file != archive.EXECUTED},
        {file: content for file, content in good.items() if file != archive.OUTCOME},
    ):
        with pytest.raises(archive.BadArchive):
            back(archive.pack(bad))
    with pytest.raises(archive.BadArchive, match="it is a dict"):
        back(good)
    assert not (tmp_path / "bad").exists()


def test_what_is_collected_is_what_would_be_taken_in(course: Course, tmp_path: Path) -> None:
    limits = Limits(notebook_bytes=1000)
    for student in ("mary", "sofia", "nobody"):
        with pytest.raises(RejectedSubmission) as here:
            read_submission(course.submitted, student, FORWARD, limits)
        with pytest.raises(RejectedSubmission) as there:
            collect(course.submitted, student, FORWARD, limits)
        assert str(here.value) == str(there.value)
    files = collect(course.submitted, "carl", FORWARD, limits)
    assert set(files) == {f"{FORWARD}.ipynb", "own/helper.py", "naïve name.txt", "timestamp.txt"}
    assert len(files[f"{FORWARD}.ipynb"]) == 1001, "long enough to be seen as too long, and no longer"


def test_a_worker_keeps_its_files_out_of_what_boxes_show(tmp_path: Path) -> None:
    assert dask_worker._exposed(tmp_path) == ""
    assert dask_worker._exposed(Path(sys.prefix).resolve() / "scratch")
    assert dask_worker._exposed(Path("/usr/local/scratch")) == "/usr"


# --- the process beside a worker -----------------------------------------------------------------------

ANSWERS_ONCE = """
import socket, sys
link = socket.socket(fileno=int(sys.argv[1]))
link.recv(10_000)
link.send(b'{"outcome": 1}\\n')
"""


class Here:
    """A Dask worker as far as the process beside it is concerned."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def unwanted(self) -> bool:
        return False


def test_a_process_that_ends_itself_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess_worker, "START", "raise SystemExit(9)")
    with pytest.raises(subprocess_worker.Ended) as ended:
        subprocess_worker.SubprocessWorker(tmp_path).run({}, 60, lambda: False)
    assert ended.value.code == 9


@pytest.mark.parametrize(("seconds", "unwanted"), [(0.3, False), (60, True)])
def test_a_process_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, unwanted: bool
) -> None:
    monkeypatch.setattr(subprocess_worker, "START", "import time; time.sleep(60)")
    made = subprocess_worker.SubprocessWorker(tmp_path)
    with pytest.raises(subprocess_worker.Ended) as ended:
        made.run({}, seconds, lambda: unwanted)
    assert ended.value.code is None and not made.alive


def test_a_process_that_has_ended_for_want_of_work_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess_worker, "START", ANSWERS_ONCE)
    monkeypatch.setattr(dask_worker, "_idle", [])
    assert [dask_worker._run({}, Here(tmp_path), 60) for _ in range(3)] == [{"outcome": 1}] * 3
    assert len(dask_worker._idle) == 1
    dask_worker._idle[0].close()


@pytest.mark.parametrize(("code", "reason"), [(9, "did not end within"), (None, "did not end within"), (-11, "died")])
def test_a_submission_whose_process_ends_is_not_graded_with_the_reason(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, reason: str
) -> None:
    def ends(*_: object) -> None:
        raise subprocess_worker.Ended(code)

    monkeypatch.setattr(dask_worker, "_run", ends)
    files = collect(course.submitted, "carl", FORWARD, Limits())
    told = {"student": "carl", "chapter": FORWARD, "sandbox": BOX, "limits": asdict(Limits()), "fill": False}
    part = archive.course_part(course, FORWARD)
    answer_ = dask_worker._work(Here(tmp_path), part, archive.pack(files), told)
    outcome = archive.unpack_outcome(answer_, tmp_path / "back", "carl", FORWARD, set(files), Limits())
    assert (outcome.ready, outcome.again) == (False, True) and reason in outcome.reason
    assert [path.name for path in tmp_path.iterdir()] == [archive.name_of_part(part)], "nothing of it is left"


# --- farms ------------------------------------------------------------------------------------------


def python_of(heading: str) -> str:
    """The Python block below a heading of the page: what is tested is what it says."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"(?s)```python\n(.*?)```", section)[0]


def _script(heading: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The job that dask-jobqueue would hand in for the page's own lines."""
    import dask_jobqueue

    found = []

    class Looked(getattr(dask_jobqueue, kind)):  # type: ignore[misc]
        def __init__(self, **settings: object) -> None:
            super().__init__(**settings, scheduler_options={"host": "127.0.0.1:0", "dashboard_address": ":0"})
            found.append(self.job_script())

        def adapt(self, **wanted: object) -> None:
            found.append(repr(sorted(wanted.items())))

    monkeypatch.setattr(dask_jobqueue, kind, Looked)
    names: dict[str, Any] = {"input": lambda *_: ""}
    said = io.StringIO()
    # the farm's scheduler may have it otherwise
    with contextlib.redirect_stdout(said), dask.config.set({"distributed.comm.require-encryption": False}):
        exec(compile(python_of(heading), PAGE.name, "exec"), names)
    assert f"--scheduler {names['cluster'].scheduler_address}" in said.getvalue()
    names["cluster"].close()
    assert "maximum" in found[1]
    return found[0]


@needs("" if __import__("importlib.util").util.find_spec("dask_jobqueue") else "dask-jobqueue is not installed")
class TestJobs:
    def test_htcondor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        script = _script("HTCondor", "HTCondorCluster", monkeypatch)
        assert re.search(r"(?m)^MY.DaskWorkerMemory = 4000000000$", script), script
        assert re.search(r"(?m)^MY.DaskWorkerCores = 1$", script), script
        assert re.search(r"(?m)^\+MaxRuntime *= *3600", script)
        assert "distributed.cli.dask_worker" in script and "--nthreads 1" in script

    def test_slurm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        script = _script("SLURM", "SLURMCluster", monkeypatch)
        for line in ("#SBATCH --cpus-per-task=1", "#SBATCH --mem=4G", "#SBATCH -t 01:00:00"):
            assert line in script, script
        assert "distributed.cli.dask_worker" in script and "--nthreads 1" in script
