"""From ARCHIVE_URL to the archive, one for each URL and process; only what its scheme needs is imported."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol
from urllib.parse import unquote

from shared.archive_url import check_archive_url, split_cos_url
from shared.errors import SettingsError


class Archive(Protocol):
    """Where finished transcripts are kept, as objects by key; every failure is an ArchiveError.

    A key is relative to the archive's prefix or folder: names joined by slashes.
    """

    place: str  # how errors and logs name the archive; no secret

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Create or overwrite an object; the store has verified `content` when this returns."""

    def get(self, key: str) -> bytes | None:
        """The object's content; None when there is no such object."""

    def delete(self, key: str) -> None:
        """Delete an object; an object that does not exist is no error."""

    def list(self, folder: str) -> list[str]:
        """Every key that begins with `folder` and a slash, in the order of their characters."""


@lru_cache(maxsize=8)
def open_archive(url: str, ca: str | None = None) -> Archive:
    """The archive at `url`; nothing is connected or created yet.

    `ca` is a file or hashed directory of certificates, instead of the usual ones. Raises SettingsError.
    """
    if problem := check_archive_url(url):
        raise SettingsError([f"ARCHIVE_URL: {problem}"])
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        from shared.archive.folder import FolderArchive

        return FolderArchive(unquote(rest))
    from shared.archive.cos import CosArchive

    bucket, prefix, options = split_cos_url(rest)
    return CosArchive(bucket, prefix.strip("/"), dict(options), ca)
