"""Class lists as spreadsheets and learning management systems write them are read as the same people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from courses import FORWARD, scratch

from triptych.collect.cli import RULE
from triptych.grade.submission.intake import SAFE_NAME
from triptych.hub.roster import read_roster
from triptych.model.course import CourseError
from triptych.model.roster import Person, read_people
from triptych.nbgrader_api import enrol, gradebook, students

ADA = Person("ada", "student", "Ada", "Lovelace", "ada@example.org", "4711")
ZOE = Person("zoe", "student", "Zoë", "Weiß", "zoe@example.org", "0012")
TABLE = """user,first_name,last_name,email,lms_user_id
ada,Ada,Lovelace,ada@example.org,4711
zoe,Zoë,Weiß,zoe@example.org,0012
"""
#: What is done to the table that has the same meaning.
SAME: dict[str, bytes] = {
    "plain": TABLE.encode(),
    "byte-order mark": TABLE.encode("utf-8-sig"),
    "byte-order mark and quotes": TABLE.replace("user", '"user"').encode("utf-8-sig"),
    "UTF-16": TABLE.encode("utf-16"),
    "Latin-1": TABLE.encode("latin-1"),
    "semicolons": TABLE.replace(",", ";").encode(),
    "tabs": TABLE.replace(",", "\t").encode(),
    "Windows line ends": TABLE.replace("\n", "\r\n").encode(),
    "old Mac line ends": TABLE.replace("\n", "\r").encode(),
    "blank lines": ("\n\n" + TABLE.replace("\n", "\n , ,,\n\n")).encode(),
    "blanks": TABLE.replace(",", " , ").replace("ada ", "\u00a0ada ").encode(),
    "quotes": "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in TABLE.split()).encode(),
    "Excel's separator": ("sep=;\r\n" + TABLE.replace(",", ";")).encode(),
    "leading zeros": TABLE.replace("0012", '"=""0012"""').encode(),
    "nbgrader": TABLE.replace("user,", "id,", 1).encode(),
    "another case": TABLE.replace("user,first_name,last_name,email", "USERNAME,First Name,Surname,E-Mail Address").encode(),
    "German": TABLE.replace("user,first_name,last_name,email", "Anmeldename,Vorname,Name,E-Mail-Adresse").encode(),
    "more columns": TABLE.replace("\n", ",x\n").encode(),
    "Canvas": b"""Student,ID,SIS User ID,SIS Login ID,Section,email,Homework
,,,,,,Manual Posting
    Points Possible,,,,,,10
"Lovelace, Ada",4711,,ada,AD,ada@example.org,3
"Wei\xdf, Zo\xeb",0012,,zoe,AD,zoe@example.org,
""",
    "Moodle": b"""First name;Last name;Username;ID number;Email address
Ada;Lovelace;ada;4711;ada@example.org
Zo\xeb;Wei\xdf;zoe;0012;zoe@example.org
""",
}  # fmt: skip


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", SAME)
def test_forms_of_a_table_are_the_same(tmp_path: Path, form: str) -> None:
    assert read_people(write(tmp_path, SAME[form]), SAFE_NAME, RULE) == [ADA, ZOE]


@pytest.mark.parametrize("header", [
    "First name,Last name,ID number,Institution,Email address",
    "Vorname,Nachname,ID-Nummer,Institution,E-Mail-Adresse",
    "Prénom,Nom de famille,Numéro d'identification,Institution,Adresse de courriel",
    "Nombre,Apellido(s),Número de ID,Institución,Dirección de correo",
])  # fmt: skip
def test_moodles_export_has_numbers_and_no_logins(tmp_path: Path, header: str) -> None:
    table = f"{header}\nAda,Lovelace,4711,,ada@example.org\n"
    (person,) = read_people(write(tmp_path, table.encode()), SAFE_NAME, RULE)
    assert person == Person("4711", "student", "Ada", "Lovelace", "ada@example.org", "4711")


def test_canvas_export_without_logins(tmp_path: Path) -> None:
    table = 'Student,ID,Section\n"Lovelace, Ada",4711,AD\n'
    assert read_people(write(tmp_path, table.encode()), SAFE_NAME, RULE) == [
        Person("4711", "student", "Ada", "Lovelace", lms_user_id="4711")
    ]


def test_decomposed_letters_are_composed(tmp_path: Path) -> None:
    (person,) = read_people(write(tmp_path, "user\nzoe\u0308\n".encode()), SAFE_NAME, RULE)
    assert person.user == "zoë"


def test_the_hub_reads_the_same_forms(tmp_path: Path) -> None:
    table = "\ufeffId;Role;Vorname;Name;E-Mail\n\n noether ;Instructor;Emmy;von Noether;\nada;;Ada;Lovelace;\n"
    roster = read_roster(write(tmp_path, table.encode()))
    assert roster.instructor.last_name == "von Noether" and [s.full_name for s in roster.students] == ["Ada Lovelace"]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("first_name\nAda\n", ["no column 'user' in its first line ('first_name')"]),
        ("", ["no column 'user'"]),
        ("PK\3\4", ["save the table as CSV"]),
        ("id,email\n\nada,\n,x@example.org\nada,\n../x,\n", [
            "roster.csv, line 4: there is no user name (or id): write it in, or remove the line.",
            "roster.csv, line 5: ada is on line 3, too: give each person one line.",
            "roster.csv, line 6: '../x' cannot be a user name",
        ]),
        ("id\n" + "x/y\n" * 30, ["line 2: 'x/y'", "… and 10 more."]),
        ("id,role\nada,king\n", ["line 2: the role 'king' is unknown"]),
        ("id\nada\nAda\n", ["line 3: Ada is on line 2, too"]),
        ("id\n1.23457E+11\n", ["line 2: a number was shortened by a spreadsheet"]),
        ('id,name\nada,"Ada\nemmy,Emmy\n', ["line 3: a name ends on another line: close its quotation mark"]),
        ("id\nx\x07\n", ["line 2: 'x�'"]),
    ],
)  # fmt: skip
def test_wrong_lines_get_one_sentence_each(tmp_path: Path, text: str, messages: list[str]) -> None:
    with pytest.raises(CourseError) as error:
        read_people(write(tmp_path, text.encode()), SAFE_NAME, RULE)
    for message in messages:
        assert message in str(error.value)
    assert "\x1b" not in str(error.value) and len(re.findall(r"line \d+:", str(error.value))) <= 20


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="cannot be read as a CSV table"):
        read_people(tmp_path, SAFE_NAME, RULE)


def test_students_are_entered_and_kept(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course", [FORWARD])
    assert enrol(course, [ADA, Person("noether", "instructor")]) == (1, 0)
    assert enrol(course, [Person("ada", last_name="King"), ZOE]) == (1, 1)
    assert enrol(course, [ZOE]) == (0, 0)
    known = {person.user: person for person in students(course)}
    assert known == {"ada": Person("ada", "student", "Ada", "King", "ada@example.org", "4711"), "zoe": ZOE}
    with gradebook(course) as book:
        assert book.find_student("zoe").email == "zoe@example.org"
