"""`triptych check`: the committed sources keep every rule, and each rule is seen to find its violation."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, PROJECT, cell, edit, scratch
from nbformat import NotebookNode
from sentences import literal, pattern

from triptych.check import rules
from triptych.check.cache import check_changed
from triptych.check.rules import check_chapter, check_course, fix_chapter, fixed
from triptych.model import cell_names
from triptych.model.course import Course

Change = Callable[[NotebookNode], object]


def test_the_sources_keep_the_rules() -> None:
    assert [str(b) for b in check_course(PROJECT, PROJECT.chapters)] == []


def test_the_contract_is_the_curriculum() -> None:
    points = {plan.id: plan.points for plan in PROJECT.plans.values()}
    assert points == {
        "01_finite_differences": 12,
        "02_symbolic": 6,
        "03_linear_maps": 14,
        "04_graphs": 8,
        "05_forward_mode": 22,
        "06_reverse_mode": 22,
        "07_jax": 7,
        "08_likelihoods": 9,
    }
    assert sum(points.values()) == 100
    assert sum(plan.bonus_points for plan in PROJECT.plans.values()) == 3


@pytest.mark.parametrize("chapter", PROJECT.chapters)
def test_sources_are_committed_as_fix_writes_them(chapter: str, tmp_path: Path) -> None:
    twin = scratch(tmp_path / "course", [chapter])
    assert not fix_chapter(twin, chapter), "run `triptych check --fix` and commit"


def first(role: str) -> Callable[[NotebookNode], NotebookNode]:
    marks = {"solution": "solution", "test": "grade"}

    def find(notebook: NotebookNode) -> NotebookNode:
        return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get(marks[role]))

    return find


def add_cell(source: str, kind: str = "markdown", slide: str = "-", place: int = 3) -> Change:
    def change(notebook: NotebookNode) -> None:
        make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        marks = {"grade": False, "grade_id": "added-cell", "locked": True, "schema_version": 3}
        metadata = {"nbgrader": marks | {"solution": False, "task": False}, "slideshow": {"slide_type": slide}}
        notebook.cells.insert(place, make(source, id="added-cell", metadata=metadata))

    return change


def replace(id_: str, old: str, new: str) -> Change:
    def change(notebook: NotebookNode) -> None:
        target = cell(notebook, id_)
        assert old in target.source
        target.source = target.source.replace(old, new)

    return change


def note_after_fragment(notebook: NotebookNode) -> None:
    start = next(i for i, c in enumerate(notebook.cells) if c.cell_type == "raw")
    notebook.cells[start - 1].metadata.slideshow.slide_type = "fragment"


def give_same_id(notebook: NotebookNode) -> None:
    notebook.cells[3].id = notebook.cells[2].id


VIOLATIONS: dict[str, tuple[str, str, Change]] = {
    "duplicate id": ("id", "shares its id", give_same_id),
    "random id": ("id", "says nothing", lambda nb: nb.cells[2].update(id="6093d584")),
    "random id of nbgrader": ("id", "says nothing", lambda nb: nb.cells[2].update(id="cell-6093d584be2ad9ed")),
    "random id in the form of a UUID": ("id", "says nothing", lambda nb: nb.cells[2].update(id="abcdef12-3456-789a-bcde-f0123456789a")),
    "grade_id is not the id": ("id", "must be the cell's id", lambda nb: nb.cells[2].metadata.nbgrader.update(grade_id="x")),
    "no id": ("id", "has no id", lambda nb: nb.cells[2].update(id="")),
    "test without points": ("points", "without points", lambda nb: first("test")(nb).metadata.nbgrader.update(points=0)),
    "exercise of no plan": ("points", "does not name: did you mean mul_jvp?", lambda nb: cell(nb, "mul_jvp").metadata.nbgrader.update(grade_id="mul_jvpp")),
    "attachment": ("metadata", "attachment", lambda nb: nb.cells[0].update(attachments={"a.png": {}})),
    "notes that are shown": ("slide", "raw cell of slide type notes", lambda nb: nb.cells[2].metadata.slideshow.update(slide_type="notes")),
    "heading left out": ("heading", "of level 4 after", add_cell("#### Too deep")),
    "plan below the heading": ("heading", "below its heading", lambda nb: [c.update(source=c.source.replace("**2 points · 4 minutes", "**9 points · 4 minutes")) for c in nb.cells]),
    "test that is no Python": ("names", "is no plain Python", lambda nb: first("test")(nb).update(source="%time 1")),
    "points of a part": ("points", "points in tests dual_", lambda nb: next(c for c in nb.cells if c.id.startswith("dual_powers")).metadata.nbgrader.update(points=9)),
    "points": ("points", "course.toml has", lambda nb: first("test")(nb).metadata.nbgrader.update(points=7)),
    "test of no exercise": ("points", "of no exercise", lambda nb: first("test")(nb).update(id="stray_test") or first("test")(nb).metadata.nbgrader.update(grade_id="stray_test")),
    "missing exercise": ("points", "has no solution cell", lambda nb: nb.cells.remove(cell(nb, "div_jvp"))),
    "outputs": ("outputs", "carries outputs", lambda nb: first("solution")(nb).update(execution_count=3)),
    "stray cell metadata": ("metadata", "stray", lambda nb: nb.cells[0].metadata.update(collapsed=True)),
    "stray notebook metadata": ("metadata", "differ", lambda nb: nb.metadata.update(authors=[])),
    "by hand is not said": ("metadata", "differ", lambda nb: nb.metadata.pop("triptych")),
    "unlocked lecture cell": ("locked", "can be edited", lambda nb: nb.cells[0].metadata.nbgrader.update(locked=False)),
    "no solution region": ("region", "without ### BEGIN SOLUTION", lambda nb: first("solution")(nb).update(source="x = 1")),
    "no hidden tests": ("region", "without ### BEGIN HIDDEN", lambda nb: first("test")(nb).update(source="assert True, 'x'")),
    "hidden tests in a lecture cell": ("region", "outside a test cell", add_cell("### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS", "code")),
    "solution in a lecture cell": ("region", "outside a solution cell", add_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "code")),
    "region left open": ("region", "without", replace("mul_jvp", "### END SOLUTION", "")),
    "lecture name in a test": ("names", "comes from a lecture cell", lambda nb: add_cell("lecture_only = 1", "code")(nb) or first("test")(nb).update(source="assert lecture_only, 'x'\n### BEGIN HIDDEN TESTS\nassert lecture_only, 'y'\n### END HIDDEN TESTS")),
    "unknown name in a test": ("names", "comes from no cell", lambda nb: first("test")(nb).update(source="### BEGIN HIDDEN TESTS\nassert nowhere, 'y'\n### END HIDDEN TESTS")),
    "test without assertion": ("message", "without an assertion", lambda nb: first("test")(nb).update(source="### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS")),
    "assertion without sentence": ("message", "without a plain sentence", lambda nb: first("test")(nb).update(source="### BEGIN HIDDEN TESTS\nassert mul_jvp\n### END HIDDEN TESTS")),
    "assertion with a computed message": ("message", "without a plain sentence", lambda nb: first("test")(nb).update(source="### BEGIN HIDDEN TESTS\nassert mul_jvp, f'{1}'\n### END HIDDEN TESTS")),
    "np.testing": ("message", "np.testing", lambda nb: first("test")(nb).update(source="### BEGIN HIDDEN TESTS\nnp.testing.assert_allclose(1, 1)\nassert mul_jvp, 'x'\n### END HIDDEN TESTS")),
    "direct comparison": (
        "compare",
        "use agree",
        lambda nb: first("test")(nb).update(
            source="z = mul_jvp(1, 2, 3, 4)\n### BEGIN HIDDEN TESTS\nassert z[0] == 3, 'y'\n### END HIDDEN TESTS"
        ),
    ),
    "no slide type": ("slide", "has no slide type", lambda nb: nb.cells[2].metadata.pop("slideshow")),
    "first cell begins no slide": ("slide", "must begin a slide", lambda nb: nb.cells[0].metadata.slideshow.update(slide_type="-")),
    "note after a fragment": ("slide", "note after a fragment", note_after_fragment),
    "image without text": ("image", "without alternative text", add_cell("![](figures/none.svg)")),
    "image without file": ("image", "not beside the notebook", add_cell("![a picture of nothing at all](figures/none.svg)")),
    "image of another chapter": ("image", "not beside the notebook", add_cell("![the graph of chapter four](../../slides/theme/rise.css)")),
    "left to be written": ("unwritten", "is still to be written: the answer", add_cell("TO BE WRITTEN: the answer")),
    "plot without text": ("image", "draws a figure", add_cell("plt.plot([1, 2])\nplt.show()", "code")),
    "html image": ("image", "<img>", add_cell("<img src='figures/none.svg'>")),
    "no recap": ("heading", "no recap", lambda nb: [c.update(source=c.source.replace("Recap", "End")) for c in nb.cells]),
    "exercise without heading": ("heading", "needs one heading", lambda nb: [c.update(source=c.source.replace("Exercise: `mul_jvp`", "Task")) for c in nb.cells]),
    "core path": ("heading", "core path", lambda nb: [c.update(source=c.source.replace("● Exercise: `mul_jvp`", "Exercise: `mul_jvp`")) for c in nb.cells]),
    "own setup cell": ("copy", "setup cell that all chapters share", lambda nb: cell(nb, "course-tools").update(source="import numpy as np")),
}  # fmt: skip


@pytest.mark.parametrize("name", VIOLATIONS)
def test_rule_finds_its_violation(name: str, tmp_path: Path) -> None:
    rule, says, change = VIOLATIONS[name]
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), change)
    found = [b for b in check_chapter(course, FORWARD) if b.rule == rule and says in b.message]
    assert found, [str(b) for b in check_chapter(course, FORWARD)]
    assert found[0].file == f"source/{FORWARD}/{FORWARD}.ipynb"


def test_every_rule_message_is_provoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sentence of rules.py comes of some violation above, or of the changes to other files below."""
    course = scratch(tmp_path / "course")
    sound = course.notebook(FORWARD).read_text(encoding="utf-8")
    found = []
    with monkeypatch.context() as patch:
        patch.setattr(rules, "_bank", lambda course, chapter: iter(()))  # costs most of it, and nothing changes it here
        for _, _, change in VIOLATIONS.values():
            edit(course.notebook(FORWARD), change)
            found += check_chapter(course, FORWARD)
            course.notebook(FORWARD).write_text(sound, encoding="utf-8")
    (course.source / FORWARD / "rise.css").write_text("")
    bank = course.answers / FORWARD
    (bank / "mul_jvp.py").unlink()
    (bank / "sum_jvp.py").write_text("# %% wrong: so\n# loses: sum_jvp_random_tangent\nx = 1\n")
    found += check_chapter(course, FORWARD)
    messages = [
        (literal(node.value.elts[1]), literal(node.value.elts[2]))
        for node in ast.walk(ast.parse(Path(rules.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 3
    ]
    assert len(messages) > 40
    silent = [
        (rule, text)
        for rule, text in messages
        if not any(b.rule == rule and re.fullmatch(pattern(text), b.message, re.DOTALL) for b in found)
    ]
    assert silent == []


def test_missing_bank_is_found(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    (course.answers / FORWARD / "mul_jvp.py").unlink()
    assert any(b.rule == "bank" and b.cell == "mul_jvp" for b in check_chapter(course, FORWARD))


def test_answer_without_verdict_is_found(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    with (course.answers / FORWARD / "mul_jvp.py").open("a", encoding="utf-8") as file:
        file.write("\n# %% wrong: says not what it loses\ndef mul_jvp(x1, dx1, x2, dx2):\n    return 0, 0\n")
    assert any("exactly the wrong answers" in b.message for b in check_chapter(course, FORWARD))


def test_missing_copy_is_found_and_fixed(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    (course.source / FORWARD / "rise.css").write_text("body {}")
    assert [b.rule for b in check_chapter(course, FORWARD)] == ["copy"]
    assert fix_chapter(course, FORWARD)
    assert check_chapter(course, FORWARD) == []


def test_not_a_notebook_is_one_violation(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    course.notebook(FORWARD).write_text("{")
    assert [b.rule for b in check_chapter(course, FORWARD)] == ["notebook"]


def test_fix_mends_what_is_mechanical_and_nothing_else(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    before = course.notebook(FORWARD).read_text(encoding="utf-8")

    def disturb(notebook: NotebookNode) -> None:
        notebook.metadata["authors"] = []
        notebook.cells[0].metadata["collapsed"] = True
        first("solution")(notebook).execution_count = 3
        cell(notebook, "course-tools").source += "\n# stray"
        first("test")(notebook).id = "6093d584"

    edit(course.notebook(FORWARD), disturb)
    assert check_chapter(course, FORWARD)
    assert fix_chapter(course, FORWARD)
    assert course.notebook(FORWARD).read_text(encoding="utf-8") == before


def test_fix_names_new_cells_after_their_slide() -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# 5 · Forward mode"),
        nbformat.v4.new_markdown_cell("## Dual numbers"),
        nbformat.v4.new_code_cell("x = 1"),
        nbformat.v4.new_code_cell("y = 1"),
        nbformat.v4.new_raw_cell("say this"),
        nbformat.v4.new_code_cell("", metadata={"nbgrader": {"grade_id": "mul_jvp", "solution": True}}),
    ]
    ids = [c.id for c in fixed(notebook, PROJECT.plans[FORWARD]).cells]
    assert ids == [
        "slide-5-forward-mode",
        "dual-numbers",
        "dual-numbers-code",
        "dual-numbers-code-2",
        "dual-numbers-notes",
        "mul_jvp",
    ]


# --- what has not changed is not checked again ---------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chapters that are read, in order; the workshop as a chapter of its own."""
    read: list[str] = []

    def counting(name: str) -> Callable[..., object]:
        real = getattr(rules, name)

        def call(course: Course, chapter: str = "workshop") -> object:
            read.append(chapter)
            return real(course, chapter) if chapter != "workshop" else []

        return call

    for name in ("check_chapter", "check_workshop"):
        monkeypatch.setattr(rules, name, counting(name))
    return read


def two_chapters(tmp_path: Path) -> Course:
    """A course of these two alone, with a look and a bank of its own."""
    course = scratch(tmp_path / "course", ["04_graphs", FORWARD])
    (course.slides / "theme").unlink()
    shutil.copytree(PROJECT.slides / "theme", course.slides / "theme")
    contract = course.source / "course.toml"
    parts = re.split(r"(?m)^(?=\[)", contract.read_text(encoding="utf-8"))
    kept = [p for p in parts if not p.startswith("[chapters") or "04_graphs" in p[:30] or FORWARD in p[:30]]
    contract.write_text("".join(kept), encoding="utf-8")
    return course


CHANGES: dict[str, tuple[list[str], Callable[[Course], object]]] = {
    "nothing": ([], lambda course: None),
    "a file touched": ([], lambda course: course.notebook(FORWARD).touch()),
    "a notebook": ([FORWARD, "workshop"], lambda course: edit(course.notebook(FORWARD), add_cell("New."))),
    "a figure": (["04_graphs", "workshop"], lambda course: (course.source / "04_graphs" / "figures" / "new.svg").write_text("<svg/>")),
    "the bank": ([FORWARD, "workshop"], lambda course: (course.answers / FORWARD / "mul_jvp.py").open("a").write("# more\n")),
    "a chapter's tests": (["04_graphs", "workshop"], lambda course: write_tests(course, "04_graphs")),
    "the contract": (["04_graphs", FORWARD, "workshop"], lambda course: (course.source / "course.toml").open("a").write("# new\n")),
    "the look": (["04_graphs", FORWARD, "workshop"], lambda course: (course.slides / "theme" / "new.css").write_text("a {}")),
    "the record": (["04_graphs", FORWARD, "workshop"], lambda course: (course.root / ".triptych" / "check.json").write_text("[1")),
}  # fmt: skip


def write_tests(course: Course, chapter: str) -> None:
    course.chapter_tests(chapter).parent.mkdir(parents=True)
    course.chapter_tests(chapter).write_text("# nothing yet\n", encoding="utf-8")


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_has_changed_is_read_again(name: str, tmp_path: Path, counted: list[str]) -> None:
    course = two_chapters(tmp_path)
    assert check_changed(course, course.chapters) == []
    assert counted == ["04_graphs", FORWARD, "workshop"]
    counted.clear()
    read, change = CHANGES[name]
    change(course)
    check_changed(Course(course.root), course.chapters)
    assert counted == read


def test_force_reads_everything_again(tmp_path: Path, counted: list[str]) -> None:
    course = two_chapters(tmp_path)
    for _ in range(2):
        counted.clear()
        check_changed(course, course.chapters, force=True)
        assert counted == ["04_graphs", FORWARD, "workshop"]


def test_violations_are_kept_until_they_are_mended(tmp_path: Path, counted: list[str]) -> None:
    course = two_chapters(tmp_path)
    css = course.source / FORWARD / "rise.css"
    css.write_text("body {}")
    first_time = check_changed(course, course.chapters)
    counted.clear()
    assert [str(b) for b in check_changed(Course(course.root), course.chapters)] == [str(b) for b in first_time] != []
    assert counted == []
    css.write_bytes((course.slides / "theme" / "rise.css").read_bytes())
    assert check_changed(Course(course.root), course.chapters) == []
    assert counted == [FORWARD, "workshop"]


def test_a_check_of_what_has_not_changed_imports_no_notebooks(tmp_path: Path) -> None:
    """What makes it fast, held without a clock: neither nbformat nor jupytext is loaded."""
    course = scratch(tmp_path / "course", ["04_graphs"])
    code = (
        "import sys; sys.argv = ['triptych', 'check', '4', '--course', sys.argv[1]]\n"
        "from triptych.cli import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('nbformat', 'jupytext', 'nbconvert', 'jax', 'numpy') if m in sys.modules])"
    )
    said = []
    for _ in range(2):
        ran = subprocess.run([sys.executable, "-c", code, str(course.root)], capture_output=True, text=True, check=True)
        said.append(ran.stdout.splitlines())
    assert said[0][0] == said[1][0] == "04_graphs: all rules kept."
    assert "nbformat" in said[0][1] and said[1][1] == "[]"


@pytest.mark.parametrize(
    ("source", "free"),
    [
        ("x = y", {"y"}),
        ("import numpy as np\nnp.sin(x)", {"x"}),
        ("def f(a):\n    return a + b", {"b"}),
        ("def f(a):\n    return g(a)\ndef g(a):\n    return a", set()),
        ("[i * k for i in range(3)]", {"k"}),
        ("class A:\n    def m(self):\n        return B", {"B"}),
        ("def f():\n    global z\n    z = 1\nf()\nprint(z)", set()),
        ("lambda t: t + s", {"s"}),
        ("try:\n    pass\nexcept ValueError as e:\n    print(e)", set()),
    ],
)
def test_free_names(source: str, free: set[str]) -> None:
    assert cell_names.free_names(source) == free


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("f(1) == 2", ["f(1) == 2"]),
        ("x = f(1)\ny = x.value\ny != 2", ["y != 2"]),
        ("a, b = f(1), g()\na in [1]", []),
        ("a, b = f(1)\n2 < b", ["2 < b"]),
        ("x = f(1)\nx == f(2)", []),
        ("x = f(1)\nx is None", []),
        ("agree(f(1), 2) == True", []),
        ("float(f(1)) == 2", []),
    ],
)
def test_comparisons_that_a_learner_decides(source: str, found: list[str]) -> None:
    assert cell_names.lopsided_comparisons(source, {"f"}) == found


def test_unknown_chapter_suggests_the_nearest() -> None:
    from triptych.model.course import CourseError

    with pytest.raises(CourseError, match="did you mean 05_forward_mode"):
        PROJECT.choose(["forward_mode"])
    assert PROJECT.choose(["5"]) == [FORWARD]


def test_no_course_here(tmp_path: Path) -> None:
    from triptych.model.course import CourseError

    with pytest.raises(CourseError, match="not in a course folder"):
        Course.find(tmp_path)
