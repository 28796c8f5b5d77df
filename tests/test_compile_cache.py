"""Programs compiled once: found by whoever has the same program, listed by nobody, written by no submission."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from courses import answer, edit, scratch, submit
from needs import needs_sandbox

from triptych.build.release import release_chapter
from triptych.check.bank import bank_file, read_bank
from triptych.grade.execute import compile_cache
from triptych.grade.execute.provisioner import zygote_spec
from triptych.grade.guest.zygote import COMPILED
from triptych.grade.run import grade
from triptych.grade.sandbox.sandbox import CompletedRun, run
from triptych.grade.sandbox.zygote import Zygote
from triptych.model.chapter import Role, read_chapter, role_of
from triptych.model.course import Course

JAX = "07_jax"
LECTURE = "import jax, jax.numpy as jnp\ndoubled = jax.jit(lambda x: jnp.sin(x) * 2)(jnp.arange(3.0))"

pytestmark = [needs_sandbox, pytest.mark.slow, pytest.mark.xdist_group("compiled")]


def shorten(notebook: nbformat.NotebookNode) -> None:
    """One exercise of the chapter, and a lecture cell that compiles something."""
    notebook.cells = [
        cell for cell in notebook.cells if role_of(cell) in (Role.SETUP, Role.STUDENT_SIDE) or cell.id.startswith("hvp")
    ]
    lecture = nbformat.v4.new_code_cell(LECTURE, id="compiles", metadata=notebook.cells[0].metadata)
    lecture.metadata = {"nbgrader": {**notebook.cells[0].metadata.nbgrader, "grade_id": "compiles"}, "tags": []}
    notebook.cells.append(lecture)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Path]:
    course = scratch(tmp_path_factory.mktemp("compiled") / "course", [JAX])
    edit(course.notebook(JAX), shorten)
    release_chapter(course, JAX)
    assert compile_cache.compiled(course, JAX) is None
    return course, compile_cache.warm(course, JAX, sandbox="bwrap")


@pytest.fixture(scope="module")
def warm(filled: tuple[Course, Path]) -> Iterator[Zygote]:
    with contextlib.closing(Zygote(zygote_spec("bwrap", compiled=filled[1]))) as made:
        yield made


COUNT = """
import json, logging
import jax; jax.config.update("jax_enable_x64", True)  # as the setup cell does
seen = []
class Listen(logging.Handler):
    def emit(self, record):
        seen.append(record.getMessage())
log = logging.getLogger("jax"); log.setLevel(logging.DEBUG); log.addHandler(Listen()); log.propagate = False
{code}
print(json.dumps([sum("cache " + what in text.lower() for text in seen) for what in ("hit for", "miss for 'jit")]))
"""


#: As the test of the chapter calls it.
CALL = "hvp(shear, np.array([1.0, 2.0]), np.array([1.0, 0.5]))"


def counted(code: str, warm: Zygote) -> list[int]:
    """Programs that were found and not found while `code` ran."""
    ran: CompletedRun = run(COUNT.format(code=code), zygote=warm, timeout_s=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_what_the_course_compiles_is_found_and_only_that(warm: Zygote) -> None:
    hits, misses = counted(LECTURE, warm)
    assert hits > 0 and misses == 0
    hits, misses = counted(LECTURE.replace("* 2", "* 3"), warm)
    assert misses == 1


def test_what_a_submission_compiles_is_not_there_for_the_next(warm: Zygote, filled: tuple[Course, Path]) -> None:
    before = sorted(path.name for path in filled[1].iterdir())
    for _ in range(2):
        assert counted(LECTURE.replace("* 2", "* 5"), warm)[1] == 1
    assert sorted(path.name for path in filled[1].iterdir()) == before


def test_what_a_submission_compiles_is_there_for_itself(warm: Zygote) -> None:
    """A function made anew for each call, as students' fits make it, is one program."""
    again = "\nfor _ in range(3): jax.jit(lambda x: jnp.sin(x) * 11)(jnp.arange(3.0))"
    hits, misses = counted(LECTURE + again, warm)
    assert hits >= 2 and misses == 1


def test_the_folder_cannot_be_listed_nor_changed(warm: Zygote, filled: tuple[Course, Path]) -> None:
    name = next(path.name for path in filled[1].iterdir())
    code = f"""
import os
for act in (
    lambda: os.listdir({COMPILED!r}),
    lambda: os.chmod({COMPILED!r}, 0o755),
    lambda: open({COMPILED!r} + "/new", "w"),
    lambda: open({COMPILED!r} + "/{name}", "r+b"),
    lambda: os.remove({COMPILED!r} + "/{name}"),
):
    try:
        print("did it", act())
    except OSError:
        print("refused")
print(len(open({COMPILED!r} + "/{name}", "rb").read()) > 0)
"""
    assert run(code, zygote=warm).stdout.split("\n") == [*["refused"] * 5, "True", ""]


def test_marks_are_the_same_with_and_without(filled: tuple[Course, Path]) -> None:
    course, folder = filled
    answers = {c.grade_id: c.source for c in read_chapter(course.notebook(JAX)).with_role(Role.SOLUTION)}
    wrong = {name: text.replace("jvp", "vjp").replace("grad", "jacfwd") for name, text in answers.items()}
    for student, texts in (("ada", answers), ("blaise", wrong)):
        submit(course, student, answer(course, JAX, texts), JAX)
    with_them = {r.student: r.score for r in grade(course, [JAX], force=True)}
    hidden = folder.rename(folder.with_name("hidden"))
    try:
        assert {r.student: r.score for r in grade(course, [JAX], force=True)} == with_them
    finally:
        hidden.rename(folder)
    assert with_them["ada"] != with_them["blaise"]


def test_for_many_the_banks_answers_are_run_too(filled: tuple[Course, Path]) -> None:
    course, folder = filled
    file = bank_file(course.answers, JAX, "hvp")
    head, *answers = re.split(r"(?m)^(?=# %% )", file.read_text(encoding="utf-8"))
    file.write_text(head + "".join(answers[:2]), encoding="utf-8")
    ways = [a.source for a in read_bank(course.answers, JAX, "hvp")]
    assert len(ways) == 2

    given = "\n".join(c.source for c in read_chapter(course.notebook(JAX)).with_role(Role.SETUP, Role.STUDENT_SIDE))

    def misses() -> int:
        with contextlib.closing(Zygote(zygote_spec("bwrap", compiled=folder))) as made:
            return sum(counted(f"{given}\n{way}\n{CALL}", made)[1] for way in ways)

    assert not compile_cache.should_warm(course, JAX, 19) and compile_cache.should_warm(course, JAX, 20)
    before = misses()
    assert compile_cache.warm(course, JAX, sandbox="bwrap", submissions=20) == folder
    assert not compile_cache.should_warm(course, JAX, 20)
    assert misses() < before


def test_a_changed_chapter_is_compiled_anew(filled: tuple[Course, Path]) -> None:
    course, folder = filled
    edit(course.notebook(JAX), lambda notebook: notebook.cells[-1].update(source=LECTURE.replace("* 2", "* 7")))
    assert compile_cache.compiled(course, JAX) is None and compile_cache.should_warm(course, JAX, 5)
    assert not compile_cache.should_warm(course, JAX, 4)
    release_chapter(course, JAX)
    assert compile_cache.warm(course, JAX, sandbox="bwrap") != folder and not folder.exists()


def test_other_options_of_the_compiler_mean_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a folder made with other options would stand there, and nothing in it would ever be found."""
    course = Course(Path(__file__).resolve().parents[1])
    before = compile_cache.folder_of(course, JAX)
    assert compile_cache.folder_of(course, JAX) == before
    monkeypatch.setattr(compile_cache, "QUICK", {"XLA_FLAGS": ""})
    assert compile_cache.folder_of(course, JAX) != before


def test_all_of_many_programs_are_shown(tmp_path: Path) -> None:
    """As many as a chapter's bank makes, and more than a process may usually hold open."""
    for number in range(1300):
        (tmp_path / f"p{number}-cache").write_text(str(number))
    code = f"print(sum(open({COMPILED!r} + f'/p{{n}}-cache').read() == str(n) for n in range(1300)))"
    with contextlib.closing(Zygote(zygote_spec("bwrap", compiled=tmp_path))) as made:
        assert run(code, zygote=made).stdout == "1300\n"
