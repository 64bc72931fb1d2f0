"""The archive in a folder of this machine, for a laptop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.archive.keys import check_key
from shared.errors import ArchiveError

UNFINISHED = ".unfinished-"  # begins the name of a file that is being written


class FolderArchive:
    """An object is a file below the folder; its content type is in its name only."""

    def __init__(self, folder: str) -> None:
        self._root = Path(folder)
        self.place = f"file://{folder}"

    def put(self, key: str, content: bytes, content_type: str) -> None:  # noqa: ARG002
        """Write the file beside its place, then move it there."""
        path = self._locate(key)
        unfinished = path.with_name(f"{UNFINISHED}{os.urandom(8).hex()}")
        with self._converting_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)

    def get(self, key: str) -> bytes | None:
        """The file's content; None when there is no such file."""
        path = self._locate(key)
        with self._converting_errors():
            return path.read_bytes() if path.is_file() else None

    def delete(self, key: str) -> None:
        """Delete the file if there is one, and the folders that are empty now."""
        path = self._locate(key)
        with self._converting_errors():
            if path.is_file():
                path.unlink(missing_ok=True)
        with suppress(OSError):  # a folder has other files, or is gone
            for folder in path.parents[: key.count("/")]:
                folder.rmdir()

    def list(self, folder: str) -> list[str]:
        """Every key that begins with `folder` and a slash, in the order of their characters."""
        start = self._locate(folder)
        with self._converting_errors():
            return sorted(
                path.relative_to(self._root).as_posix()
                for path in start.rglob("*")
                if path.is_file() and not path.name.startswith(UNFINISHED)
            )

    def _locate(self, key: str) -> Path:
        return self._root.joinpath(*check_key(key))

    @contextmanager
    def _converting_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArchiveError(f"{self.place}: {error.strerror}") from None
