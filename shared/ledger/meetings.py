"""All meetings of one application, the newest first: a piece at a time, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.ledger.deliveries import Deliveries, Delivery
from shared.ledger.document import Session
from shared.ledger.layout import RoomKeys, delivered_cell
from shared.ledger.ledger import Ledger
from shared.room import Room

SAME_MS = 8  # sessions opened in one ms, beyond which a piece is asked for again


class Place(NamedTuple):
    """Where a session stands in the order: the newest first, of those opened in one ms by their id.

    A place without a session's id is before all that opened in that ms.
    """

    opened_ms: int
    session_id: str = ""


class Meeting(NamedTuple):
    """A session, and what was delivered of its transcript."""

    session: Session
    delivery: Delivery


def walk_meetings(
    ledger: Ledger, sdk_app_id: int, after: Place, from_ms: int, piece: int
) -> Iterator[tuple[Place, Meeting | None]]:
    """An application's sessions after a place that opened at `from_ms` or later, in order.

    None in place of one that was forgotten meanwhile. `piece` sessions are read at once, in two round
    trips; those that open or close meanwhile move no other. Raises LedgerError.
    """
    while places := _list_places(ledger, sdk_app_id, after, from_ms, piece):
        yield from zip(places, _read(ledger, places), strict=True)
        after = places[-1]


def _list_places(
    ledger: Ledger, sdk_app_id: int, after: Place, from_ms: int, most: int
) -> Sequence[Place]:
    keys = RoomKeys(Room(sdk_app_id, "", 0))
    above, until, asked = -after.opened_ms - 1, -from_ms, most + SAME_MS
    while True:  # those of the same ms come again, to be told from each other by their ids
        found = ledger.engine.list_scores(keys.tag, keys.opened, above, until, asked)
        is_all, asked = len(found) < asked, 2 * asked
        places = [Place(-score, name) for name, score in found]
        later = [one for one in places if one.opened_ms < after.opened_ms or one[1] > after[1]]
        if later or is_all:
            return later[:most]


def _read(ledger: Ledger, places: Sequence[Place]) -> Iterator[Meeting | None]:
    cells = {session_id: delivered_cell(session_id) for _, session_id in places}
    sessions, _, seen = ledger.read_sessions([*cells], [*cells.values()])
    deliveries = Deliveries(ledger)
    for session_id, cell in cells.items():
        session = sessions.get(session_id)
        yield Meeting(session, deliveries.open(seen.get(cell))) if session else None
