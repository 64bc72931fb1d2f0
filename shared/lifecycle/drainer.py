"""The drainer: does what is due in all rooms (postponed starts, failed stops, broken tasks).

The ledger's index names the rooms whose time has come. One drainer at a time works through it; every
single step is safe beside webhooks, other drainers and its own repetition.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress

from msgspec import Struct, field
from msgspec.structs import replace

from shared import log
from shared.errors import LedgerError, RoomscribeError, UnreadableError
from shared.ledger.due import Due, find_due
from shared.lifecycle.claimed_start import FAILED_AGAIN_MS, QUOTA
from shared.lifecycle.heal_room import heal_room
from shared.lifecycle.outcome import Outcome, failed
from shared.lifecycle.start import is_mended
from shared.lifecycle.task_api import find_slot_wait
from shared.lifecycle.wake_drainer import LEASE, LEASE_MS, call_drainer
from shared.resources import Resources
from shared.room import Room

CALLS_AT_ONCE = 16  # the API's own latency must not be what limits the rate
RENEW_MS = 1_000
HORIZON_MS = 10_000  # what is due so soon is waited for
SCANNED, ALL = 200, 100_000  # rooms looked at beyond those already known
SCAN_EVERY_S = 0.5
MOST_VISITS = 100  # of one room in one run: whatever keeps coming back is left to the next
NAP_S, MOMENT_S = 1.0, 0.001
LEDGER_TRIES = 3  # beside the last
MENDED = 0  # when something is due that had failed, and may be mended by now
HAND_ON_S = 3.0  # kept back of the time limit: calls under way end in it

RoomOutcomes = tuple[Room, list[Outcome]]


def drain(resources: Resources, token: str = "") -> Iterator[RoomOutcomes]:
    """Do all that is due, oldest first, and say what came of each room as it is known.

    Ends when nothing is due within ten seconds; when its time is nearly over it hands on to another
    drainer. Without the `token` of a kick it does nothing while another drainer is at work. Raises
    LedgerError when the ledger still does not answer after a few seconds: TRTC has been told that
    somebody is at work, so it does not come back, and the timer comes late.
    """
    token = token or secrets.token_hex(16)
    for tries_left in reversed(range(LEDGER_TRIES + 1)):
        try:
            yield from _drain(resources, token)
        except LedgerError:
            if not tries_left or is_late(resources):
                raise
            resources.sleep(NAP_S)
        else:
            return


def _drain(resources: Resources, token: str) -> Iterator[RoomOutcomes]:
    ledger = resources.ledger
    while ledger.take_lease(LEASE, token, resources.now_ms(), LEASE_MS):
        drainer = _Drainer(resources, token, resources.now_ms())
        try:
            yield from drainer.run()
        finally:
            ledger.drop_lease(LEASE, token)
        # What was left due while we held the lease has kicked nobody.
        if not drainer.finds_more():
            return
        if is_late(resources):
            if drainer.visits:  # one with too little time would only call the next, and so on
                call_drainer(resources)
            return


class _Drainer(Struct):
    """One drainer at work; `renewed_ms` is when it took or renewed its lease."""

    resources: Resources
    token: str
    renewed_ms: int
    in_hand: dict[Future[list[Outcome]], Room] = {}
    waiting: dict[Room, Due] = {}  # for a slot, or for its time, in the order found
    left: set[Room] = set()  # nothing more can be done about them in this run
    full: int = 0  # rooms that wait for a place of the quota, found by the last scan
    places: dict[int, int] = {}  # of the quota, free at this scan, by application
    visits: Counter[Room] = field(default_factory=Counter)
    free_ms: dict[str, int] = {}  # when each kind of call has a slot again
    scanned_s: float = 0.0

    def run(self) -> Iterator[RoomOutcomes]:
        """Work until nothing is due soon, or time is nearly over."""
        if self.resources.invocation.cold_start:
            self._find_mended()
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            while not is_late(self.resources) and self._holds_lease():
                yield from self._collect()
                yield from self._scan()
                self._submit(pool)
                if not self.in_hand and not self.waiting:
                    break
                self._rest()
            wait(self.in_hand)
            yield from self._collect()

    def finds_more(self) -> bool:
        """Whether anything is due now that this run can still do."""
        now_ms = self.resources.now_ms()
        self.places.clear()
        passed_over = len(self.left) + self.full
        due = self.resources.ledger.list_due(now_ms, passed_over + CALLS_AT_ONCE)
        return any(self._find_need(room, now_ms) is not None for room in due)

    def _holds_lease(self) -> bool:
        now_ms = self.resources.now_ms()
        if 0 <= now_ms - self.renewed_ms < RENEW_MS:
            return True
        self.renewed_ms = now_ms
        return self.resources.ledger.take_lease(LEASE, self.token, now_ms, LEASE_MS)

    def _scan(self) -> Iterator[RoomOutcomes]:
        """Read the index for rooms in which something is due; seldom while enough of them are known."""
        now_s = time.monotonic()
        at_work = self.in_hand or self.waiting
        crowded = self.full or len(self.waiting) > CALLS_AT_ONCE
        if at_work and crowded and now_s < self.scanned_s + SCAN_EVERY_S:
            return
        self.scanned_s = now_s
        ledger, now_ms = self.resources.ledger, self.resources.now_ms()
        until_ms = now_ms + HORIZON_MS
        # What waits for a time of its own may have been given back, and be due, meanwhile.
        known = {
            *(room for room, need in self.waiting.items() if self._find_start_ms(need) <= now_ms),
            *self.in_hand.values(),
        }
        passed_over = len(self.waiting) + len(self.in_hand) + len(self.left) + self.full
        self.places, self.full = {}, 0
        for room in ledger.list_due(until_ms, SCANNED + passed_over):
            if room in known:
                continue
            try:
                need = self._find_need(room, until_ms)
            except LedgerError as error:
                ledger.find_next_due()  # raises too when it is not only this room's book
                self.left.add(room)
                yield room, [failed(error)]
                continue
            if need:
                self.waiting[room] = need
            else:
                self.waiting.pop(room, None)

    def _find_mended(self) -> None:
        """Make tasks due that failed under other settings or another package than this instance's."""
        ledger, now_ms = self.resources.ledger, self.resources.now_ms()
        for room in ledger.list_due(now_ms + FAILED_AGAIN_MS, ALL):
            with suppress(UnreadableError):  # the scan tells of it
                if need := self._find_need(room, MENDED):
                    self.waiting[room] = need

    def _find_need(self, room: Room, until_ms: int) -> Due | None:
        """The room's most urgent need that is due by then and that this run can still do."""
        if room in self.left or self.visits[room] >= MOST_VISITS:
            return None
        dues = [
            due._replace(at_ms=MENDED) if is_mended(task, self.resources) else due
            for session in self.resources.ledger.read(room).sessions
            for task in session.tasks.values()
            if (due := find_due(session, task))
        ]
        needs = [due for due in dues if due.at_ms <= until_ms]
        for need in sorted(needs, key=lambda need: need.at_ms):
            if not _needs_place(need) or self._take_place(room):
                return need
        self.full += bool(needs)
        return None

    def _take_place(self, room: Room) -> bool:
        """Whether TASK_QUOTA allows one more task, counting the starts under way."""
        sdk_app_id = room.sdk_app_id
        if sdk_app_id not in self.places:
            living = self.resources.ledger.count_living(sdk_app_id)
            queued = [one for one, need in self.waiting.items() if _needs_place(need)]
            claimants = Counter(one.sdk_app_id for one in (*queued, *self.in_hand.values()))
            taken = living + claimants[sdk_app_id]
            self.places[sdk_app_id] = self.resources.settings.task_quota - taken
        self.places[sdk_app_id] -= 1
        return self.places[sdk_app_id] >= 0

    def _submit(self, pool: ThreadPoolExecutor) -> None:
        """Begin the due work for which the limiter has slots; each kind of call has slots of its own."""
        now_ms = self.resources.now_ms()
        for room, need in list(self.waiting.items()):
            if len(self.in_hand) >= CALLS_AT_ONCE:
                return
            if self._find_start_ms(need) > now_ms:
                continue
            wait_ms = find_slot_wait(need.slot, self.resources)
            if wait_ms:
                self.free_ms[need.slot] = now_ms + wait_ms
                continue
            del self.waiting[room]
            self.visits[room] += 1
            granted = replace(self.resources, granted=[need.slot])
            self.in_hand[pool.submit(heal_room, room, granted)] = room

    def _find_start_ms(self, need: Due) -> int:
        return max(0 if need.is_check else need.at_ms, self.free_ms.get(need.slot, 0))

    def _collect(self) -> Iterator[RoomOutcomes]:
        for future in [future for future in self.in_hand if future.done()]:
            room = self.in_hand.pop(future)
            try:
                yield room, future.result()
            except RoomscribeError as error:
                self.left.add(room)
                yield room, [failed(error)]
            except Exception as error:  # noqa: BLE001  a bug in one room; the others go on
                self.left.add(room)
                log.bind_room(*room)
                log.write_crash("drain.crashed", error)

    def _rest(self) -> None:
        """Wait until a call has ended or more work may begin."""
        now_ms = self.resources.now_ms()
        starts_ms = [self._find_start_ms(need) - now_ms for need in self.waiting.values()]
        nap_s = max(min([*starts_ms, NAP_S * 1000]), 0) / 1000
        if not self.in_hand:
            self.resources.sleep(nap_s)
            return
        is_full = len(self.in_hand) >= CALLS_AT_ONCE
        wait(self.in_hand, NAP_S if is_full else max(nap_s, MOMENT_S), FIRST_COMPLETED)


def _needs_place(need: Due) -> bool:
    """Whether a start waits for a place of the quota."""
    return need.verb == "start" and need.task.error_code == QUOTA


def is_late(resources: Resources) -> bool:
    """Whether the time that is left is needed for the calls under way."""
    return resources.invocation.remaining_s() < HAND_ON_S
