"""`triptych doctor` names problems with their fixes, and its proof fails where a sandbox leaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from needs import needs_sandbox

from triptych.grade import doctor
from triptych.grade.doctor import Finding, Status, attempt_escapes, examine
from triptych.grade.sandbox import cgroup, sandbox
from triptych.model.course import Course

PROJECT = Course(Path(__file__).resolve().parents[1])


def examined(course: Course | None = PROJECT) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(course)}


@needs_sandbox
def test_all_escapes_are_blocked_on_this_machine() -> None:
    proofs = [finding for name, finding in examined().items() if name.startswith("proof: ")]
    assert [(finding.status, finding.detail) for finding in proofs] == [(Status.OK, "blocked")] * 5


def test_problems_have_fixes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sandbox, "find_problem", lambda: "bubblewrap is not installed: sudo apt install bubblewrap.")
    monkeypatch.setattr(cgroup, "open_group", lambda memory_bytes, processes, member: None)
    monkeypatch.setattr(doctor, "find_chromium", lambda: None)
    findings = examined()
    assert {findings[name].status for name in ("bubblewrap", "proof")} == {Status.FAIL}
    assert {findings[name].status for name in ("Chromium", "Node", "control groups")} == {Status.WARN}
    assert all(finding.fix for finding in findings.values() if finding.status is not Status.OK)


def test_missing_and_old_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version_of", lambda name: {"jax": "0.1", "rich": "none"}.get(name, "999"))
    packages = examined()["packages"]
    assert packages.status is Status.FAIL
    assert "jax is 0.1, required is" in packages.detail and "rich is missing" in packages.detail


def test_a_successful_escape_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "find_problem", lambda: None)
    monkeypatch.setattr(doctor, "attempt_escapes", lambda root: {"connects": "connected", "reads": "blocked"})
    findings = examined()
    assert findings["proof: connects"].status is Status.FAIL and "connected" in findings["proof: connects"].detail
    assert findings["proof: reads"].status is Status.OK


def test_without_a_course_a_folder_of_its_own_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    roots: list[Path] = []
    monkeypatch.setattr(sandbox, "find_problem", lambda: None)
    monkeypatch.setattr(
        doctor, "attempt_escapes", lambda root: {"reads": "blocked"} if roots.append(root) is None else {}
    )
    monkeypatch.chdir("/tmp")  # exists in every sandbox
    examined(None)
    assert roots[0] != Path.cwd() and not roots[0].exists()


def test_escapes_succeed_without_a_sandbox(tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("scores")

    def run_unsandboxed(code: str, **options: object) -> sandbox.CompletedRun:
        # no forks, and a folder of its own to write to: this runs on the bare machine
        code = code.replace(f"PREFIX = {sys.prefix!r}", f"PREFIX = {str(tmp_path)!r}")
        code = code.replace(f"LIMIT = {doctor.Limits().processes}", "LIMIT = -48").replace("time.sleep(20)", "pass")
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True
        )
        return sandbox.CompletedRun(result.returncode, result.stdout, result.stderr)

    outcomes = attempt_escapes(tmp_path, run=run_unsandboxed)
    assert len(outcomes) == 5 and "blocked" not in outcomes.values()
    assert "gradebook.db" in outcomes["reads the course folder"]
