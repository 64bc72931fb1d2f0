"""Text made harmless for a file in which one line is one line: nothing legible is taken away."""

from __future__ import annotations

import re
from datetime import datetime, timezone

BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
PDF, PDI = "\u202c", "\u2069"
EMBEDDINGS, ISOLATES = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068"
DIRECTIONS = re.compile(f"[{EMBEDDINGS}{ISOLATES}{PDF}{PDI}]")
LAST_MS = 253_402_300_799_999  # of the year 9999, with which the calendar ends
NOTHING = "…"  # for a text in which nothing can be read: a cue without text is none to some players


def write_plain(text: str) -> str:
    """`text` in one line without control characters, and what it turns around turned back at its end."""
    if text.isprintable():  # as nearly every text: no control, no direction, no break
        return text.strip() or NOTHING
    line = CONTROLS.sub("\ufffd", BREAKS.sub(" ", text)).strip()
    return close_directions(line) or NOTHING


def close_directions(text: str) -> str:
    """`text` followed by what ends its open bidirectional embeddings, overrides and isolates.

    Source: Unicode Standard Annex 9, explicit directional formatting.
    """
    still_open: list[str] = []
    for match in DIRECTIONS.finditer(text):
        _apply(match[0], still_open)
    return text + "".join(reversed(still_open))


def _apply(mark: str, still_open: list[str]) -> None:
    """Note what would end an opening mark; a closing mark ends what it may."""
    if mark in EMBEDDINGS:
        still_open.append(PDF)
    elif mark in ISOLATES:
        still_open.append(PDI)
    elif mark == PDI and PDI in still_open:
        while still_open.pop() != PDI:
            pass  # an isolate takes the embeddings inside it along
    elif mark == PDF and still_open[-1:] == [PDF]:
        still_open.pop()


def write_clock(ms: int, mark: str = ".") -> str:
    """`ms` as 00:01:02.500; the hours grow beyond two digits when they must."""
    seconds, rest_ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest_ms:03}"


def write_date(ms: int, form: str) -> str:
    """`ms` since 1970, in UTC and in a form of strftime; what is in no calendar is the nearest that is."""
    seconds = max(0, min(ms, LAST_MS)) // 1000
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(form)
