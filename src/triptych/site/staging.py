"""The folder that Sphinx reads: its files are only written when they change, so that Sphinx only reads those again."""

from __future__ import annotations

from pathlib import Path

from triptych.files import write_whole


class Staging:
    """A folder with exactly the files that are written to it between its creation and `finish`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: set[Path] = set()

    def write(self, name: str, content: str | bytes) -> None:
        """Writes a file, named relative to the folder, if its content is new."""
        path = self.folder / name
        data = content.encode() if isinstance(content, str) else content
        self._written.add(path)
        if not path.is_file() or path.read_bytes() != data:
            write_whole(path, data)

    def copy(self, source: Path, name: str) -> None:
        """Copies a file, if it has changed."""
        self.write(name, source.read_bytes())

    def finish(self) -> None:
        """Removes the files that have not been written."""
        for file in self.folder.rglob("*"):
            if file.is_file() and file not in self._written:
                file.unlink()
