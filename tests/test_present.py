"""The live deck: what its copy holds, what is whispered in its kernel, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from courses import FORWARD, PROJECT, cell, edit, scratch
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from triptych.build.release import release_chapter
from triptych.cli import main
from triptych.model.chapter import BEGIN_HIDDEN, Role, read_chapter, role_of
from triptych.model.course import Course, CourseError
from triptych.present.ipython_extension import JOURNAL, SCRIPT, Prompter
from triptych.present.server import PresentOptions, as_played, check_port, check_target, make_copy, save

TRIPTYCH = Path(sys.executable).parent / "triptych"


# ---- The copy -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course of one short chapter, whose answer key is run in a moment."""
    course = scratch(tmp_path_factory.mktemp("present") / "course")
    keep = {"mul_jvp", "sum_jvp"}

    def shorten(notebook: NotebookNode) -> None:
        first, *others = notebook.cells
        notebook.cells = [
            first,
            *(c for c in others if c.id in keep or c.id.startswith("mul_jvp_") or role_of(c) is Role.SETUP),
        ]
        notebook.cells.insert(1, raw_note())
        notebook.cells.append(lecture("uses-the-answer", "print(mul_jvp(2.0, 1.0, 4.0, 0.0))"))
        hidden = lecture("hidden-code", "print('seen from the start')")
        hidden.metadata["jupyter"] = {"source_hidden": True}
        notebook.cells.append(hidden)

    edit(course.notebook(FORWARD), shorten)
    release_chapter(course, FORWARD)
    return course


def raw_note() -> NotebookNode:
    note = nbformat.v4.new_raw_cell("Breathe.", id="note-breathe")
    note.metadata["slideshow"] = {"slide_type": "notes"}
    return note


def lecture(id_: str, source: str) -> NotebookNode:
    node = new_code_cell(source, id=id_)
    node.metadata["slideshow"] = {"slide_type": "slide"}
    marks = {"grade": False, "grade_id": id_, "locked": True, "schema_version": 3, "solution": False, "task": False}
    node.metadata["nbgrader"] = marks
    return node


def copied(course: Course, folder: Path, **wishes: Any) -> NotebookNode:
    file, _ = make_copy(course, PresentOptions(FORWARD, **wishes), folder)
    return nbformat.read(file, as_version=4)


def test_copy_is_the_student_version_with_the_speakers_notes(small: Course, tmp_path: Path) -> None:
    notebook = copied(small, tmp_path)
    released = nbformat.read(small.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    assert [c.id for c in notebook.cells if c.cell_type != "raw"] == [c.id for c in released.cells]
    assert notebook.cells[1].source == "Breathe."
    assert cell(notebook, "mul_jvp").source == cell(released, "mul_jvp").source
    assert cell(notebook, "uses-the-answer").metadata.editable is False
    beside = {p.name for p in (tmp_path / FORWARD).iterdir()}
    assert {"figures", "rise.css", "triptych.mplstyle", SCRIPT} <= beside


def test_copy_shows_outputs_where_no_code_is_seen_or_all_are_asked_for(small: Course, tmp_path: Path) -> None:
    usual, full = copied(small, tmp_path / "usual"), copied(small, tmp_path / "full", outputs=True)
    assert cell(usual, "hidden-code").outputs[0].text == "seen from the start\n"
    assert cell(usual, "uses-the-answer").outputs == []
    assert cell(full, "uses-the-answer").outputs[0].text == "(8.0, 4.0)\n"
    assert cell(full, "mul_jvp").outputs == []


def test_answers_are_in_their_cells_only_when_asked_for(small: Course, tmp_path: Path) -> None:
    usual, key = copied(small, tmp_path / "usual"), copied(small, tmp_path / "key", solutions=True)
    assert "NotImplementedError" in cell(usual, "mul_jvp").source
    assert "return x1 * x2" in cell(key, "mul_jvp").source
    assert "SOLUTION" not in cell(key, "mul_jvp").source
    assert cell(key, "uses-the-answer").metadata.editable is False


def test_no_chapters_copy_holds_an_answer_or_a_hidden_test(tmp_path: Path) -> None:
    """Read off the sources, so that no answer key has to be run for it."""
    from triptych.present.server import live_notebook

    for chapter in PROJECT.chapters:
        source = read_chapter(PROJECT.notebook(chapter))
        student = nbformat.read(PROJECT.release / chapter / f"{chapter}.ipynb", as_version=4)
        key = {c.id: nbformat.from_dict({**c.node, "outputs": []}) for c in source.cells}
        notebook = live_notebook(PROJECT, PresentOptions(chapter), source, student, key)
        assert [c.id for c in notebook.cells] == [c.id for c in source.cells]
        for before, node in zip(source.cells, notebook.cells, strict=True):
            if before.role is not Role.NOTES:
                assert node.source == next(c.source for c in student.cells if c.id == node.id)
            assert BEGIN_HIDDEN not in node.source
            assert before.role is not Role.SOLUTION or "NotImplementedError" in node.source, node.id
            if before.role in (Role.LECTURE, Role.SETUP, Role.STUDENT_SIDE):
                assert node.metadata.editable is False, node.id
            if before.role is Role.SOLUTION:
                assert node.metadata.get("editable", True), node.id


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"slide": 99}, "has no slide 99: it has slides 1 to"),
        ({"cell": "nowhere"}, "has no cell 'nowhere'"),
    ],
    ids=["slide", "cell"],
)
def test_place_that_is_not_there_is_said(small: Course, tmp_path: Path, wishes: dict[str, Any], says: str) -> None:
    with pytest.raises(CourseError, match=re.escape(says)):
        copied(small, tmp_path, **wishes)
    assert not list(tmp_path.iterdir())


def test_talk_begins_at_a_slide_or_a_cell(small: Course, tmp_path: Path) -> None:
    cells = copied(small, tmp_path / "a").cells
    assert make_copy(small, PresentOptions(FORWARD, cell="mul_jvp"), tmp_path / "b")[1] == [c.id for c in cells].index(
        "mul_jvp"
    )
    _, index = make_copy(small, PresentOptions(FORWARD, slide=2), tmp_path / "c")
    assert cells[index].id == "uses-the-answer"


def test_missing_or_old_student_version_is_said(small: Course, tmp_path: Path) -> None:
    course = Course(shutil.copytree(small.root, tmp_path / "course", symlinks=True))
    (course.release / FORWARD).rename(course.release / "elsewhere")
    with pytest.raises(CourseError, match=r"is missing: make it with `triptych build 05_forward_mode`"):
        make_copy(course, PresentOptions(FORWARD), tmp_path / "deck")
    (course.release / "elsewhere").rename(course.release / FORWARD)
    edit(course.notebook(FORWARD), lambda notebook: notebook.cells.append(lecture("brand-new", "1 + 1")))
    with pytest.raises(CourseError, match=r"other cells than its source: run `triptych build"):
        make_copy(course, PresentOptions(FORWARD), tmp_path / "deck")


# ---- What is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("source/mine.ipynb", "belongs to the course"),
        ("release/05_forward_mode/mine.ipynb", "belongs to the course"),
        ("there.ipynb", "exists and is not overwritten"),
        ("mine.txt", "ends in .ipynb"),
        ("nowhere/mine.ipynb", "is no folder"),
    ],
)
def test_file_to_keep_a_talk_in_is_checked_before_it_begins(small: Course, place: str, says: str) -> None:
    (small.root / "there.ipynb").write_text("precious")
    with pytest.raises(CourseError, match=re.escape(says)):
        check_target(small, small.root / place)
    assert (small.root / "there.ipynb").read_text() == "precious"


def test_port_that_is_taken_is_said() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CourseError, match=rf"Port {port} cannot be had .*: name another with --port"):
            check_port(port)


def journal(copy: Path, *played: tuple[str, str, float]) -> None:
    lines = [json.dumps({"id": id_, "text": text, "at": at}) for id_, text, at in played]
    copy.with_name(JOURNAL).write_text("\n".join(lines) + "\n")


def test_what_was_run_is_kept_unless_a_later_save_says_otherwise(small: Course, tmp_path: Path) -> None:
    copy, _ = make_copy(small, PresentOptions(FORWARD), tmp_path)
    saved = copy.stat().st_mtime
    journal(
        copy,
        ("mul_jvp", "run, then saved with another text", saved - 5),
        ("sum_jvp", "first try", saved + 1),
        ("sum_jvp", "second try", saved + 2),
        ("a-cell-of-my-own", "1 + 1", saved + 3),
    )
    kept = as_played(copy)
    ids = [c.id for c in kept.cells]
    assert "NotImplementedError" in cell(kept, "mul_jvp").source
    assert cell(kept, "sum_jvp").source == "second try"
    assert ids[ids.index("sum_jvp") + 1] == "a-cell-of-my-own"
    nbformat.validate(kept)


def test_file_that_came_to_stand_there_is_not_overwritten(small: Course, tmp_path: Path) -> None:
    copy, _ = make_copy(small, PresentOptions(FORWARD), tmp_path)
    target = tmp_path / "kept.ipynb"
    target.write_text("precious")
    with pytest.raises(CourseError, match="the notebook of the talk is"):
        save(copy, target)
    assert target.read_text() == "precious"


# ---- The prompter -------------------------------------------------------------------------------


HEAD = 'def double(y):\n    """Twice as much.\n\n    y: a number or an array.\n    Example: double(3.0) gives 6.0.\n    """\n'


class Stage:
    """A prompter with an IPython of its own; cells are run as a notebook's are."""

    def __init__(self, folder: Path) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        self.script = [
            {"id": "tools", "role": "setup", "shown": "base = 2", "said": "base = 2"},
            {"id": "first", "role": "lecture", "shown": "x = base + 1\nprint(x)", "said": "x = base + 1\nprint(x)"},
            {
                "id": "double",
                "role": "solution",
                "shown": f"{HEAD}    # YOUR CODE HERE\n    raise NotImplementedError()",
                "said": f"{HEAD}    return 2 * y",
            },
            {"id": "fails", "role": "lecture", "shown": "1 / 0", "said": "1 / 0"},
            {"id": "last", "role": "lecture", "shown": "z = double(x)", "said": "z = double(x)"},
        ]
        self.shell = InteractiveShell()
        self.prompter = Prompter(self.shell, self.script)
        self.shell.register_magic_function(self.prompter.answer, "line", "answer")
        self.prompter.run_setup()
        self.shell.events.register("pre_run_cell", self.prompter.before)
        self.shell.events.register("post_run_cell", self.prompter.after)

    def run(self, text: str, id_: str | None) -> Any:
        return self.shell.run_cell(text, store_history=True, cell_id=id_)

    def show(self, id_: str) -> Any:
        return self.run(next(c["shown"] for c in self.script if c["id"] == id_), id_)

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    return Stage(tmp_path)


def test_setup_has_run_before_anything(stage: Stage) -> None:
    assert stage["base"] == 2


def test_cell_in_the_middle_finds_what_stands_above_it(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert stage.show("last").success
    assert stage["z"] == 6
    assert capsys.readouterr().out == ""


def test_without_the_prompter_it_would_fail(stage: Stage) -> None:
    stage.shell.events.unregister("pre_run_cell", stage.prompter.before)
    assert isinstance(stage.show("last").error_in_exec, NameError)


def test_stub_that_was_run_is_answered_before_a_later_cell(stage: Stage) -> None:
    assert stage.show("double").success
    with pytest.raises(NotImplementedError):
        stage["double"](1)
    assert stage.show("last").success
    assert stage["z"] == 6


def test_answer_typed_on_stage_counts(stage: Stage) -> None:
    stage.run("def double(y):\n    return y + y + 100", "double")
    stage.show("last")
    assert stage["z"] == 106


def test_answer_that_does_not_run_is_answered_from_the_key(stage: Stage) -> None:
    assert not stage.run("def double(y)\n    return y", "double").success
    stage.show("last")
    assert stage["z"] == 6


def test_cells_that_have_run_are_not_run_again(stage: Stage) -> None:
    stage.show("first")
    stage.run("x = 50", "a-cell-of-my-own")
    stage.show("last")
    assert stage["z"] == 100


def test_classic_notebook_sends_no_ids(stage: Stage) -> None:
    stage.run(f"{HEAD}    # my own try\n    return y + y + 100", None)
    assert stage.run("z = double(x)", None).success
    assert stage["z"] == 106


def test_answer_is_put_into_its_cell_by_a_word(stage: Stage) -> None:
    asked: list[tuple[str, bool]] = []
    stage.shell.set_next_input = lambda text, replace=False: asked.append((text, replace))
    stage.run("%answer", "double")
    assert stage["double"](4) == 8
    assert asked == [(f"{HEAD}    return 2 * y", True)]
    (line,) = stage.prompter.journal.read_text().splitlines()
    assert json.loads(line)["text"] == asked[0][0]


def test_answer_in_another_cell_needs_a_name(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.run("%answer", "first")
    assert capsys.readouterr().out == "Name the exercise: %answer followed by one of double.\n"


def test_everything_that_ran_is_in_the_journal(stage: Stage) -> None:
    stage.show("first")
    stage.run("import os; os.chdir('/')", "a-cell-of-my-own")
    stage.run("1 + 1", "another")
    played = [json.loads(line) for line in stage.prompter.journal.read_text().splitlines()]
    assert [p["id"] for p in played] == ["first", "a-cell-of-my-own", "another"]


# ---- The end ------------------------------------------------------------------------------------


class Running:
    """A `triptych present` in a process, with a kernel in which something goes on."""

    def __init__(self, process: Any, address: str, home: Path) -> None:
        self.process, self.address, self.home = process, address, home
        self.base, _, rest = address.partition("/rise/")
        self.token = re.search(r"token=(\w+)", rest)[1]  # type: ignore[index]

    @property
    def scratch(self) -> list[Path]:
        return list(self.home.glob("triptych-present-*"))

    def api(self, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.base}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def open_kernel(self) -> None:
        name = f"{FORWARD}/{FORWARD}.ipynb"
        self.api("sessions", {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}})

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def presenting(small: Course, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[tuple[Any, list[psutil.Process]]] = []
    home = tmp_path / "tmp"
    home.mkdir()

    def start(*options: str, terminal: int | None = None) -> Running:
        process = subprocess.Popen(
            # the tests may run in the background, where signals are ignored
            [
                "env",
                "--default-signal=HUP,INT,TERM",
                str(TRIPTYCH),
                "present",
                "5",
                "--no-browser",
                "--course",
                str(small.root),
                *options,
            ],
            env={**os.environ, "TMPDIR": str(home), "PYTHONUNBUFFERED": "1"},
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=terminal is None,
            preexec_fn=None if terminal is None else lambda: control(terminal),  # noqa: PLW1509
        )
        address = process.stdout.readline().strip()  # type: ignore[union-attr]
        assert address.startswith("http://127.0.0.1:"), address + process.communicate()[1]
        running = Running(process, address, home)
        started.append((process, running.family()))
        return running

    yield start
    for process, family in started:
        for one in (process, *family):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                one.kill()
        process.communicate()


def control(terminal: int) -> None:
    """In the new process: the terminal controls it, and its end sends SIGHUP."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def gone(family: list[psutil.Process], seconds: float = 30) -> bool:
    _, alive = psutil.wait_procs(family, timeout=seconds)
    return not alive


@pytest.mark.xdist_group("present")
def test_ctrl_c_ends_server_kernel_and_copy_and_keeps_what_was_asked_for(
    presenting: Callable[..., Running], tmp_path: Path
) -> None:
    running = presenting("--save-to", str(tmp_path / "kept.ipynb"), "--slide", "2")
    running.open_kernel()
    family = running.family()
    assert len(family) >= 2
    (folder,) = running.scratch
    assert oct(folder.stat().st_mode)[-2:] == "00"  # nobody else's business
    assert running.api("status")["kernels"] == 1
    journal(folder / "deck" / FORWARD / f"{FORWARD}.ipynb", ("mul_jvp", "typed on stage", time.time() + 5))
    os.killpg(running.process.pid, signal.SIGINT)
    said = running.process.communicate(timeout=60)[0]
    assert running.process.returncode == 0
    assert f"The talk has ended; its notebook is {tmp_path / 'kept.ipynb'}." in said
    assert gone(family)
    assert running.scratch == []
    kept = nbformat.read(tmp_path / "kept.ipynb", as_version=4)
    assert cell(kept, "mul_jvp").source == "typed on stage"


@pytest.mark.xdist_group("present")
@pytest.mark.slow
def test_sigterm_ends_it_with_a_kernel_that_is_busy(presenting: Callable[..., Running], small: Course) -> None:
    running = presenting()
    running.open_kernel()
    family = running.family()
    kernel = next(p for p in family if "ipykernel_launcher" in " ".join(p.cmdline()))
    kernel.suspend()  # busier than any loop: it answers nothing
    running.process.terminate()
    said = running.process.communicate(timeout=120)
    assert "nothing of it was saved" in said[0], (running.process.returncode, said)
    assert gone(family)
    assert running.scratch == []


@pytest.mark.xdist_group("present")
@pytest.mark.slow
def test_closing_the_terminal_ends_it(presenting: Callable[..., Running]) -> None:
    screen, terminal = pty.openpty()
    running = presenting(terminal=terminal)
    family = running.family()
    os.close(terminal)
    os.close(screen)  # SIGHUP, from the system itself
    running.process.wait(timeout=60)
    assert gone(family)
    assert running.scratch == []


@pytest.mark.xdist_group("present")
@pytest.mark.slow
def test_server_ends_when_the_command_was_killed(presenting: Callable[..., Running]) -> None:
    running = presenting()
    family = running.family()
    running.process.kill()
    assert gone(family)


def test_command_refuses_in_a_sentence(
    small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*options: str, folder: Path) -> str:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["triptych", "present", *options, "--no-browser"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        said = capsys.readouterr()
        (line,) = [line for line in said.err.splitlines() if not line.startswith("Getting ")]
        assert said.out == ""
        return line

    assert "No chapter '7'" in refused("7", folder=small.root)
    assert "is not in a course folder" in refused("5", folder=tmp_path)
    assert "belongs to the course" in refused("5", "--save-to", "source/mine.ipynb", folder=small.root)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert "cannot be had" in refused("5", "--port", str(other.getsockname()[1]), folder=small.root)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # as it was before


# ---- The look -----------------------------------------------------------------------------------


def theme(name: str) -> str:
    return (PROJECT.slides / "theme" / name).read_text(encoding="utf-8")


def tokens(css: str) -> dict[str, str]:
    return {name: " ".join(value.split()) for name, value in re.findall(r"(?m)^ *--([\w-]+): ([^;]+);", css)}


def test_live_and_static_decks_share_their_tokens() -> None:
    static, live = tokens(theme("triptych.css")), tokens(theme("rise.css"))
    shared = {name for name in static if not name.startswith("r-")}
    assert len(shared) > 18
    assert {name: live.get(name) for name in shared} == {name: static[name] for name in shared}


@pytest.mark.parametrize("element", ["h1", "h2", "h3", "h4", "pre", "table", ":not(pre) > code", "small"])
def test_live_and_static_decks_share_their_sizes(element: str) -> None:
    def size(css: str, reveal: str) -> str:
        rules = re.findall(rf"(?m)^{re.escape(reveal)} {re.escape(element)} {{([^}}]*)}}", css)
        found = [s for rule in rules for s in re.findall(r"font-size: ([\w.]+)", rule)]
        assert found, f"{element} has no size"
        return str(found[0])

    assert size(theme("rise.css"), ".rise-enabled .reveal") == size(theme("triptych.css"), ".reveal")


def test_text_and_code_are_legible_from_the_last_row() -> None:
    for css in (theme("rise.css"), theme("triptych.css")):
        assert re.search(r"\.reveal \{[^}]*font: 28px/1\.42", css)
    sizes = [
        int(s)
        for s in re.findall(r"(?:cm-editor|CodeMirror|\.reveal pre) \{[^}]*?font(?:-size)?: (\d+)px", theme("rise.css"))
    ]
    assert len(sizes) >= 3
    assert min(sizes) >= 20
