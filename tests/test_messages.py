"""Every message has a problem and a fix, and a mistake on the command line ends in exactly one message.

The messages are collected from the source (sentences.py). Messages of single functions are tested with those functions.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from courses import FORWARD, scratch
from sentences import Site, sites

from triptych import cli
from triptych.check.bank import BankError, read_bank
from triptych.model.chapter import RegionError, split_region
from triptych.model.course import Course, CourseError, nearest

#: Modules whose messages become part of another message, or are shown next to their subject.
PARTS = {
    "build/inline_svg", "check/bank", "model/chapter", "grade/submission/choose", "grade/submission/intake", "grade/dispatch/transfer", "grade/sandbox/seccomp",
    "hub/exchange/exchange", "hub/exchange/inbound",
}  # fmt: skip


def test_messages_are_collected() -> None:
    texts = {(site.module, site.text) for site in sites()}
    assert len(texts) > 150
    assert ("cli", "release/ differs from the sources. Run `triptych build` and commit the result.") in texts
    assert not [text for module, text in texts if module == "grade/guest/codec"]


@pytest.mark.parametrize("site", sites(), ids=lambda site: f"{site.module}-{site.first}")
def test_a_message_is_complete_and_has_a_fix(site: Site) -> None:
    text = site.text.split(" | ")[0]
    if site.module in PARTS:
        assert not text.endswith("."), text
        return
    # another message may follow in a gap
    assert re.search(r"[.?]( ?…)?$|: …$", text), text
    assert re.search(r": |; |, so | to … with|\(see |\. [A-Z`…]", text), text


# --- mistakes on the command line ----------------------------------------------------------------


def contract(text: str) -> Callable[[Path], object]:
    return lambda root: (root / "source" / "course.toml").write_text(text, encoding="utf-8")


def submission_of(student: str) -> Callable[[Path], object]:
    return lambda root: (root / "submitted" / student).mkdir(parents=True)


def without_ids(root: Path) -> None:
    path = root / "source" / FORWARD / f"{FORWARD}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        del cell["id"]
    path.write_text(json.dumps(notebook | {"nbformat_minor": 4}), encoding="utf-8")


def half_a_region(root: Path) -> None:
    path = root / "source" / FORWARD / f"{FORWARD}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("### END HIDDEN TESTS", "# the end", 1), encoding="utf-8")


CHAPTER = '[chapters.01_a]\ntitle = "A"\n'
#: A change that spoils the course, a command, and part of the message that it ends with.
MISTAKES: list[tuple[Callable[[Path], object] | None, str, str]] = [
    (None, "build forward", "did you mean 05_forward_mode?"),
    (None, "build 9", "No chapter '9'"),
    (None, "grade 5 --sandbox docker", "give bwrap, or none"),
    (None, "grade 5 --sandbox none", "triptych build 05_forward_mode"),
    (None, "grade 5 --jobs 2 --scheduler tcp://h:1", "give one of them"),
    (without_ids, "build 5", "has cells without ids (notebook format 4.4): run `triptych check --fix 05_forward_mode`"),
    (half_a_region, "build 5", "has '### BEGIN HIDDEN TESTS' without '### END HIDDEN TESTS'. Write both"),
    (submission_of("lovelace"), "grade 5 --sandbox none --student lovlace", "did you mean lovelace?"),
    (None, "report 5", "Nothing has been graded in"),
    (None, "forget nobody --yes", "holds nothing of 'nobody'"),
    (None, "check 5 --json /nowhere/x.json", "name another file with --json"),
    (lambda root: root.joinpath("source", FORWARD, "rise.css").write_text(""), "check 5", "triptych check --fix"),
    (None, "present 5 --no-browser", "is missing: make it with"),
    (None, "present 5 --save-to x.txt", "is not named like a notebook"),
    (contract("[chapters"), "check", "cannot be read as TOML"),
    (contract("[chapters.graphs]\n"), "check", "Begin it with two digits"),
    (contract('titel = "A"\n[chapters]\n'), "check", "did you mean title?"),
    (contract(f"{CHAPTER}exercises.f = 3\n"), "check", "is not a table"),
    (contract(f"{CHAPTER}exercises.f = {{ points = 1 }}\n"), "check", "has no minutes"),
    (contract(f"{CHAPTER}exercises.f = {{ points = '1', minutes = 2 }}\n"), "check", "Write a number"),
    (
        lambda root: (root / "source" / "course.toml").unlink(),
        "check",
        "but no source/course.toml, so it is no course of triptych",
    ),
    (None, "hub status --folder .", "holds no hub"),
    (None, "hub up --roster x.csv --login odd", "give firstuse, shared-password or file"),
    (None, "demo --keep source", "name another one with --keep"),
    (None, "new chapter forward_mode", "has that name already"),
    (None, "new exercise 5 mul_jvp", "choose another id"),
]


@pytest.mark.parametrize(("spoil", "command", "part"), MISTAKES, ids=[f"{m[1]}: {m[2]}" for m in MISTAKES])
def test_a_mistake_ends_in_one_message(
    spoil: Callable[[Path], object] | None,
    command: str,
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    course = scratch(tmp_path / "course")
    if spoil:
        spoil(course.root)
    monkeypatch.chdir(course.root)
    monkeypatch.setattr(sys, "argv", ["triptych", *command.split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    messages = [line for line in capsys.readouterr().err.splitlines() if line.startswith("triptych: ")]
    assert len(messages) == 1 and part in messages[0], messages


def test_many_known_names_are_counted(tmp_path: Path) -> None:
    chapters = [f"{n:02d}_c" for n in range(1, 20)]
    assert nearest("zzz", chapters).startswith("known are 01_c, ") and nearest("zzz", chapters).endswith(
        "12_c and 7 more."
    )
    with pytest.raises(CourseError, match=r"none exists yet\.$"):
        Course(tmp_path).require_students(["ada"])


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, "has no answers in the bank; write"),
        ("# %% maybe: so\nx = 1\n", "neither “# %% right"),
        ("# %% wrong: so\nx = 1\n", "wrong answers, and only they, need"),
        ("# %% wrong: so\n# loses: –\nx = 1\n", "must lose a test cell"),
        ("# %% right: so\nx = 1\n\n# %% right: so\nx = 2\n", "two answers called"),
    ],
)
def test_mistakes_in_the_bank(tmp_path: Path, text: str | None, part: str) -> None:
    if text is not None:
        (tmp_path / "01_a").mkdir()
        (tmp_path / "01_a" / "f.py").write_text(text)
    with pytest.raises(BankError, match=re.escape(part)):
        read_bank(tmp_path, "01_a", "f")


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ("BEGIN BEGIN END", "'BEGIN' twice without 'END'"),
        ("END", "'END' before any"),
        ("BEGIN", "'BEGIN' without 'END'$"),
    ],
)
def test_unpaired_markers(lines: str, part: str) -> None:
    with pytest.raises(RegionError, match=part):
        split_region(lines.replace(" ", "\n"), "BEGIN", "END")
