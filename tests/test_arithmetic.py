"""The chapters' numbers, the bank and the release do not depend on the processor.

OpenBLAS, XLA and NumPy select code for the processor, which rounds differently. The slow tests include one run with the
oldest code of each; TRIPTYCH_ARITHMETIC=all tries each choice separately.
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
#: Cells that print rounding errors, by chapter.
ROUNDING: dict[str, set[str]] = {}
SHOW = "import json, sys; from lectures import run_lecture; print(json.dumps(run_lecture(sys.argv[1]).printed))"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the choices are for x86-64 processors"),
]


def missing_feature(settings: dict[str, str]) -> str:
    """Returns the feature that this processor lacks for the settings, or an empty string."""
    features = {"SkylakeX": "avx512f", "Haswell": "avx2", "Zen": "avx2", "Sandybridge": "avx"}
    feature = features.get(settings.get("OPENBLAS_CORETYPE", ""), "")
    return "" if f" {feature}" in Path("/proc/cpuinfo").read_text(encoding="utf-8") else feature


@pytest.fixture(params=RUNS)
def other_processor(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a process that computes like another processor."""
    settings = RUNS[request.param]
    if feature := missing_feature(settings):
        pytest.skip(f"this processor has no {feature}")
    # programs compiled for one processor must not be used for another
    return {**os.environ, **settings, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "jax"), "TRIPTYCH_SEED": "2"}


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    result = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    return result.stdout


def test_chapters_and_bank_pass(other_processor: dict[str, str]) -> None:
    paths = ["tests/chapters", "tests/test_bank.py"]
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths], other_processor, PROJECT.root)


def test_release_is_the_same(other_processor: dict[str, str]) -> None:
    run([str(Path(sys.executable).parent / "triptych"), "build", "--check"], other_processor, PROJECT.root)


def test_slides_and_answer_keys_print_the_same(other_processor: dict[str, str]) -> None:
    differences = {}
    settings = other_processor | {"TRIPTYCH_SEED": str(SEED)}  # the same random inputs as in this process
    for chapter in PROJECT.chapters:
        theirs = json.loads(run([sys.executable, "-c", SHOW, chapter], settings, PROJECT.root / "tests"))
        ours = run_lecture(chapter).printed
        for cell in sorted(ours.keys() - ROUNDING.get(chapter, set())):
            if theirs[cell] != ours[cell]:
                differences[chapter, cell] = (ours[cell], theirs[cell])
    assert differences == {}
