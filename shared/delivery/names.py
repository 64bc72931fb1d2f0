"""Forgetting names in archived files: every session in which one stands is delivered anew."""

from __future__ import annotations

from shared.ledger.deliveries import SPEAKERS_KEPT, Deliveries
from shared.ledger.engine import Score, Write
from shared.ledger.layout import UNDELIVERED, RoomKeys
from shared.ledger.ledger import ALL, Ledger
from shared.ledger.names import FORGOTTEN, NameKeys
from shared.room import Room
from shared.transcripts.records import FOR_EVER_MS


def forget_names(ledger: Ledger, now_ms: int, most: int) -> int:
    """Go through some `most` sessions of an application, the newest first, for names to be forgotten.

    Returns how many it went through, and one; 0 when there is nothing to do. A piece is done wholly
    or not at all, and whoever calls this next goes on from there. Raises LedgerError.
    """
    engine, deliveries = ledger.engine, Deliveries(ledger)
    first = engine.list_scores(None, FORGOTTEN, -FOR_EVER_MS, FOR_EVER_MS, 1)
    if not first:
        return 0
    keys, after = NameKeys(first[0][0]), first[0][1]
    opened = RoomKeys(Room(int(keys.tag), "", 0)).opened

    def forget(_seen: list[bytes]) -> tuple[int, list[Write]]:
        """`_seen` changes when somebody is forgotten again: that begins with the newest session."""
        members = [one for one, _ in engine.list_scores(keys.tag, FORGOTTEN, after - 1, after, ALL)]
        users = {member.partition("/")[2] for member in members}
        found = engine.list_scores(keys.tag, opened, after, 0, most)
        last = found[-1][1] if len(found) >= most else None
        if last is not None:  # others may have opened in the same ms
            found = engine.list_scores(keys.tag, opened, after, last, ALL)
        delivered = deliveries.read_all(keys.tag, [session_id for session_id, _ in found])
        writes: list[Write] = [
            Score(UNDELIVERED, session_id, now_ms)
            for session_id, delivery in delivered.items()
            if users & {*delivery.speakers} or len(delivery.speakers) >= SPEAKERS_KEPT
        ]
        writes += (Score(FORGOTTEN, member, last) for member in members)
        return len(found) + 1, writes

    return ledger.exchange(keys.tag, [keys.forgets], forget)
