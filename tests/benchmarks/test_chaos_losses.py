"""Redis lost wholly in the chaos: when, and what the verdict lets a loss explain, and what not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.chaos.history import History, Told
from benchmarks.chaos.machines import REDIS_AWAY_MS, plan_losses
from benchmarks.chaos.plan import MINUTE_MS, Meeting, Step
from benchmarks.chaos.positions import POSITIONS
from benchmarks.chaos.verdict import Judgement, judge
from local.redis_server import RedisServer
from tests.support.redis_servers import connect, need_redis

APP = POSITIONS[0].sdk_app_id
BEGIN_MS = 1_700_000_000_000
LOST_MS = BEGIN_MS + 10 * MINUTE_MS
EVERY_MS, LAST_MS, KILLS_MS = 18 * MINUTE_MS, 50 * MINUTE_MS, 20 * MINUTE_MS


def test_losses_come_once_or_twice_and_never_while_redis_is_killed() -> None:
    plans = [list(plan_losses(seed, EVERY_MS, LAST_MS, KILLS_MS)) for seed in range(500)]
    assert {len(plan) for plan in plans} == {1, 2}
    assert len({tuple(plan) for plan in plans}) > 400
    for at_ms in (at_ms for plan in plans for at_ms in plan):
        assert at_ms % 1_000 == 0
        assert at_ms < LAST_MS * 3 / 4
        assert REDIS_AWAY_MS < at_ms % KILLS_MS < KILLS_MS - REDIS_AWAY_MS
    assert list(plan_losses(1, EVERY_MS, LAST_MS, KILLS_MS)) == plans[1]


def test_redis_that_is_lost_starts_empty(tmp_path: Path) -> None:
    need_redis()
    with RedisServer(tmp_path / "redis") as server:
        with connect(server) as client:
            client.set("said", "before")
        server.restart()
        with connect(server) as client:
            assert client.get("said") == "before"
        server.lose()
        server.start()
        with connect(server) as client:
            assert client.keys() == []


def tell(event_type: int, after_ms: int, room_id: str, user_id: str) -> Told:
    """A callback that the webhook was given so long after the loss, and answered 200."""
    at_ms = LOST_MS + after_ms
    info = {"RoomId": room_id, "EventMsTs": at_ms, "EventTs": at_ms // 1000, "UserId": user_id}
    body = {"EventGroupId": 1, "EventType": event_type, "CallbackTs": at_ms, "EventInfo": info}
    return Told(APP, json.dumps(body).encode(), accepted=True)


def judge_interval(
    kind: str,
    from_ms: int,
    to_ms: int,
    *,
    room_id: str = "cloud-1",
    told: tuple[Told, ...] = (),
    losses: tuple[int, ...] = (LOST_MS,),
    tasks: tuple[int, ...] = (-MINUTE_MS,),
    closed_ms: int | None = None,
    same_bot: str = "replace",
) -> Judgement:
    """The judgement of a room with one such interval; times in ms from the loss."""
    position = next(one for one in POSITIONS if one.same_bot == same_bot)
    app, history = position.sdk_app_id, History(begin_ms=BEGIN_MS)
    meeting = Meeting(app, room_id, 1, 0, 49 * 60 * MINUTE_MS, [Step(0, "create", "user-0")])
    for lost_ms in losses:
        history.note_loss(lost_ms, history.delivered)
    history.told = {one.body: one._replace(sdk_app_id=app) for one in told}
    history.task_starts_ms = {f"task-{n}": LOST_MS + ms for n, ms in enumerate(tasks)}
    if closed_ms is not None:
        history.closings_ms = {(app, room_id, 1): [LOST_MS + closed_ms]}
    who = {"user_id": "user-0"} if kind == "missing" else {"task_ids": [*history.task_starts_ms]}
    interval = {"kind": kind, "from_ms": LOST_MS + from_ms, "to_ms": LOST_MS + to_ms, **who}
    seconds = {"missing_s": 0.0, "doubled_s": 0.0, "orphaned_s": 0.0}
    seconds[f"{kind}_s"] = (to_ms - from_ms) / 1000
    room = {"sdk_app_id": app, "room_id": room_id, "room_id_type": 1, "intervals": [interval]}
    history.report = {"rooms": [{**room, **seconds}]}
    return next(one for one in judge(history, [meeting]) if one.position == position)


NEXT_MS = 10 * MINUTE_MS
ENTERS = tell(103, NEXT_MS, "cloud-1", "user-1")


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "room_id", "told", "kept"),
    [
        (5_000, NEXT_MS + 40_000, "cloud-1", (ENTERS,), True),
        (5_000, NEXT_MS + 50_000, "cloud-1", (ENTERS,), False),
        (-40_000, NEXT_MS, "cloud-1", (ENTERS,), True),
        (-50_000, NEXT_MS, "cloud-1", (ENTERS,), False),  # it was missing before
        (5_000, NEXT_MS, "cloud-1", (), True),  # nobody has told of the room
        (5_000, NEXT_MS, "cloud-1", (tell(104, 5_000, "cloud-1", "user-1"),), True),
        (5_000, NEXT_MS, "cloud-1", (tell(103, 5_000, "cloud-2", "user-1"),), True),
        (5_000, NEXT_MS, "cloud-1", (tell(103, 5_000, "cloud-1", "user-1"),), False),
        (5_000, NEXT_MS, "cloud-1", (tell(103, -5_000, "cloud-1", "user-1"),), False),  # late
        (5_000, NEXT_MS, "talk-1", (tell(103, 5_000, "talk-1", "user-1"),), True),
        (5_000, NEXT_MS, "talk-1", (tell(203, 5_000, "talk-1", "user-1"),), False),
        (5_000, NEXT_MS, "speakers-1", (tell(103, 5_000, "speakers-1", "user-1"),), True),
        (5_000, NEXT_MS, "speakers-1", (tell(103, 5_000, "speakers-1", "user-0"),), False),
    ],
)
def test_room_may_be_missed_from_a_loss_to_its_next_event(
    from_ms: int, to_ms: int, room_id: str, told: tuple[Told, ...], kept: bool
) -> None:
    judged = judge_interval("missing", from_ms, to_ms, room_id=room_id, told=told)
    assert (judged.broken == []) == kept
    assert judged.lost_s == ((to_ms - from_ms) / 1000 if kept else 0)
    without = judge_interval("missing", from_ms, to_ms, room_id=room_id, told=told, losses=())
    assert without.broken != []


@pytest.mark.parametrize(
    ("to_ms", "tasks", "closed_ms", "kept"),
    [
        (69_000, (-MINUTE_MS,), 9_000, True),  # until its idle limit
        (71_000, (-MINUTE_MS,), 9_000, False),
        (69_000, (8_000,), 9_000, False),  # of a task that the new ledger knows
        (69_000, (8_000,), -30_000, True),  # it has forgotten that the room is over
        (69_000, (8_000,), -5 * MINUTE_MS, False),
    ],
)
def test_task_that_nobody_knows_any_more_ends_by_its_idle_limit(
    to_ms: int, tasks: tuple[int, ...], closed_ms: int, kept: bool
) -> None:
    judged = judge_interval("orphaned", 9_000, to_ms, tasks=tasks, closed_ms=closed_ms)
    assert (judged.broken == []) == kept


@pytest.mark.parametrize(
    ("same_bot", "tasks", "told", "kept"),
    [
        ("both", (-MINUTE_MS, 5_000), (), True),
        ("both", (5_000, 6_000), (), False),
        ("both", (-MINUTE_MS, -5_000), (), False),
        ("replace", (-MINUTE_MS, 5_000), (), False),
    ],
)
def test_second_task_may_live_beside_the_one_that_nobody_knows(
    same_bot: str, tasks: tuple[int, ...], told: tuple[Told, ...], kept: bool
) -> None:
    judged = judge_interval("doubled", 6_000, NEXT_MS, same_bot=same_bot, tasks=tasks, told=told)
    assert (judged.broken == []) == kept
