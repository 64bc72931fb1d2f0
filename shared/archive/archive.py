"""From ARCHIVE_URL to the archive, one for each URL and process; only what its scheme needs is imported."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from shared.errors import SettingsError

if TYPE_CHECKING:
    from shared.archive.cos import CosArchive
    from shared.archive.folder import FolderArchive

# Source: COS documentation, Bucket Overview, naming conventions (product 436, document 13312).
COS = re.compile(
    r"cos://([a-z0-9][a-z0-9-]*-[0-9]+)((?:/[\w.-]+)*)/?"
    r"\?region=([a-z0-9-]+)(?:&endpoint=(https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?)/?)?"
)
FOLDER = re.compile(r"file://(/[^/?#][^?#]*)")
WRONG_URL = (
    "ARCHIVE_URL: must be cos://BUCKET-APPID/prefix?region=ap-singapore, with letters, digits, - _ and . "
    "in the names of the prefix, or file:///absolute/folder; &endpoint=https://host may follow the region"
)


# Where finished transcripts are kept, as objects by key; every failure is an ArchiveError. A key is relative
# to the archive's prefix or folder: names joined by slashes. `place` is how errors and logs name the archive.
Archive: TypeAlias = "CosArchive | FolderArchive"


@lru_cache(maxsize=8)
def open_archive(url: str, ca: str | None = None) -> Archive:
    """The archive at `url`; nothing is connected or created yet.

    `ca` is a file or hashed directory of certificates, instead of the usual ones. Raises SettingsError.
    """
    if folder := FOLDER.fullmatch(url):
        from shared.archive.folder import FolderArchive

        return FolderArchive(unquote(folder[1]))
    if not (found := COS.fullmatch(url)):
        raise SettingsError([WRONG_URL])
    from shared.archive.cos import CosArchive

    bucket, prefix, region, endpoint = found.groups()
    url = endpoint or f"https://{bucket}.cos.{region}.myqcloud.com"
    try:
        return CosArchive(bucket, prefix.strip("/"), url, ca)
    except ValueError:  # no port is so great
        raise SettingsError([WRONG_URL]) from None
