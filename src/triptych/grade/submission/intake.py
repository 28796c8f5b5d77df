"""What lies in `submitted/`, looked at before anything opens it.

A submission is somebody else's folder: it may hold links, devices, other people's names and
notebooks that are none. `read_submission` reads one notebook from it safely or says why not.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.grade.sandbox.limits import Limits

#: Names that nbgrader's own patterns and paths take literally.
SAFE_NAME = re.compile(r"[^\W_][\w .@+'()-]{0,63}", re.UNICODE)
#: Never opened, never copied: what Jupyter and Python leave, and a student's own start-up files.
IGNORED = {".ipynb_checkpoints", "__pycache__"}


class RejectedSubmission(Exception):
    """A submission that cannot be graded: the reason, one sentence for student and instructor."""


@dataclass(frozen=True)
class Submission:
    """A submission that can be graded."""

    notebook: NotebookNode
    #: extra regular files, relative to the folder (never a notebook, never hidden)
    files: tuple[Path, ...] = field(default_factory=tuple)


def submissions(submitted: Path, chapters: list[str], students: list[str]) -> Iterator[tuple[str, str]]:
    """(student, chapter) of every folder in `submitted/`, links and odd names included.

    With `students`, each of them for each chapter, whether there or not.
    """
    if students:
        yield from ((student, chapter) for student in students for chapter in chapters)
        return
    if not submitted.is_dir():
        return
    for student in sorted(path.name for path in submitted.iterdir()):
        if student.startswith("."):
            continue
        for chapter in chapters:
            if os.path.lexists(submitted / student / chapter):
                yield student, chapter


def read_submission(submitted: Path, student: str, chapter: str, limits: Limits) -> Submission:
    """Reads the submission of `student` for `chapter`.

    Follows no link, opens regular files only, and bounds sizes before it reads. Raises RejectedSubmission.
    """
    files = validate_folder(submitted, student, chapter, limits)
    notebook = read_notebook(submitted / student / chapter / f"{chapter}.ipynb", limits)
    return Submission(notebook, tuple(f for f in files if f.suffix != ".ipynb"))


def validate_folder(submitted: Path, student: str, chapter: str, limits: Limits) -> tuple[Path, ...]:
    """The files of a submission whose outside is as it must be; nothing of it is opened. Raises RejectedSubmission."""
    if not SAFE_NAME.fullmatch(student) or ".." in student:
        raise RejectedSubmission(
            "the folder's name is no student id (letters, digits, . @ + - _ and spaces): rename it"
        )
    folder = submitted / student / chapter
    for part in (submitted / student, folder):
        if part.is_symlink():
            raise RejectedSubmission(f"{part.name} is a link: submit the folder itself")
    if not folder.is_dir():
        raise RejectedSubmission(
            "nothing was submitted" if not os.path.lexists(folder) else f"{chapter} is not a folder"
        )
    files = tuple(_regular_files(folder, limits))
    name = Path(f"{chapter}.ipynb")
    if name not in files:
        found = sorted(str(f) for f in files if f.suffix == ".ipynb")
        hint = f" (found {', '.join(found[:3])})" if found else ""
        raise RejectedSubmission(f"{name} is missing{hint}: submit the notebook under the name it was released with")
    return files


def collect(submitted: Path, student: str, chapter: str, limits: Limits) -> dict[str, bytes]:
    """The files of a submission as they are, by name, for somebody else's `read_submission`; links are never followed.

    The chapter's notebook, no longer than is needed to see that it is too long, and the files that
    are no notebooks. Raises RejectedSubmission.
    """
    name, left, found = Path(f"{chapter}.ipynb"), limits.folder_bytes, {}
    for file in validate_folder(submitted, student, chapter, limits):
        if file == name or file.suffix != ".ipynb":
            descriptor = os.open(submitted / student / chapter / file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as opened:
                found[str(file)] = opened.read(limits.notebook_bytes + 1 if file == name else left + 1)
            left -= len(found[str(file)])
            if left < 0:  # it has grown since it was looked at
                raise _too_large(limits)
    return found


def _too_large(limits: Limits) -> RejectedSubmission:
    most = limits.folder_bytes // 10**6
    return RejectedSubmission(f"the folder is larger than {most} MB: remove what does not belong to it")


def _regular_files(folder: Path, limits: Limits) -> Iterator[Path]:
    count = total = 0
    for where, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(f for f in folders if f not in IGNORED)
        for name in sorted(folders + names):
            path = Path(where) / name
            relative = path.relative_to(folder)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise RejectedSubmission(f"{_shown(relative)} is a link: submit the file itself")
            if stat.S_ISDIR(mode):
                continue
            if not stat.S_ISREG(mode):
                raise RejectedSubmission(f"{_shown(relative)} is not a regular file: remove it")
            count, total = count + 1, total + path.lstat().st_size
            if count > limits.files:
                raise RejectedSubmission(
                    f"the folder holds more than {limits.files} files: remove what does not belong to it"
                )
            if total > limits.folder_bytes:
                raise _too_large(limits)
            if not any(part.startswith(".") for part in relative.parts):
                yield relative


def _shown(path: Path) -> str:
    """A file name as one printable word."""
    return ascii(str(path))[:80]


def read_notebook(path: Path, limits: Limits) -> NotebookNode:
    """A notebook from untrusted bytes, as nbformat 4. Raises RejectedSubmission."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limits.notebook_bytes + 1)
    if len(data) > limits.notebook_bytes:
        raise RejectedSubmission(
            f"the notebook is larger than {limits.notebook_bytes // 10**6} MB: clear its outputs and submit again"
        )
    if not data.strip():
        raise RejectedSubmission("the notebook is empty: download it again and submit")
    try:
        content = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RejectedSubmission(
            "the notebook is not valid JSON: open it in JupyterLab, save it and submit again"
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise RejectedSubmission("the file is no Jupyter notebook: submit the one that was released")
    if _depth(content) > limits.json_depth:
        raise RejectedSubmission("the notebook is nested too deeply: open it in JupyterLab, save it and submit again")
    try:
        notebook = nbformat.from_dict(_without_outputs(content))
        if notebook.nbformat not in (3, 4):
            raise RejectedSubmission(
                f"the notebook has format {notebook.nbformat}: save it as format 4 and submit again"
            )
        if notebook.nbformat == 4:
            # a newer minor version, or a slip in metadata, is no reason to refuse somebody's work
            notebook.nbformat_minor = min(max(int(notebook.get("nbformat_minor", 0)), 0), 5)
        notebook = nbformat.convert(notebook, 4)
    except RejectedSubmission:
        raise
    except Exception as error:  # nbformat's converters raise whatever the malformed part leads to
        raise RejectedSubmission(
            "the notebook's parts are not as a notebook's must be: save it in JupyterLab and submit again"
        ) from error
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(_is_cell(cell) for cell in cells):
        raise RejectedSubmission(
            "the notebook's cells are not as a notebook's must be: save it in JupyterLab and submit again"
        )
    if len(cells) > limits.notebook_cells:
        raise RejectedSubmission(
            f"the notebook has more than {limits.notebook_cells} cells: remove what does not belong to it"
        )
    return notebook


def _no_constant(name: str) -> float:
    return float(name.replace("Infinity", "inf"))


def _without_outputs(content: dict[str, Any]) -> dict[str, Any]:
    """Nothing of a submission's outputs is ever used; malformed ones cost nobody marks."""
    sheets = content.get("worksheets")
    for sheet in [content, *(sheets if isinstance(sheets, list) else [])]:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                cell["outputs"] = []
                text = "input" if content.get("nbformat") == 3 else "source"
                cell[text] = _text(cell.get(text, ""))
                if text == "source":
                    cell["execution_count"] = None
            elif isinstance(cell, dict):
                cell["source"] = _text(cell.get("source", ""))
                cell.pop("attachments", None)
    return content


def _text(source: Any) -> Any:
    """The joined lines of a source field, which may be a string or a list of strings."""
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    # JSON may carry half a surrogate pair, which no file can be written with
    return source.encode("utf-8", "replace").decode("utf-8") if isinstance(source, str) else source


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("source"), str)
        and isinstance(cell.get("metadata", {}), dict)
    )


def _depth(value: Any) -> int:
    """How deeply lists and objects are nested; counted without recursion."""
    deepest, pending = 0, [(value, 1)]
    while pending:
        item, depth = pending.pop()
        deepest = max(deepest, depth)
        if isinstance(item, dict):
            pending += [(child, depth + 1) for child in item.values()]
        elif isinstance(item, list):
            pending += [(child, depth + 1) for child in item]
    return deepest


def copy_files(submission: Submission, folder: Path, target: Path) -> None:
    """Copies a submission's extra files into `target`, byte by byte, links never followed."""
    for file in submission.files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as source, (target / file).open("wb") as copy:
            while chunk := source.read(1 << 20):
                copy.write(chunk)
