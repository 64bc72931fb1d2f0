"""What is wrong and what to do about it, by error code: one table, for logs, answers and `doctor`.

Import it where something has failed, so that what succeeds does not pay for it at a cold start.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from msgspec import json

ENTRIES = json.decode(
    Path(__file__).with_suffix(".json").read_bytes(), type=list[tuple[str, str, str]]
)


class Advice(NamedTuple):
    """`reason`: what is wrong; `remedy`: what to do. Each is one sentence, in lower case, without a stop."""

    reason: str
    remedy: str


TABLE = {
    code: Advice(reason, remedy) for codes, reason, remedy in ENTRIES for code in codes.split()
}


def find_advice(code: str, *, used: object = None, limit: object = None) -> Advice | None:
    """The advice about an error code: that of the longest beginning, in whole dotted parts, in the table.

    `used` of `limit` tasks run, as far as that is known; a quota's reason says so. None for a code that
    nobody has advice about. Tencent's own text is never part of it.
    """
    while code not in TABLE:
        code = code.rpartition(".")[0]
        if not code:
            return None
    count = f" ({used} of {limit} tasks run)" if limit else ""
    advice = TABLE[code]
    return advice._replace(reason=advice.reason.replace("{count}", count))
