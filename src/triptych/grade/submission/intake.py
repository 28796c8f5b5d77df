"""Reads submissions from `submitted/` safely.

Students made these folders: they may contain links, devices, odd names, and files that are not notebooks.
`read_submission` reads a notebook from such a folder or raises `RejectedSubmission` with the reason.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.files import walk
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import IGNORED, RejectedSubmission, copy_file, open_file
from triptych.text import one_line

#: Names that nbgrader's glob patterns and paths take literally.
SAFE_NAME = re.compile(r"[^\W_][\w .@+'()-]{0,63}", re.UNICODE)
COPY_ANSWERS = "copy the answers into the released notebook and submit that"
#: What files of other kinds begin with, and what they are.
SIGNATURES = {
    b"PK": "a ZIP archive or an Office document", b"%PDF": "a PDF", b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture", b"\x1f\x8b": "a compressed archive", b"Rar!": "an archive", b"7z\xbc\xaf": "an archive",
    b"{\\rtf": "an RTF document", b"\xd0\xcf\x11\xe0": "an Office document", b"<": "a web page",
    b"version https://git-lfs": "a pointer of Git LFS",
}  # fmt: skip


@dataclass(frozen=True)
class Submission:
    """A submission that can be graded."""

    notebook: NotebookNode
    #: regular files beside the notebook, relative to the folder; no notebooks and no hidden files
    files: tuple[Path, ...] = ()


def submissions(submitted: Path, chapters: list[str], students: list[str]) -> Iterator[tuple[str, str]]:
    """The submissions to grade as (student, chapter), including links and invalid names.

    Args:
        submitted: the folder with a folder per student.
        chapters: ids of chapters.
        students: if not empty, each of them for each chapter, even without a folder.
    """
    if students:
        yield from ((student, chapter) for student in students for chapter in chapters)
    elif submitted.is_dir():
        for student in sorted(path.name for path in submitted.iterdir() if not path.name.startswith(".")):
            for chapter in chapters:
                if os.path.lexists(submitted / student / chapter):
                    yield student, chapter


def read_submission(submitted: Path, student: str, chapter: str, limits: Limits) -> Submission:
    """Reads the submission of `student` for `chapter`.

    Follows no link, opens regular files only, and checks sizes before reading.

    Raises:
        RejectedSubmission: the submission cannot be graded.
    """
    files = validate_folder(submitted, student, chapter, limits)
    notebook = read_notebook(submitted / student / chapter / f"{chapter}.ipynb", limits)
    return Submission(notebook, tuple(file for file in files if file.suffix != ".ipynb"))


def collect(submitted: Path, student: str, chapter: str, limits: Limits) -> dict[str, bytes]:
    """The files of a submission as they are, for `read_submission` on another machine.

    Returns:
        Content by relative path. Of a notebook that is too long there is one byte more than the limit.

    Raises:
        RejectedSubmission: the folder is not a valid submission.
    """
    bytes_left, contents = limits.folder_bytes, {}
    for file in validate_folder(submitted, student, chapter, limits):
        with open_file(submitted / student / chapter, file) as opened:
            content = opened.read(1 + (limits.notebook_bytes if file.suffix == ".ipynb" else bytes_left))
        contents[str(file)] = content
        bytes_left -= len(content)
        if bytes_left < 0:  # the file has grown after the check
            raise _too_large(limits)
    return contents


def copy_files(submission: Submission, folder: Path, target: Path, limits: Limits) -> None:
    """Copies the files beside a submission's notebook from `folder` to `target`.

    Raises:
        RejectedSubmission: the files have changed after they were validated.
    """
    bytes_left = limits.folder_bytes
    for file in submission.files:
        try:
            bytes_left -= copy_file(folder, file, target / file, bytes_left)
        except OSError as error:
            raise RejectedSubmission(f"{_shown(file)} cannot be copied ({error.strerror}): submit again") from error


# --- the folder ----------------------------------------------------------------------------------


def validate_folder(submitted: Path, student: str, chapter: str, limits: Limits) -> tuple[Path, ...]:
    """Validates the folder of a submission without opening a file.

    Returns:
        The regular files in it, relative to it, without hidden ones.

    Raises:
        RejectedSubmission: the folder is not a valid submission.
    """
    if not SAFE_NAME.fullmatch(student) or ".." in student:
        raise RejectedSubmission(
            "the folder's name is not a valid student id (letters, digits, spaces and . @ + - _ ' ( )): rename it"
        )
    folder = submitted / student / chapter
    for part in (submitted / student, folder):
        if part.is_symlink():
            raise RejectedSubmission(f"{part.name} is a link: submit the folder itself")
    if not folder.is_dir():
        raise RejectedSubmission(f"{chapter} is not a folder" if os.path.lexists(folder) else "nothing was submitted")
    try:
        files = tuple(_regular_files(folder, limits))
    except OSError as error:
        raise RejectedSubmission(f"a folder in it cannot be read ({error.strerror}): remove it") from error
    name = Path(f"{chapter}.ipynb")
    if name not in files:
        others = [_shown(file) for file in files if file.suffix == ".ipynb"][:3]
        hint = f" (found {', '.join(others)})" if others else ""
        raise RejectedSubmission(f"{name} is missing{hint}: submit the notebook under the name it was released with")
    return files


def _regular_files(folder: Path, limits: Limits) -> Iterator[Path]:
    count = total_bytes = 0
    for entry in walk(folder, skip=IGNORED):
        if entry.is_link:
            raise RejectedSubmission(f"{_shown(entry.relative)} is a link: submit the file itself")
        if len(entry.relative.parts) > limits.folder_depth:
            raise RejectedSubmission(
                f"the folder is nested more than {limits.folder_depth} levels deep: remove what does not belong to it"
            )
        if entry.is_folder:
            continue
        if not entry.is_file:
            raise RejectedSubmission(f"{_shown(entry.relative)} is not a regular file: remove it")
        count, total_bytes = count + 1, total_bytes + entry.status.st_size
        if count > limits.files:
            raise RejectedSubmission(
                f"the folder contains more than {limits.files} files: remove what does not belong to it"
            )
        if total_bytes > limits.folder_bytes:
            raise _too_large(limits)
        if not entry.is_hidden:
            yield entry.relative


def _too_large(limits: Limits) -> RejectedSubmission:
    megabytes = limits.folder_bytes // 10**6
    return RejectedSubmission(f"the folder is larger than {megabytes} MB: remove what does not belong to it")


def _shown(path: Path) -> str:
    """A file name for a message: one line, without control characters."""
    return one_line(str(path), 80)


# --- the notebook --------------------------------------------------------------------------------


def read_notebook(path: Path, limits: Limits) -> NotebookNode:
    """Reads an untrusted notebook and converts it to nbformat 4, without outputs.

    Raises:
        RejectedSubmission: the file is too large, malformed, or not a notebook.
    """
    try:
        with open_file(path.parent, Path(path.name)) as file:
            data = file.read(limits.notebook_bytes + 1)
    except OSError as error:
        raise RejectedSubmission(f"the notebook cannot be read ({error.strerror}): submit again") from error
    if len(data) > limits.notebook_bytes:
        megabytes = limits.notebook_bytes // 10**6
        raise RejectedSubmission(f"the notebook is larger than {megabytes} MB: clear its outputs and submit again")
    if not data.strip():
        raise RejectedSubmission("the notebook is empty: download it again and submit")
    try:
        content = json.loads(data)  # in UTF-8, 16 or 32
    except (ValueError, RecursionError) as error:
        raise RejectedSubmission(_not_json(data)) from error
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise RejectedSubmission("the file is not a Jupyter notebook: submit the one that was released")
    if content["nbformat"] not in (3, 4):
        raise RejectedSubmission(f"the notebook has format {content['nbformat']}: save it as format 4 and submit again")
    if _depth(content) > limits.json_depth:
        raise RejectedSubmission(f"the notebook is nested too deeply: {COPY_ANSWERS}")
    try:
        notebook = nbformat.from_dict(_without_outputs(content))
        if notebook.nbformat == 4:
            # a newer minor version, or a slip in metadata, is no reason to reject a student's work
            notebook.nbformat_minor = min(max(int(notebook.get("nbformat_minor", 0)), 0), 5)
        notebook = nbformat.convert(notebook, 4)
    except Exception as error:  # the converters of nbformat do not validate their input
        raise RejectedSubmission(f"the notebook is malformed: {COPY_ANSWERS}") from error
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(_is_cell(cell) for cell in cells):
        raise RejectedSubmission(f"the notebook's cells are malformed: {COPY_ANSWERS}")
    if len(cells) > limits.notebook_cells:
        raise RejectedSubmission(
            f"the notebook has more than {limits.notebook_cells} cells: remove what does not belong to it"
        )
    return notebook


def _not_json(data: bytes) -> str:
    """What a file is that should be a notebook, and what to do."""
    start = data.lstrip(b"\xef\xbb\xbf \r\n\t")
    for signature, kind in SIGNATURES.items():
        if start.startswith(signature):
            return f"the file is {kind}, not a notebook: submit the notebook itself"
    if b"\n<<<<<<< " in data and b"\n>>>>>>> " in data:
        return "the notebook contains conflict markers of git: resolve the conflict and submit again"
    if not start.startswith((b"{", b"[")) and b"\0" not in data:
        return "the file is text, not a notebook: submit the notebook itself"
    return f"the notebook is not valid JSON, it is cut off or damaged: {COPY_ANSWERS}"


def _without_outputs(content: dict[str, Any]) -> dict[str, Any]:
    """The notebook without outputs and attachments: grading does not use them, so malformed ones do no harm."""
    worksheets = content.get("worksheets")
    for sheet in [content, *(worksheets if isinstance(worksheets, list) else [])]:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if not isinstance(cell, dict):
                continue
            is_code = cell.get("cell_type") == "code"
            text = "input" if is_code and content["nbformat"] == 3 else "source"
            cell[text] = _text(cell.get(text, ""))
            if is_code:
                cell["outputs"] = []
                if text == "source":
                    cell["execution_count"] = None
            else:
                cell.pop("attachments", None)
    return content


def _text(source: Any) -> Any:
    """The joined lines of a source field, which may be a string or a list of strings."""
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    # JSON may contain unpaired surrogates, which cannot be encoded
    return source.encode("utf-8", "replace").decode("utf-8") if isinstance(source, str) else source


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("source"), str)
        and isinstance(cell.get("metadata", {}), dict)
    )


def _depth(value: Any) -> int:
    """The depth of nested lists and objects, measured without recursion."""
    depth, level = 0, [value]
    while level:
        depth += 1
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [child for children in inner for child in children]
    return depth


__all__ = [
    "RejectedSubmission", "Submission", "collect", "copy_files", "read_notebook", "read_submission", "submissions",
]  # fmt: skip
