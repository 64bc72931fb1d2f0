"""Which part of an object a request wants, if it wants it at all.

Source: "GET Object", COS document 436/7753; the order of the conditions is that of RFC 9110, section 13.2.2.
"""

import re
from email.utils import parsedate_to_datetime

from local.cos.errors import CosError
from local.cos.objects import StoredObject
from local.cos.requests import CosRequest

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def check_conditions(request: CosRequest, stored: StoredObject) -> None:
    """Raise CosError NotModified or PreconditionFailed where the object is not what was asked for."""
    matches = request.read_header("if-match")
    unmodified_ms = _read_date(request.read_header("if-unmodified-since"))
    if matches is not None and not _names(matches, stored.etag):
        raise CosError("PreconditionFailed")
    if matches is None and unmodified_ms is not None and stored.modified_s_ms > unmodified_ms:
        raise CosError("PreconditionFailed")
    differs = request.read_header("if-none-match")
    modified_ms = _read_date(request.read_header("if-modified-since"))
    is_known = differs is not None and _names(differs, stored.etag)
    if differs is None and modified_ms is not None:
        is_known = stored.modified_s_ms <= modified_ms
    if is_known:
        known = {"ETag": stored.etag, "Last-Modified": stored.last_modified}
        raise CosError("NotModified", headers=known)


def find_range(request: CosRequest, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last, None for all; raises CosError InvalidRange.

    What is no single range of bytes asks for all.
    """
    match = _RANGE.fullmatch((request.read_header("range") or "").strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise CosError("InvalidRange", headers={"Content-Range": f"bytes */{size}"})
    return start, end


def _names(listed: str, etag: str) -> bool:
    names = [name.strip().removeprefix("W/") for name in listed.split(",")]
    return "*" in names or etag in names or etag.strip('"') in names


def _read_date(text: str | None) -> int | None:
    """An HTTP date in ms; None for none, and for what is no date."""
    try:
        return int(parsedate_to_datetime(text).timestamp() * 1000) if text else None
    except (ValueError, OverflowError):
        return None
