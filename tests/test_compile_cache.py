"""The cache of compiled programs: found only by code that has the same program, and never written by a submission."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from courses import PROJECT, answer, edit, scratch, shortened, submit
from needs import needs_sandbox

from triptych.build.release import release_chapter
from triptych.check.bank import bank_file, read_bank
from triptych.grade.dispatch import worker
from triptych.grade.execute import compile_cache
from triptych.grade.execute.zygote_spec import zygote_spec
from triptych.grade.guest.zygote import COMPILED
from triptych.grade.run import grade
from triptych.grade.sandbox.sandbox import run
from triptych.grade.sandbox.zygote import Zygote
from triptych.model.chapter import Role, read_chapter
from triptych.model.course import Course

JAX = "07_jax"
LECTURE = "import jax, jax.numpy as jnp\ndoubled = jax.jit(lambda x: jnp.sin(x) * 2)(jnp.arange(3.0))"
#: As the chapter's test calls the answer.
CALL = "hvp(shear, np.array([1.0, 2.0]), np.array([1.0, 0.5]))"
COUNT = """
import json, logging
import jax; jax.config.update("jax_enable_x64", True)  # as the setup cell does
messages = []
class Listener(logging.Handler):
    def emit(self, record):
        messages.append(record.getMessage().lower())
log = logging.getLogger("jax"); log.setLevel(logging.DEBUG); log.addHandler(Listener()); log.propagate = False
{code}
print(json.dumps([sum("cache " + event in text for text in messages) for event in ("hit for", "miss for 'jit")]))
"""

pytestmark = [needs_sandbox, pytest.mark.slow, pytest.mark.xdist_group("compiled")]


def shorten(notebook: nbformat.NotebookNode) -> None:
    """Leaves one exercise, and adds a lecture cell that compiles a program."""
    shortened(notebook, "hvp")
    lecture = nbformat.v4.new_code_cell(LECTURE, id="compiles")
    lecture.metadata = {"nbgrader": {**notebook.cells[0].metadata.nbgrader, "grade_id": "compiles"}, "tags": []}
    notebook.cells.append(lecture)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Path]:
    """A course, and the folder of its compiled programs."""
    course = scratch(tmp_path_factory.mktemp("compiled") / "course", [JAX])
    edit(course.notebook(JAX), shorten)
    release_chapter(course, JAX)
    assert compile_cache.compiled(course, JAX) is None
    return course, compile_cache.warm(course, JAX, sandbox="bwrap")


def zygote_with(folder: Path) -> contextlib.closing[Zygote]:
    return contextlib.closing(Zygote(zygote_spec("bwrap", compiled=folder)))


@pytest.fixture(scope="module")
def zygote(warm: tuple[Course, Path]) -> Iterator[Zygote]:
    with zygote_with(warm[1]) as zygote:
        yield zygote


def hits_and_misses(code: str, zygote: Zygote) -> tuple[int, int]:
    """The numbers of programs that were found and not found while `code` ran."""
    result = run(COUNT.format(code=code), zygote=zygote, timeout_s=60)
    assert result.returncode == 0, result.stderr
    hits, misses = json.loads(result.stdout.splitlines()[-1])
    return hits, misses


def test_only_programs_of_the_course_are_found(zygote: Zygote) -> None:
    hits, misses = hits_and_misses(LECTURE, zygote)
    assert hits > 0 and misses == 0
    assert hits_and_misses(LECTURE.replace("* 2", "* 3"), zygote)[1] == 1


def test_a_program_of_a_submission_is_not_found_by_the_next(zygote: Zygote, warm: tuple[Course, Path]) -> None:
    before = sorted(path.name for path in warm[1].iterdir())
    for _ in range(2):
        assert hits_and_misses(LECTURE.replace("* 2", "* 5"), zygote)[1] == 1
    assert sorted(path.name for path in warm[1].iterdir()) == before


def test_a_program_of_a_submission_is_found_by_itself(zygote: Zygote) -> None:
    """A function that is defined again for each call, as in students' fits, is one program."""
    again = "\nfor _ in range(3): jax.jit(lambda x: jnp.sin(x) * 11)(jnp.arange(3.0))"
    hits, misses = hits_and_misses(LECTURE + again, zygote)
    assert hits >= 2 and misses == 1


def test_the_folder_cannot_be_listed_or_changed(zygote: Zygote, warm: tuple[Course, Path]) -> None:
    program = f"{COMPILED}/{next(warm[1].iterdir()).name}"
    code = f"""
import os
for attempt in (
    lambda: os.listdir({COMPILED!r}),
    lambda: os.chmod({COMPILED!r}, 0o755),
    lambda: open({COMPILED!r} + "/new", "w"),
    lambda: open({program!r}, "r+b"),
    lambda: os.remove({program!r}),
):
    try:
        print("succeeded", attempt())
    except OSError:
        print("refused")
print(len(open({program!r}, "rb").read()) > 0)
"""
    assert run(code, zygote=zygote).stdout.split("\n") == [*["refused"] * 5, "True", ""]


def test_scores_are_the_same_with_and_without_the_cache(warm: tuple[Course, Path]) -> None:
    course, folder = warm
    answers = {c.grade_id: c.source for c in read_chapter(course.notebook(JAX)).with_role(Role.SOLUTION)}
    wrong = {name: text.replace("jvp", "vjp").replace("grad", "jacfwd") for name, text in answers.items()}
    for student, texts in (("ada", answers), ("blaise", wrong)):
        submit(course, student, answer(course, JAX, texts), JAX)
    scores = {result.student: result.score for result in grade(course, [JAX], force=True)}
    hidden = folder.rename(folder.with_name("hidden"))
    try:
        assert {result.student: result.score for result in grade(course, [JAX], force=True)} == scores
    finally:
        hidden.rename(folder)
    assert scores["ada"] != scores["blaise"]


def test_the_banks_answers_are_run_for_many_submissions(warm: tuple[Course, Path]) -> None:
    course, folder = warm
    file = bank_file(course.answers, JAX, "hvp")
    head, *answers = re.split(r"(?m)^(?=# %% )", file.read_text(encoding="utf-8"))
    file.write_text(head + "".join(answers[:2]), encoding="utf-8")
    sources = [a.source for a in read_bank(course.answers, JAX, "hvp")]
    assert len(sources) == 2
    given = "\n".join(c.source for c in read_chapter(course.notebook(JAX)).with_role(Role.SETUP, Role.STUDENT_SIDE))

    def misses() -> int:
        with zygote_with(folder) as zygote:
            return sum(hits_and_misses(f"{given}\n{source}\n{CALL}", zygote)[1] for source in sources)

    assert not compile_cache.should_warm(course, JAX, 19) and compile_cache.should_warm(course, JAX, 20)
    before = misses()
    assert compile_cache.warm(course, JAX, sandbox="bwrap", submissions=20) == folder
    assert not compile_cache.should_warm(course, JAX, 20)
    assert misses() < before


def test_a_changed_chapter_is_compiled_again(warm: tuple[Course, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    course, folder = warm
    looked: list[int] = []
    monkeypatch.setattr(worker, "private_bytes", lambda: looked.append(1) or 0)
    edit(course.notebook(JAX), lambda notebook: notebook.cells[-1].update(source=LECTURE.replace("* 2", "* 7")))
    assert compile_cache.compiled(course, JAX) is None and compile_cache.should_warm(course, JAX, 5)
    assert not compile_cache.should_warm(course, JAX, 4)
    release_chapter(course, JAX)
    worker.compile_chapter(str(course.root), JAX, "bwrap", 5)
    assert compile_cache.compiled(course, JAX) != folder and not folder.exists()
    tests = [cell for cell in read_chapter(course.notebook(JAX)).with_role(Role.TEST) if cell.is_code]
    assert len(looked) == len(tests) > 0, "a worker looks at its memory while it compiles, too"


def test_the_folder_depends_on_the_options_of_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """With other options no program of the old folder would be found."""
    before = compile_cache.folder_of(PROJECT, JAX)
    assert compile_cache.folder_of(PROJECT, JAX) == before
    monkeypatch.setattr(compile_cache, "QUICK", {"XLA_FLAGS": ""})
    assert compile_cache.folder_of(PROJECT, JAX) != before


def test_the_sandbox_shows_more_programs_than_a_process_may_have_open_files(tmp_path: Path) -> None:
    for number in range(1300):
        (tmp_path / f"p{number}-cache").write_text(str(number))
    code = f"print(sum(open({COMPILED!r} + f'/p{{n}}-cache').read() == str(n) for n in range(1300)))"
    with zygote_with(tmp_path) as zygote:
        assert run(code, zygote=zygote).stdout == "1300\n"
