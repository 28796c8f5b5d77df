"""What was made from what: so that what has not changed is not made again.

A product is fresh when neither what it was made from nor what it is has changed since. Both are kept
as digests in `.triptych/build.json`, so a file changed by hand is made anew, and times of day do not
matter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import triptych
from triptych.model.course import Course

#: Whose version may change what is made.
LIBRARIES = ("jinja2", "mistune", "nbconvert", "nbformat", "nbgrader", "playwright", "pygments")


class Stamps:
    """The record of a course's products."""

    def __init__(self, course: Course) -> None:
        self._root = course.root
        self._file = course.root / ".triptych" / "build.json"
        self._kept: dict[str, list[str]] = {}
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._kept = {str(name): [str(made_from), str(is_)] for name, (made_from, is_) in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            pass  # nothing recorded, or nothing readable: everything is made

    def fresh(self, product: Path, made_from: str) -> bool:
        return product.exists() and self._kept.get(self._name(product)) == [made_from, digest(product)]

    def record(self, product: Path, made_from: str) -> None:
        """Notes a product that has just been made; written at once, so a build that stops loses nothing."""
        self._kept[self._name(product)] = [made_from, digest(product)]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".part")
        partial.write_text(json.dumps(self._kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        partial.replace(self._file)

    def _name(self, product: Path) -> str:
        return product.relative_to(self._root).as_posix()


def digest(*paths: Path, extra: Iterable[str] = ()) -> str:
    """Changes with the name or content of any file in `paths` (hidden ones aside) and with `extra`."""
    sum_ = hashlib.sha256()
    for text in extra:
        sum_.update(text.encode() + b"\0")
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            inside = file.relative_to(path).parts
            if file.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in inside):
                sum_.update(str(file.relative_to(path.parent)).encode() + b"\0")
                sum_.update(hashlib.sha256(file.read_bytes()).digest())
    return sum_.hexdigest()[:32]


def common(course: Course) -> str:
    """What everything depends on: the machinery, the course's plan and configuration, the look."""
    look = [course.slides / part for part in ("template", "theme", "vendor")]
    versions = [f"{library} {version_of(library)}" for library in LIBRARIES]
    package = Path(triptych.__file__).parent
    return digest(package, course.root / "nbgrader_config.py", course.source / "course.toml", *look, extra=versions)


def made_from(course: Course, chapter: str, shared: str) -> str:
    """What student version, answer key and deck of a chapter are made from; `shared` is `common(course)`."""
    return digest(course.source / chapter, extra=[shared])


def version_of(library: str) -> str:
    """The version of an installed library, `none` where it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"
