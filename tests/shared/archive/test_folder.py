"""An archive in a folder: whole files or none, and no folder that is empty."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shared.archive.folder import UNFINISHED, FolderArchive
from shared.errors import ArchiveError

TEXT = "text/plain"


def list_all(folder: Path) -> list[str]:
    """Every file and folder below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_empty_folders_go_with_their_last_object_but_the_archive_stays(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    archive = FolderArchive(str(root))
    for key in ("a/b/c/1", "a/b/2", "a/b/c/3"):
        archive.put(key, b"x", TEXT)
    archive.delete("a/b/c/1")
    archive.delete("a/b/c/3")
    assert list_all(root) == ["a", "a/b", "a/b/2"]
    archive.delete("a/b/2")
    assert list_all(tmp_path) == ["archive"]


def test_folder_is_made_when_something_is_put(tmp_path: Path) -> None:
    archive = FolderArchive(str(tmp_path / "deep" / "archive"))
    assert archive.list("a") == []
    assert archive.get("a/b") is None
    assert list_all(tmp_path) == []
    archive.put("a/b", b"x", TEXT)
    assert list_all(tmp_path / "deep") == ["archive", "archive/a", "archive/a/b"]


def test_nothing_is_left_of_what_could_not_be_written(tmp_path: Path) -> None:
    archive = FolderArchive(str(tmp_path))
    archive.put("a/b/c", b"x", TEXT)
    with pytest.raises(ArchiveError) as caught:
        archive.put("a/b", b"not over a folder", TEXT)
    assert str(caught.value) == f"file://{tmp_path}: {os.strerror(21)}"
    assert list_all(tmp_path) == ["a", "a/b", "a/b/c"]
    with pytest.raises(ArchiveError):
        archive.put("a/b/c/d", b"not below a file", TEXT)
    with pytest.raises(ArchiveError):
        archive.put("x" * 300, b"too long a name", TEXT)
    assert list_all(tmp_path) == ["a", "a/b", "a/b/c"]


def test_what_a_killed_process_left_is_no_object(tmp_path: Path) -> None:
    archive = FolderArchive(str(tmp_path))
    archive.put("a/b", b"x", TEXT)
    (tmp_path / "a" / f"{UNFINISHED}0123456789abcdef").write_bytes(b"half")
    assert archive.list("a") == ["a/b"]
