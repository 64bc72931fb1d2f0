"""The deliverer: transcripts to the archive, events to endpoints, then deletion of what is too old."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import repeat

from msgspec import Struct

from shared.archive.archive import Archive, open_archive
from shared.delivery.telling import tell
from shared.delivery.transcripts import AT_ONCE, TranscriptDelivery, delete_files
from shared.errors import ArchiveError, LedgerError, RoomscribeError, UnreadableError
from shared.ledger import Ledger
from shared.ledger.deliveries import Deliveries
from shared.ledger.document import find_room
from shared.ledger.layout import OVER
from shared.lifecycle.drainer import is_late
from shared.lifecycle.outcome import Fields, Outcome
from shared.resources import Resources
from shared.room import Room

LEASE, LEASE_MS = "deliver", 60_000  # as long as the function may run
MOST = 400  # sessions listed at once
MOST_FAILURES = 3  # then the archive is away: what is left waits for the next run
EVENTS_S = 30.0  # kept back of the time limit, for events
EARLY_MS = 600_000  # what waits longer is an error that somebody must see
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PAUSE_S = 0.005  # between two pieces that are forgotten, for whoever waits for the ledger
PIECE = 50  # sessions that are forgotten at once

RoomOutcomes = tuple[Room | None, list[Outcome]]


def deliver(resources: Resources) -> Iterator[RoomOutcomes]:
    """Deliver what is due, the longest waiting first; yields each session's Outcome when it is known.

    What came of no one room's session stands beside None. Does nothing while another deliverer is at work.
    """
    ledger, token = resources.ledger, secrets.token_hex(16)
    if not ledger.take_lease(LEASE, token, resources.now_ms(), LEASE_MS):
        return
    settings = resources.settings
    archive = open_archive(settings.archive_url, settings.ca) if settings.archive_url else None
    try:
        deliveries = Deliveries(ledger)
        while not is_late(resources) and deliveries.forget_names(resources.now_ms(), MOST):
            pass
        yield from _Transcripts(deliveries, archive, resources).run()
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
        """The Outcome for one session; a session that this run has no time for stays due."""
        if self._is_over():
            return []
        delivery = TranscriptDelivery(session_id, self.deliveries, self.archive, self.resources)
        delivery.look_again()  # first: one at which this process dies, or which fails, makes room
        try:
            return delivery.run()
        except RoomscribeError as error:
            self.failures += isinstance(error, ArchiveError)
            waited_ms = self._find_wait(session_id)
            level = "error" if waited_ms > EARLY_MS else "warning"
            fields: Fields = {"session": session_id, **_explain(error), "waited_ms": waited_ms}
            return [Outcome("transcript.not_delivered", "retry", level=level, fields=fields)]

    def _find_wait(self, session_id: str) -> int:
        """For how many ms a session has been closed; 0 when its record is what cannot be read."""
        with suppress(LedgerError):
            session = self.deliveries.ledger.find_session(session_id)
            if session and session.closed_ms is not None:
                return self.resources.now_ms() - session.closed_ms
        return 0


def forget_old(archive: Archive | None, resources: Resources) -> list[Outcome]:
    """Once an hour, delete what has been over for that long: a piece at a time, while there is time.

    From the archive first: the ledger knows of a session until nothing of it is left there.
    """
    ledger, before_ms = resources.ledger, resources.kept_since_ms()
    if resources.now_ms() % HOUR_MS >= MINUTE_MS:
        return []
    counts, outcomes = Counter(files=0), list[Outcome]()
    strange: set[str] = set()
    try:
        while not is_late(resources):
            listed = Deliveries(ledger).list_due(before_ms - 1, PIECE + len(strange), OVER)
            found = [one for one in listed if one not in strange]
            over = [one for one in found if _can_read(one, ledger)]
            strange |= {*found} - {*over}
            if archive:
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    counts["files"] += sum(pool.map(delete_files, over, repeat(archive)))
            piece = ledger.forget_old(before_ms, over)
            if not any(piece) and over == found:
                break
            counts.update(piece._asdict())
            resources.sleep(PAUSE_S)
    except ArchiveError as error:
        fields = _explain(error)
        outcomes = [Outcome("sessions.not_forgotten", "retry", level="error", fields=fields)]
    ledger.erase_traces()  # what is being read now is erased the next time
    if any(counts.values()):
        outcomes.insert(0, Outcome("sessions.forgotten", "over", fields=dict(counts)))
    return outcomes


def _can_read(session_id: str, ledger: Ledger) -> bool:
    """Whether a session's record can be read; else its files are not to be deleted, either."""
    with suppress(UnreadableError):
        ledger.find_session(session_id)
        return True
    return False


def _explain(error: RoomscribeError) -> Fields:
    return {"error_code": error.code, "reason": str(error)}
