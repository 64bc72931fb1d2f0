"""Times as people read and write them, beside the ms since 1970 that Roomscribe counts in."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from shared.errors import RequestError

LAST_MS = 253_402_300_799_999  # of the year 9999, with which the calendar ends
TIME_FORMS = (
    'like "2026-11-27T09:00:00Z" (UTC unless it says +08:00), a time ago like "90m" or "24h", '
    "or ms since 1970"
)
UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def write_date(ms: int, form: str) -> str:
    """`ms` since 1970, in UTC and in a form of strftime; what is in no calendar is the nearest that is."""
    seconds = max(0, min(ms, LAST_MS)) // 1000
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(form)


def write_time(ms: int) -> str:
    """The instant in UTC, to the ms, like 2026-11-27T09:00:00.000Z."""
    return write_date(ms, f"%Y-%m-%dT%H:%M:%S.{ms % 1000:03}Z")


def read_time(value: object, now_ms: int) -> int:
    """The ms since 1970 in such a number, in ISO text, or in a time ago like "90m"; raises RequestError."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53:
        return value
    text = value if isinstance(value, str) else ""
    if re.fullmatch(r"[0-9]{11,16}", text):  # ms, as a command line or a table has them
        return int(text)
    if ago := re.fullmatch(r"([0-9]{1,9})([smhd])", text):
        return now_ms - int(ago[1]) * UNITS_MS[ago[2]]
    try:
        # Python 3.10 reads days with hyphens alone, and no Z.
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text) if "-" in text else "")
    except ValueError:
        raise RequestError(f"a time must be {TIME_FORMS}") from None
    return round(
        (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1000
    )


def write_duration(duration_ms: int) -> str:
    """How long, in its two largest units: 850ms, 4.2s, 4m10s, 3h05m, 2d04h."""
    seconds = max(duration_ms, 0) // 1000
    if seconds < 1:
        return f"{max(duration_ms, 0)}ms"
    if seconds < 60:
        return f"{duration_ms / 1000:.1f}s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 60:
        return f"{minutes}m{seconds % 60:02}s"
    return f"{hours}h{minutes % 60:02}m" if hours < 24 else f"{hours // 24}d{hours % 24:02}h"
