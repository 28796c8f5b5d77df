"""Draws docs/images/architecture.svg, the overview of the architecture: `python tools/figures/architecture.py`."""

from __future__ import annotations

from xml.sax.saxutils import escape

from steps import FORWARD, FORWARD_TEXT, INK, MUTED, REVERSE, REVERSE_TEXT, ROOT, RULE

from triptych.data.course_graphs import FONT

TARGET = ROOT / "docs" / "images" / "architecture.svg"
WIDTH, HEIGHT = 1000, 590
TITLE = "triptych: one source notebook, its derived files, and the steps of grading"
ABOUT = (
    "From a chapter's source notebook and course.toml come the checks, the release, the answer key with its decks, and "
    "the test cells. Students work in the release and submit. A submission goes through intake and rebuild into a "
    "sandbox, where its cells run; the test cells run outside, in the grader's process, and exchange only plain data "
    "with it across the trust boundary. One writer passes both to nbgrader, which fills the gradebook; feedback, "
    "report and exports come from that."
)


def box(x: int, y: int, w: int, h: int, *lines: str, edge: str = INK, fill: str = "#ffffff") -> str:
    """Returns a rectangle with centred lines, the first of them bold."""
    middle, top = x + w / 2, y + h / 2 - 9 * (len(lines) - 1) + 5
    texts = [
        f'<text x="{middle:g}" y="{top + 19 * i:g}" text-anchor="middle" font-size="{16 if i == 0 else 13}" '
        f'font-weight="{600 if i == 0 else 400}" fill="{INK if i == 0 else MUTED}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    ]
    frame = f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{fill}" stroke="{edge}" stroke-width="2"/>'
    return "\n".join([frame, *texts])


def arrow(*points: tuple[int, int], colour: str = MUTED) -> str:
    path = " L ".join(f"{x} {y}" for x, y in points)
    head = "both" if colour == REVERSE_TEXT else "end"
    start = f' marker-start="url(#{head})"' if head == "both" else ""
    return f'<path d="M {path}" fill="none" stroke="{colour}" stroke-width="2" marker-end="url(#{head})"{start}/>'


def label(x: int, y: int, text: str, colour: str = MUTED, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="13" fill="{colour}">{escape(text)}</text>'


def marker(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M 0 0 L 10 5 L 0 10 z" fill="{colour}"/></marker>'
    )


def drawing() -> str:
    """Returns the SVG file."""
    pieces = [
        # derived files
        box(330, 40, 340, 56, "source/<chapter>.ipynb", "and course.toml, its exercises and points"),
        arrow((400, 96), (400, 118), (120, 118), (120, 142)),
        arrow((460, 96), (460, 118), (370, 118), (370, 142)),
        arrow((540, 96), (540, 118), (625, 118), (625, 142)),
        arrow((600, 96), (600, 118), (885, 118), (885, 142)),
        box(30, 145, 180, 72, "triptych check", "rules, and the bank", "of right and wrong answers"),
        box(270, 145, 200, 72, "release/", "stubs and visible tests", "by GenerateAssignment"),
        box(525, 145, 200, 72, "solutions/, slides/", "executed answer keys, decks", "without hidden tests"),
        box(790, 145, 190, 72, "setup and test cells", "they never leave", "the grader", edge=REVERSE_TEXT),
        # students
        arrow((370, 217), (370, 240)),
        box(225, 243, 290, 48, "students work, validate, submit", "hub, own machine, Binder"),
        arrow((225, 267), (120, 267), (120, 318)),
        # grading
        f'<rect x="15" y="300" width="970" height="170" rx="10" fill="none" stroke="{RULE}" stroke-width="2" '
        'stroke-dasharray="6 5"/>',
        label(915, 320, "triptych grade: for each submission, several at a time", anchor="end"),
        box(30, 321, 180, 46, "submitted/", "notebooks"),
        arrow((120, 367), (120, 386)),
        box(30, 389, 180, 70, "intake, rebuild", "check, then release with", "the student's text"),
        arrow((210, 428), (267, 428)),
        f'<rect x="270" y="335" width="270" height="122" rx="8" fill="{FORWARD}" fill-opacity="0.18" '
        f'stroke="{FORWARD_TEXT}" stroke-width="2"/>',
        label(405, 357, "sandbox: no network, no files, limits", FORWARD_TEXT),
        box(300, 372, 210, 66, "the student's cells", "kernel: a fork", "of the zygote", edge=FORWARD_TEXT),
        f'<rect x="575" y="330" width="14" height="132" fill="{REVERSE}" stroke="{REVERSE_TEXT}"/>',
        label(596, 324, "trust boundary", REVERSE_TEXT, anchor="end"),
        arrow((513, 405), (647, 405), colour=REVERSE_TEXT),
        label(572, 490, "only plain data", REVERSE_TEXT, anchor="start"),
        box(650, 372, 220, 66, "test cells", "in the grader's own process,", "references by JAX", edge=REVERSE_TEXT),
        arrow((930, 217), (930, 405), (873, 405)),
        # results
        arrow((760, 438), (760, 505)),
        arrow((405, 457), (405, 492), (552, 492), (552, 530), (627, 530)),
        box(630, 508, 260, 56, "one writer", "nbgrader's Autograde, gradebook.db"),
        arrow((630, 547), (493, 547)),
        box(150, 515, 340, 56, "feedback/, report.html", "grades.csv, Canvas, Moodle; reasons for not graded"),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="{FONT}">\n'
        f"<title>{escape(TITLE)}</title>\n<desc>{escape(ABOUT)}</desc>\n"
        f"<defs>{marker('end', MUTED)}{marker('both', REVERSE_TEXT)}</defs>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="#ffffff"/>\n'
    )
    return head + "\n".join(pieces) + "\n</svg>\n"


if __name__ == "__main__":
    TARGET.write_text(drawing(), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(ROOT)}")
