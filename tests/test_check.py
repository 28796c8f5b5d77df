"""`triptych check`: the committed sources keep every rule, and each rule finds its violations."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, PROJECT, cell, edit, scratch
from nbformat import NotebookNode
from sentences import literal, pattern

from triptych.check import rules
from triptych.check.fix import fix_chapter, fix_notebook
from triptych.check.references import BIBLIOGRAPHY
from triptych.check.rules import RULES, check_chapter, check_course
from triptych.model import cell_names
from triptych.model.chapter import Role, hidden_lines, read_chapter, visible_source
from triptych.model.course import Course, CourseError

Change = Callable[[NotebookNode], object]


def test_sources_keep_the_rules() -> None:
    assert [str(violation) for violation in check_course(PROJECT, PROJECT.chapters)] == []


def test_each_chapter_ends_with_five_references() -> None:
    for chapter in PROJECT.chapters:
        last = read_chapter(PROJECT.notebook(chapter)).cells[-1]
        assert len(re.findall(r"(?m)^- ", last.source)) == 5, chapter
        assert not re.search(r"[{}\\]", last.source), chapter


def test_chapter_5_reads_as_a_text() -> None:
    """1,500 to 2,500 words for readers, formulas and the reading list aside, a part of them after every few cells."""
    cells = read_chapter(PROJECT.notebook(FORWARD)).cells
    prose = [re.sub(r"\$[^$]*\$|<[^>]*>", " ", cell.source) for cell in cells[:-1] if cell.role is Role.READING]
    assert 1500 <= sum(len(re.findall(r"[A-Za-z][\w'’-]*", text)) for text in prose) <= 2500


def test_reading_cells_are_on_no_slide_after_a_fix(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), lambda notebook: notebook.cells[-1].metadata.pop("slideshow"))
    assert fix_chapter(course, FORWARD)
    assert read_chapter(course.notebook(FORWARD)).cells[-1].slide_type == "skip"


def test_references_follow_the_bibliography(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    bibliography = course.source / BIBLIOGRAPHY
    bibliography.write_text(bibliography.read_text().replace("title = {A simple", "title = {No simple"))
    assert fix_chapter(course, FORWARD)
    last = read_chapter(course.notebook(FORWARD)).cells[-1].source
    assert "- R. E. Wengert, [*No simple automatic derivative evaluation program*](https://doi.org/10.1145/" in last
    bibliography.write_text("@book{one,\n  title = {One},\n  year = 2001,\n  doi = {1},\n}")
    with pytest.raises(CourseError, match="entry one: has no author; write author, title, year, and doi or url"):
        fix_chapter(course, FORWARD)
    bibliography.write_text("@book{one")
    with pytest.raises(CourseError, match="is not a BibTeX file"):
        fix_chapter(course, FORWARD)


def test_points_of_the_course() -> None:
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
    assert not fix_chapter(scratch(tmp_path / "course", [chapter]), chapter), "run `triptych check --fix` and commit"


def first(notebook: NotebookNode, field: str = "grade") -> NotebookNode:
    """The first test cell, or the first cell with another nbgrader field."""
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get(field))


def edit_test(source: str = "", **fields: object) -> Change:
    """Gives the first test cell other nbgrader fields, or another source as its hidden region."""

    def change(notebook: NotebookNode) -> None:
        first(notebook).metadata.nbgrader.update(fields)
        if source:
            first(notebook).source = f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"

    return change


def use_name_of_test(notebook: NotebookNode) -> None:
    edit_test("kept = 1\nassert kept, 'y'")(notebook)
    add_cell("print(kept)", "code", place=-1)(notebook)


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


def replace_everywhere(old: str, new: str) -> Change:
    return lambda notebook: [c.update(source=c.source.replace(old, new)) for c in notebook.cells]


def note_after_fragment(notebook: NotebookNode) -> None:
    start = next(i for i, c in enumerate(notebook.cells) if c.cell_type == "raw")
    notebook.cells[start - 1].metadata.slideshow.slide_type = "fragment"


def use_lecture_name(notebook: NotebookNode) -> None:
    add_cell("lecture_only = 1", "code")(notebook)
    edit_test("assert lecture_only, 'y'")(notebook)


def use_extended_class(notebook: NotebookNode) -> None:
    add_cell("z = Fraction(1)", "code", place=55)(notebook)
    add_cell("%%builds_on mul_jvp\nFraction.__mul__ = mul_jvp", "code", place=55)(notebook)
    add_cell("class Fraction: pass", "code", place=55)(notebook)


#: The rule, part of its message, and a change of a notebook that violates it.
VIOLATIONS: list[tuple[str, str, Change]] = [
    ("id", "shares its id", lambda nb: nb.cells[3].update(id=nb.cells[2].id)),
    ("id", "random or unreadable", lambda nb: nb.cells[2].update(id="6093d584")),
    ("id", "random or unreadable id;", lambda nb: nb.cells[2].update(id="cell-6093d584be2ad9ed")),
    ("id", "random or unreadable id; name", lambda nb: nb.cells[2].update(id="abcdef12-3456-789a-bcde-f0123456789a")),
    ("id", "must equal the cell's id", lambda nb: nb.cells[2].metadata.nbgrader.update(grade_id="x")),
    ("id", "has cells without ids", lambda nb: (nb.update(nbformat_minor=4), [cell.pop("id") for cell in nb.cells])),
    ("id", "has no id", lambda nb: nb.cells[2].update(id="")),
    ("points", "without points", edit_test(points=0)),
    ("points", "is not an exercise in course.toml: did you mean mul_jvp?", lambda nb: cell(nb, "mul_jvp").metadata.nbgrader.update(grade_id="mul_jvpp")),
    ("points", "points in test cells dual_", lambda nb: next(c for c in nb.cells if c.id.startswith("dual_powers")).metadata.nbgrader.update(points=9)),
    ("points", "in its test cells but", edit_test(points=7)),
    ("points", "of no exercise", lambda nb: first(nb).update(id="stray_test") or edit_test(grade_id="stray_test")(nb)),
    ("points", "has no solution cell", lambda nb: nb.cells.remove(cell(nb, "div_jvp"))),
    ("metadata", "attachment", lambda nb: nb.cells[0].update(attachments={"a.png": {}})),
    ("metadata", "unexpected", lambda nb: nb.cells[0].metadata.update(collapsed=True)),
    ("metadata", "differ", lambda nb: nb.metadata.update(authors=[])),
    ("metadata", "differ from", lambda nb: nb.metadata.pop("triptych")),
    ("outputs", "contains outputs", lambda nb: first(nb, "solution").update(execution_count=3)),
    ("locked", "can be edited", lambda nb: nb.cells[0].metadata.nbgrader.update(locked=False)),
    ("folded", "is not folded", lambda nb: cell(nb, "show-slopes").metadata.pop("jupyter")),
    ("folded", "need not read", lambda nb: cell(nb, "how-exact-is-it-code").metadata.update(tags=[])),
    ("region", "without a ### BEGIN SOLUTION", lambda nb: first(nb, "solution").update(source="x = 1")),
    ("region", "without a ### BEGIN HIDDEN", lambda nb: first(nb).update(source="assert True, 'x'")),
    ("region", "outside a test cell", add_cell("### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS", "code")),
    ("region", "outside a solution cell", add_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "code")),
    ("region", "without '### END", replace("mul_jvp", "### END SOLUTION", "")),
    ("names", "is not plain Python", lambda nb: first(nb).update(source="%time 1")),
    ("names", "a lecture cell defines", use_lecture_name),
    ("names", "no earlier cell defines", edit_test("assert nowhere, 'y'")),
    ("names", "kept, which the test cell", use_name_of_test),
    ("message", "without an assertion", edit_test("x = 1")),
    ("message", "without a plain string", edit_test("assert mul_jvp")),
    ("message", "without a plain string as its message", edit_test("assert mul_jvp, f'{1}'")),
    ("message", "np.testing", edit_test("np.testing.assert_allclose(1, 1)\nassert mul_jvp, 'x'")),
    ("compare", "use agree", edit_test("z = mul_jvp(1, 2, 3, 4)\nassert z[0] == 3, 'y'")),
    ("builds_on", "must begin with “%%builds_on mul_jvp sum_jvp”", add_cell("z = mul_jvp(*sum_jvp(1, 2, 3, 4))", "code", place=55)),
    ("builds_on", "must begin with “%%builds_on mul_jvp”", use_extended_class),
    ("builds_on", "not a lecture cell that uses an answer", add_cell("%%builds_on mul_jvp\nz = 1", "code", place=-1)),
    ("builds_on", "not a lecture cell", lambda nb: first(nb).update(source="%%builds_on mul_jvp\n" + first(nb).source)),
    ("builds_on", "must begin with “%%builds_on dual”", replace("your-engine-at-work-a-loop-code", "dual", "nowhere")),
    ("by_hand", "calls jax.grad in a by-hand chapter", add_cell("slope = jax.grad(np.sin)", "code")),
    ("by_hand", "which is for lecture cells", lambda nb: cell(nb, "mul_jvp").metadata.update(tags=["ungraded"])),
    ("effects", "other cells see (np.random.seed)", add_cell("np.random.seed(1)", "code")),
    ("effects", "other cells see (jax.config.update)", add_cell("jax.config.update('jax_enable_x64', False)", "code")),
    ("effects", "other cells see (np.pi)", add_cell("np.pi = 3", "code")),
    ("effects", "other cells see (plt.rcParams['font.size'])", add_cell("plt.rcParams['font.size'] = 3", "code")),
    ("effects", "other cells see (exec)", add_cell("exec('x = 3')", "code")),
    ("effects", "other cells see (open)", add_cell("open('notes.txt', 'w')", "code")),
    ("length", "has a line of 130 characters (line 3)", edit_test("# one\n" + 130 * "#")),
    ("recording", "run `triptych record 5`", replace("your-engine-at-work-a-loop-code", "table(", "table (")),
    ("slide", "raw cell of slide type notes", lambda nb: nb.cells[2].metadata.slideshow.update(slide_type="notes")),
    ("slide", "has no slide type", lambda nb: nb.cells[2].metadata.pop("slideshow")),
    ("slide", "must begin a slide", lambda nb: nb.cells[0].metadata.slideshow.update(slide_type="-")),
    ("slide", "note after a fragment", note_after_fragment),
    ("reading", "is for Markdown cells", lambda nb: cell(nb, "mul_jvp").metadata.update(tags=["reading"])),
    ("reading", "must have slide type skip", lambda nb: nb.cells[-1].metadata.slideshow.update(slide_type="-")),
    ("reading", "is Markdown on no slide", lambda nb: nb.cells[-1].metadata.pop("tags")),
    ("reading", "must be the reading cell “## Further reading”", lambda nb: nb.cells.pop()),
    ("reading", "is not “- reference: why to read it”", replace("further-reading", ": where", " where")),
    ("reading", "not in source/references.bib: https://doi.org/10.1145/1", replace("further-reading", "/355586.364791", "/1")),
    ("reading", "differs from source/references.bib", replace("further-reading", "Wengert", "Wenger")),
    ("image", "without alternative text", add_cell("![](figures/none.svg)")),
    ("image", "not beside the notebook", add_cell("![a picture of nothing at all](figures/none.svg)")),
    ("image", "css, which is not beside the notebook", add_cell("![the graph of chapter four](../../slides/theme/rise.css)")),
    ("image", "draws a figure", add_cell("plt.plot([1, 2])\nplt.show()", "code")),
    ("image", "<img>", add_cell("<img src='figures/none.svg'>")),
    ("heading", "of level 4 after", add_cell("#### Too deep")),
    ("heading", "below its heading", replace_everywhere("**2 points · 4 minutes", "**9 points · 4 minutes")),
    ("heading", "no recap", replace_everywhere("Recap", "End")),
    ("heading", "needs one heading", replace_everywhere("Exercise: `mul_jvp`", "Task")),
    ("heading", "core path", replace_everywhere("● Exercise: `mul_jvp`", "Exercise: `mul_jvp`")),
    ("copy", "setup cell that all chapters share", lambda nb: cell(nb, "course-tools").update(source="import numpy as np")),
    ("unwritten", "is still to be written: the answer", add_cell("TO BE WRITTEN: the answer")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "message", "change"), VIOLATIONS, ids=[f"{v[0]}-{v[1]}" for v in VIOLATIONS])
def test_rule_finds_its_violation(rule: str, message: str, change: Change, tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), change)
    violations = check_chapter(course, FORWARD)
    matches = [violation for violation in violations if violation.rule == rule and message in violation.message]
    assert matches, [str(violation) for violation in violations]
    assert matches[0].file == f"source/{FORWARD}/{FORWARD}.ipynb"


def test_every_message_of_a_rule_is_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = scratch(tmp_path / "course")
    valid = course.notebook(FORWARD).read_text(encoding="utf-8")
    violations = []
    with monkeypatch.context() as patch:
        patch.delitem(RULES, "bank")  # the slowest rule, which does not depend on the notebook
        for _, _, change in VIOLATIONS:
            edit(course.notebook(FORWARD), change)
            violations += check_chapter(course, FORWARD)
            course.notebook(FORWARD).write_text(valid, encoding="utf-8")
    (course.source / FORWARD / "rise.css").write_text("")
    bank = course.answers / FORWARD
    (bank / "mul_jvp.py").unlink()
    (bank / "sum_jvp.py").write_text("# %% wrong: so\n# loses: sum_jvp_random_tangent\nx = 1\n")
    violations += check_chapter(course, FORWARD)
    names = {function.__name__: name for name, function in RULES.items()}
    messages = [
        (names[function.name], literal(node.value.elts[1]))
        for function in ast.parse(Path(rules.__file__).read_text(encoding="utf-8")).body
        if isinstance(function, ast.FunctionDef) and function.name in names
        for node in ast.walk(function)
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple)
    ]
    assert len(messages) > 40
    assert [
        (rule, text)
        for rule, text in messages
        if not any(v.rule == rule and re.fullmatch(pattern(text), v.message, re.DOTALL) for v in violations)
    ] == []


def test_a_broken_bank_is_a_violation(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    (course.answers / FORWARD / "mul_jvp.py").unlink()
    with (course.answers / FORWARD / "div_jvp.py").open("a", encoding="utf-8") as file:
        file.write("\n# %% wrong: without a line of lost tests\ndef div_jvp(x1, dx1, x2, dx2):\n    return 0, 0\n")
    violations = {violation.cell: violation for violation in check_chapter(course, FORWARD)}
    assert {violation.rule for violation in violations.values()} == {"bank"}
    assert "no answers" in violations["mul_jvp"].message and "# loses: …" in violations["div_jvp"].message


def test_a_changed_copy_is_fixed(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    (course.source / FORWARD / "rise.css").write_text("body {}")
    assert [violation.rule for violation in check_chapter(course, FORWARD)] == ["copy"]
    assert fix_chapter(course, FORWARD)
    assert check_chapter(course, FORWARD) == []


def test_an_unreadable_notebook_is_one_violation(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    course.notebook(FORWARD).write_text("{")
    assert [violation.rule for violation in check_chapter(course, FORWARD)] == ["notebook"]


def test_fix_restores_the_committed_form(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    before = course.notebook(FORWARD).read_text(encoding="utf-8")

    def disturb(notebook: NotebookNode) -> None:
        notebook.metadata["authors"] = []
        notebook.cells[0].metadata["collapsed"] = True
        first(notebook, "solution").execution_count = 3
        cell(notebook, "course-tools").source += "\n# stray"
        first(notebook).id = "6093d584"

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
    ids = [c.id for c in fix_notebook(notebook, PROJECT.plans[FORWARD]).cells]
    assert ids == [
        "slide-5-forward-mode",
        "dual-numbers",
        "dual-numbers-code",
        "dual-numbers-code-2",
        "dual-numbers-notes",
        "mul_jvp",
    ]


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


def test_imported_packages() -> None:
    source = "import numpy.linalg as la, math\ndef f():\n    from scipy.optimize import brentq\nfrom . import beside"
    assert cell_names.imported_packages(source) == {"numpy", "math", "scipy"}


@pytest.mark.parametrize(
    ("source", "comparisons"),
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
def test_comparisons_that_a_student_decides(source: str, comparisons: list[str]) -> None:
    assert cell_names.lopsided_comparisons(source, {"f"}) == comparisons


def test_unknown_chapter_suggests_the_nearest() -> None:
    with pytest.raises(CourseError, match="did you mean 05_forward_mode"):
        PROJECT.choose(["forward_mode"])
    assert PROJECT.choose(["5"]) == [FORWARD]


def test_a_folder_outside_a_course(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="not in a course folder"):
        Course.find(tmp_path)


def test_regions_may_be_marked_as_nbgrader_marks_them() -> None:
    source = "a\n# BEGIN HIDDEN TESTS\nb\n# END HIDDEN TESTS"
    assert visible_source(source) == "a" and hidden_lines(source) == ["b"]
