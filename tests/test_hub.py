"""A real hub: a submission from login to feedback, and attacks by a student.

One hub for the whole module, with an instructor and the students ada (honest) and ben (not), each with an account and a
server. Ben's attacks run in his kernel, like any code on a hub.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from certipy import Certipy
from courses import FORWARD
from decks import end_animations
from hub_browser import Browser
from hub_workshop import COURSE_ID, NOTEBOOK, RIGHT, SUM, WRONG, Workshop, fill, workshop
from needs import needs_chromium, needs_hub
from waiting import happens

from triptych.build.browser import find_chromium
from triptych.grade.record import Record
from triptych.hub.admin import accounts
from triptych.hub.roster import Person
from triptych.hub.singleuser.cgroups import Groups
from triptych.model.chapter import Role, hidden_lines, read_chapter
from triptych.model.course import Course

pytestmark = [needs_hub, pytest.mark.slow, pytest.mark.xdist_group("hub")]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with workshop(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture(autouse=True)
def printed_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Prints what the hub and its proxy log during a test; pytest shows it if the test fails."""
    yield
    if "hub" in request.fixturenames:
        log = request.getfixturevalue("hub").site.log
        print(*log.read_text(errors="replace").splitlines()[-120:] if log.is_file() else ["no log"], sep="\n")


@pytest.fixture(scope="module")
def browsers(hub: Workshop) -> list[Browser]:
    return hub.enter_all(hub.instructor, *hub.students)


@pytest.fixture(scope="module")
def noether(browsers: list[Browser]) -> Browser:
    return browsers[0]


@pytest.fixture(scope="module")
def ada(browsers: list[Browser]) -> Browser:
    return browsers[1]


@pytest.fixture(scope="module")
def ben(browsers: list[Browser]) -> Browser:
    return browsers[2]


def course_folder(hub: Workshop) -> Path:
    return Path(hub.settings.course_root)


def inbound(hub: Workshop) -> Path:
    return hub.site.exchange / COURSE_ID / "inbound"


# --- a submission from login to feedback ----------------------------------------------------------------------


def together(*work: Callable[[], Any]) -> list[Any]:
    """Calls functions at the same time and returns their results."""
    with ThreadPoolExecutor() as pool:
        return [job.result() for job in [pool.submit(function) for function in work]]


def formgrader_scores(noether: Browser) -> dict[str, dict[str, float]]:
    """The formgrader's scores, by student and test cell."""
    scores = {}
    for entry in noether.formgrader("GET", f"submitted_notebooks/{FORWARD}/{FORWARD}"):
        grades = noether.get("formgrader/api/grades", submission_id=entry["id"])
        scores[entry["student"]] = {grade["name"]: grade["auto_score"] for grade in grades}
    return scores


@pytest.fixture(scope="module")
def trip(hub: Workshop, noether: Browser, ada: Browser, ben: Browser) -> dict[str, Any]:
    """The results of each step: fetch, edit, validate, submit, collect, grade, release feedback, fetch feedback."""
    trip: dict[str, Any] = {"listed": [entry["status"] for entry in ada.assignments(COURSE_ID, FORWARD)]}
    together(*(lambda student=student: student.button("fetch", COURSE_ID, FORWARD) for student in (ada, ben)))
    fill(ben, mul_jvp=WRONG, sum_jvp=SUM)
    trip["untouched"], trip["wrong"] = together(lambda: ada.validate(NOTEBOOK), lambda: ben.validate(NOTEBOOK))
    fill(ada, mul_jvp=RIGHT, sum_jvp=SUM)
    trip["right"], trip["requests during validate"] = validate_and_ask(ada)
    ports = [hub.port, hub.settings.hub_port, hub.settings.proxy_port]
    fill(ben, mul_jvp=HOSTILE.replace("PORTS", repr(ports)).replace("INSTRUCTOR", hub.instructor), sum_jvp=SUM)
    ada.button("submit", COURSE_ID, FORWARD)
    deadline = (
        f"{datetime.now(UTC) + timedelta(seconds=1):%Y-%m-%d %H:%M:%S} UTC"  # nbgrader's deadlines are whole seconds
    )
    trip["deadline"] = noether.run(f"!cd ~/{COURSE_ID} && triptych hub release {FORWARD} --due '{deadline}' 2>&1")
    ben.button("submit", COURSE_ID, FORWARD)
    trip["submissions"] = sorted(path.name for path in inbound(hub).iterdir())
    trip["collected"] = noether.formgrader("POST", f"assignment/{FORWARD}/collect")["log"]
    trip["submitted"] = noether.formgrader("GET", f"submissions/{FORWARD}")
    for student in (ada, ben):
        noether.formgrader("POST", f"submission/{FORWARD}/{student.user}/autograde")
    trip["scores by the button"] = formgrader_scores(noether)
    trip["graded"] = noether.run(f"!cd ~/{COURSE_ID} && triptych grade {FORWARD} --json results.json 2>&1", seconds=300)
    trip["results"] = json.loads(course_folder(hub).joinpath("results.json").read_text())["submissions"]
    trip["scores"] = formgrader_scores(noether)
    trip["released"] = noether.formgrader("POST", f"assignment/{FORWARD}/release_feedback")["log"]
    trip["page"], trip["instructor's page"] = ada.course_page(), noether.course_page()
    ada.button("fetch_feedback", COURSE_ID, FORWARD)
    (entry,) = [e for e in ada.assignments(COURSE_ID, FORWARD) if e["status"] == "submitted"]
    trip["entry"] = entry["submissions"][0]
    trip["feedback"] = ada.read(f"{trip['entry']['local_feedback_path']}/{FORWARD}.html")
    return trip


def validate_and_ask(browser: Browser) -> tuple[dict[str, Any], int]:
    """Validate's reply, and the number of other requests that the server answered meanwhile."""
    other = Browser(browser.address, browser.user)
    other.client.cookies = browser.client.cookies
    answered = 0
    with ThreadPoolExecutor() as pool, contextlib.closing(other):
        job = pool.submit(browser.validate, NOTEBOOK)
        while not job.done():
            other.get("api/status")
            answered += not job.done()
        return job.result(), answered


#: A submission that explores the place where it is graded and prints what it finds. Its own files are in /home/student.
HOSTILE = """
import glob, os, socket

found = []
for pattern in ("/home/[!s]*/*", "/home/*/triptych/gradebook.db", "/var/tmp/triptych-hub-test-*/*", "/proc/[0-9]*/environ"):
    for path in glob.glob(pattern):
        try:
            if os.path.isdir(path):
                found += os.listdir(path)
            elif b"JUPYTERHUB_API_TOKEN" in open(path, "rb").read(100000) or "proc" not in path:
                found.append(path)
        except OSError:
            pass
for port in PORTS:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        found.append(port)
    except OSError:
        pass
for home in ("/home/INSTRUCTOR", "/home/INSTRUCTOR/triptych"):
    try:
        open(home + "/pwned", "w").write("x")
    except OSError:
        pass
print("FOUND", found, sorted(name for name in os.environ if "JUPYTERHUB" in name))


def mul_jvp(x1, dx1, x2, dx2):
    return 0, 0
"""


def test_a_student_fetches_a_released_chapter(trip: dict[str, Any], ada: Browser) -> None:
    assert trip["listed"] == ["released"]
    notebook = ada.read(NOTEBOOK)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert any(cell["id"] == "mul_jvp" for cell in notebook["cells"])


def test_kernels_run_in_the_course_environment(ada: Browser) -> None:
    assert ada.run("import sys, jax; print(sys.prefix)").strip() == sys.prefix
    assert [*ada.get("api/kernelspecs")["kernelspecs"]] == ["python3"]


def test_validate_reports_failing_tests_in_words(trip: dict[str, Any]) -> None:
    (unwritten,) = trip["untouched"]["failed"]
    assert "not written yet: 2 of 2" in unwritten["source"] and "mul_jvp" in unwritten["raw_error"]
    (failed,) = trip["wrong"]["failed"]
    assert "mul_jvp: 2 of its 2 visible tests fail" in failed["source"]
    assert "The tangent in the example of the docstring must be 5.0: write down the product rule" in failed["error"]
    assert "Traceback" not in failed["error"] and "\x1b" not in failed["error"]
    assert trip["right"] == {}


def test_other_requests_are_answered_during_validate(trip: dict[str, Any]) -> None:
    """nbgrader's own handler blocks the server until it has finished."""
    assert trip["requests during validate"] >= 5


def test_submissions_are_collected_and_shown(trip: dict[str, Any], hub: Workshop) -> None:
    assert [name.split("+")[0] for name in trip["submissions"]] == hub.students
    assert trip["collected"].count("Collected: ") == 2 and "Rejected" not in trip["collected"]
    assert {entry["student"] for entry in trip["submitted"]} == set(hub.students)


def test_scores_are_correct(trip: dict[str, Any], hub: Workshop) -> None:
    ada, ben = hub.students
    results = {entry["student"]: entry for entry in trip["results"]}
    assert results[ada]["status"] == results[ben]["status"] == "graded", trip["graded"]
    assert results[ada]["score"] == results[ada]["max_score"] == 3
    assert results[ben]["cells"]["sum_jvp_random_tangents"]["score"] == 1
    assert results[ben]["score"] == 1


def test_the_formgraders_button_gives_the_same_marks(trip: dict[str, Any]) -> None:
    """The formgrader's Autograde, and then `triptych grade` for the same submissions."""
    by_command = {
        entry["student"]: {name: cell["score"] for name, cell in entry["cells"].items()} for entry in trip["results"]
    }
    assert len(by_command) == 2 and all(len(cells) == 3 for cells in by_command.values())
    assert trip["scores by the button"] == by_command == trip["scores"]


def test_feedback_comes_back_and_holds_no_hidden_test(trip: dict[str, Any], hub: Workshop) -> None:
    assert "mul_jvp" in trip["feedback"] and trip["entry"]["has_local_feedback"]
    hidden = [
        line.strip()
        for cell in read_chapter(hub.course.notebook(FORWARD)).with_role(Role.TEST)
        for line in hidden_lines(cell.source)
        if len(line.strip()) > 20
    ]
    assert len(hidden) > 5
    assert not [line for line in hidden if line in trip["feedback"]]


def test_a_hostile_notebook_graded_on_the_hub_finds_nothing(trip: dict[str, Any], hub: Workshop) -> None:
    page = course_folder(hub) / "autograded" / hub.students[1] / FORWARD / f"{FORWARD}.ipynb"
    (cell,) = [cell for cell in nbformat.read(page, as_version=4).cells if cell.id == "mul_jvp"]
    assert "".join(output.get("text", "") for output in cell.outputs).strip() == "FOUND [] []", cell.outputs
    assert not (hub.home(hub.instructor) / "pwned").exists() and not (course_folder(hub) / "pwned").exists()
    with contextlib.closing(sqlite3.connect(course_folder(hub) / "gradebook.db")) as book:
        assert book.execute("select count(*) from student").fetchone() == (2,)


def test_the_course_folder_belongs_to_the_instructor_alone(trip: dict[str, Any], hub: Workshop) -> None:
    owner = pwd.getpwnam(hub.instructor).pw_uid
    for path in [course_folder(hub), *course_folder(hub).rglob("*")]:
        assert path.lstat().st_uid == owner, path
    assert course_folder(hub).stat().st_mode & 0o777 == 0o700


# --- the pages of students and instructor --------------------------------------------------------------------------


def test_the_course_page_shows_deadline_progress_and_feedback(trip: dict[str, Any]) -> None:
    page = trip["page"]
    assert "5. Forward mode 7 exercises, 22 points. Deadline was 20" in page
    assert "Submitted 20" in page and "Feedback available Visible tests: 3 of 3 points Submit again Feedback" in page
    assert "Formgrader" not in page and "instructor" not in page


def test_the_instructors_course_page_counts_submissions(trip: dict[str, Any]) -> None:
    page = trip["instructor's page"]
    assert "You are the instructor of 2 students" in page and "Formgrader Terminal in triptych/" in page
    assert re.search(r"5\. Forward mode yes 20\S+ 2 of 2 2 2 From release", page), page


def test_a_student_has_no_formgrader_and_no_course_list(ada: Browser) -> None:
    assert ada.ask("GET", "formgrader").status_code == 404
    assert ada.ask("GET", "formgraders").status_code == 404
    page = ada.client.get(f"{ada.base}/lab").text
    for extension in ("formgrader", "course-list", "create-assignment"):
        assert f"@jupyter/nbgrader:{extension}" in page, "the page lists the extensions that it disables"


def test_the_instructor_has_the_formgrader_in_a_frame_of_lab(noether: Browser) -> None:
    answer = noether.ask("GET", "formgrader")
    assert answer.status_code == 200
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert "disabledExtensions" in noether.client.get(f"{noether.base}/lab").text


def test_a_proxy_that_is_held_up_breaks_no_connection(hub: Workshop) -> None:
    """Its time-out for idle connections runs on while it is held up: 5 seconds by default, less than Caddy's."""
    proxy = int((hub.site.private / "proxy.pid").read_text())
    with httpx.Client(base_url=hub.address, trust_env=False, timeout=30) as client:
        client.get("/hub/login")
        os.kill(proxy, signal.SIGSTOP)
        go_on = threading.Timer(6, os.kill, (proxy, signal.SIGCONT))
        go_on.start()
        try:
            assert client.get("/hub/login").status_code == 200
        finally:
            go_on.join()


def test_a_students_pages_may_not_be_framed(ada: Browser) -> None:
    assert "frame-ancestors 'none'" in ada.client.get(f"{ada.base}/lab").headers["content-security-policy"]


# --- attacks -----------------------------------------------------------------------

#: Runs in ben's kernel. Prints a JSON object with the outcome of each attempt, by kind and name.
ATTEMPTS = """
import collections, json, os, glob, urllib.request, urllib.error
ada, instructor, site, course, proxy_port, ada_port, instructor_port = {values!r}
outcomes = collections.defaultdict(dict)

def attempt(kind, name, action):
    try:
        outcomes[kind][name] = repr(action())[:300]
    except urllib.error.HTTPError as error:
        outcomes[kind][name] = f"HTTP {{error.code}}"
    except Exception as error:
        outcomes[kind][name] = type(error).__name__

def read(path):
    return open(path, "rb").read(200)

def ask(url, token=os.environ["JUPYTERHUB_API_TOKEN"], method="GET"):
    headers = {{"Authorization": "token " + token}} if token else {{}}
    request = urllib.request.Request(url, headers=headers, method=method, data=b"{{}}" if method == "POST" else None)
    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *a, **k):
            return None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}), NoRedirect)
    return opener.open(request, timeout=20).read()

attempt("files", "list home", lambda: os.listdir(f"/home/{{ada}}"))
attempt("files", "read notebook", lambda: read(f"/home/{{ada}}/{{course}}/05_forward_mode/05_forward_mode.ipynb"))
attempt("files", "list instructor", lambda: os.listdir(f"/home/{{instructor}}"))
attempt("files", "read source", lambda: read(f"/home/{{instructor}}/{{course}}/source/05_forward_mode/05_forward_mode.ipynb"))
attempt("files", "read gradebook", lambda: read(f"/home/{{instructor}}/{{course}}/gradebook.db"))
attempt("files", "write gradebook", lambda: open(f"/home/{{instructor}}/{{course}}/gradebook.db", "r+b"))
attempt("files", "list hub", lambda: os.listdir(f"{{site}}/hub"))
for name in ("settings.json", "jupyterhub_config.py", "jupyterhub.sqlite", "cookie_secret", "passwords.csv", "passwords.dbm", "hub.log"):
    attempt("files", f"read hub/{{name}}", lambda: read(f"{{site}}/hub/{{name}}"))
attempt("files", "list inbound", lambda: os.listdir(f"{{site}}/exchange/{{course}}/inbound"))
attempt("files", "list feedback", lambda: os.listdir(f"{{site}}/exchange/{{course}}/feedback"))
attempt("files", "rename course", lambda: os.rename(f"{{site}}/exchange/{{course}}", f"{{site}}/exchange/mine"))
attempt("files", "replace release", lambda: os.rename(f"{{site}}/exchange/{{course}}/outbound/05_forward_mode", f"{{site}}/exchange/x"))
attempt("files", "rename inbound of another", lambda: os.rename({submission!r}, {submission!r} + "x"))
attempt("files", "write into another's submission", lambda: open({submission!r} + "/more.txt", "w"))
attempt("files", "write environment", lambda: open(os.path.join(os.path.dirname(json.__file__), "x.py"), "w"))
attempt("files", "write chapters.json", lambda: open(f"{{site}}/exchange/{{course}}/chapters.json", "a"))
attempt("files", "write configuration", lambda: open(f"{{site}}/etc/common/nbgrader_config.py", "a"))

me = os.getuid()
def others():
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            if os.stat(folder).st_uid != me:
                yield folder
        except OSError:
            pass
def environments():
    found = []
    for folder in others():
        for name in ("environ", "maps"):
            try:
                if open(f"{{folder}}/{{name}}", "rb").read():
                    found.append(folder + name)
            except OSError:
                pass
    return found
attempt("processes", "others' environments", environments)
attempt("processes", "secrets on command lines", lambda: [
    c for f in others() for c in [open(f"{{f}}/cmdline").read()] if "token" in c.lower() or "password=" in c.lower()])

for who, name, port in (("ada", ada, ada_port), ("instructor", instructor, instructor_port)):
    for path in ("api/contents", "api/kernels", "api/sessions", "assignments", "api/terminals", "lab", "formgrader/api/assignments"):
        attempt("servers", f"{{who}} {{path}} with my token", lambda: ask(f"http://127.0.0.1:{{port}}/user/{{name}}/{{path}}"))
        attempt("servers", f"{{who}} {{path}} without", lambda: ask(f"http://127.0.0.1:{{port}}/user/{{name}}/{{path}}", ""))
api = os.environ["JUPYTERHUB_API_URL"]
attempt("hub", "users", lambda: ask(f"{{api}}/users"))
attempt("hub", "ada", lambda: ask(f"{{api}}/users/{{ada}}"))
attempt("hub", "start ada", lambda: ask(f"{{api}}/users/{{ada}}/server", method="POST"))
attempt("hub", "stop ada", lambda: ask(f"{{api}}/users/{{ada}}/server", method="DELETE"))
attempt("hub", "token of ada", lambda: ask(f"{{api}}/users/{{ada}}/tokens", method="POST"))
attempt("hub", "my token of mine", lambda: ask(f"{{api}}/users/{{os.environ['JUPYTERHUB_USER']}}/tokens", method="POST"))
attempt("hub", "groups", lambda: ask(f"{{api}}/groups"))
attempt("hub", "shutdown", lambda: ask(f"{{api}}/shutdown", method="POST"))
attempt("proxy", "routes", lambda: ask(f"http://127.0.0.1:{{proxy_port}}/api/routes"))
attempt("proxy", "redirect ada", lambda: ask(f"http://127.0.0.1:{{proxy_port}}/api/routes/user/{{ada}}", method="POST"))
print(json.dumps(outcomes))
"""


Attempts = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def attempts(hub: Workshop, trip: dict[str, Any], noether: Browser, ada: Browser, ben: Browser) -> Attempts:
    settings = hub.settings
    routes = httpx.get(
        f"http://127.0.0.1:{settings.proxy_port}/api/routes",
        headers={"Authorization": f"token {settings.proxy_token}"},
        trust_env=False,
    ).json()
    ports = [int(routes[f"/user/{user}"]["target"].rpartition(":")[2]) for user in (ada.user, hub.instructor)]
    values = (ada.user, hub.instructor, str(hub.site.folder), COURSE_ID, settings.proxy_port, *ports)
    submission = next(str(path) for path in inbound(hub).iterdir() if path.name.startswith(ada.user))
    return dict(json.loads(ben.run(ATTEMPTS.format(values=values, submission=submission))))


def test_a_student_cannot(attempts: Attempts) -> None:
    assert len(attempts["files"]) == 23
    assert not {name: outcome for name, outcome in attempts["files"].items() if outcome != "PermissionError"}


def test_a_student_reads_nobodys_environment(attempts: Attempts) -> None:
    assert attempts["processes"] == {"others' environments": "[]", "secrets on command lines": "[]"}


#: Runs in ada's kernel: prints, and runs a second kernel on TCP, as Jupyter does by default.
AT_WORK = """
import pathlib, time
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3")
pathlib.Path("stop.txt").unlink(missing_ok=True)
deadline = time.monotonic() + 60
while time.monotonic() < deadline and not pathlib.Path("stop.txt").exists():
    client.execute("print('of a stock ' + 'kernel')")
    print("of ada's " + "kernel", flush=True)
    time.sleep(0.2)
manager.shutdown_kernel(now=True)
"""
#: Runs in ben's kernel: subscribes to all ports that ada's processes listen on.
LISTEN = """
import time, zmq
poller, heard, known = zmq.Poller(), [], {{}}
deadline = time.monotonic() + 30
while time.monotonic() < deadline and sum("of a stock kernel" in text for text in heard) < 5:
    for line in open("/proc/net/tcp").read().splitlines()[1:]:
        fields = line.split()
        port = int(fields[1].split(":")[1], 16)
        if fields[3] == "0A" and int(fields[7]) == {uid} and port not in known:
            known[port] = socket = zmq.Context.instance().socket(zmq.SUB)
            socket.subscribe("")
            socket.connect(f"tcp://127.0.0.1:{{port}}")
            poller.register(socket, zmq.POLLIN)
    for socket, _ in poller.poll(300):
        heard.append(" ".join(part.decode(errors="replace") for part in socket.recv_multipart()))
print(len(known), sum("of a stock kernel" in text for text in heard), sum("of ada's kernel" in text for text in heard))
"""


def test_nobody_can_listen_to_anothers_kernel(ada: Browser, ben: Browser, hub: Workshop) -> None:
    """A kernel on TCP publishes its output to every subscriber, as a second kernel shows here."""
    uid = pwd.getpwnam(ada.user).pw_uid
    at_work = threading.Thread(target=lambda: ada.run(AT_WORK))
    at_work.start()
    ports, stock, ours = map(int, ben.run(LISTEN.format(uid=uid)).split())
    ada.write_text("stop.txt", "")
    at_work.join()
    assert stock > 0, f"the stock kernel should have been heard on one of {ports} ports"
    assert ours == 0


def test_everyone_works_as_themselves_and_what_they_make_is_theirs(ada: Browser, ben: Browser) -> None:
    """SimpleLocalProcessSpawner gives everyone the same user id; the usual umask makes files readable for all."""
    code = "import os\nopen('mine.txt', 'w').close()\nprint(os.getuid(), oct(os.stat('mine.txt').st_mode & 0o777))"
    for student in (ada, ben):
        person = pwd.getpwnam(student.user)
        assert student.run(code).split() == [str(person.pw_uid), "0o600"]
        student.write_text("saved.txt", "x")
        saved = Path(person.pw_dir, "saved.txt").stat()
        assert (saved.st_uid, saved.st_mode & 0o777) == (person.pw_uid, 0o600)


def test_others_servers_answer_a_student_nothing(attempts: Attempts) -> None:
    servers = attempts["servers"]
    assert len(servers) == 2 * 7 * 2
    assert set(servers.values()) <= {"HTTP 302", "HTTP 403", "HTTP 404"}, servers
    missing = {name for name, outcome in servers.items() if outcome == "HTTP 404"}
    assert all(name.startswith("ada formgrader") for name in missing), "a student's server has no formgrader"


def test_a_servers_token_may_not(attempts: Attempts) -> None:
    """nbgrader's documentation recommends the scope `inherit`, which would let a student's code act as the user."""
    assert len(attempts["hub"]) == 8
    assert set(attempts["hub"].values()) <= {"HTTP 403", "HTTP 404"}, attempts["hub"]


def test_the_proxy_obeys_the_hub_alone(attempts: Attempts) -> None:
    assert attempts["proxy"] == {"routes": "HTTP 403", "redirect ada": "HTTP 403"}


@pytest.mark.parametrize("path", ["lab", "api/contents", "formgrader", "api/kernels", "triptych/course"])
def test_a_browser_does_not_get_into_anothers_server(ben: Browser, ada: Browser, hub: Workshop, path: str) -> None:
    for owner in (ada.user, hub.instructor):
        answer = ben.client.get(f"/user/{owner}/{path}")
        assert answer.status_code in (403, 404), (owner, answer.url)


def test_nobody_comes_in_under_anothers_name(hub: Workshop, ada: Browser, ben: Browser) -> None:
    passwords = accounts.read_passwords(hub.site)
    for user, password in (
        (ada.user, passwords[ben.user]),
        (ada.user, ""),
        ("root", "a-password-of-mine"),
        (hub.name("nobody"), "a-password-of-mine"),
    ):
        stranger = Browser(hub.address, user)
        assert stranger.try_to_log_in(password).status_code != 302, user
        stranger.close()
    assert len(set(passwords.values())) == 3


def test_a_lost_password_is_replaced(hub: Workshop, ben: Browser) -> None:
    before = accounts.read_passwords(hub.site)
    hub.triptych("password", ben.user)
    after = accounts.read_passwords(hub.site)
    assert {user for user in after if after[user] != before[user]} == {ben.user}
    with contextlib.closing(Browser(hub.address, ben.user)) as browser:
        assert browser.try_to_log_in(before[ben.user]).status_code == 403
        assert browser.try_to_log_in(after[ben.user]).status_code == 302
    assert ben.get("api/status"), "a running server is not interrupted"
    refused = hub.triptych("password", "root", check=False)
    assert refused.returncode == 1 and "not on this hub's roster" in refused.stderr


# --- submitting -----------------------------------------------------------------------------------


def test_under_anothers_name_nothing_is_collected(
    hub: Workshop, trip: dict[str, Any], noether: Browser, ada: Browser, ben: Browser
) -> None:
    """nbgrader #1097: its own collector trusts the folder's name and takes the newest."""
    before = course_folder(hub).joinpath("submitted", ada.user, FORWARD, f"{FORWARD}.ipynb").read_bytes()
    ben.run(
        f"import os, shutil\n"
        f"folder = {str(inbound(hub))!r} + '/{ada.user}+{FORWARD}+2099-01-01 00:00:00.000000 UTC+x'\n"
        f"shutil.copytree('{COURSE_ID}/{FORWARD}', folder)\nos.system(f\"chmod -R a+rX '{{folder}}'\")\n"
    )
    log = noether.formgrader("POST", f"assignment/{FORWARD}/collect")["log"]
    assert f"it is named after {ada.user} and belongs to {ben.user}" in log
    assert course_folder(hub).joinpath("submitted", ada.user, FORWARD, f"{FORWARD}.ipynb").read_bytes() == before
    # nbgrader's own collector would take ben's
    stock = noether.run(
        "from nbgrader.apps import NbGrader\nfrom nbgrader.exchange.default import ExchangeCollect\n"
        "from nbgrader.coursedir import CourseDirectory\n"
        f"import os; os.chdir('{COURSE_ID}')\n"
        "app = NbGrader(); app.load_config_file()\n"
        f"app.config.CourseDirectory.root = os.getcwd(); app.config.CourseDirectory.assignment_id = {FORWARD!r}\n"
        "collect = ExchangeCollect(coursedir=CourseDirectory(config=app.config), config=app.config)\n"
        f"collect.init_src(); print([r['filename'] for r in collect.src_records if r['username'] == {ada.user!r}])"
    )
    assert "2099-01-01" in stock


def test_work_changed_after_handing_in_counts_from_then(
    hub: Workshop, trip: dict[str, Any], noether: Browser, ben: Browser
) -> None:
    """A student can write the folder's name, timestamp.txt and the files' times, but not the arrival."""
    timestamp = course_folder(hub) / "submitted" / ben.user / FORWARD / "timestamp.txt"
    first = timestamp.read_text()
    folder = next(str(path) for path in inbound(hub).iterdir() if path.name.startswith(f"{ben.user}+"))
    ben.run(
        f"import os\nfolder = {folder!r}\npath = folder + '/{FORWARD}.ipynb'\n"
        "os.chmod(path, 0o644)\ntext = open(path).read()\nopen(path, 'w').write(text + ' ')\n"
        "open(folder + '/timestamp.txt', 'w').write('2020-01-01 00:00:00.000000 UTC')\n"
        "for name in (path, folder): os.utime(name, (1577836800, 1577836800))\n"
    )
    # `nbgrader collect`, in a kernel that has imported nbgrader
    log = noether.run(
        f"import os; os.chdir(os.path.expanduser('~/{COURSE_ID}'))\n"
        "from nbgrader.apps import CollectApp\napp = CollectApp()\n"
        f"app.initialize(['{FORWARD}', '--update']); app.start()"
    )
    assert f"Collected: {ben.user}" in log, log
    assert timestamp.read_text() > first and not timestamp.read_text().startswith("2020")


def test_late_work_is_shown_as_late(hub: Workshop, trip: dict[str, Any], noether: Browser) -> None:
    """Ada submitted, then a deadline was set and passed, then ben submitted."""
    ada, ben = hub.students[:2]
    assert f"{FORWARD}: already released, unchanged" in trip["deadline"], "a deadline changes no files"
    lines = {line.split("Collected: ")[1].split()[0]: line for line in trip["collected"].splitlines() if "Coll" in line}
    assert "late by" in lines[ben] and "late" not in lines[ada], lines
    late = {row["student"]: row["late"] for row in Record(Course(course_folder(hub))).read()}
    assert late == {ada: False, ben: True}
    shown = {entry["student"]: entry for entry in trip["submitted"]}
    assert shown[ben]["display_timestamp"]
    log = noether.run(f"!cd ~/{COURSE_ID} && triptych hub collect {FORWARD} 2>&1")
    assert f"{FORWARD}: No newer submission to collect: {ben}" in log, log


# --- a real browser ----------------------------------------------------------------------------------


@needs_chromium
def test_pages_in_a_real_browser(hub: Workshop, trip: dict[str, Any], ada: Browser, tmp_path: Path) -> None:
    """Login, the course page, a chapter, Validate, Submit, feedback, Assignment List, the formgrader.

    TRIPTYCH_PICTURES names a folder for the pictures.
    """
    from playwright.sync_api import expect, sync_playwright

    pictures = Path(os.environ.get("TRIPTYCH_PICTURES", tmp_path))
    passwords = accounts.read_passwords(hub.site)
    fill(ada, mul_jvp=WRONG, sum_jvp="def sum_jvp(x1, dx1, x2, dx2):\n    return x1 / 0")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        try:
            requested: list[str] = []
            for user in (ada.user, hub.instructor):
                # the formgrader needs a wide window
                size = {"width": 1280 if user == ada.user else 1440, "height": 800}
                page = chromium.new_context(viewport=size).new_page()
                page.set_default_timeout(90_000)
                page.on("request", lambda one: requested.append(one.url))
                log_in(page, hub, user, passwords[user], pictures / "1-login.png" if user == ada.user else None)
                expect(page.locator(".tt-course h1")).to_have_text("Automatic differentiation from first principles")
                assert serious(page, ".tt-course") == []
                assert page.locator(".jp-Launcher").count() == 0
                assert not [url for url in requested if not url.startswith((hub.address, "data:", "blob:"))]
                if user == ada.user:
                    from_the_course_page(page, pictures)
                    page.context.clear_cookies()
                    log_in(page, hub, user, passwords[user])
                    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
                    expect(page.locator(".tt-course h1")).to_be_hidden()
                menu(page, "Nbgrader")
                if user == ada.user:
                    expect(page.locator(".lm-Menu-item", has_text="Formgrader")).to_have_count(0)
                    as_a_student(page, pictures, trip["entry"]["local_feedback_path"])
                else:
                    page.keyboard.press("Escape")
                    page.screenshot(path=pictures / "8-instructor.png")
                    page.get_by_role("button", name="Formgrader").click()
                    frame = page.frame_locator("iframe").first
                    expect(frame.get_by_text(FORWARD).first).to_be_visible(timeout=90_000)
                    expect(page.locator(".jp-DirListing-item", has_text=COURSE_ID)).to_be_visible()
                    page.screenshot(path=pictures / "5-formgrader.png")
                    page.get_by_role("tab", name="Course", exact=True).click()
                    page.get_by_role("button", name="Terminal").click()
                    page.locator(".jp-Terminal textarea").wait_for(state="attached")
                    # a login shell, Jupyter's default, would not find the command
                    page.keyboard.type("triptych --help > help.txt && mv help.txt done.txt\n")
                    assert happens((course_folder(hub) / "done.txt").is_file), "the terminal has no triptych"
                page.context.close()
        finally:
            chromium.close()


def log_in(page: Any, hub: Workshop, user: str, password: str, picture: Path | None = None) -> None:
    from playwright.sync_api import expect

    page.goto(f"{hub.address}/hub/login")
    expect(page.locator("#login-main").get_by_text("Automatic differentiation from first principles")).to_be_visible()
    page.fill("#username_input", user)
    page.fill("#password_input", password)
    if picture:
        expect(page.get_by_text("first password")).to_be_visible()
        page.screenshot(path=picture)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_selector(f'html[data-bs-theme="{scheme}"]')  # set by a script of the page
            assert serious(page) == []
        page.emulate_media(color_scheme="light")
    page.click("#login_submit")
    page.wait_for_url("**/lab**", timeout=90_000)


def serious(page: Any, part: str | None = None) -> list[str]:
    """What axe-core finds on a page or in a part of it, one line each."""
    end_animations(page)
    return [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for violation in Axe().run(page, context=part).response["violations"]
        for node in violation["nodes"]
    ]


def from_the_course_page(page: Any, pictures: Path) -> None:
    """With the keyboard: open the chapter, return by the Help menu, submit. Ends with the chapter in front."""
    from playwright.sync_api import expect

    page.screenshot(path=pictures / "7-course.png")
    page.locator(f"#open-{FORWARD}").press("Enter")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
    expect(page.get_by_text("(ipykernel) | Idle")).to_be_visible(timeout=90_000)
    menu(page, "Help")
    page.locator(".lm-Menu-item", has_text="Course page").click()
    page.locator(f"#submit-{FORWARD}").press("Enter")
    expect(page.get_by_role("status").filter(has_text="Submitted: Forward mode")).to_be_visible()
    expect(page.locator(f"#submit-{FORWARD}")).to_be_focused()
    with page.expect_response(lambda reply: "lab/api/workspaces" in reply.url and reply.request.method == "PUT"):
        page.locator(f"#open-{FORWARD}").press("Enter")


def menu(page: Any, name: str) -> None:
    page.locator(".lm-MenuBar-item", has_text=name).click()
    page.wait_for_selector(".lm-Menu-item")


def as_a_student(page: Any, pictures: Path, feedback: str) -> None:
    from playwright.sync_api import expect

    page.locator(".lm-Menu-item", has_text="Assignment List").click()
    expect(page.get_by_text("view feedback")).to_be_visible(timeout=90_000)
    page.screenshot(path=pictures / "2-assignment-list.png")
    base = page.url.split("/lab")[0]
    page.goto(f"{base}/lab/tree/{NOTEBOOK}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    expect(page.get_by_text("(ipykernel) | Idle")).to_be_visible(timeout=90_000)
    expect(page.locator("mjx-container").first).to_be_visible()
    page.screenshot(path=pictures / "3-notebook.png")
    page.get_by_role("button", name="Validate").first.click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog.get_by_text("The product rule holds").first).to_be_visible(timeout=90_000)
    expect(dialog).to_contain_text("write down the product rule")
    expect(dialog).not_to_contain_text("Traceback")
    page.screenshot(path=pictures / "4-validate.png")
    page.goto(f"{base}/lab/tree/{feedback}/{FORWARD}.html")
    expect(page.frame_locator("iframe").first.get_by_text("mul_jvp").first).to_be_visible(timeout=90_000)
    page.screenshot(path=pictures / "6-feedback.png")


# --- limits ---------------------------------------------------------------------------------------

GREEDY = """
import subprocess, sys
code = "blocks = [bytearray(b'x') * (16 << 20) for _ in range(400)]"
print(subprocess.run([sys.executable, "-c", code]).returncode)
"""
CROWD = """
import contextlib, subprocess
processes = []
with contextlib.suppress(OSError):
    for _ in range(3000):
        processes.append(subprocess.Popen(["sleep", "60"]))
print(len(processes))
for process in processes:
    process.kill()
for process in processes:
    process.wait()
"""


def test_memory_and_processes_have_an_end(ben: Browser, hub: Workshop) -> None:
    if Groups(hub.settings.group_name).group(ben.user).memory_bytes is None:
        pytest.skip("no control groups on this machine: limits hold per process only")
    assert ben.run(GREEDY).strip() == "-9", "6 GB could be allocated"
    assert 10 < int(ben.run(CROWD)) < hub.settings.processes


# --- the administrator's commands -------------------------------------------------------------------


def test_status_shows_servers_and_progress(hub: Workshop, trip: dict[str, Any]) -> None:
    target = hub.course.root / "status.json"
    assert hub.students[0] in hub.triptych("status", "--json", str(target)).stdout
    members = {member["user"]: member for member in json.loads(target.read_text())["members"]}
    assert set(members) == {hub.instructor, *hub.students}
    ada = members[hub.students[0]]
    assert ada["server"] and ada["chapters"][FORWARD]["fetched"] and ada["chapters"][FORWARD]["submitted"]


def test_up_again_adds_users_and_keeps_everything(hub: Workshop, trip: dict[str, Any], ada: Browser) -> None:
    passwords = accounts.read_passwords(hub.site)
    kernel = ada.post("api/kernels", {"name": "python3"})["id"]
    hub.students.append(hub.name("cleo"))
    output = hub.up(FORWARD)
    assert "added 1 new users to the running hub" in output and "already released, unchanged" in output
    assert ada.get(f"api/kernels/{kernel}")["id"] == kernel, "a running kernel is not interrupted"
    assert passwords.items() <= accounts.read_passwords(hub.site).items()
    with contextlib.closing(sqlite3.connect(course_folder(hub) / "gradebook.db")) as gradebook:
        assert gradebook.execute("select count(*) from submitted_assignment").fetchone()[0] >= 2
    cleo, again = together(lambda: hub.enter(hub.students[-1]), lambda: hub.up(FORWARD))
    assert cleo.button("fetch", COURSE_ID, FORWARD)[-1]["status"] == "fetched"
    assert "the hub is already running" in again


def test_homes_are_closed_whoever_made_them(hub: Workshop) -> None:
    for user in (hub.instructor, *hub.students):
        assert hub.home(user).stat().st_mode & 0o777 == 0o700
    # Debian's useradd leaves homes open; `hub up` closes those of users on the roster
    user = hub.name("open")
    subprocess.run(["useradd", "--create-home", "-K", "HOME_MODE=0755", user], check=True)
    try:
        assert hub.home(user).stat().st_mode & 0o077
        assert not accounts.create_account(Person(user))
        assert hub.home(user).stat().st_mode & 0o777 == 0o700
    finally:
        subprocess.run(["userdel", "--remove", user], check=True, capture_output=True)


def test_down_keeps_everything_and_up_brings_it_back_with_tls(
    hub: Workshop, trip: dict[str, Any], ben: Browser, tmp_path: Path
) -> None:
    ben.run("import subprocess\nsubprocess.Popen(['setsid', 'sleep', '3600'])")  # must be gone in the last test
    keys = Certipy(store_dir=str(tmp_path))
    keys.create_ca("authority")
    files = keys.create_signed_pair("hub", "authority", alt_names=["IP:127.0.0.1"])["files"]
    assert "stopped the hub" in hub.triptych("down").stdout
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{hub.address}/hub/login", trust_env=False)
    passwords = accounts.read_passwords(hub.site)
    # with the last roster and chapters
    tls = ("--cert", files["cert"], "--key", files["key"])
    output = hub.triptych("up", "--course", str(hub.course.root), *tls).stdout
    assert f"https://127.0.0.1:{hub.port}" in output and "created" not in output, "the accounts still exist"
    assert f"{FORWARD}: already released, unchanged" in output
    assert accounts.read_passwords(hub.site) == passwords
    trust = ssl.create_default_context(cafile=files["ca"])
    with contextlib.closing(Browser(f"https://127.0.0.1:{hub.port}", ben.user, trust)) as browser:
        response = browser.try_to_log_in(passwords[ben.user])
        assert response.status_code == 302 and "Secure" in response.headers["set-cookie"]
    assert (hub.home(ben.user) / NOTEBOOK).is_file() and (course_folder(hub) / "gradebook.db").is_file()
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{hub.address}/hub/login", trust_env=False)


def test_nothing_is_left_afterwards(hub: Workshop, trip: dict[str, Any], ben: Browser) -> None:
    """The last test: accounts, all processes, folders, control groups and ports are gone."""
    settings = hub.settings
    entry = pwd.getpwnam(ben.user)
    outside = subprocess.Popen(["sleep", "3600"], user=entry.pw_uid, group=entry.pw_gid, cwd="/")  # in no control group
    users = {user: pwd.getpwnam(user).pw_uid for user in settings.everyone}
    assert processes_of(users.values())
    hub.close()
    for user in users:
        assert accounts.account(user) is None
        assert not hub.home(user).exists()
    assert outside.wait(timeout=10) == -signal.SIGKILL
    assert not processes_of(users.values())
    assert not hub.site.folder.exists() and not Path(settings.runtime_folder).exists()
    assert not [f for f in Groups(settings.group_name).group("x").folders if f.parent.exists()]
    for port in (settings.port, settings.hub_port, settings.proxy_port):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)


def processes_of(uids: Iterable[int]) -> list[str]:
    users, commands = set(uids), []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid in users:
                commands.append((folder / "cmdline").read_text())
    return commands
