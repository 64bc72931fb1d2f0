"""Checks of the archive: a probe object is written, read, listed and deleted, each by its own permission."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

from local.doctor.finding import Finding
from shared.archive.archive import Archive, open_archive
from shared.errors import ArchiveError
from shared.remedies import TABLE
from shared.settings import Settings

PLACE = "archive"
FOLDER = "doctor"  # below the archive's prefix


def check_archive(settings: Settings) -> Iterator[Finding]:
    """Whether finished transcripts can be kept there; names each step that cannot be done."""
    if settings.archive_url is None:
        text = "ARCHIVE_URL: not set, so that transcripts stay in the ledger until they are deleted"
        yield Finding("ok", "archive", text)
        return
    archive = open_archive(settings.archive_url, settings.ca)
    failures = [*try_steps(archive)]
    for text in dict.fromkeys(failures):
        yield Finding("FAIL", "archive", text, TABLE["archive"].remedy, PLACE)
    if not failures:
        yield Finding("ok", "archive", f"{archive.place}: a probe was written, read and deleted")


def try_steps(archive: Archive) -> Iterator[str]:
    """Why the archive cannot be used, for each step that fails; one that needs another still is tried."""
    key, content = f"{FOLDER}/{uuid.uuid4().hex}", b"a probe of doctor's, which may be deleted"
    steps: list[tuple[str, Callable[[], object]]] = [
        ("written", lambda: archive.put(key, content, "text/plain")),
        ("read", lambda: archive.get(key)),
        ("listed", lambda: archive.list(FOLDER)),
        ("deleted", lambda: archive.delete(key)),
    ]
    for done, step in steps:
        try:
            found = step()
        except ArchiveError as error:
            yield f"a probe cannot be {done}: {error}"
        else:
            if done == "read" and found not in (content, None):
                yield f"{archive.place}: a probe was read, and is not what was written"
