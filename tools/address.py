"""Writes the project's public address and README's table of chapters into the files: `python tools/address.py`.

The address is `address` in the table `[tool.triptych]` of pyproject.toml, for example of a GitHub or GitLab repository.
Each text that depends on it is between the lines `address:<name>` and `/address`; without an address, a text that needs
none takes its place. `tests/test_docs.py` compares the files with this script.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import quote, urlsplit

from triptych.build.contents import goals
from triptych.model.chapter import read_chapter
from triptych.model.course import Course

ROOT = Path(__file__).resolve().parents[1]
FILES = [
    "README.md",
    "SECURITY.md",
    "docs/students/start.md",
    "docs/hub/workshop.md",
    "pyproject.toml",
    "source/course.toml",
    "CITATION.cff",
]
BLOCK = re.compile(
    r"(?ms)^(?P<open>(?:<!--|#) address:(?P<name>\w+)(?: -->)?\n)(?P<text>.*?)(?P<close>^(?:<!--|#) /address)"
)

NO_REPORT_FORM = """\
**Report a vulnerability privately**, with the private report form of the platform that hosts the project. Do not open a
public issue, because courses are running.
"""
NO_BINDER = """\
To look around without an account, enter the address of the repository at [mybinder.org](https://mybinder.org).
"""


def project_address() -> str:
    """Returns the project's public address, or an empty string if it is not published."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["tool"]["triptych"]["address"]).rstrip("/")


def pages_address(address: str) -> str:
    """Returns where GitHub or GitLab publish the book of a repository, or an empty string if that is unknown."""
    host, path = urlsplit(address).hostname or "", urlsplit(address).path.strip("/")
    owner, _, name = path.partition("/")
    domain = {"github.com": "github.io", "gitlab.com": "gitlab.io"}.get(host)
    return f"https://{owner.lower()}.{domain}/{name}" if domain else ""


def chapters(pages: str) -> str:
    """Returns README's table of chapters, with links to decks and chapters of the book if they are published."""
    course = Course(ROOT)
    links = " slides | book |" if pages else ""
    lines = [f"| chapter |{links} minutes | points |", f"| --- |{' --- | --- |' if pages else ''} ---: | ---: |"]
    for chapter, plan in course.plans.items():
        about, _ = goals(read_chapter(course.notebook(chapter)).notebook)
        sentence = f"{about.split('. ')[0].rstrip('.')}."
        minutes = sum(exercise.minutes for exercise in plan.exercises.values())
        points = f"{plan.points:g}{f' + {plan.bonus_points:g}' if plan.bonus_points else ''}"
        links = f" [slides]({pages}/slides/{chapter}.html) | [book]({pages}/chapters/{chapter}.html) |" if pages else ""
        title = f"[{plan.number} · {plan.title}](release/{chapter}/{chapter}.ipynb)"
        lines.append(f"| **{title}**<br>{sentence} |{links} {minutes} | {points} |")
    return "\n".join(lines) + "\n"


def texts(address: str) -> dict[str, str]:
    """Returns the text of each block for an address, which may be empty."""
    if not address:
        empty = dict.fromkeys(["badge", "clone", "urls", "course", "citation"], "")
        return {**empty, "binder": NO_BINDER, "report": NO_REPORT_FORM, "chapters": chapters("")}
    github = urlsplit(address).hostname == "github.com"
    workflow = f"{address}/actions/workflows/ci.yml"
    badge, pipeline = (f"{workflow}/badge.svg", workflow) if github else (
        f"{address}/badges/main/pipeline.svg", f"{address}/-/pipelines"
    )  # fmt: skip
    form = f"{address}/security/advisories/new" if github else f"{address}/-/issues/new?issue[confidential]=true"
    binder = f"https://mybinder.org/v2/git/{quote(address, safe='')}/HEAD?urlpath=lab/tree/work"
    pages = pages_address(address)
    badges = [f"[![State of the tests]({badge})]({pipeline})"]
    badges += [f"[![State of the book]({address}/actions/workflows/book.yml/badge.svg)]({pages}/)"] if github else []
    badges += [f"[![Open on Binder](https://mybinder.org/badge_logo.svg)]({binder})"]
    return {
        "badge": "\n".join(badges) + "\n",
        "chapters": chapters(pages),
        "clone": f"The repository is <{address}>.\n",
        "binder": f"To look around without an account, open the course [on Binder]({binder}).\n",
        "report": f"**Report a vulnerability privately** with [this form]({form}). Do not open a public issue, because "
        "courses are\nrunning.\n",
        "urls": f'[project.urls]\nHomepage = "{address}"\n\n',
        "course": f'address = "{address}"\n',
        "citation": f'repository-code: "{address}"\n',
    }


def with_address(text: str, address: str) -> str:
    """Returns the text of a file with its blocks written for an address."""
    blocks = texts(address)
    return BLOCK.sub(lambda block: f"{block['open']}{blocks[block['name']]}{block['close']}", text)


if __name__ == "__main__":
    for name in FILES:
        path = ROOT / name
        path.write_text(with_address(path.read_text(encoding="utf-8"), project_address()), encoding="utf-8")
