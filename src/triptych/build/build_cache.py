"""The build cache: remembers what each product was made from, so that unchanged ones are not made again."""

from __future__ import annotations

import json
from pathlib import Path

import triptych
from triptych.files import write_whole
from triptych.fingerprint import fingerprint
from triptych.model.course import Course

#: Libraries whose versions may change a product.
LIBRARIES = ("jinja2", "mistune", "nbconvert", "nbformat", "nbgrader", "playwright", "pygments")


class BuildCache:
    """The fingerprints of a course's products and of their inputs, kept in `.triptych/build.json`.

    Fingerprints depend on contents alone. Touching a file changes nothing; editing a product by hand makes it stale.
    """

    def __init__(self, course: Course) -> None:
        self._root = course.root
        self._file = course.root / ".triptych" / "build.json"
        self._entries: dict[str, list[str]] = {}
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))
            self._entries = {str(name): [str(inputs), str(product)] for name, (inputs, product) in entries.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            pass  # a missing or unreadable cache makes every product stale

    def is_fresh(self, product: Path, inputs: str) -> bool:
        """Whether neither the product nor its inputs have changed since it was made.

        Args:
            product: a file or folder below the course folder.
            inputs: the fingerprint of everything that the product is made from.
        """
        return product.exists() and self._entries.get(self._name(product)) == [inputs, fingerprint(product)]

    def record(self, product: Path, inputs: str) -> None:
        """Records a product that has just been made. Written at once, so an interrupted build loses nothing.

        Args:
            product: a file or folder below the course folder.
            inputs: the fingerprint of everything that the product was made from.
        """
        self._entries[self._name(product)] = [inputs, fingerprint(product)]
        write_whole(self._file, json.dumps(self._entries, indent=1, sort_keys=True) + "\n")

    def _name(self, product: Path) -> str:
        return product.relative_to(self._root).as_posix()


def shared_fingerprint(course: Course) -> str:
    """The fingerprint of what every product depends on: this package, the course's plan, configuration and theme."""
    theme = [course.slides / folder for folder in ("template", "theme", "interactive", "vendor")]
    package = Path(triptych.__file__).parent
    configuration = [course.root / "nbgrader_config.py", course.source / "course.toml"]
    return fingerprint(package, *configuration, *theme, libraries=LIBRARIES)


def chapter_fingerprint(course: Course, chapter: str, shared: str) -> str:
    """The fingerprint of what a chapter's student version, answer key and deck are made from.

    Args:
        course: the course.
        chapter: the chapter's name.
        shared: `shared_fingerprint(course)`, computed once for all chapters.
    """
    return fingerprint(course.source / chapter, texts=[shared])
