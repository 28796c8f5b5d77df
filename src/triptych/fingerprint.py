"""Fingerprints: hashes that change with files, texts and library versions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from triptych.files import regular_files


def fingerprint(*paths: Path, texts: Iterable[str] = (), libraries: Iterable[str] = ()) -> str:
    """A hash of the names and contents of files, of texts, and of library versions.

    Args:
        paths: files and folders; of folders all regular files count, hidden ones aside. Missing ones count as such.
        texts: anything else that the fingerprint depends on, in this order.
        libraries: names of installed distributions whose versions count.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for text in (*texts, *(f"{library} {version_of(library)}" for library in libraries)):
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    for path in paths:
        for file in regular_files(path) if path.is_dir() else [path]:
            content = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "missing"
            digest.update(f"{file.relative_to(path.parent)}\0{content}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def version_of(library: str) -> str:
    """The version of an installed distribution, `none` where it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


__all__ = ["fingerprint", "version_of"]
