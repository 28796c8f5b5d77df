"""The live deck: its notebook, the extension of its kernel, its server and its end."""

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
from nbformat.v4 import new_code_cell, new_markdown_cell

from triptych.build.release import release_chapter
from triptych.cli import main
from triptych.model.chapter import BEGIN_HIDDEN, BUILDS_ON, Role, read_chapter, role_of
from triptych.model.course import Course, CourseError
from triptych.present.ipython_extension import CELLS, LOG, DeckExtension
from triptych.present.notebook import PresentOptions, check_save_path, live_notebook, make_copy, save, with_log
from triptych.present.server import find_port

TRIPTYCH = Path(sys.executable).parent / "triptych"


# ---- The notebook -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course of one short chapter, whose answer key runs quickly."""
    course = scratch(tmp_path_factory.mktemp("present") / "course")
    keep = {"mul_jvp", "sum_jvp"}

    def shorten(notebook: NotebookNode) -> None:
        first, *others = notebook.cells
        notebook.cells = [
            first,
            *(c for c in others if c.id in keep or c.id.startswith("mul_jvp_") or role_of(c) is Role.SETUP),
        ]
        note = nbformat.v4.new_raw_cell("Breathe.", id="note-breathe")
        note.metadata["slideshow"] = {"slide_type": "notes"}
        notebook.cells.insert(1, note)
        notebook.cells.append(lecture("uses-the-answer", "print(mul_jvp(2.0, 1.0, 4.0, 0.0))"))
        hidden = lecture("hidden-code", "print('seen from the start')")
        hidden.metadata["jupyter"] = {"source_hidden": True}
        notebook.cells.append(hidden)

    edit(course.notebook(FORWARD), shorten)
    release_chapter(course, FORWARD)
    return course


def lecture(id_: str, source: str) -> NotebookNode:
    node = new_code_cell(source, id=id_)
    node.metadata["slideshow"] = {"slide_type": "slide"}
    marks = {"grade": False, "grade_id": id_, "locked": True, "schema_version": 3, "solution": False, "task": False}
    node.metadata["nbgrader"] = marks
    return node


def copied(course: Course, folder: Path, **options: Any) -> NotebookNode:
    file, _ = make_copy(course, PresentOptions(FORWARD, **options), folder)
    return nbformat.read(file, as_version=4)


def test_copy_is_the_student_version_with_the_speakers_notes(small: Course, tmp_path: Path) -> None:
    notebook = copied(small, tmp_path)
    released = nbformat.read(small.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    assert [c.id for c in notebook.cells if c.cell_type != "raw"] == [c.id for c in released.cells]
    assert notebook.cells[1].source == "Breathe."
    assert cell(notebook, "mul_jvp").source == cell(released, "mul_jvp").source
    files = {p.name for p in (tmp_path / FORWARD).iterdir()}
    assert {"figures", "rise.css", "triptych.mplstyle", CELLS} <= files


def test_copy_shows_outputs_of_hidden_code_or_all_on_request(small: Course, tmp_path: Path) -> None:
    default, full = copied(small, tmp_path / "default"), copied(small, tmp_path / "full", outputs=True)
    assert cell(default, "hidden-code").outputs[0].text == "seen from the start\n"
    assert cell(default, "uses-the-answer").outputs == []
    assert cell(full, "uses-the-answer").outputs[0].text == "(8.0, 4.0)\n"
    assert cell(full, "mul_jvp").outputs == []


def test_answers_are_in_their_cells_only_on_request(small: Course, tmp_path: Path) -> None:
    default, key = copied(small, tmp_path / "default"), copied(small, tmp_path / "key", solutions=True)
    assert "NotImplementedError" in cell(default, "mul_jvp").source
    assert "return x1 * x2" in cell(key, "mul_jvp").source
    assert "SOLUTION" not in cell(key, "mul_jvp").source


def test_copies_of_all_chapters_have_no_answers_or_hidden_tests() -> None:
    """Checked with the sources in place of answer keys, which would have to be run."""
    for chapter in PROJECT.chapters:
        source = read_chapter(PROJECT.notebook(chapter))
        student = nbformat.read(PROJECT.release / chapter / f"{chapter}.ipynb", as_version=4)
        key = {c.id: nbformat.from_dict({**c.node, "outputs": []}) for c in source.cells}
        notebook = live_notebook(PROJECT, PresentOptions(chapter), source, student, key)
        assert sorted(c.id for c in notebook.cells) == sorted(c.id for c in source.cells)
        for before in source.cells:
            node = cell(notebook, before.id)
            assert BEGIN_HIDDEN not in node.source and not node.source.startswith(BUILDS_ON)
            assert before.role is not Role.SOLUTION or "NotImplementedError" in node.source, node.id
            if before.is_code:
                assert node.metadata.get("editable", True) and node.metadata.get("deletable", True), node.id
                assert not node.source.startswith("#|")
                assert node.source in before.source or before.role in (Role.SOLUTION, Role.TEST), node.id
            if before.role is Role.SOLUTION:
                assert node.metadata.slideshow.slide_type != "skip", node.id


def test_columns_and_questions_are_marked() -> None:
    source = read_chapter(PROJECT.notebook(FORWARD))
    student = nbformat.read(PROJECT.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    key = {c.id: nbformat.from_dict({**c.node, "outputs": []}) for c in source.cells}
    classes = {
        c.id: c.metadata.get("class")
        for c in live_notebook(PROJECT, PresentOptions(FORWARD), source, student, key).cells
    }
    assert classes["chain-the-rules-code"] == "code-left"
    assert classes["chain-the-rules-as-the-program-chains-its-steps-2"] == "picture-right"
    assert classes["chain-the-rules-as-the-program-chains-its-steps-3"] is None
    assert classes["your-engine-at-work-a-loop-code"] == "output-right"
    assert classes["your-engine-at-work-a-loop-2"] == "predict"


def test_skipped_solution_follows_the_heading_of_its_exercise(small: Course, tmp_path: Path) -> None:
    course = Course(shutil.copytree(small.root, tmp_path / "course", symlinks=True))

    def skip(notebook: NotebookNode) -> None:
        solution = cell(notebook, "mul_jvp")
        solution.metadata["slideshow"] = {"slide_type": "skip"}
        heading = new_markdown_cell("## Exercise: `mul_jvp`\n\nMultiply.", id="the-heading")
        heading.metadata["slideshow"] = {"slide_type": "subslide"}
        hint = new_markdown_cell("**Hint.** Think.", id="the-hint")
        hint.metadata["slideshow"] = {"slide_type": "fragment"}
        index = notebook.cells.index(solution)
        notebook.cells[index:index] = [heading, hint]

    edit(course.notebook(FORWARD), skip)
    release_chapter(course, FORWARD)
    notebook = copied(course, tmp_path / "deck")
    ids = [c.id for c in notebook.cells]
    assert ids[ids.index("the-heading") :][:3] == ["the-heading", "mul_jvp", "the-hint"]
    assert cell(notebook, "mul_jvp").metadata.slideshow.slide_type == "-"


def test_options_are_not_shown_and_their_cells_are_recognised(small: Course, tmp_path: Path) -> None:
    course = Course(shutil.copytree(small.root, tmp_path / "course", symlinks=True))
    source = '#| fig-alt: A line\n#| code-line-numbers: "1|2"\nx = 1\n#| not an option'
    edit(course.notebook(FORWARD), lambda notebook: notebook.cells.append(lecture("with-options", source)))
    release_chapter(course, FORWARD)
    shown = cell(copied(course, tmp_path / "deck"), "with-options").source
    assert shown == "x = 1\n#| not an option"
    (known,) = (c for c in json.loads((tmp_path / "deck" / FORWARD / CELLS).read_text()) if c["id"] == "with-options")
    assert known["slide_source"] == shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slide": 99}, "has no slide 99: it has slides 1 to"),
        ({"cell": "nowhere"}, "has no cell 'nowhere'"),
    ],
    ids=["slide", "cell"],
)
def test_unknown_slide_or_cell_is_an_error(
    small: Course, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(CourseError, match=re.escape(message)):
        copied(small, tmp_path, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "first"), [({"cell": "mul_jvp"}, "mul_jvp"), ({"slide": 2}, "uses-the-answer")], ids=["cell", "slide"]
)
def test_deck_begins_at_a_slide_or_a_cell(small: Course, tmp_path: Path, options: dict[str, Any], first: str) -> None:
    file, index = make_copy(small, PresentOptions(FORWARD, **options), tmp_path)
    assert nbformat.read(file, as_version=4).cells[index].id == first


def test_missing_or_old_student_version_is_an_error(small: Course, tmp_path: Path) -> None:
    course = Course(shutil.copytree(small.root, tmp_path / "course", symlinks=True))
    (course.release / FORWARD).rename(course.release / "elsewhere")
    with pytest.raises(CourseError, match=r"is missing: make it with `triptych build 05_forward_mode`"):
        make_copy(course, PresentOptions(FORWARD), tmp_path / "deck")
    (course.release / "elsewhere").rename(course.release / FORWARD)
    edit(course.notebook(FORWARD), lambda notebook: notebook.cells.append(lecture("brand-new", "1 + 1")))
    with pytest.raises(CourseError, match=r"other cells than its source: run `triptych build"):
        make_copy(course, PresentOptions(FORWARD), tmp_path / "deck")


# ---- Saving -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("source/mine.ipynb", "belongs to the course"),
        ("release/05_forward_mode/mine.ipynb", "belongs to the course"),
        ("there.ipynb", "exists and is not overwritten"),
        ("mine.txt", "ends in .ipynb"),
        ("nowhere/mine.ipynb", "is no folder"),
    ],
)
def test_path_to_save_to_is_checked(small: Course, path: str, message: str) -> None:
    (small.root / "there.ipynb").write_text("precious")
    with pytest.raises(CourseError, match=re.escape(message)):
        check_save_path(small, small.root / path)
    assert (small.root / "there.ipynb").read_text() == "precious"


@pytest.fixture
def used_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_port_in_use_is_an_error(used_port: int) -> None:
    with pytest.raises(CourseError, match=rf"Port {used_port} cannot be used .*: name another with --port"):
        find_port(used_port)


def write_log(copy: Path, *entries: tuple[str, str, float]) -> None:
    lines = [json.dumps({"id": cell_id, "source": source, "time": time_}) for cell_id, source, time_ in entries]
    copy.with_name(LOG).write_text("\n".join(lines) + "\n")


def test_sources_run_after_the_last_save_are_saved(small: Course, tmp_path: Path) -> None:
    copy, _ = make_copy(small, PresentOptions(FORWARD), tmp_path)
    saved = copy.stat().st_mtime
    write_log(
        copy,
        ("mul_jvp", "run, then saved with another text", saved - 5),
        ("sum_jvp", "first try", saved + 1),
        ("sum_jvp", "second try", saved + 2),
        ("a-cell-of-my-own", "1 + 1", saved + 3),
    )
    notebook = with_log(copy)
    ids = [c.id for c in notebook.cells]
    assert "NotImplementedError" in cell(notebook, "mul_jvp").source
    assert cell(notebook, "sum_jvp").source == "second try"
    assert ids[ids.index("sum_jvp") + 1] == "a-cell-of-my-own"
    nbformat.validate(notebook)


def test_existing_file_is_not_overwritten(small: Course, tmp_path: Path) -> None:
    copy, _ = make_copy(small, PresentOptions(FORWARD), tmp_path)
    target = tmp_path / "kept.ipynb"
    target.write_text("precious")
    with pytest.raises(CourseError, match="the notebook of the live deck is"):
        save(copy, target)
    assert target.read_text() == "precious"


# ---- The extension of the kernel ----------------------------------------------------------------


HEAD = 'def double(y):\n    """Twice as much.\n\n    y: a number or an array.\n    Example: double(3.0) gives 6.0.\n    """\n'


def deck_cell(cell_id: str, role: str, source: str, key_source: str = "") -> dict[str, str]:
    return {"id": cell_id, "role": role, "slide_source": source, "key_source": key_source or source}


DECK_CELLS = [
    deck_cell("tools", "setup", "base = 2"),
    deck_cell("first", "lecture", "x = base + 1\nprint(x)"),
    deck_cell(
        "double", "solution", f"{HEAD}    # YOUR CODE HERE\n    raise NotImplementedError()", f"{HEAD}    return 2 * y"
    ),
    deck_cell("fails", "lecture", "1 / 0"),
    deck_cell("last", "lecture", "z = double(x)"),
]


class Kernel:
    """The extension in an IPython shell of its own; cells are run as a notebook's are."""

    def __init__(self) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        self.shell = InteractiveShell()
        self.extension = DeckExtension(self.shell, DECK_CELLS)
        self.extension.register()

    def run(self, source: str, cell_id: str | None) -> Any:
        return self.shell.run_cell(source, store_history=True, cell_id=cell_id)

    def run_slide(self, cell_id: str) -> Any:
        return self.run(next(c["slide_source"] for c in DECK_CELLS if c["id"] == cell_id), cell_id)

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.extension.log.read_text().splitlines()]

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    return Kernel()


def test_setup_cells_run_at_the_start(kernel: Kernel) -> None:
    assert kernel["base"] == 2


def test_cells_above_run_silently_and_exercises_get_their_answer(
    kernel: Kernel, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kernel.run_slide("last").success
    assert kernel["z"] == 6
    assert capsys.readouterr().out == ""


def test_without_the_extension_a_late_cell_fails(kernel: Kernel) -> None:
    kernel.shell.events.unregister("pre_run_cell", kernel.extension.before)
    assert isinstance(kernel.run_slide("last").error_in_exec, NameError)


def test_stub_that_was_run_does_not_count_as_an_answer(kernel: Kernel) -> None:
    assert kernel.run_slide("double").success
    with pytest.raises(NotImplementedError):
        kernel["double"](1)
    assert kernel.run_slide("last").success
    assert kernel["z"] == 6


@pytest.mark.parametrize(
    ("typed", "cell_id", "result"),
    [
        ("def double(y):\n    return y + y + 100", "double", 106),
        ("def double(y)\n    return y", "double", 6),
        (f"{HEAD}    # my own try\n    return y + y + 100", None, 106),  # classic RISE sends no ids
    ],
    ids=["answer", "syntax error", "without id"],
)
def test_typed_answer_counts_if_it_runs(kernel: Kernel, typed: str, cell_id: str | None, result: int) -> None:
    assert kernel.run(typed, cell_id).success is (result == 106)
    assert kernel.run("z = double(x)", cell_id and "last").success
    assert kernel["z"] == result


def test_cells_that_have_run_are_not_run_again(kernel: Kernel) -> None:
    kernel.run_slide("first")
    kernel.run("x = 50", "a-cell-of-my-own")
    kernel.run_slide("last")
    assert kernel["z"] == 100


def test_answer_magic_fills_its_cell(kernel: Kernel) -> None:
    inputs: list[tuple[str, bool]] = []
    kernel.shell.set_next_input = lambda source, replace=False: inputs.append((source, replace))
    kernel.run("%answer", "double")
    assert kernel["double"](4) == 8
    assert inputs == [(f"{HEAD}    return 2 * y", True)]
    (entry,) = kernel.log()
    assert entry["source"] == inputs[0][0]


def test_answer_magic_in_another_cell_needs_a_name(kernel: Kernel, capsys: pytest.CaptureFixture[str]) -> None:
    kernel.run("%answer", "first")
    assert capsys.readouterr().out == "Name the exercise: %answer followed by one of double.\n"


def test_every_cell_that_ran_is_logged(kernel: Kernel) -> None:
    kernel.run_slide("first")
    kernel.run("import os; os.chdir('/')", "a-cell-of-my-own")
    kernel.run("1 + 1", "another")
    assert [entry["id"] for entry in kernel.log()] == ["first", "a-cell-of-my-own", "another"]


# ---- The end ------------------------------------------------------------------------------------


class Running:
    """A running `triptych present`, and its server's API."""

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
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def open_kernel(self) -> None:
        name = f"{FORWARD}/{FORWARD}.ipynb"
        self.api("sessions", {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}})

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def presenting(small: Course, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[tuple[Any, list[psutil.Process]]] = []
    home = tmp_path / "tmp"
    home.mkdir()

    def start(*options: str, terminal: int | None = None) -> Running:
        # the tests may run in the background, where signals are ignored
        with_signals = ["env", "--default-signal=HUP,INT,TERM"]
        process = subprocess.Popen(
            [*with_signals, TRIPTYCH, "present", "5", "--no-browser", "--course", small.root, *options],
            env={**os.environ, "TMPDIR": str(home), "PYTHONUNBUFFERED": "1"},
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=terminal is None,
            preexec_fn=None if terminal is None else lambda: set_controlling_terminal(terminal),  # noqa: PLW1509
        )
        address = process.stdout.readline().strip()  # type: ignore[union-attr]
        assert address.startswith("http://127.0.0.1:"), address + process.communicate()[1]
        running = Running(process, address, home)
        started.append((process, running.children()))
        return running

    yield start
    for process, children in started:
        for each in (process, *children):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                each.kill()
        process.communicate()


def set_controlling_terminal(terminal: int) -> None:
    """Called in the new process, so that closing the terminal sends it SIGHUP."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def assert_nothing_is_left(running: Running, children: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert running.scratch == []


@pytest.mark.xdist_group("present")
def test_ctrl_c_removes_server_kernel_and_copy_and_saves_the_notebook(
    presenting: Callable[..., Running], tmp_path: Path
) -> None:
    running = presenting("--save-to", str(tmp_path / "saved.ipynb"), "--slide", "2")
    running.open_kernel()
    children = running.children()
    assert len(children) >= 2
    (folder,) = running.scratch
    assert oct(folder.stat().st_mode)[-2:] == "00"  # readable by its owner only
    assert running.api("status")["kernels"] == 1
    write_log(folder / "deck" / FORWARD / f"{FORWARD}.ipynb", ("mul_jvp", "typed", time.time() + 5))
    os.killpg(running.process.pid, signal.SIGINT)
    output = running.process.communicate(timeout=60)[0]
    assert running.process.returncode == 0
    assert f"The live deck has ended; its notebook is {tmp_path / 'saved.ipynb'}." in output
    assert_nothing_is_left(running, children)
    assert cell(nbformat.read(tmp_path / "saved.ipynb", as_version=4), "mul_jvp").source == "typed"


@pytest.mark.xdist_group("present")
@pytest.mark.slow
def test_sigterm_removes_everything_with_a_busy_kernel(presenting: Callable[..., Running]) -> None:
    running = presenting()
    running.open_kernel()
    children = running.children()
    kernel = next(p for p in children if "ipykernel_launcher" in " ".join(p.cmdline()))
    kernel.suspend()  # it replies to nothing
    running.process.terminate()
    output = running.process.communicate(timeout=120)
    assert "nothing of it was saved" in output[0], (running.process.returncode, output)
    assert_nothing_is_left(running, children)


@pytest.mark.xdist_group("present")
@pytest.mark.slow
def test_closing_the_terminal_removes_everything(presenting: Callable[..., Running]) -> None:
    screen, terminal = pty.openpty()
    running = presenting(terminal=terminal)
    children = running.children()
    os.close(terminal)
    os.close(screen)  # the system sends SIGHUP
    running.process.wait(timeout=60)
    assert_nothing_is_left(running, children)


@pytest.mark.xdist_group("present")
@pytest.mark.slow
def test_server_ends_when_the_command_was_killed(presenting: Callable[..., Running]) -> None:
    running = presenting()
    children = running.children()
    running.process.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def test_command_line_mistakes_end_in_one_sentence(
    small: Course,
    used_port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def error(*options: str, folder: Path = small.root) -> str:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["triptych", "present", *options, "--no-browser"])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 1
        output = capsys.readouterr()
        (line,) = [line for line in output.err.splitlines() if not line.startswith("Getting ")]
        assert output.out == ""
        return line

    assert "No chapter '7'" in error("7")
    assert "is not in a course folder" in error("5", folder=tmp_path)
    assert "belongs to the course" in error("5", "--save-to", "source/mine.ipynb")
    assert "cannot be used" in error("5", "--port", str(used_port))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # restored


# ---- The theme ----------------------------------------------------------------------------------


def theme(name: str) -> str:
    return (PROJECT.slides / "theme" / name).read_text(encoding="utf-8")


def tokens(css: str) -> dict[str, str]:
    return {name: " ".join(value.split()) for name, value in re.findall(r"(?m)^ *--([\w-]+): ([^;]+);", css)}


def test_live_and_static_decks_share_their_tokens() -> None:
    static, live = tokens(theme("triptych.css").split("@media")[0]), tokens(theme("rise.css"))
    shared = {name for name in static if not name.startswith("r-")}
    assert len(shared) > 18
    assert {name: live.get(name) for name in shared} == {name: static[name] for name in shared}


@pytest.mark.parametrize("element", ["h1", "h2", "h3", "h4", "pre", "table", ":not(pre) > code", "small"])
def test_live_and_static_decks_share_their_sizes(element: str) -> None:
    def size(css: str, reveal: str) -> str:
        rules = re.findall(rf"(?m)^{re.escape(reveal)} {re.escape(element)} {{([^}}]*)}}", css)
        sizes = [s for rule in rules for s in re.findall(r"font-size: ([\w.]+)", rule)]
        assert sizes, f"{element} has no size"
        return str(sizes[0])

    assert size(theme("rise.css"), ".rise-enabled .reveal") == size(theme("triptych.css"), ".reveal")


def test_text_and_code_are_legible_from_the_last_row() -> None:
    for css in (theme("rise.css"), theme("triptych.css")):
        assert re.search(r"\.reveal \{[^}]*font: 28px/1\.38", css)
    sizes = [
        int(s)
        for s in re.findall(r"(?:cm-editor|CodeMirror|\.reveal pre) \{[^}]*?font(?:-size)?: (\d+)px", theme("rise.css"))
    ]
    assert len(sizes) >= 3
    assert min(sizes) >= 26
