"""Delivering what is due in all sessions: transcripts, then events; then what is kept no longer goes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from msgspec import Struct

from shared.archive.archive import Archive, open_archive
from shared.delivery.forget import forget_old
from shared.delivery.names import forget_names
from shared.delivery.telling import tell
from shared.delivery.transcripts import AT_ONCE, TranscriptDelivery
from shared.errors import ArchiveError, LedgerError, RoomscribeError
from shared.ledger.deliveries import Deliveries
from shared.ledger.document import find_room
from shared.lifecycle.drainer import is_late
from shared.lifecycle.outcome import Outcome
from shared.resources import Resources
from shared.room import Room

LEASE, LEASE_MS = "deliver", 60_000  # as long as the function may run
MOST = 400  # sessions listed at once
MOST_FAILURES = 3  # then the archive is away: what is left waits for the next run
EVENTS_S = 30.0  # kept back of the time limit, for events
EARLY_MS = 600_000  # what waits longer is an error that somebody must see

RoomOutcomes = tuple[Room | None, list[Outcome]]


def deliver(resources: Resources) -> Iterator[RoomOutcomes]:
    """Deliver what is due, the longest waiting first, and say what came of each session as it is known.

    What came of no one room's session stands beside None. Does nothing while another deliverer is at work.
    """
    ledger, token = resources.ledger, secrets.token_hex(16)
    if not ledger.take_lease(LEASE, token, resources.now_ms(), LEASE_MS):
        return
    settings = resources.settings
    archive = open_archive(settings.archive_url, settings.ca) if settings.archive_url else None
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
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while not self._is_over():
                due = self.deliveries.list_due(self.resources.now_ms(), MOST)
                for session_id, outcomes in zip(due, pool.map(self._deliver, due), strict=True):
                    room = find_room(session_id)
                    if room and outcomes:
                        yield room, outcomes
                if len(due) < MOST:
                    return

    def _is_over(self) -> bool:
        has_time = self.resources.invocation.remaining_s() > EVENTS_S
        return self.failures >= MOST_FAILURES or not has_time

    def _deliver(self, session_id: str) -> list[Outcome]:
        """What came of one session; one that is not looked at any more in this run stays due."""
        if self._is_over():
            return []
        delivery = TranscriptDelivery(session_id, self.deliveries, self.archive, self.resources)
        delivery.put_off()  # first: one at which this process dies, or which fails, makes room
        try:
            return delivery.run()
        except RoomscribeError as error:
            if isinstance(error, ArchiveError):
                self.failures += 1
            return [self._tell_failure(session_id, error)]

    def _tell_failure(self, session_id: str, error: RoomscribeError) -> Outcome:
        now_ms = closed_ms = self.resources.now_ms()
        with suppress(LedgerError):  # its record may be what cannot be read
            session = self.deliveries.ledger.find_session(session_id)
            closed_ms = (session and session.closed_ms) or now_ms
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
