"""What came of it: the emulator's books against the bounds, and the ledger's verdict on every room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.chaos.found_again import Losses
from benchmarks.chaos.history import History
from benchmarks.chaos.machines import REDIS_AWAY_MS
from benchmarks.chaos.plan import Meeting
from benchmarks.chaos.positions import POSITIONS, Position
from benchmarks.chaos.troubles import Ends
from shared.ledger import Session

SWEEP_MS = 30_000
# After the next sweep nothing may be left: it comes within 30 s and may have to repeat a failed call.
AFTER_SWEEP_MS = SWEEP_MS + 15_000
FAILED_CALL_MS = SWEEP_MS + 5_000
EXPLAINED_BY_MS = 180_000  # a lost webhook is made up for by the check of its task, at the latest
MISSING_BOUND = 0.01
# When neither TRTC nor the bot's leaving tells of an end, only the checks do.
UNTOLD_BOUND, UNTOLD_LONGEST_S = 0.02, 180
SAME_MOMENT_MS = 1_000
AUDIO_STARTED, CLOUD_STARTED = 203, 1401

Interval = Mapping[str, Any]  # as the emulator's report has it


@dataclass
class Judgement:
    """The figures of one position of the switches; seconds, and what breaks a bound."""

    position: Position
    room_hours: float = 0.0
    wanted_s: float = 0.0
    missing_s: float = 0.0
    untold_s: float = 0.0  # of what is missing: see _is_untold
    lost_s: float = 0.0  # the same: what a loss of Redis explains, and nothing else does
    doubled_s: float = 0.0
    orphaned_s: float = 0.0
    longest_missing_s: float = 0.0
    longest_gap_s: float = 0.0  # the same, of what somebody could have seen
    longest_doubled_s: float = 0.0
    longest_orphaned_s: float = 0.0
    unexplained: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def missing_share(self) -> float:
        """Of the time people were wanted; without what is gone with a Redis that was lost."""
        return _share(self.missing_s - self.lost_s, self.wanted_s)

    @property
    def told_share(self) -> float:
        """The same, of what somebody could have seen."""
        return _share(self.missing_s - self.lost_s - self.untold_s, self.wanted_s)


def judge(history: History, meetings: list[Meeting], ends: Ends = "told") -> list[Judgement]:
    """A judgement for each position of the switches."""
    bound = UNTOLD_BOUND if ends == "untold" else MISSING_BOUND
    judgements, losses = {p.sdk_app_id: Judgement(p) for p in POSITIONS}, Losses(history)
    for meeting in meetings:
        judgements[meeting.sdk_app_id].room_hours += meeting.hours
        judgements[meeting.sdk_app_id].wanted_s += meeting.person_s
    for room in history.report["rooms"]:
        _add_room(judgements[room["sdk_app_id"]], room, history, losses)
    for session in history.sessions:
        judgements[session.room.sdk_app_id].broken += _find_undecided(session)
    for room in history.rooms_left:
        judgements[room["sdk_app_id"]].broken += [
            f"{room['room_id']}: task {task['task_id']} still runs" for task in room["tasks"]
        ]
    everything = list(judgements.values())
    for judgement in everything:
        _check_bounds(judgement, bound)
        if ends == "untold" and judgement.longest_gap_s > UNTOLD_LONGEST_S:
            judgement.broken.append(f"a gap of {judgement.longest_gap_s:.0f} s")
    # One lost webhook may silence a meeting; many meetings are needed to tell bad luck from a bad rate.
    missing_s = sum(one.missing_s - one.lost_s for one in everything)
    share = _share(missing_s, sum(one.wanted_s for one in everything))
    if share > bound:
        everything[-1].broken.append(f"missing {share:.2%} of the wanted time of all positions")
    return everything


def _add_room(judgement: Judgement, room: Interval, history: History, losses: Losses) -> None:
    judgement.missing_s += room["missing_s"]
    judgement.doubled_s += room["doubled_s"]
    judgement.orphaned_s += room["orphaned_s"]
    for interval in room["intervals"]:
        long_s = (interval["to_ms"] - interval["from_ms"]) / 1000
        kind = interval["kind"]
        name = f"longest_{kind}_s"
        setattr(judgement, name, max(getattr(judgement, name), long_s))
        strikes = _find_strikes(room["room_id"], interval, history)
        allowed_ms = _find_allowance(kind, judgement.position, strikes)
        is_lost = long_s * 1000 > allowed_ms and losses.explain(room, interval, allowed_ms)
        if kind == "missing" and _is_untold(interval, strikes):
            judgement.untold_s += long_s
        elif kind == "missing" and is_lost:
            judgement.lost_s += long_s
        elif kind == "missing":
            judgement.longest_gap_s = max(judgement.longest_gap_s, long_s)
        if (
            long_s * 1000 > allowed_ms
            and not is_lost
            and not _is_explained(room["room_id"], interval, strikes, judgement.position, history)
        ):
            at_s = (interval["from_ms"] - history.begin_ms) // 1000
            judgement.unexplained.append(f"{room['room_id']}: {kind} {long_s:.0f} s at {at_s} s")


def _share(part_s: float, wanted_s: float) -> float:
    return part_s / wanted_s if wanted_s else 0.0


def _is_untold(interval: Interval, strikes: list[Interval]) -> bool:
    """Whether it began with the loss, for good, of the webhook that would have told that somebody speaks."""
    return any(
        strike["what"] == "lose"
        and strike.get("event_type") == AUDIO_STARTED
        and abs(strike["at_ms"] - interval["from_ms"]) <= SAME_MOMENT_MS
        for strike in strikes
    )


def _find_strikes(room_id: str, interval: Interval, history: History) -> list[Interval]:
    """What struck the room during the interval, and shortly before."""
    from_ms, to_ms = interval["from_ms"] - EXPLAINED_BY_MS, interval["to_ms"]
    return [
        strike
        for strike in history.strikes
        if strike.get("room_id") == room_id and from_ms <= strike["at_ms"] <= to_ms
    ]


def _find_allowance(kind: str, position: Position, strikes: list[Interval]) -> int:
    """How long it may last when no webhook was lost for good: every failed call may cost a sweep."""
    if kind == "doubled":
        return AFTER_SWEEP_MS if position.same_bot == "both" else 0
    failed = len([strike for strike in strikes if strike["where"] == "api"])
    return AFTER_SWEEP_MS + FAILED_CALL_MS * failed


def _was_start_lost(room_id: str, interval: Interval, history: History) -> bool:
    return any(
        strike["what"] == "lose"
        and strike.get("event_type") == CLOUD_STARTED
        and strike.get("room_id") == room_id
        and strike["at_ms"] <= interval["from_ms"]
        for strike in history.strikes
    )


def _is_explained(
    room_id: str,
    interval: Interval,
    strikes: list[Interval],
    position: Position,
    history: History,
) -> bool:
    """Whether something happened that nobody could have seen earlier: a webhook lost, or Redis away."""
    if interval["kind"] == "doubled":  # two live side by side, and of one TRTC told nobody
        return position.same_bot == "both" and _was_start_lost(room_id, interval, history)
    if any(strike["what"] == "lose" for strike in strikes):
        return True
    from_ms, to_ms = interval["from_ms"] - AFTER_SWEEP_MS, interval["to_ms"]
    return any(
        from_ms <= away_ms + REDIS_AWAY_MS and away_ms <= to_ms for away_ms in history.redis_away_ms
    )


def _find_undecided(session: Session) -> Iterator[str]:
    for task in session.tasks.values():
        undecided = task.state in ("due", "starting", "stopping")
        if undecided or (session.closed_ms is not None and (task.alive or task.unseen)):
            yield f"{session.room.room_id}: {task.target} is {task.state}, {len(task.alive)} alive"


def _check_bounds(judgement: Judgement, bound: float) -> None:
    if judgement.told_share > bound:
        judgement.broken.append(f"missing {judgement.told_share:.2%} of the wanted time")
    if judgement.position.same_bot != "both" and judgement.doubled_s > 0:
        judgement.broken.append(f"doubled {judgement.doubled_s:.1f} s")
    judgement.broken += judgement.unexplained


def count_calls(history: History) -> dict[str, int]:
    """API calls by what became of them, of all actions together."""
    counts: dict[str, int] = defaultdict(int)
    for name, count in history.calls.items():
        counts[name.partition(" ")[2]] += count
    return dict(counts)
