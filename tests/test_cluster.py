"""A class graded by Dask workers: the scores of a local run, whatever workers die of."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dask
import psutil
import pytest
from courses import FORWARD, PROJECT, answer, edit, scratch, shortened, submit
from deadly import Deadly, busy, crash, found_in, hang, process_id
from distributed import Client, LocalCluster
from distributed.security import Security
from hostile_cases import FOLDER, read_case, write_submission
from needs import needs, needs_sandbox
from test_kill import ANSWERS
from waiting import happens

from triptych.build.release import release_chapter
from triptych.grade.dispatch import dask as grading
from triptych.grade.dispatch import dask_worker
from triptych.grade.dispatch.dask_worker import GradingPlugin
from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.dispatch.transfer import course_files, read_result
from triptych.grade.record import GRADED, NOT_GRADED, Result
from triptych.grade.run import Listener, grade
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.sandbox import find_problem
from triptych.grade.submission.intake import RejectedSubmission, collect, read_submission
from triptych.model.chapter import hidden_lines, read_chapter
from triptych.model.course import Course, CourseError

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]
SANDBOX = "none" if find_problem() else "bwrap"
PAGE = PROJECT.root / "docs" / "instructors" / "batch-farms.md"
RIGHT = ANSWERS["ada"]
JOB = Job("", "ada", FORWARD, "", "none")

#: Answers that try to end the worker, or to get more of it than an answer may.
HOSTILE = {
    "exit": "import os\ndef mul_jvp(x1, dx1, x2, dx2):\n    os._exit(3)",
    "kill": "import os, signal\ndef mul_jvp(x1, dx1, x2, dx2):\n    os.kill(os.getppid(), signal.SIGKILL)\n    os.kill(-1, signal.SIGKILL)",
    "pickle": "class Evil:\n    def __reduce__(self):\n        return (exec, ('import os; os._exit(9)',))\ndef mul_jvp(x1, dx1, x2, dx2):\n    return Evil(), Evil()",
}
#: Cases of the hostile class: processes that die of what arrives, trees without end, names that are no text.
HOSTILE_CASES = (
    "deep_folders",
    "equal_hashes",
    "folders_in_the_sandbox",
    "odd_file_names",
    "ranges_in_a_list",
)
#: Looks for a text in all files except those of the system and the environment, and connects to Dask's ports.
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
    course = scratch(tmp_path_factory.mktemp("cluster") / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    release_chapter(course, FORWARD)
    for student, text in {**ANSWERS, **HOSTILE}.items():
        submit(course, student, answer(course, FORWARD, {"mul_jvp": text}))
    for name in HOSTILE_CASES:
        write_submission(read_case(FOLDER / f"{name}.py"), course, FORWARD, name, "ada", {})
    # an answer that needs a file beside it, and a timestamp file
    path = submit(course, "carl", answer(course, FORWARD, {"mul_jvp": "from own.helper import mul_jvp"}))
    (path.parent / "own").mkdir()
    (path.parent / "own" / "helper.py").write_text(RIGHT, encoding="utf-8")
    (path.parent / "naïve name.txt").write_bytes(b"\xff")
    (path.parent / "timestamp.txt").write_text("2026-02-03 04:05:06 UTC", encoding="utf-8")
    submit(course, "leonhard", answer(course, FORWARD, {})).write_text("{no notebook", encoding="utf-8")
    submit(course, "mary", answer(course, FORWARD, {})).rename(course.submitted / "mary" / FORWARD / "mine.ipynb")
    linked = submit(course, "sofia", answer(course, FORWARD, {}))
    linked.unlink()
    linked.symlink_to(course.notebook(FORWARD))
    return course


@pytest.fixture(scope="module")
def local(course: Course, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, Result]]:
    """The class graded on this machine, in a copy of the course."""
    copy = Course(tmp_path_factory.mktemp("local") / "course")
    shutil.copytree(course.root, copy.root, symlinks=True)
    return copy, {r.student: r for r in grade(copy, [FORWARD], sandbox=SANDBOX)}


def secret(course: Course) -> str:
    """A line of the hidden tests that is the same in a notebook's JSON."""
    tests = read_chapter(course.notebook(FORWARD)).exercises["mul_jvp"].tests
    lines = [line.strip() for test in tests for line in hidden_lines(test.source)]
    return max((line for line in lines if json.dumps(line) == f'"{line}"'), key=len)


@pytest.fixture(scope="module")
def scratch_space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory, scratch_space: Path) -> Iterator[LocalCluster]:
    """A scheduler with TLS from Dask's configuration, and no worker yet."""
    folder = tmp_path_factory.mktemp("tls")
    security = Security.temporary()
    (folder / "ca.pem").write_text(security.tls_ca_file)
    (folder / "cert.pem").write_text(security.tls_client_cert)
    (folder / "key.pem").write_text(security.tls_client_key)
    files = {
        f"{role}.{kind}": folder / f"{kind}.pem"
        for role in ("client", "scheduler", "worker")
        for kind in ("cert", "key")
    }
    tls = {f"distributed.comm.tls.{name}": str(file) for name, file in {**files, "ca-file": folder / "ca.pem"}.items()}
    options = {
        "distributed.comm.require-encryption": True,
        "distributed.worker.daemon": False,
        # LocalCluster gives up a worker whose restart takes longer: 15 s are too few on a busy machine.
        "distributed.deploy.lost-worker-timeout": "1 hour",
    }
    with (
        dask.config.set({**tls, **options}),
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
    """The same with two workers, whatever other tests have done to them."""
    if not farm.workers:
        farm.scale(2)
    return farm


class Recorder(Listener):
    """Records progress. Calls a function when a submission runs, again if it returns False, and one when none can."""

    def __init__(
        self, when_running: Callable[[], object] = lambda: None, when_waiting: Callable[[], object] = lambda: None
    ) -> None:
        self.names: set[str] = set()
        self.reasons: list[str] = []
        self.acted = False
        self._when_running, self._when_waiting = when_running, when_waiting

    def waiting(self, reason: str) -> None:
        self.reasons.append(reason)
        if len(self.reasons) == 1:
            self._when_waiting()

    def running(self, names: Sequence[str]) -> None:
        if names and not self.acted:
            self.acted = self._when_running() is not False
        self.names |= set(names)


@pytest.fixture(scope="module")
def graded(
    course: Course, local: object, farm: LocalCluster, scratch_space: Path
) -> tuple[dict[str, Result], Recorder]:
    """The class graded by workers that start late; one answer searches them for the tests' text."""
    ports = [int(farm.scheduler_address.rpartition(":")[2])]
    search = SEARCH.replace("@TEXT@", repr(secret(course))).replace("@PORTS@", repr(ports))
    search = search.replace("@FOLDER@", repr(str(scratch_space)))
    submit(course, "mallory", answer(course, FORWARD, {"mul_jvp": f"{RIGHT}\n{search}"}))
    recorder = Recorder(when_waiting=lambda: farm.scale(2))
    results = grade(course, [FORWARD], scheduler=farm.scheduler_address, sandbox=SANDBOX, listener=recorder)
    print("local", {s: round(r.seconds, 1) for s, r in local[1].items()})
    print("farm", {r.student: round(r.seconds, 1) for r in results})
    return {r.student: r for r in results}, recorder


def seeds_of(course: Course, student: str) -> list[str]:
    """The seeds that test cells have printed."""
    text = (course.root / "autograded" / student / FORWARD / f"{FORWARD}.ipynb").read_text(encoding="utf-8")
    return re.findall(r"seed \d+", text)


def test_scores_are_those_of_a_local_run(
    graded: tuple[dict[str, Result], Recorder], local: tuple[Course, dict[str, Result]], course: Course
) -> None:
    copy, expected = local
    assert {s: (r.score, r.status) for s, r in expected.items() if s in ANSWERS} == {
        "ada": (2, GRADED), "blaise": (0, GRADED), "emmy": (2, GRADED),
    }  # fmt: skip
    assert expected["carl"].score == 2
    for student, result in expected.items():
        on_farm = graded[0][student]
        same = {"seconds": 0.0, "phases": {}, "tests": {}, "fingerprint": ""}
        assert replace(on_farm, **same) == replace(result, **same)
        assert set(on_farm.phases) == set(result.phases) and set(on_farm.tests) == set(result.tests)
        page = Path("feedback") / student / FORWARD / f"{FORWARD}.html"
        if result.status == GRADED and student not in (*HOSTILE, *HOSTILE_CASES):
            assert (course.root / page).read_text() == (copy.root / page).read_text()
            assert seeds_of(course, student) == seeds_of(copy, student)
    assert seeds_of(course, "ada")
    assert {s for s, r in expected.items() if r.status == NOT_GRADED} == {"leonhard", "mary", "sofia"}


def test_waiting_for_workers_is_reported(graded: tuple[dict[str, Result], Recorder], farm: LocalCluster) -> None:
    _, recorder = graded
    assert recorder.reasons and recorder.reasons[0] == f"waiting for workers at {farm.scheduler_address}"
    assert farm.scheduler_address.startswith("tls://")
    assert recorder.names and recorder.names <= {f"{student} 05" for student in graded[0]}


def test_nothing_is_graded_again_locally_or_on_a_cluster(graded: object, course: Course, farm: LocalCluster) -> None:
    for address in ("", farm.scheduler_address):
        again = grade(course, [FORWARD], scheduler=address, sandbox=SANDBOX)
        assert {r.student for r in again if not r.unchanged} == set()
        assert len(again) == 11 + len(HOSTILE_CASES)


def test_hostile_answers_end_no_worker(graded: tuple[dict[str, Result], Recorder], farm: LocalCluster) -> None:
    assert {student: graded[0][student].score for student in HOSTILE} == dict.fromkeys(HOSTILE, 0)
    begun = times_begun(farm, set())
    assert len(begun) == 9 + len(HOSTILE_CASES) and set(begun.values()) == {1}, "a worker died"


@needs_sandbox
def test_a_sandbox_shows_nothing_of_the_worker(
    graded: tuple[dict[str, Result], Recorder], course: Course, farm: LocalCluster, scratch_space: Path
) -> None:
    page = (course.root / "feedback" / "mallory" / FORWARD / f"{FORWARD}.html").read_text(encoding="utf-8")
    assert "found 0 open 0 there False dask []" in page
    assert graded[0]["mallory"].score == 2
    # the same search outside of the sandbox finds the text
    with Client(farm.scheduler_address) as client:
        outside = client.run(found_in, str(scratch_space), secret(course))
    assert all(f"{FORWARD}.ipynb" in names for names in outside.values())


def kill_worker_of(numbers: tuple[str, ...], farm: LocalCluster, before: set[str]) -> bool:
    """Kills a worker that has begun one of these submissions and not ended it; False if there is none."""
    for topic, events in farm.scheduler.get_events().items():
        if topic not in before and topic.endswith(numbers) and sum(m["begun"] for _, m in events) == 1:
            address = events[-1][1]["worker"]
            for nanny in farm.workers.values():  # where it is known by now
                if nanny.worker_address == address:
                    os.kill(nanny.pid, signal.SIGKILL)
                    return True
    return False


def times_begun(farm: LocalCluster, before: set[str]) -> dict[str, int]:
    """How often each submission of the last run was begun."""
    topics = {t: e for t, e in farm.scheduler.get_events().items() if re.match(r"triptych-\w+-\d+$", t)}
    return {t: sum(m["begun"] > 0 for _, m in events) for t, events in topics.items() if t not in before}


@pytest.mark.parametrize("allowed", [20, 0])
def test_workers_that_die_cost_no_score(course: Course, staffed: LocalCluster, allowed: int) -> None:
    """One is killed at work, and all that begin eve's submission are, whatever Dask's own `allowed-failures`."""
    if not (course.submitted / "eve").exists():
        submit(course, "eve", answer(course, FORWARD, {"mul_jvp": RIGHT}))
    address, before = staffed.scheduler_address, set(staffed.scheduler.get_events())
    staffed.scheduler.allowed_failures = allowed
    recorder = Recorder(when_running=lambda: kill_worker_of(("-1", "-2"), staffed, before))
    with Client(address) as client:
        client.register_plugin(Deadly(), name="deadly")
        try:
            students = ["ada", "blaise", "eve"]
            graded = grade(
                course, [FORWARD], students, scheduler=address, sandbox=SANDBOX, force=True, listener=recorder
            )
        finally:
            client.unregister_worker_plugin("deadly")
    results = {r.student: r for r in graded}
    assert {s: results[s].score for s in ("ada", "blaise")} == {"ada": 2, "blaise": 0}
    assert (results["eve"].status, results["eve"].fingerprint) == (NOT_GRADED, "")
    assert results["eve"].reason.startswith("3 workers died while they had it")
    begun = times_begun(staffed, before)
    assert recorder.acted
    (eves,) = [topic for topic in begun if topic.endswith("-3")]
    assert begun[eves] == 3, "the first time and two more"
    assert len(begun) == 3 and sum(begun.values()) >= 6, "the one that was killed at work went to another worker"


def test_ctrl_c_cancels_what_is_pending_and_leaves_the_cluster(course: Course, staffed: LocalCluster) -> None:
    submit(course, "zeno", answer(course, FORWARD, {"mul_jvp": "import time\ntime.sleep(3600)"}))
    address = staffed.scheduler_address

    def stop() -> None:
        with Client(address) as client:
            assert sum(client.run(busy).values()) == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        limits = Limits(cell_seconds=3600, notebook_seconds=3600)  # nothing but Ctrl+C ends it
        recorder = Recorder(when_running=stop)
        grade(course, [FORWARD], ["zeno"], scheduler=address, sandbox=SANDBOX, limits=limits, listener=recorder)
    assert not any(state.processing for state in staffed.scheduler.workers.values())
    with Client(address) as client:
        assert happens(lambda: not any(client.run(busy).values())), "a worker goes on with a cancelled submission"
    assert staffed.scheduler.workers and staffed.scheduler.status.name == "running"


def test_a_worker_with_other_software_is_refused(
    course: Course, staffed: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_worker, "installed", lambda: {"Python": "3.11", "jax": "0.0.1"})
    with pytest.raises(
        CourseError, match=r"The worker at tls://\S+ has .*jax \S+ instead of 0\.0\.1: install"
    ) as raised:
        grade(course, [FORWARD], ["ada"], scheduler=staffed.scheduler_address, sandbox=SANDBOX, force=True)
    assert "\n" not in str(raised.value) and "What was graded is kept" in str(raised.value)


# --- schedulers and workers that cannot grade -------------------------------------------------------


def test_a_worker_that_may_not_start_processes_is_refused(course: Course, tmp_path: Path) -> None:
    with (
        dask.config.set({"distributed.worker.daemon": True}),
        LocalCluster(n_workers=1, dashboard_address=":0", silence_logs=50, local_directory=str(tmp_path)) as cluster,
        pytest.raises(CourseError, match=r"may not start processes: start it with DASK_DISTRIBUTED__WORKER__DAEMON=F"),
    ):
        grade(course, [FORWARD], ["ada"], scheduler=cluster.scheduler_address, sandbox=SANDBOX, force=True)


def test_a_worker_s_folder_must_not_be_shown_in_sandboxes(tmp_path: Path) -> None:
    assert dask_worker.shown_in_sandbox(tmp_path) == ""
    assert dask_worker.shown_in_sandbox(Path(sys.prefix).resolve() / "scratch")
    assert dask_worker.shown_in_sandbox(Path("/usr/local/scratch")) == "/usr"


def test_a_scheduler_that_is_lost_ends_the_run_in_one_sentence(course: Course, local: object) -> None:
    with LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as cluster:
        recorder, address = Recorder(when_waiting=cluster.close), cluster.scheduler_address
        with pytest.raises(CourseError, match=r"does not answer any more: start it again\. What was graded is kept"):
            grade(course, [FORWARD], ["ada"], scheduler=address, sandbox=SANDBOX, force=True, listener=recorder)
    assert recorder.reasons


@pytest.mark.parametrize("scheme", ["tcp", "tls", "nonsense"])
def test_no_scheduler_is_one_sentence(course: Course, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setattr(grading, "CONNECT_TIMEOUT_S", 0.5)
    with socket.socket() as bound:  # and not listening
        bound.bind(("127.0.0.1", 0))
        address = f"{scheme}://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(CourseError, match=f"No Dask scheduler answers at {address} ") as raised:
            grade(course, [FORWARD], ["ada"], scheduler=address, sandbox=SANDBOX, force=True)
    assert "\n" not in str(raised.value)
    assert ("certificates" in str(raised.value)) is (scheme == "tls")


def test_without_dask_the_message_names_the_fix(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CourseError, match=r"pip install 'triptych\[cluster\]'"):
        grade(course, [FORWARD], ["ada"], scheduler="tcp://127.0.0.1:1", sandbox=SANDBOX, force=True)


def test_collect_takes_what_intake_takes(course: Course) -> None:
    limits = Limits(notebook_bytes=1000)
    for student in ("mary", "sofia", "nobody"):
        with pytest.raises(RejectedSubmission) as on_worker:
            read_submission(course.submitted, student, FORWARD, limits)
        with pytest.raises(RejectedSubmission) as on_grader:
            collect(course.submitted, student, FORWARD, limits)
        assert str(on_worker.value) == str(on_grader.value)
    files = collect(course.submitted, "carl", FORWARD, limits)
    assert set(files) == {f"{FORWARD}.ipynb", "own/helper.py", "naïve name.txt", "timestamp.txt"}
    assert len(files[f"{FORWARD}.ipynb"]) == 1001, "one byte too long, for the worker to see it"


# --- a Dask worker's own processes ----------------------------------------------------------------


class StandIn:
    """A Dask worker, as far as `GradingPlugin` uses it."""

    def __init__(self, folder: Path) -> None:
        self.local_directory, self.address = str(folder), "tcp://worker"
        self.state = SimpleNamespace(nthreads=1, tasks={"task": SimpleNamespace(state="executing")})

    def get_current_task(self) -> str:
        return "task"


@pytest.fixture
def worker(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


@pytest.fixture
def plugin(worker: StandIn) -> Iterator[GradingPlugin]:
    plugin = GradingPlugin(worker)
    yield plugin
    asyncio.run(plugin.teardown(worker))


def test_a_submission_whose_process_dies_is_not_graded_with_the_reason(
    course: Course, plugin: GradingPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_worker, "run_if_sandboxed", crash)
    files = collect(course.submitted, "carl", FORWARD, Limits())
    request = {
        "student": "carl",
        "chapter": FORWARD,
        "sandbox": SANDBOX,
        "course": "c",
        "compile_first": False,
        "seed": "",
    }
    result = plugin.grade(course_files(course, FORWARD), files, request | {"limits": asdict(Limits())})
    outcome = read_result(result, JOB, files, Limits())
    assert (outcome.ready, outcome.again) == (False, True) and "its worker process died" in outcome.reason
    names = {path.name for path in (tmp_path / "triptych").iterdir()}
    assert names <= {"c", "references"}, "files of the submission are left"


def test_a_submission_that_is_no_longer_wanted_is_ended(plugin: GradingPlugin, worker: StandIn) -> None:
    worker.state.tasks.clear()
    outcome = plugin.run(hang, JOB, Limits())
    assert isinstance(outcome, Outcome) and not outcome.ready


def test_a_pool_without_work_ends_and_is_replaced(plugin: GradingPlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_worker, "IDLE_TIMEOUT_S", 0.0)
    for _ in range(2):
        pid = plugin.run(process_id, JOB, Limits())
        assert isinstance(pid, int) and happens(lambda pid=pid: not psutil.pid_exists(pid))


def test_a_pool_whose_idle_process_has_died_is_replaced(plugin: GradingPlugin) -> None:
    pid = plugin.run(process_id, JOB, Limits())
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    time.sleep(1)  # Pebble looks ten times a second
    assert plugin.run(process_id, JOB, Limits()) != pid


# --- farms ------------------------------------------------------------------------------------------


def python_of(heading: str) -> str:
    """The Python block below a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"(?s)```python\n(.*?)```", section)[0]


def job_script(heading: str, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The job that dask-jobqueue would submit for the page's code."""
    import dask_jobqueue

    scripts, adaptations = [], []

    class Cluster(getattr(dask_jobqueue, name)):  # type: ignore[misc]
        def __init__(self, **settings: object) -> None:
            super().__init__(**settings, scheduler_options={"host": "127.0.0.1:0", "dashboard_address": ":0"})
            scripts.append(self.job_script())

        def adapt(self, **settings: object) -> None:
            adaptations.append(settings)

    monkeypatch.setattr(dask_jobqueue, name, Cluster)
    names: dict[str, Any] = {"input": lambda *_: ""}
    printed = io.StringIO()
    # the scheduler of the fixture may require TLS
    with contextlib.redirect_stdout(printed), dask.config.set({"distributed.comm.require-encryption": False}):
        exec(compile(python_of(heading), PAGE.name, "exec"), names)
    assert f"--scheduler {names['cluster'].scheduler_address}" in printed.getvalue()
    names["cluster"].close()
    assert "maximum" in adaptations[0]
    return scripts[0]


@needs("" if importlib.util.find_spec("dask_jobqueue") else "dask-jobqueue is not installed")
@pytest.mark.parametrize(
    ("heading", "name", "lines"),
    [
        (
            "HTCondor",
            "HTCondorCluster",
            ["(?m)^MY.DaskWorkerMemory = 4000000000$", "(?m)^MY.DaskWorkerCores = 1$", r"(?m)^\+MaxRuntime *= *3600"],
        ),
        ("SLURM", "SLURMCluster", ["#SBATCH --cpus-per-task=1", "#SBATCH --mem=4G", "#SBATCH -t 01:00:00"]),
    ],
)
def test_jobs(heading: str, name: str, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    script = job_script(heading, name, monkeypatch)
    for line in (*lines, r"distributed\.cli\.dask_worker", "--nthreads 1", "DASK_DISTRIBUTED__WORKER__DAEMON=False"):
        assert re.search(line, script), script
