"""Which notebook of a submission is graded: usually the only one, sometimes a copy of it that has the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import RejectedSubmission
from triptych.grade.submission.intake import Submission, read_notebook, validate_folder
from triptych.grade.submission.rebuild import Matches, answers_of, match
from triptych.text import one_line

#: Notebooks beside the chapter's own that are read.
MAX_OTHERS = 10


@dataclass(frozen=True)
class Chosen(Submission):
    """A submission, the file that its notebook was read from, and what a person should know about it."""

    name: Path = Path()
    notes: tuple[str, ...] = ()
    matches: Matches | None = None


def choose(submitted: Path, student: str, chapter: str, release: NotebookNode, limits: Limits) -> Chosen:
    """Reads the submission of `student` for `chapter`, as `intake.read_submission` does.

    Where the notebook of the chapter's name is untouched or broken and another one in the folder has answers, that one
    is taken.

    Raises:
        RejectedSubmission: the submission cannot be graded, or it is not clear which notebook is meant.
    """
    files = validate_folder(submitted, student, chapter, limits)
    folder, name = submitted / student / chapter, Path(f"{chapter}.ipynb")
    notebooks = [file for file in files if file.suffix == ".ipynb" and file != name]
    others = _notebooks_with_answers(notebooks[:MAX_OTHERS], folder, release, limits)
    rejection: RejectedSubmission | None = None
    own: Matches | None = None
    try:
        notebook = read_notebook(folder / name, limits)
        own = match(release, notebook)
        # code in other cells may be the student's, or tests of an earlier release of the chapter
        better = any(match(release, other).has_answers for other in others.values())
        has_answers = own.has_answers or (own.changed and not better)
    except RejectedSubmission as error:
        rejection, has_answers = error, False
    if has_answers:
        answers = answers_of(release, notebook) if others else {}
        different = [file for file, other in others.items() if answers_of(release, other) != answers]
        notes = [f"not graded: {_list(different)}, with other answers"] if different else []
    elif others:
        if len({str(answers_of(release, other)) for other in others.values()}) > 1:
            raise RejectedSubmission(f"several notebooks have answers ({_list(list(others))}): submit only one")
        why = "cannot be read" if rejection else "has no answers"
        (name, notebook), own = next(iter(others.items())), None
        notes = [f"graded: {_list([name])}, because {chapter}.ipynb {why}"]
    elif rejection:
        raise rejection
    else:
        notes = []
    if unread := notebooks[MAX_OTHERS:]:
        notes.append(f"not looked at, because there are many notebooks: {_list(unread)}")
    matches = own or match(release, notebook)
    if matches.is_lost:
        raise RejectedSubmission(
            "none of its cells is recognised as an answer, neither by its id nor by the functions that it defines: "
            "copy the answers into the released notebook and submit again"
        )
    kept = tuple(file for file in files if file.suffix != ".ipynb")
    return Chosen(notebook, kept, name, (*notes, *_notes_on(matches)), matches)


def _notebooks_with_answers(
    names: Sequence[Path], folder: Path, release: NotebookNode, limits: Limits
) -> dict[Path, NotebookNode]:
    found: dict[Path, NotebookNode] = {}
    answered: dict[Path, NotebookNode] = {}
    for name in names:
        try:
            notebook = read_notebook(folder / name, limits)
        except RejectedSubmission:
            continue
        matches = match(release, notebook)
        if matches.changed and not matches.is_lost:
            found[name] = notebook
            if matches.has_answers:
                answered[name] = notebook
    return answered or found


def _notes_on(matches: Matches) -> list[str]:
    notes = []
    if matches.without_id:
        notes.append(f"cells without their ids, recognised by their content: {', '.join(matches.without_id)}")
    if matches.missing and matches.changed:
        notes.append(f"no answer found for {', '.join(matches.missing)}")
    return notes


def _list(names: Sequence[Path]) -> str:
    return ", ".join(one_line(str(name), 80) for name in names[:3]) + (" and others" if len(names) > 3 else "")


__all__ = ["Chosen", "choose"]
