"""The doctor says what is there, what is not and the fix; its proof fails where a sandbox leaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from needs import needs_sandbox

from triptych.grade import doctor
from triptych.grade.doctor import Finding, Status, examine, hostile_attempts
from triptych.grade.sandbox import cgroup, sandbox
from triptych.model.course import Course

PROJECT = Course(Path(__file__).resolve().parents[1])


def named(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


@needs_sandbox
def test_on_this_machine_all_attempts_fail() -> None:
    proofs = [finding for finding in examine(PROJECT) if finding.name.startswith("proof")]
    assert len(proofs) == 5
    assert {finding.status for finding in proofs} == {Status.OK}, proofs


def test_a_finding_that_is_not_well_has_a_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sandbox, "available", lambda: "There is no bubblewrap: sudo apt install bubblewrap.")
    monkeypatch.setattr(cgroup, "open_group", lambda memory, processes, member: None)
    monkeypatch.setattr(doctor, "find_chromium", lambda: None)
    findings = examine(PROJECT)
    assert {named(findings)[name].status for name in ("bubblewrap", "proof")} == {Status.FAIL}
    assert {named(findings)[name].status for name in ("Chromium", "Node", "control groups")} == {Status.WARN}
    assert all(finding.fix for finding in findings if finding.status is not Status.OK)


def test_packages_that_are_missing_or_old_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: {"jax": "0.1"}.get(name, "999") if name != "rich" else None)
    found = named(examine(PROJECT))["packages"]
    assert found.status is Status.FAIL
    assert "jax is 0.1, wanted" in found.found and "rich is missing" in found.found


def test_what_succeeds_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "available", lambda: None)
    monkeypatch.setattr(doctor, "hostile_attempts", lambda root: {"opens a connection": "connected", "reads": "held"})
    found = named(list(doctor._proof(PROJECT)))
    assert found["proof: opens a connection"].status is Status.FAIL
    assert found["proof: reads"].status is Status.OK


def test_attempts_succeed_where_nothing_holds_them(tmp_path: Path) -> None:
    """The same program without a sandbox: so it is the sandbox that holds it."""
    (tmp_path / "gradebook.db").write_text("marks")

    def unsandboxed(code: str, **sandbox: object) -> sandbox.CompletedRun:
        # no forks, and a folder of its own to write to: this runs on the bare machine
        code = code.replace(f"PREFIX = {sys.prefix!r}", f"PREFIX = {str(tmp_path)!r}")
        code = code.replace(f"LIMIT = {doctor.Limits().processes}", "LIMIT = -48").replace("time.sleep(20)", "pass")
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
        return sandbox.CompletedRun(ran.returncode, ran.stdout, ran.stderr)

    said = hostile_attempts(tmp_path, run=unsandboxed)
    assert len(said) == 5
    assert "held" not in said.values()
    assert "gradebook.db" in said["reads the course folder"]
