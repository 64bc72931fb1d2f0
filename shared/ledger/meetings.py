"""All meetings of one application, the newest first: a piece at a time, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
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


def walk_meetings(
    ledger: Ledger, sdk_app_id: int, after: Place, from_ms: int, piece: int
) -> Iterator[tuple[Place, Session | None, Delivery]]:
    """What follows a place, in order, of an application's sessions that opened at `from_ms` or later.

    With each what was delivered of it; None in place of one that was forgotten meanwhile. `piece` of them
    are read at once, in two round trips; those that open or close meanwhile move no other. Raises
    LedgerError.
    """
    keys, most = RoomKeys(Room(sdk_app_id, "", 0)), piece + SAME_MS
    deliveries = Deliveries(ledger)
    while True:
        above, until = -after.opened_ms - 1, -from_ms
        found = ledger.engine.list_scores(keys.tag, keys.opened, above, until, most)
        # Those of the same ms come again, to be told from each other by their ids.
        places = [Place(-score, name) for name, score in found]
        later = [one for one in places if one.opened_ms < after.opened_ms or one[1] > after[1]]
        later = later[:piece]
        if not later and len(found) < most:
            return
        cells = {one: delivered_cell(one.session_id) for one in later}
        asked = [one.session_id for one in later]
        sessions, _, seen = ledger.read_sessions(asked, [*cells.values()])
        for place, cell in cells.items():
            yield place, sessions.get(place.session_id), deliveries.open(seen.get(cell))
        after, most = (later[-1], piece + SAME_MS) if later else (after, 2 * most)
