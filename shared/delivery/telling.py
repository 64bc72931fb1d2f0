"""The sweep over the outbox: sends each endpoint its due events, one thread for each endpoint.

Whatever befalls one endpoint, it delays no other: each has its own index of what is due.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

from msgspec.structs import replace

from shared import log
from shared.delivery.payloads import compose
from shared.delivery.sending import LIMIT_S, Attempt, send
from shared.endpoints import Endpoint
from shared.errors import UnreadableError
from shared.ledger.events import DEAD, UNSENT, Entry, Event, Send, unsent_key
from shared.ledger.outbox import Outbox
from shared.lifecycle.outcome import Fields, Outcome
from shared.resources import Resources

SWEEP_S = 20.0  # after which no attempt begins: the next sweep comes 30 s after this one
ANSWER_S = 3.0  # kept back of the time limit, for what follows an attempt
MOST_SLOW = 2  # attempts that nobody answers; the rest then waits for the next sweep, uncounted
MOST = 1_000  # events of one endpoint in one sweep
PIECE = 100  # old events that are forgotten in one sweep
# The pauses before the second try, the third, and so on. Source: Standard Webhooks, Deliverability, 2023-11.
PAUSES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MOST_TRIES = 1 + len(PAUSES_S)
JITTER = 0.1  # of a pause, at most: what failed together does not come back together
GONE = "410"  # the endpoint wants no more of it. Source: Standard Webhooks, Deliverability, 2023-11
ABOUT_TEXT = ("transcript.completed", "transcript.updated")


def tell(resources: Resources) -> list[Outcome]:
    """Send every endpoint its events that are due now; returns the Outcomes for the log.

    No attempt begins that would not end before the invocation's time is over. Safe beside others that do the
    same, but for events that are then sent twice. Raises LedgerError.
    """
    outbox = Outbox(resources.ledger)
    outcomes = _forget_old(outbox, resources)
    tellers = [_Teller(one, outbox, resources) for one in resources.settings.endpoints]
    pool = ThreadPoolExecutor(max(len(tellers), 1))
    futures = [pool.submit(teller.run) for teller in tellers]
    # The C library may resolve a name for longer than there is time; that thread ends by itself.
    wait(futures, max(resources.invocation.remaining_s() - ANSWER_S / 2, 0))
    pool.shutdown(wait=False)
    for teller, future in zip(tellers, futures, strict=True):
        outcomes += teller.outcomes
        if future.done() and (error := future.exception()):  # the other endpoints went on
            log.write_crash("event.crashed", error)
    return outcomes


class _Teller:
    """Tells one endpoint of one event after the other, the longest waiting first."""

    def __init__(self, endpoint: Endpoint, outbox: Outbox, resources: Resources) -> None:
        self.outcomes: list[Outcome] = []
        self._endpoint, self._outbox, self._resources = endpoint, outbox, resources
        self._until_s = time.monotonic() + SWEEP_S
        self._slow = 0

    def run(self) -> None:
        """Send what is due, for as long as there is time and the endpoint answers."""
        index = unsent_key(self._endpoint.key)
        for name in self._outbox.list_names(index, MOST, self._resources.now_ms()):
            if not self._has_time():
                break
            try:
                self._look_at(name)
            except UnreadableError as error:  # it stays due, and the others go on
                fields: Fields = {"event_id": name, "error_code": error.code, "reason": str(error)}
                self.outcomes.append(
                    Outcome("event.deferred", "unreadable", 503, "warning", fields)
                )

    def _look_at(self, name: str) -> None:
        entry = self._outbox.read(name)
        if entry and self._is_deleted(entry.event):
            self._outbox.drop(name)
            self._say("event.dropped", entry.event, Send(), "deleted")
        elif entry:
            self._tell(name, entry.event)

    def _has_time(self) -> bool:
        left_s = self._resources.invocation.remaining_s()
        in_time = time.monotonic() < self._until_s and left_s >= LIMIT_S + ANSWER_S
        return in_time and self._slow < MOST_SLOW

    def _is_deleted(self, event: Event) -> bool:
        if event.type not in ABOUT_TEXT:
            return False
        deleted = self._resources.ledger.read_version(event.session).deleted
        return 0 < deleted >= event.version  # of a text without a sentence the version is 0

    def _tell(self, name: str, event: Event) -> None:
        key, clock = self._endpoint.key, self._resources.now_ms
        body, settings = compose(event), self._resources.settings
        attempt = send(self._endpoint, event.id, body, clock(), settings, limit_s=LIMIT_S)
        self._slow += attempt.was_slow
        now_ms, chance = clock(), random.random()  # noqa: S311  jitter is no secret

        def note(entry: Entry) -> None:
            if key in entry.sends and not entry.sends[key].taken:
                told = follow(entry.sends[key].tries + 1, attempt, now_ms, chance)
                entry.sends[key] = replace(told, unknown=entry.sends[key].unknown)

        noted = self._outbox.change(name, note)
        if noted and key in noted.sends:
            self._judge(event, noted.sends[key])

    def _judge(self, event: Event, told: Send) -> None:
        """Say what came of an attempt: of those that failed the first, the second, the fourth, the eighth."""
        if told.taken:
            self._say("event.sent", event, told, "sent")
        elif not told.next_at_ms:
            self._say("event.dead", event, told, "dead", "error")
        elif told.tries in (1, 2, 4, 8):
            self._say("event.deferred", event, told, "deferred", "warning")

    def _say(
        self, message: log.Message, event: Event, told: Send, outcome: str, level: str = "info"
    ) -> None:
        fields: Fields = {"session": event.session, "type": event.type, "event_id": event.id}
        fields |= {"endpoint": self._endpoint.key, "tries": told.tries, "status": told.last}
        if level != "info":
            fields["error_code"] = "EndpointFailed"
        self.outcomes.append(Outcome(message, outcome, level=level, fields=fields))


def follow(tries: int, attempt: Attempt, now_ms: int, chance: float) -> Send:
    """How far an endpoint has been told after so many `tries`, of which this attempt was the last.

    `chance` is from 0 to 1: how much of the jitter is added to the pause before the next one.
    """
    next_ms = 0
    if not attempt.is_taken and attempt.word != GONE and tries < MOST_TRIES:
        pause_ms = PAUSES_S[tries - 1] * 1000 * (1 + JITTER * chance)
        next_ms = now_ms + max(int(pause_ms), attempt.retry_after_ms)
    return Send(tries, next_ms, attempt.is_taken, attempt.word)


def _forget_old(outbox: Outbox, resources: Resources) -> list[Outcome]:
    """Forget what nobody took in the time for which transcripts are kept, also of endpoints long removed."""
    since_ms = resources.kept_since_ms()
    names = {one for index in (DEAD, UNSENT) for one in outbox.list_names(index, PIECE, since_ms)}
    count = 0
    for name in names:
        with suppress(UnreadableError):
            outbox.drop(name)
            count += 1
    return [Outcome("events.forgotten", "over", fields={"events": count})] if count else []
