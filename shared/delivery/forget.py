"""Deleting what is over for longer than the settings say: from the archive first, then from the ledger."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from shared.archive.archive import Archive
from shared.delivery.transcripts import AT_ONCE, delete_files
from shared.errors import ArchiveError
from shared.ledger.deliveries import Deliveries
from shared.lifecycle.drainer import is_late
from shared.lifecycle.outcome import Fields, Outcome
from shared.resources import Resources

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PAUSE_S = 0.005  # between two pieces, for whoever waits for the ledger
PIECE = 50  # sessions


def forget_old(archive: Archive | None, resources: Resources) -> list[Outcome]:
    """Once an hour, delete what has been over for that long: a piece at a time, while there is time.

    The ledger knows of a session until nothing of it is left in the archive.
    """
    ledger, before_ms = resources.ledger, resources.kept_since_ms()
    if resources.now_ms() % HOUR_MS >= MINUTE_MS:
        return []
    counts: Counter[str] = Counter()
    failures: list[Outcome] = []
    deliveries = Deliveries(ledger)
    while not is_late(resources):
        try:
            over = deliveries.list_over(before_ms, PIECE)
            delete = partial(_delete_files, archive=archive, deliveries=deliveries)
            with ThreadPoolExecutor(AT_ONCE) as pool:
                counts["files"] += sum(pool.map(delete, over))
        except ArchiveError as error:
            fields: Fields = {"error_code": error.code, "reason": str(error)}
            failures = [Outcome("sessions.not_forgotten", "retry", level="error", fields=fields)]
            break
        piece = ledger.forget_old(before_ms, over)
        if not any(piece):
            break
        counts.update(piece._asdict())
        resources.sleep(PAUSE_S)
    ledger.erase_traces()  # what is being read now is erased the next time
    done = (
        [Outcome("sessions.forgotten", "over", fields=dict(counts))] if any(counts.values()) else []
    )
    return [*done, *failures]


def _delete_files(session_id: str, archive: Archive | None, deliveries: Deliveries) -> int:
    """Delete a session's files from the archive, also those that nobody could note any more."""
    if archive is None:
        return 0
    return delete_files(session_id, deliveries.read(session_id).delivery.files, archive)
