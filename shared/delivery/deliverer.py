"""Delivering what is due in all sessions: transcripts, then events; then what is kept no longer goes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from shared.archive.archive import Archive, open_archive
from shared.delivery.forget import forget_old
from shared.delivery.names import forget_names
from shared.delivery.telling import tell
from shared.delivery.transcripts import TranscriptDelivery
from shared.errors import ArchiveError, RoomscribeError
from shared.ledger.deliveries import Deliveries
from shared.ledger.document import find_room
from shared.lifecycle.drainer import is_late
from shared.lifecycle.outcome import Outcome
from shared.resources import Resources
from shared.room import Room

LEASE, LEASE_MS = "deliver", 60_000  # as long as the function may run
AT_ONCE = 8  # sessions: the storage's own latency must not be what limits the rate
MOST = 400  # sessions in one run
MOST_FAILURES = 3  # then the archive is away: what is left waits for the next run
EVENTS_S = 30.0  # kept back of the time limit, for events
AGAIN_MS = 60_000  # a session that failed makes room for others
EARLY_MS = 600_000  # what waits longer is an error that somebody must see

RoomOutcomes = tuple[Room | None, list[Outcome]]


def open_own_archive(resources: Resources) -> Archive | None:
    """The archive that the settings name; None when there is none."""
    settings = resources.settings
    return open_archive(settings.archive_url, settings.ca) if settings.archive_url else None


def deliver(resources: Resources) -> Iterator[RoomOutcomes]:
    """Deliver what is due, the longest waiting first, and say what came of each session as it is known.

    What came of no one room's session stands beside None. Does nothing while another deliverer is at work.
    """
    ledger, token = resources.ledger, secrets.token_hex(16)
    if not ledger.take_lease(LEASE, token, resources.now_ms(), LEASE_MS):
        return
    archive = open_own_archive(resources)
    try:
        while not is_late(resources) and forget_names(ledger, resources.now_ms(), MOST):
            pass
        yield from _Transcripts(Deliveries(ledger), archive, resources).run()
        yield None, tell(resources)
        yield None, forget_old(archive, resources)
    finally:
        ledger.drop_lease(LEASE, token)


class _Transcripts(Struct):
    """The transcripts that are due in one run."""

    deliveries: Deliveries
    archive: Archive | None
    resources: Resources
    failures: int = 0

    def run(self) -> Iterator[RoomOutcomes]:
        due = self.deliveries.list_due(self.resources.now_ms(), MOST)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for session_id, outcomes in zip(due, pool.map(self._deliver, due), strict=True):
                room = find_room(session_id)
                if room and outcomes:
                    yield room, outcomes

    def _deliver(self, session_id: str) -> list[Outcome]:
        """What came of one session; one that is not looked at any more in this run stays due."""
        has_time = self.resources.invocation.remaining_s() > EVENTS_S
        if self.failures >= MOST_FAILURES or not has_time:
            return []
        delivery = TranscriptDelivery(session_id, self.deliveries, self.archive, self.resources)
        try:
            return delivery.run()
        except RoomscribeError as error:
            if isinstance(error, ArchiveError):
                self.failures += 1
            return [self._put_off(session_id, error)]

    def _put_off(self, session_id: str, error: RoomscribeError) -> Outcome:
        now_ms = self.resources.now_ms()
        self.deliveries.ledger.ask_delivery(session_id, now_ms + AGAIN_MS)
        closed_ms = getattr(self.deliveries.read(session_id).session, "closed_ms", None) or now_ms
        level = "error" if now_ms - closed_ms > EARLY_MS else "warning"
        return Outcome(
            "transcript.not_delivered",
            "retry",
            level=level,
            fields={
                "session": session_id,
                "error_code": error.code,
                "reason": str(error),
                "waited_ms": now_ms - closed_ms,
            },
        )
