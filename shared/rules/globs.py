"""What a glob of rules.toml can match: one that never matches may leave a private room open."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from unicodedata import normalize

from shared.room import MAX_ROOM_NUMBER, NUMERIC_ROOM, STRING_ROOM, names_numeric_room
from shared.rules.decision import MARKS, Rule, find_matcher, find_range

# Source: reference of the client SDKs, TRTCParams.strRoomId: these 89 characters, at most 64 of them.
ROOM_CHARACTERS = string.ascii_letters + string.digits + " !#$%&()+-:;<=.>?@[]^_{}|~,"
# Documented are letters, digits, _ and -; but Tencent's own bots have a room's id in theirs.
USER_CHARACTERS = string.ascii_letters + string.digits + string.punctuation + " "

ELEMENT = re.compile(r"\[(?:!?\]|![^\]]|[^\]!])[^\]]*\]|.", re.DOTALL)  # as fnmatch reads a glob
NUMBER = "([0-9]{1,3}(?:[, ][0-9]{3})+|[0-9]+)?"
TO = r" *(?:[-~:>\u2010-\u2015\u2192\u2212\u223c\u301c\uff5e]+|\.\.+|(?<=[0-9 ])to(?=[0-9 ])) *"
RANGE = re.compile(rf"(?!\[[0-9]-[0-9]\]$)[ ({{\[]*{NUMBER}{TO}{NUMBER}[ )}}\]]*", re.IGNORECASE)
UNCLEAR = re.compile(  # >=5, 5+, " 5", "5, 6", room[10-20]
    r"[<>]=? *[0-9]+|[0-9]+ *\+|[0-9]+ +| +[0-9]+ *|[0-9-]+( *[,; ] *[0-9-]+)+"
    r"|.*\[!?([0-9]{2,}-[0-9]+|[0-9]-[0-9]{2,})\].*"
)


def check_room(glob: str, room_id_type: int | None) -> str | None:
    """Why a glob of `room` matches no room of that type (None: of either), or others than it seems to."""
    meant = None if room_id_type == STRING_ROOM else _read_range(glob)
    if meant is not None and meant != glob:
        hint = f"; did you mean {meant!r}?" if meant else ""
        return (
            f"{glob!r} is no range of numeric rooms, like '10000-19999' and up to {MAX_ROOM_NUMBER}{hint} "
            "(with room_id_type = 1 it is the name of a string room)"
        )
    if room_id_type != NUMERIC_ROOM:
        return check_characters(glob, ROOM_CHARACTERS, 64)
    if glob[0] == "0" or (glob.isdecimal() and not names_numeric_room(glob)):
        return f"{glob!r} is no numeric room: they are 1 to {MAX_ROOM_NUMBER}"
    return None if meant else check_characters(glob, string.digits, 10)


def check_characters(glob: str, characters: str, most: int = 128) -> str | None:
    """Why a glob matches no text of at most so many of these characters."""
    elements = [element for element in ELEMENT.findall(glob) if element != "*"]
    for element in elements:
        if element not in characters and not any(map(find_matcher(element), characters)):
            return f"{glob!r} can match nothing: no id of that kind has {element!r} in it"
    return f"{glob!r} is longer than ids of that kind, {most}" if len(elements) > most else None


def is_hidden(rule: Rule, before: Iterable[Rule]) -> bool:
    """Whether a rule is never reached, as the rules before it plainly match all that it matches."""
    applications = set(rule.sdk_app_id or (0,))
    earlier = [
        glob
        for other in before
        if other.room_id_type in (None, rule.room_id_type)
        and (not other.sdk_app_id or applications <= set(other.sdk_app_id))
        for glob in other.room
    ]
    ranges = rule.room_id_type != STRING_ROOM
    return all(any(covers(wide, glob, ranges=ranges) for wide in earlier) for glob in rule.room)


def covers(wide: str, narrow: str, *, ranges: bool = False) -> bool:
    """Whether one glob plainly matches all that another matches; `ranges`: they may be some."""
    inner = find_range(narrow) if ranges else None
    if inner:
        outer = find_range(wide)
        return wide == "*" or bool(outer and inner[0] in outer and inner[-1] in outer)
    beginning = wide.rstrip("*")
    if wide in (narrow, beginning) or not narrow.startswith(beginning):
        return wide == narrow
    return not any(mark in beginning for mark in MARKS)


def _read_range(glob: str) -> str | None:
    """The range that a glob looks like; "" when it is not clear which, None when it looks like none."""
    found = RANGE.fullmatch(normalize("NFKC", glob))
    if found is None or not (found[1] or found[2]):
        return "" if UNCLEAR.fullmatch(glob) else None
    ends = [found[1] or "1", found[2] or str(MAX_ROOM_NUMBER)]
    low, high = sorted(int(re.sub("[, ]", "", end)[:99]) for end in ends)
    return f"{max(low, 1)}-{min(high, MAX_ROOM_NUMBER)}" if low <= MAX_ROOM_NUMBER else ""
