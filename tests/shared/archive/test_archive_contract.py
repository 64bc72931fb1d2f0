"""What every archive does, whatever it stores objects in."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.archive.archive import Archive
from shared.archive.keys import find_folder
from shared.errors import ArchiveError

TEXT = "text/plain; charset=utf-8"
FOLDER = "2026/11/26/1400000000/class-7/160000-3f9a0c"
HOSTILE = [
    *("", ".", "..", "/", "/a", "../a", "a/..", "a/../../b", "a/./b", "./a", "a//b", "a/"),
    *("a\0b", "a\nb", "a/\u202eb", "a\ud800"),
]
NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20)


def test_object_that_was_put_is_got_and_listed(archive: Archive) -> None:
    archive.put(f"{FOLDER}/transcript.txt", b"good morning", TEXT)
    assert archive.get(f"{FOLDER}/transcript.txt") == b"good morning"
    assert archive.list(FOLDER) == [f"{FOLDER}/transcript.txt"]
    assert archive.list("2026") == [f"{FOLDER}/transcript.txt"]


def test_object_is_overwritten(archive: Archive) -> None:
    for content in (b"good morning", b"", b"good evening"):
        archive.put("a/b", content, TEXT)
        assert archive.get("a/b") == content
    assert archive.list("a") == ["a/b"]


def test_object_may_be_empty(archive: Archive) -> None:
    archive.put("a/empty", b"", TEXT)
    assert archive.get("a/empty") == b""


def test_object_may_be_large_and_hold_every_byte(archive: Archive) -> None:
    content = bytes(range(256)) * 40_000
    archive.put("a/large", content, "application/octet-stream")
    assert archive.get("a/large") == content


def test_object_that_is_not_there_is_none_and_deleted_without_an_error(archive: Archive) -> None:
    assert archive.get("a/absent") is None
    archive.delete("a/absent")
    archive.put("a/b/c", b"x", TEXT)
    assert archive.get("a/b") is None
    archive.delete("a/b")
    assert archive.list("a") == ["a/b/c"]
    assert archive.list("absent") == []


def test_deleted_object_is_gone_and_no_other(archive: Archive) -> None:
    for key in ("a/1", "a/2"):
        archive.put(key, b"x", TEXT)
    archive.delete("a/1")
    assert archive.get("a/1") is None
    assert archive.list("a") == ["a/2"]
    archive.delete("a/2")
    archive.delete("a/2")
    assert archive.list("a") == []


def test_list_has_what_is_in_the_folder_not_what_begins_like_it(archive: Archive) -> None:
    for key in ("a/b/2", "a/b/1", "a/b/c/d", "a/bc/1", "a/b.txt", "x/a/b/1"):
        archive.put(key, b"x", TEXT)
    assert archive.list("a/b") == ["a/b/1", "a/b/2", "a/b/c/d"]


@pytest.mark.parametrize("key", HOSTILE)
def test_hostile_key_is_refused(archive: Archive, key: str) -> None:
    archive.put("a/b", b"x", TEXT)
    with pytest.raises(ArchiveError):
        archive.put(key, b"hostile", TEXT)
    for ask in (archive.get, archive.delete, archive.list):
        with pytest.raises(ArchiveError):
            ask(key)
    assert archive.list("a") == ["a/b"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(name=NAMES.filter(lambda name: name not in (".", "..") and "/" not in name))
def test_any_legible_key_is_kept_as_it_is(archive: Archive, name: str) -> None:
    key = f"legible/{name}"
    if not name.isprintable():
        with pytest.raises(ArchiveError):
            archive.put(key, b"x", TEXT)
        return
    archive.put(key, name.encode(), TEXT)
    assert archive.list("legible") == [key]
    assert archive.get(key) == name.encode()
    archive.delete(key)


def test_two_rooms_that_look_alike_have_files_of_their_own(archive: Archive) -> None:
    ids = ["1/1/class 7/1764150000123", "1/1/class-7/1764150000123", "1/0/7/1", "1/1/7/1"]
    for session_id in ids:
        archive.put(f"{find_folder(session_id)}/transcript.txt", session_id.encode(), TEXT)
    for session_id in ids:
        assert archive.list(find_folder(session_id)) == [
            f"{find_folder(session_id)}/transcript.txt"
        ]
        assert archive.get(f"{find_folder(session_id)}/transcript.txt") == session_id.encode()
