"""The chapters' numbers, the bank and the release do not depend on which processor computes them.

OpenBLAS, XLA and NumPy choose their code by processor, and round differently. One run with the oldest code of
each belongs to the slow tier; TRIPTYCH_ARITHMETIC=all tries each choice on its own.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from courses import PROJECT
from lectures import run_lecture
from seeds import SEED

CHOICES = {
    f"{variable} {value}": {variable: value}
    for variable, value in [
        *(("OPENBLAS_CORETYPE", core) for core in ("Sandybridge", "Haswell", "Zen", "SkylakeX")),
        *(("XLA_FLAGS", f"--xla_cpu_max_isa={isa}") for isa in ("SSE4_2", "AVX2")),
        ("NPY_DISABLE_CPU_FEATURES", " ".join(np.show_config(mode="dicts")["SIMD Extensions"]["found"])),
    ]
}
OLDEST = {
    name: value
    for choice in ("OPENBLAS_CORETYPE Sandybridge", "XLA_FLAGS --xla_cpu_max_isa=SSE4_2", list(CHOICES)[-1])
    for name, value in CHOICES[choice].items()
}
RUNS = {"oldest": OLDEST} | (CHOICES if os.environ.get("TRIPTYCH_ARITHMETIC") == "all" else {})
#: Lines whose numbers are rounding errors, by chapter and cell.
ROUNDING: dict[str, set[str]] = {}
SHOW = "import json, sys; from lectures import run_lecture; print(json.dumps(run_lecture(sys.argv[1]).printed))"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the choices are those of x86-64 processors"),
]


def missing(settings: dict[str, str]) -> str:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    wanted = {"SkylakeX": "avx512f", "Haswell": "avx2", "Zen": "avx2", "Sandybridge": "avx"}
    flag = wanted.get(settings.get("OPENBLAS_CORETYPE", ""), "")
    return "" if not flag or f" {flag}" in flags else f"this processor has no {flag}"


@pytest.fixture(params=RUNS)
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a process that computes as another processor would."""
    settings = RUNS[request.param]
    if why := missing(settings):
        pytest.skip(why)
    # what one kind of code has compiled is not the other's
    return {**os.environ, **settings, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "jax"), "TRIPTYCH_SEED": "2"}


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    ran = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
    return ran.stdout


def test_chapters_and_bank_pass(elsewhere: dict[str, str]) -> None:
    paths = ["tests/chapters", "tests/test_bank.py"]
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths], elsewhere, PROJECT.root)


def test_the_release_is_the_same(elsewhere: dict[str, str]) -> None:
    run([str(Path(sys.executable).parent / "triptych"), "build", "--check"], elsewhere, PROJECT.root)


def test_slides_and_answer_keys_print_the_same(elsewhere: dict[str, str]) -> None:
    differ = {}
    for chapter in PROJECT.chapters:
        # the same draws, by another processor
        settings = elsewhere | {"TRIPTYCH_SEED": str(SEED)}
        shown = json.loads(run([sys.executable, "-c", SHOW, chapter], settings, PROJECT.root / "tests"))
        here = run_lecture(chapter).printed
        for cell in sorted(here.keys() - ROUNDING.get(chapter, set())):
            if shown[cell] != here[cell]:
                differ[chapter, cell] = (here[cell], shown[cell])
    assert differ == {}
