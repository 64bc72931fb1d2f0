"""The emulator's books: missing, doubled and orphaned seconds."""

from dataclasses import replace
from functools import partial
from typing import Any

from local.cloud.accounts import KEPT_INTERVALS
from local.cloud.assumed import KEPT_MS
from local.cloud.clock import ManualClock
from local.cloud.config import CloudConfig, Wanting
from tests.support.emulator import CONFIG, SDK_APP_ID, RunningCloud, running_cloud

START_MS = ManualClock().now_ms()
# Rooms are dismissed here to see what becomes of a task that goes on.
AT_ONCE = replace(CONFIG, preparing_ms=0, dismissal_ends_tasks=False)


class Meeting:
    """An emulator with a clock that the test drives."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud

    def wait_s(self, seconds: float) -> None:
        self.cloud.advance(int(seconds * 1000))

    def report(self) -> tuple[float, float, float]:
        """missing, doubled, orphaned."""
        report: dict[str, Any] = self.cloud.http.get("/_local/report").json()
        return report["missing_s"], report["doubled_s"], report["orphaned_s"]


def meet(config: CloudConfig = AT_ONCE) -> Any:
    """An emulator whose time stands still."""
    return running_cloud(config, clock=ManualClock())


def test_nothing_is_missing_while_a_task_hears_everybody() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        cloud.start_cloud()
        meeting.wait_s(100)
        cloud.act("1234", "leave", user_id="amy")
        cloud.stop_cloud(cloud.list_tasks()[0]["task_id"])
        meeting.wait_s(100)
        assert meeting.report() == (0, 0, 0)


def test_wanted_room_without_a_task_is_missing_for_each_person() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        meeting.wait_s(10)
        cloud.act("1234", "enter", user_id="ben")
        cloud.act("1234", "enter", user_id="listener", role=21)
        meeting.wait_s(5)
        assert meeting.report() == (20, 0, 0)
        cloud.start_cloud(TranscriptionParam={"SubscribeList": [{"UserId": "ben"}]})
        meeting.wait_s(1.5)
        assert meeting.report() == (21.5, 0, 0)
        cloud.act("1234", "dismiss")
        meeting.wait_s(1)
        assert meeting.report()[0] == 21.5


def test_time_of_preparing_is_missing() -> None:
    with meet(CONFIG) as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        cloud.start_ai()
        meeting.wait_s(10)
        assert meeting.report() == (CONFIG.preparing_ms / 1000, 0, 0)


def test_person_without_wish_is_not_missing_and_a_microphone_wish_counts_while_on() -> None:
    wishes: dict[str, Wanting] = {"amy": "microphone", "ben": None, "cat": "present"}

    def want(sdk_app_id: int, room_id: str, room_id_type: int, user_id: str) -> Wanting:
        assert (sdk_app_id, room_id, room_id_type) == (SDK_APP_ID, "1234", 0)
        return wishes[user_id]

    with meet(replace(AT_ONCE, wanted=want)) as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234, "amy")
        cloud.act("1234", "enter", user_id="ben")
        meeting.wait_s(10)
        assert meeting.report() == (0, 0, 0)
        cloud.act("1234", "audio", user_id="amy", on=True)
        meeting.wait_s(3)
        cloud.act("1234", "audio", user_id="amy", on=False)
        meeting.wait_s(10)
        assert meeting.report() == (3, 0, 0)
        cloud.act("1234", "enter", user_id="cat")
        meeting.wait_s(1)
        assert meeting.report() == (4, 0, 0)


def test_audience_is_never_missing() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234, role=21)
        meeting.wait_s(10)
        assert meeting.report() == (0, 0, 0)
        cloud.act("1234", "enter", user_id="amy", role=20)
        meeting.wait_s(10)
        assert meeting.report() == (10, 0, 0)


def test_two_bots_in_a_room_double_everybody_they_both_hear() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        cloud.act("1234", "enter", user_id="ben")
        cloud.start_cloud(bot="a")
        task_id = cloud.start_ai(bot="b")["TaskId"]
        meeting.wait_s(10)
        assert meeting.report() == (0, 20, 0)
        cloud.start_cloud(bot="c", TranscriptionParam={"UnSubscribeList": [{"UserId": "ben"}]})
        meeting.wait_s(10)
        assert meeting.report() == (0, 40, 0)
        cloud.stop_ai(task_id)
        meeting.wait_s(10)
        assert meeting.report() == (0, 50, 0)


def test_one_bot_living_twice_doubles_too() -> None:
    with meet(replace(AT_ONCE, same_bot="both")) as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        cloud.start_cloud()
        cloud.start_cloud()
        meeting.wait_s(2)
        assert meeting.report() == (0, 2, 0)


def test_task_beyond_the_close_of_its_room_is_orphaned() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        task_id = cloud.start_cloud(bot="a")["TaskId"]
        cloud.start_ai(bot="b")
        cloud.act("1234", "dismiss")
        meeting.wait_s(10)
        assert meeting.report()[2] == 20
        cloud.stop_cloud(task_id)
        meeting.wait_s(1000)  # the other one ends itself after its 60 s
        assert meeting.report()[2] == 70


def test_task_beyond_its_idle_limit_is_orphaned_when_the_server_forgets_it() -> None:
    with meet(replace(AT_ONCE, idle_stops=False, bots_hold_rooms=True)) as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        cloud.start_cloud(TranscriptionParam={"MaxIdleTime": 30})
        meeting.wait_s(1000)
        cloud.act("1234", "leave", user_id="amy")
        meeting.wait_s(29)
        assert meeting.report() == (0, 0, 0)
        meeting.wait_s(11)
        assert meeting.report() == (0, 0, 10)
        cloud.act("1234", "enter", user_id="amy")
        meeting.wait_s(100)
        cloud.act("1234", "leave", user_id="amy")
        meeting.wait_s(30)
        assert meeting.report() == (0, 0, 10)


def test_task_without_its_only_person_is_orphaned_beyond_its_idle_limit() -> None:
    with meet(replace(AT_ONCE, idle_stops=False)) as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234, "amy")
        only_ben = {"MaxIdleTime": 5, "SubscribeList": [{"UserId": "ben"}]}
        cloud.start_cloud(bot="a")
        cloud.start_cloud(bot="b", TranscriptionParam=only_ben)
        meeting.wait_s(7)
        assert meeting.report() == (0, 0, 2)


def test_task_of_a_room_that_never_opens_is_orphaned_beyond_its_idle_limit() -> None:
    with meet(replace(AT_ONCE, idle_stops=False)) as cloud:
        meeting = Meeting(cloud)
        cloud.start_cloud()
        meeting.wait_s(31)
        assert meeting.report() == (0, 0, 1)


def test_tasks_of_single_speakers_leave_nobody_out_and_nobody_doubled() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234, "amy")
        cloud.act("1234", "enter", user_id="ben")
        for user_id in ("amy", "ben"):
            only = {"SubscribeList": [{"UserId": user_id}]}
            cloud.start_cloud(bot=f"bot-{user_id}", TranscriptionParam=only)
        meeting.wait_s(10)
        assert meeting.report() == (0, 0, 0)
        cloud.stop_cloud(str(cloud.list_tasks()[0]["task_id"]))
        meeting.wait_s(10)
        assert meeting.report() == (10, 0, 0)


def test_task_started_after_the_close_is_orphaned_at_once() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        cloud.act("1234", "dismiss")
        cloud.start_cloud()
        meeting.wait_s(7)
        assert meeting.report()[2] == 7


def test_task_of_a_room_that_never_opened_is_not_orphaned() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.start_cloud()
        meeting.wait_s(1000)
        assert meeting.report() == (0, 0, 0)


def test_created_again_the_room_is_heard_by_the_task_that_went_on() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        cloud.start_cloud(bot="a")
        cloud.act("1234", "dismiss")
        meeting.wait_s(5)
        cloud.create(1234)
        cloud.start_cloud(bot="b")
        meeting.wait_s(10)
        assert meeting.report() == (0, 10, 5)


def test_report_lists_every_room_and_sums_them() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        cloud.create("1234")
        meeting.wait_s(1)
        cloud.act("1234?type=1", "dismiss")
        meeting.wait_s(2)
        report = cloud.http.get("/_local/report").json()
    none = {
        "doubled_s": 0,
        "orphaned_s": 0,
        "last_doubled_ms": None,
        "last_orphaned_ms": None,
    }
    room = {"sdk_app_id": SDK_APP_ID, "room_id": "1234", **none}
    closed_ms, now_ms = START_MS + 1000, START_MS + 3000
    assert report == {
        "missing_s": 4,
        "last_missing_ms": now_ms,
        **none,
        "rooms": [
            {**room, "room_id_type": 0, "missing_s": 3, "last_missing_ms": now_ms},
            {**room, "room_id_type": 1, "missing_s": 1, "last_missing_ms": closed_ms},
        ],
    }


def read_intervals(cloud: RunningCloud) -> list[dict[str, Any]]:
    """The intervals of the only room, in seconds since the start."""
    (room,) = cloud.http.get("/_local/report?intervals=1").json()["rooms"]
    return [
        {
            **one,
            "from_ms": (one["from_ms"] - START_MS) / 1000,
            "to_ms": (one["to_ms"] - START_MS) / 1000,
        }
        for one in room["intervals"]
    ]


def test_intervals_say_what_was_wrong_when_and_with_whom() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        meeting.wait_s(1)
        cloud.act("1234", "enter", user_id="listener", role=21)  # changes nothing for amy
        meeting.wait_s(1)
        first = cloud.start_cloud(bot="a")["TaskId"]
        meeting.wait_s(5)
        second = cloud.start_cloud(bot="b")["TaskId"]
        meeting.wait_s(1)
        cloud.stop_cloud(second)
        meeting.wait_s(2)
        cloud.act("1234", "dismiss")
        meeting.wait_s(3)
        assert read_intervals(cloud) == [
            {"kind": "missing", "from_ms": 0, "to_ms": 2, "user_id": "amy"},
            {
                "kind": "doubled",
                "from_ms": 7,
                "to_ms": 8,
                "user_id": "amy",
                "task_ids": [first, second],
            },
            {"kind": "orphaned", "from_ms": 10, "to_ms": 13, "task_ids": [first]},
        ]


def test_interval_that_begins_again_is_another() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        meeting.wait_s(1)
        cloud.act("1234", "leave", user_id="amy")
        meeting.wait_s(1)
        cloud.create(1234)
        meeting.wait_s(1)
        times = [(one["from_ms"], one["to_ms"]) for one in read_intervals(cloud)]
    assert times == [(0, 1), (2, 3)]


def test_latest_intervals_are_kept_and_every_second_is_in_the_sum() -> None:
    clock = ManualClock()
    with running_cloud(AT_ONCE, clock=clock) as cloud:
        meeting = Meeting(cloud)
        cloud.create(1234)
        for _ in range(KEPT_INTERVALS + 10):
            cloud.run(partial(clock.advance, 1000))
            cloud.act("1234", "enter", user_id="amy", role=21)
            cloud.run(partial(clock.advance, 1000))
            cloud.act("1234", "enter", user_id="amy", role=20)
        assert len(read_intervals(cloud)) == KEPT_INTERVALS
        assert meeting.report()[0] == KEPT_INTERVALS + 10


def test_rooms_are_forgotten_and_their_seconds_are_not() -> None:
    with meet() as cloud:
        meeting = Meeting(cloud)
        cloud.create(1)
        cloud.create(2)
        cloud.start_cloud("2")
        meeting.wait_s(10)
        task_id = str(cloud.list_tasks()[0]["task_id"])
        cloud.stop_cloud(task_id)
        for room_id in ("1", "2"):
            cloud.act(room_id, "dismiss")
        meeting.wait_s(KEPT_MS / 1000 + 1)
        cloud.create(3)
        report = cloud.http.get("/_local/report").json()
        assert [(room["room_id"], room["missing_s"]) for room in report["rooms"]] == [
            ("1", 10),
            ("3", 0),
        ]
        cloud.create(1)
        meeting.wait_s(5)
        assert meeting.report() == (20, 0, 0)
        assert cloud.describe_cloud(task_id)["Error"]["Code"] == "ResourceNotFound"


def test_room_that_a_task_or_a_person_is_in_is_not_forgotten() -> None:
    with meet(replace(AT_ONCE, idle_stops=False)) as cloud:
        meeting = Meeting(cloud)
        cloud.create(1)
        task_id = cloud.start_cloud("2")["TaskId"]
        meeting.wait_s(3 * KEPT_MS / 1000)
        cloud.create(3)
        assert [room["room_id"] for room in cloud.list_rooms()] == ["1", "2", "3"]
        assert cloud.describe_cloud(task_id)["Status"] == "InProgress"
