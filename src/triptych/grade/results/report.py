"""The report, `report.html`: the class at a glance in one file without network, and `grades.csv`."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from triptych.build.fonts import font_faces
from triptych.files import replacing
from triptych.grade.results.class_list import NOT_SUBMITTED, Standing
from triptych.grade.results.export import grade_rows, write_csv
from triptych.grade.results.feedback import LEFT_OPEN, NOT_YET, duration, page_style
from triptych.grade.results.statistics import (
    ClassStatistics,
    TestStatistics,
    by_exercise,
    class_statistics,
    histogram,
)
from triptych.grade.results.terminal import remarks
from triptych.grade.results.unused import findings, write_findings
from triptych.grade.submission.places import Finding
from triptych.model.course import ChapterPlan, Course
from triptych.nbgrader_api import gradebook
from triptych.text import one_line

#: Numbers of failures that the page lists for the class and a chapter, of sentences for a student's chapter, and of
#: names in a list.
MOST_FAILED, SENTENCES, NAMES = 10, 3, 100
FONTS = ("fira-sans-[46]00.woff2", "fira-code-400.woff2")
#: The lowest share of the points for each colour of the heat map after the first; the last is for all of them.
SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)


def write_report(course: Course, chapters: Sequence[str]) -> list[Path]:
    """Writes `report.html` and `grades.csv` into the course folder.

    Returns:
        The paths of both files, and of the list of files that were not used, if there are any.

    Raises:
        CourseError: Nothing has been graded, or the record is damaged.
    """
    found = findings(course)
    results = class_statistics(course, chapters)
    page = render(course, results, found)
    report, grades = course.root / "report.html", course.root / "grades.csv"
    with replacing(report) as file:
        file.write_text(page, encoding="utf-8")
    with gradebook(course) as book, replacing(grades) as file:
        write_csv(file, grade_rows(results.class_list, results.class_list.students.values(), book.assignments))
    not_used = write_findings(course, found)
    return [report, grades, *([not_used] if not_used else [])]


def render(course: Course, results: ClassStatistics, found: Sequence[Finding] = ()) -> str:
    """The page. Everything that comes from students is escaped by the template, or by `urllib.parse.quote`."""
    templates = resources.files("triptych.data").joinpath("templates")
    script = templates.joinpath("report.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"points": format_points, "shown": one_line, "duration": duration}
    view = ReportView(course, results)
    template = environment.from_string(templates.joinpath("report.html.j2").read_text(encoding="utf-8"))
    return template.render(
        title=course.title,
        lang=course.language,
        results=results,
        view=view,
        findings=found,
        fonts="\n".join(font_faces(course.slides, pattern) for pattern in FONTS),
        style=page_style(),
        script=script,
        # no other script runs on the page
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        time=datetime.now(UTC),
        names=NAMES,
    )


def format_points(number: float) -> str:
    """Points with at most one decimal."""
    return f"{round(number, 1):g}"


class ReportView:
    """What the template asks about students, chapters and submissions."""

    def __init__(self, course: Course, results: ClassStatistics) -> None:
        self._root = course.root
        self._results = results
        self.number = {student: number for number, student in enumerate(results.class_list.students, 1)}
        self.chapter = {chapter.id: chapter.plan.number for chapter in results.chapters}
        self.without_sandbox = sum(s.sandbox == "none" for c in results.chapters for s in c.graded)
        self.submissions = sum(len(chapter.graded) + len(chapter.not_graded) for chapter in results.chapters)

    def heat(self, points: float, most: float) -> int:
        """The colour of a score, from 1 to 6."""
        share = points / most if most else 1.0
        return 1 + sum(share >= limit for limit in SHARES)

    def states(self, standing: Standing, plan: ChapterPlan) -> str:
        """The classes of a standing's cell in the heat map, which the filter reads."""
        if standing.points is None:
            return "m" if standing.status == NOT_SUBMITTED else "n"
        marks = {"l": standing.lateness, "k": standing.pending, "b": standing.points < plan.points / 2}
        return " ".join(
            [f"h{self.heat(standing.points, plan.points)}", *(name for name, is_on in marks.items() if is_on)]
        )

    def cell(self, standing: Standing, plan: ChapterPlan) -> Markup:
        """A cell of the heat map. The script links it to the feedback, as thousands of links would open slowly."""
        if standing.points is None:
            # the key explains the dash, of which there may be thousands
            text = Markup("–") if standing.status == NOT_SUBMITTED else Markup('!<span class="off"> not graded</span>')
        else:
            marks = (", late" if standing.lateness else "") + (", to be marked" if standing.pending else "")
            text = Markup("{}").format(format_points(standing.points))
            if marks:
                text += Markup('<span class="off">{}</span>').format(marks)
        return Markup('<td class="{}">{}</td>').format(self.states(standing, plan), text)

    def bars(self, scores: Sequence[float], most: float) -> list[tuple[int, int, int]]:
        """The bars of a histogram: number of scores, height in percent, colour."""
        bins = histogram(scores, most)
        highest = max(bins) or 1
        return [(count, round(100 * count / highest), 1 + i // 2) for i, count in enumerate(bins)]

    def feedback(self, standing: Standing) -> str:
        """The address of the feedback page, relative to the report; empty if there is none."""
        parts = ("feedback", standing.student, standing.chapter, f"{standing.chapter}.html")
        if not self._root.joinpath(*parts).is_file():
            return ""
        return "/".join(quote(os.fsencode(part)) for part in parts)

    def nothing_submitted(self) -> list[str]:
        """The students who have not submitted any chapter."""
        results = self._results
        return [s for s in self.number if all(x.status == NOT_SUBMITTED for x in results.of(s))]

    def most_failed(self) -> list[tuple[ChapterPlan, TestStatistics]]:
        """The behaviours that most of those failed who had them graded."""
        tests = [(chapter.plan, test) for chapter in self._results.chapters for test in chapter.failing]
        return sorted(tests, key=lambda pair: -len(pair[1].failed) / pair[1].total)[:MOST_FAILED]

    def lost(self, standing: Standing, plan: ChapterPlan) -> list[tuple[str, float, float, bool]]:
        """The exercises in which a submission lost points: id, points, maximum, whether it was left open."""
        lost = []
        for exercise, tests in by_exercise(standing, plan).items():
            cells = [standing.cells[test] for test in tests]
            score, most = sum(cell.score for cell in cells), sum(cell.max_score for cell in cells)
            if score < most:
                is_open = not score and all(standing.messages.get(test) == LEFT_OPEN for test in tests)
                lost.append((exercise, score, most, is_open))
        return lost

    def sentences(self, standing: Standing) -> list[str]:
        """The first sentences of the feedback, each once."""
        said = (message for message in standing.messages.values() if message not in (LEFT_OPEN, NOT_YET))
        return list(dict.fromkeys(said))[:SENTENCES]

    def remarks(self, standing: Standing) -> list[str]:
        """What is special about a graded submission, without what holds for all of them."""
        return [remark for remark in remarks(standing) if remark != "no sandbox"]
