"""The documentation is correct: commands and paths exist, links resolve, pictures come from scripts.

Commands in fenced blocks and in backticks of README, CONTRIBUTING and docs/ are tested at one of three levels, which is
part of the test's name:

- run: the block is run in a scratch copy of the course (`RUN`);
- parsed: its program, subcommand, options, targets and files exist;
- not run, tested apart: a comment right before the block gives the reason or the test.

A failure names the file and the line.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import nbformat
import pytest
import typer
from courses import FORWARD, PROJECT, edit, scratch, shortened
from in_process import in_process
from markdown_it import MarkdownIt
from markdown_it.token import Token
from needs import _missing_for_sandbox
from typer.exceptions import TyperException
from typer.testing import CliRunner

from triptych.build.release import release_chapter
from triptych.cli import app
from triptych.model.course import Course
from triptych.nbgrader_api import gradebook

ROOT = PROJECT.root
sys.path.insert(0, str(ROOT / "tools"))
import address  # noqa: E402

BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
MARK = re.compile(r"<!--\s*(not run|tested apart): (.+?)\s*-->", re.DOTALL)
SHELL = {"bash", "sh", "console", "shell"}

#: Blocks to run, each with a line that identifies it; in this order, in one scratch course.
RUN = [
    ("docs/instructors/semester.md", ".venv/bin/triptych roster import roster.csv"),
    ("docs/instructors/collect.md", ".venv/bin/triptych collect homework.zip"),
    ("docs/instructors/semester.md", ".venv/bin/triptych report"),
    ("docs/instructors/privacy.md", ".venv/bin/triptych forget ada --yes    # deletes it"),
]
#: Programs of the system, which are not tested.
SYSTEM = {"apt", "git", "cd", "export", "systemctl", "systemd-run", "userdel", "sysctl", "ssh", "scp", "chmod", "cp"}
SYSTEM |= {"useradd", "createuser", "createdb", "chown", "tar"}
SYSTEM |= {"docker", "podman", "conda", "source", "sbatch", "srun", "condor_submit", "kubectl", "helm", "curl", "mkdir"}


# --- reading -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """A fenced block; `mark` and `why` are the level and the reason in the comment right before it."""

    page: Path
    line: int
    language: str
    text: str
    mark: str = ""
    why: str = ""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands, split at lines, `&&` and `|`, without comments, sudo and settings of variables."""
        commands = []
        for line in self.text.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|(?!\|)", re.sub(r"(^|\s)#.*", "", line)):
                command = re.sub(r"^(\$ )?(sudo\s+(-u \S+\s+|-i$)?)?((?:[A-Z_]+=\S+(?:\s+|$))*)", "", part.strip())
                command = command.removesuffix("&").rstrip()
                if command:
                    commands.append(command)
        return commands

    @property
    def level(self) -> str:
        if self.mark:
            return self.mark
        runs = any(self.place.startswith(f"{page}:") and line in self.text for page, line in RUN)
        return "run" if runs else "parsed"


@functools.cache
def tokens(page: Path) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")))


def inline(page: Path) -> Iterator[tuple[int, Token]]:
    """Yields the inline tokens of a page with the line of their paragraph."""
    line = 1
    for token in tokens(page):
        line = token.map[0] + 1 if token.map else line
        for child in token.children or []:
            yield line, child


def blocks(page: Path) -> Iterator[Block]:
    before = ""
    for token in tokens(page):
        if token.type == "fence":
            comment = MARK.fullmatch(before)
            mark, why = (comment[1], comment[2]) if comment else ("", "")
            assert token.map
            yield Block(page, token.map[0] + 1, token.info.split(" ")[0], token.content, mark, why)
        before = token.content.strip() if token.type == "html_block" else ""


BLOCKS = [block for page in PAGES for block in blocks(page)]
COMMANDS = [block for block in BLOCKS if block.language in SHELL]


# --- commands ------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: f"{block.place}-{block.level}")
def test_commands_exist(block: Block) -> None:
    if block.mark:
        assert len(block.why) >= 10, f"{block.place}: give the reason why it is not run, or its test"
        return
    for command in block.commands:
        if block.level == "parsed" or command.startswith("make "):
            reason = wrong_with(command)
            assert not reason, f"{block.place}: `{command}` {reason}"


def code_spans() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for line, token in inline(page):
            if token.type == "code_inline" and re.match(r"(sudo )?(\.venv/bin/|make |triptych )", token.content):
                yield f"{page.relative_to(ROOT)}:{line}", token.content


def test_commands_in_running_text_exist() -> None:
    spans = list(code_spans())
    assert len(spans) > 20
    wrong = []
    for place, text in spans:
        filled = re.sub(r"\b[A-Z]+$", "1", text)  # a placeholder: `--slide N`
        for command in Block(ROOT, 0, "bash", filled).commands:
            if "…" not in command and (reason := wrong_with(command, complete=False)):
                wrong.append(f"{place}: `{command}` {reason}")
    assert not wrong, "\n".join(wrong)


def wrong_with(command: str, complete: bool = True) -> str:
    """Returns the problem of a command, or an empty string. An incomplete command may lack arguments."""
    try:
        program, *arguments = shlex.split(command)
    except ValueError as error:
        return f"is not a shell command ({error})"
    name = Path(program).name
    checks = {"make": _make, "triptych": _triptych, "python": _python, "python3": _python, "pytest": _pytest}
    checks |= {"nbgrader": _nbgrader, "dask": _dask}
    if name in checks:
        return checks[name](arguments, complete)
    if name in ("jupyter", "jupytext", "pre-commit", "pip", "ruff", "mypy"):
        return _by_its_help(name, arguments)
    return "" if program in SYSTEM else f"begins with {program!r}, which test_docs does not know: mark the block"


def _make(arguments: list[str], complete: bool) -> str:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for argument in arguments:
        name = argument.split("=")[0]
        if "=" in argument and f"$({name})" not in makefile:
            return f"sets {name}, which the Makefile does not read"
        if "=" not in argument and not re.search(rf"(?m)^{re.escape(argument.replace('.venv', '$(VENV)'))}:", makefile):
            return f"has no target {argument!r} in the Makefile"
    return ""


def _triptych(arguments: list[str], complete: bool) -> str:
    """Parses the arguments with the command itself, without running it."""
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while subcommands := getattr(command, "commands", None):
        if not rest or rest[0] == "--help":
            return ""
        if rest[0] not in subcommands:
            return f"has no such subcommand or option; there are {', '.join(sorted(subcommands))}"
        command = subcommands[rest.pop(0)]
    if "--help" in rest:
        return ""
    try:
        command.make_context(command.name, rest)
    except TyperException as error:
        message = error.format_message()
        incomplete = message.startswith("Missing ") or "requires an argument" in message
        return "" if incomplete and not complete else message
    return ""


def _python(arguments: list[str], complete: bool) -> str:
    if arguments[:1] == ["-m"]:
        return "" if find_spec(arguments[1]) else f"has no module {arguments[1]}"
    if not (ROOT / arguments[0]).is_file():
        return f"has no file {arguments[0]}"
    known = (ROOT / arguments[0]).read_text(encoding="utf-8")
    for argument in arguments[1:]:
        if argument.startswith("--") and f'"{argument.split("=")[0]}"' not in known:
            return f"has no option {argument}"
    return ""


def _pytest(arguments: list[str], complete: bool) -> str:
    names = {name for chapter, plan in PROJECT.plans.items() for name in (chapter, *plan.exercises)} | _new_exercises()
    for flag, argument in zip(["", *arguments], arguments, strict=False):
        placeholder = not complete and re.fullmatch(r"<\w+>", argument)
        if flag == "-k" and argument not in names and not placeholder:
            return f"selects {argument!r}, which is neither a chapter nor an exercise"
        if argument.startswith("tests/") and not (ROOT / argument.split("::")[0]).exists():
            return f"has no file {argument}"
    return ""


@functools.cache
def _new_exercises() -> set[str]:
    """Returns the exercises that the pages create with `triptych new exercise CHAPTER ID`."""
    words = [shlex.split(command) for block in COMMANDS for command in block.commands if "new exercise" in command]
    return {word[4] for word in words if word[1:3] == ["new", "exercise"]}


@functools.cache
def _help(name: str, *words: str) -> str:
    """Returns the output of a program, which is empty if it fails."""
    ran = subprocess.run([str(BIN / name), *words], capture_output=True, text=True, check=False, env=_environment())
    return ran.stdout + ran.stderr if ran.returncode == 0 else ""


def _by_its_help(name: str, arguments: list[str]) -> str:
    if not (BIN / name).exists() and find_spec(name) is None:
        return f"needs {name}, which is not installed"
    if name == "jupyter":  # each subcommand is a program
        return "" if (BIN / f"jupyter-{arguments[0]}").exists() else f"has no subcommand {arguments[0]}"
    subcommands = arguments[:1] if name in ("pip", "pre-commit") else []
    if not (usage := _help(name, *subcommands, "--help")):
        return f"has no subcommand {' '.join(subcommands)}"
    for argument in arguments:
        option = argument.split("=")[0]
        if option.startswith("--") and not re.search(rf"{re.escape(option)}(?![\w-])", usage):
            return f"has no option {option}"
    return ""


def _nbgrader(arguments: list[str], complete: bool) -> str:
    """Compares with the applications' own subcommands, options and settings; their --help takes seconds."""
    from nbgrader.apps.nbgraderapp import NbGraderApp

    application: Any = NbGraderApp()
    words, rest = [], list(arguments)
    while rest and not rest[0].startswith("-") and getattr(application, "subcommands", None):
        words.append(rest.pop(0))
        if words[-1] not in application.subcommands:
            return f"has no subcommand {' '.join(words)}"
        application = application.subcommands[words[-1]][0]()
    known = {"help", "help-all"}
    for names in (*application.aliases, *application.flags):
        known |= {names} if isinstance(names, str) else set(names)
    known |= {f"{of.__name__}.{trait}" for of in application.classes for trait in of.class_trait_names(config=True)}
    for argument in rest:
        option = argument.split("=")[0]
        if option.startswith("--") and option.removeprefix("--") not in known:
            return f"has no option {option}"
    return ""


def _dask(arguments: list[str], complete: bool) -> str:
    """Parses the arguments with Dask's own commands, without running them."""
    commands = {point.name: point for point in entry_points(group="dask_cli")}
    if not arguments or arguments[0] not in commands:
        return f"has no such subcommand; there are {', '.join(sorted(commands))}"
    command = commands[arguments[0]].load()
    try:
        command.make_context(command.name, arguments[1:])
    except click.ClickException as error:
        return error.format_message()
    return ""


def _environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("make demmo", "no target 'demmo'"),
        ("make student PROT=1", "sets PROT"),
        ("triptych graed 05", "no such subcommand"),
        (".venv/bin/triptych grade 05 --studnet ada", "No such option: --studnet"),
        ("triptych forget", "Missing argument"),
        (".venv/bin/pytest -k mull_jvp", "neither a chapter nor an exercise"),
        (".venv/bin/pytest tests/test_nothing.py", "no file tests/test_nothing.py"),
        (".venv/bin/python tools/student.py --prot 1", "no option --prot"),
        (".venv/bin/python tools/teacher.py", "no file tools/teacher.py"),
        (".venv/bin/nbgrader db student imprt roster.csv", "no subcommand db student imprt"),
        (".venv/bin/nbgrader export --exprter=x", "no option --exprter"),
        (".venv/bin/nbgrader export --CanvasExprt.to=x", "no option --CanvasExprt.to"),
        (".venv/bin/jupyter lap", "no subcommand lap"),
        (".venv/bin/dask shceduler", "no such subcommand"),
        (".venv/bin/dask worker tcp://h:1 --nthread 1", "No such option '--nthread'"),
        (".venv/bin/pre-commit install --hook", "no option --hook"),
        ("rmdir /", "which test_docs does not know"),
        ("triptych 'grade", "not a shell command"),
    ],
)
def test_wrong_commands_are_found(command: str, problem: str) -> None:
    assert problem in wrong_with(command)


@pytest.fixture(scope="module")
def running_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with one exercise, in the state before the first command of the instructors' guide."""
    course = scratch(tmp_path_factory.mktemp("docs") / "course", [FORWARD])
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    (course.root / ".venv").symlink_to(BIN.parent)
    (course.root / "roster.csv").write_text("id,first_name\nada,Ada\nemmy,Emmy\n")
    release_chapter(course, FORWARD)
    for student in ("ada", "emmy"):
        folder = course.submitted / student / FORWARD
        folder.mkdir(parents=True)
        shutil.copy(course.release / FORWARD / f"{FORWARD}.ipynb", folder)
    with zipfile.ZipFile(course.root / "homework.zip", "w") as archive:
        archive.write(folder / f"{FORWARD}.ipynb", f"Emmy_7_assignsubmission_file/{FORWARD}.ipynb")
    (course.submitted / "ada" / FORWARD / "timestamp.txt").write_text("2026-12-01 12:00:01 UTC")
    return course


def run_triptych(arguments: list[str], place: str) -> None:
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, f"{place} ended with\n{ran.output}{ran.exception!r}"


def run_nbgrader(arguments: list[str], place: str) -> None:
    """Runs nbgrader in this process, as its own tests do."""
    from jupyter_core.application import NoStart
    from nbgrader.apps.nbgraderapp import NbGraderApp

    application: Any = NbGraderApp.instance()
    try:
        application.initialize(arguments)
        with contextlib.suppress(NoStart):  # a subcommand has done the work
            application.start()
    except SystemExit as ended:
        assert not ended.code, f"{place} ended with {ended.code}"
    finally:
        while application.subapp:  # clearing the last one clears all
            application = application.subapp
        application.clear_instance()


RUNNERS = {"triptych": run_triptych, "nbgrader": run_nbgrader}


@pytest.mark.xdist_group("docs")
def test_blocks_run(running_course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the blocks in order, except `make`, in this process, because starting programs would take most of the time."""
    course = running_course
    monkeypatch.chdir(course.root)
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    no_sandbox = " --sandbox none" if _missing_for_sandbox() else ""
    monkeypatch.setattr("triptych.grade.dispatch.local.prepare_batch", lambda batch, processes: in_process(batch))
    for page, line in RUN:
        (block,) = [b for b in COMMANDS if b.place.startswith(f"{page}:") and line in b.text] or [None]
        assert block, f"{page} has no block with `{line}`: update RUN in tests/test_docs.py"
        for command in block.commands:
            if command.startswith("make "):
                continue
            program, *arguments = shlex.split(command + (no_sandbox if "triptych grade" in command else ""))
            assert Path(program).is_file(), f"{block.place}: {program} does not exist"
            RUNNERS[Path(program).name](arguments, f"{block.place}: `{command}`")
        if line.endswith("roster.csv"):
            with gradebook(course) as book:
                assert book.find_student("emmy").first_name == "Emmy"
                assert book.find_assignment(FORWARD).duedate == datetime(2026, 12, 1, 12)
        if "report" in line:
            assert "late" in (course.root / "report.html").read_text()
    assert not (course.submitted / "ada").exists() and (course.submitted / "emmy").is_dir()


def test_python_blocks_are_python() -> None:
    for block in BLOCKS:
        if block.language in ("python", "py"):
            try:
                ast.parse(block.text.replace("(...)", "()"))
            except SyntaxError as error:
                pytest.fail(f"{block.place}: {error}")


def test_setting_of_the_instructors_guide_gives_late_work_no_points() -> None:
    from nbgrader.plugins import LateSubmissionPlugin
    from traitlets.config import Config

    (text,) = [b.text for b in BLOCKS if "penalty_method" in b.text]
    config = Config()
    exec(text, {"c": config})
    assert LateSubmissionPlugin(config=config).late_submission_penalty("ada", 7.0, 1.0) == 7.0


# --- links and pictures --------------------------------------------------------------------------


@functools.cache
def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings on GitHub."""
    slugs: list[str] = []
    flat = tokens(page)
    for token, following in pairwise(flat):
        if token.type == "heading_open":
            text = "".join(c.content for c in following.children or [] if c.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            slugs.append(f"{slug}-{n}" if (n := slugs.count(slug)) else slug)
    return set(slugs)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_anchors_resolve(page: Path) -> None:
    wrong = []
    for line, token in inline(page):
        target = str(token.attrs.get("href", "")) if token.type == "link_open" else ""
        if not target or target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        place = f"{page.relative_to(ROOT)}:{line}"
        if not other.exists():
            wrong.append(f"{place} links to {target}, which does not exist")
        elif anchor and anchor not in anchors(other):
            wrong.append(f"{place} links to {target}, but {other.name} has no such heading")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("index", sorted((ROOT / "docs").rglob("index.md")), ids=lambda page: page.parent.name)
def test_pages_have_one_title_and_are_listed_in_their_index(index: Path) -> None:
    linked = {(index.parent / str(t.attrs["href"])).resolve() for _, t in inline(index) if t.type == "link_open"}
    for page in [*index.parent.glob("*.md"), *index.parent.glob("*/index.md")]:
        titles = sum(token.type == "heading_open" and token.tag == "h1" for token in tokens(page))
        assert titles == 1, f"{page.relative_to(ROOT)} has {titles} titles"
        assert page == index or page in linked, f"{index.relative_to(ROOT)} does not link to {page.name}"


def drawn_by_scripts() -> set[str]:
    """Returns the pictures of tools/screenshots.py and the drawings of tools/figures."""
    script = (ROOT / "tools" / "screenshots.py").read_text(encoding="utf-8")
    (table,) = [
        node.value
        for node in ast.parse(script).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "PICTURES"
    ]
    assert isinstance(table, ast.Dict)
    names = {f"{ast.literal_eval(key)}.png" for key in table.keys if key}
    for drawing in [ROOT / "tools" / "animation.py", *(ROOT / "tools" / "figures").glob("*.py")]:
        names |= set(re.findall(r"[\w-]+\.(?:svg|gif)", drawing.read_text(encoding="utf-8")))
    return names


def test_pictures_exist_are_described_and_come_from_a_script() -> None:
    scripts, shown, wrong = drawn_by_scripts(), set(), []
    for page in PAGES:
        for line, token in inline(page):
            if token.type != "image":
                continue
            place, source = f"{page.relative_to(ROOT)}:{line}", str(token.attrs["src"])
            shown.add(Path(source).name)
            if not (page.parent / source).is_file():
                wrong.append(f"{place} shows {source}, which does not exist")
            if len(token.content.strip()) < 20:
                wrong.append(f"{place} has no description of {source}")
            if Path(source).name not in scripts:
                wrong.append(f"{place} shows {source}, which is made by neither tools/screenshots.py nor tools/figures")
    assert not wrong, "\n".join(wrong)
    files = {path.name for path in (ROOT / "docs" / "images").iterdir()}
    assert files <= shown, f"docs/images contains {sorted(files - shown)}, which no page shows"


def test_drawing_is_up_to_date() -> None:
    script = ROOT / "tools" / "figures" / "architecture.py"
    code = "import architecture; print(architecture.drawing(), end='')"
    drawn = subprocess.run(
        [sys.executable, "-c", code], cwd=script.parent, check=True, capture_output=True, text=True
    ).stdout
    committed = (ROOT / "docs" / "images" / "architecture.svg").read_text(encoding="utf-8")
    assert committed == drawn, "run `.venv/bin/python tools/figures/architecture.py`"


def test_description_of_the_failing_exercise_quotes_its_test() -> None:
    notebook = nbformat.read(PROJECT.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    first = next(cell.source for cell in notebook.cells if cell.id.startswith("mul_jvp_"))
    (description,) = [
        t.content for _, t in inline(ROOT / "README.md") if t.type == "image" and "failing" in str(t.attrs["src"])
    ]
    assert description.split("message: ")[1] in first, "run `tools/screenshots.py failing`"


def test_pages_that_code_names_exist() -> None:
    code = [name for name in TRACKED if name.endswith((".py", ".toml", ".j2", "Makefile"))]
    invented = {"docs/reading.md"}  # in tests/test_deck_parts.py
    for name in code:
        pages = set(re.findall(r"\bdocs/[\w/-]+\.md", (ROOT / name).read_text(encoding="utf-8"))) - invented
        assert not (missing := [page for page in pages if not (ROOT / page).is_file()]), f"{name} names {missing}"


# --- paths, packages and the project's address ---------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_running_text_exist(page: Path) -> None:
    """Paths are relative to the project or to the package."""
    paths = re.compile(r"(benchmarks|build|docs|grade|hub|model|slides/t\w+|src|tests|tools|\.ci)/[\w./-]*")
    generated = ("build/screenshots/", "build/book", "build/html", "tests/chapters/test_09_newton.py")
    for line, token in inline(page):
        if token.type == "code_inline" and paths.fullmatch(token.content) and not token.content.startswith(generated):
            exists = any((folder / token.content).exists() for folder in (ROOT, ROOT / "src" / "triptych"))
            assert exists, f"{page.relative_to(ROOT)}:{line} names {token.content}, which does not exist"


def layers_of(text: str) -> list[set[str]]:
    """Returns the layers of a picture: each line has names separated by `|`, then the description."""
    return [set(re.split(r"\s{2,}", line)[0].split(" | ")) for line in text.splitlines()]


def test_pictures_of_the_packages_are_the_import_contracts() -> None:
    pictures = [layers_of(b.text) for b in BLOCKS if b.page.name == "architecture.md" and b.language == "text"]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contracts = [
        [{name.strip().removeprefix("triptych.") for name in layer.split("|")} for layer in contract["layers"]]
        for contract in settings["contracts"]
        if contract["type"] == "layers"
    ]
    assert pictures == contracts


@pytest.mark.parametrize("name", address.FILES)
def test_texts_with_the_address_are_up_to_date(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert address.BLOCK.search(text), f"{name} has no block for the address"
    assert text == address.with_address(text, address.project_address()), "run `python tools/address.py`"


@pytest.mark.parametrize("url", ["https://github.com/ada/triptych", "https://gitlab.example.org/ada/triptych"])
def test_address_appears_everywhere_once_it_is_set(url: str) -> None:
    for name in address.FILES:
        text = (ROOT / name).read_text(encoding="utf-8")
        published = address.with_address(text, url)
        assert url in published or "mybinder.org/v2/git/https%3A%2F%2F" in published
        assert address.with_address(published, address.project_address()) == text
        if name == "README.md":
            assert "badge" in published and "badge" not in text.replace("address:badge", "")
            assert ("//ada.github.io/triptych/slides/05_forward_mode.html" in published) is ("github" in url)
        if name == "source/course.toml":
            assert tomllib.loads(published)["address"] == url
        if name == "pyproject.toml":
            assert tomllib.loads(published)["project"]["urls"] == {"Homepage": url}


def test_no_placeholder_stands_for_the_address() -> None:
    placeholder = re.compile(r"\b(OWNER|REPOSITORY|YOUR[-_]\w+)\b|(github|gitlab)\.com/(owner|user|org|you|your-\w+)/")
    for name in TRACKED:
        path = ROOT / name
        if name == "tests/test_docs.py" or "/vendor/" in name or path.suffix in (".png", ".gif") or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            assert not placeholder.search(line), f"{name}:{number} has a placeholder for an address"
