"""The verdict on deliveries finds what is wrong; and a world without troubles, in which nothing is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest

from benchmarks.chaos.delivery_verdict import compare_worlds, judge_delivery
from benchmarks.chaos.files import list_files
from benchmarks.chaos.history import Deletion, History
from benchmarks.chaos.pair import CALM, play_pair
from benchmarks.chaos.plan import MINUTE_MS, Lengths, plan_meetings
from benchmarks.chaos.positions import POSITIONS
from benchmarks.chaos.world import HOUR_MS

SEED = 7
LENGTHS = Lengths(shortest_ms=3 * MINUTE_MS, longest_ms=5 * MINUTE_MS, spread_ms=20_000)
PACE = replace(CALM, aftermath_ms=4 * MINUTE_MS)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pair() -> tuple[History, History]:
    """A world in which archive and endpoints fail, and one in which nothing does."""
    chance = random.Random(SEED)  # noqa: S311  repeatable, not secret
    sdk_app_ids = [position.sdk_app_id for position in POSITIONS]
    return play_pair("sqlite", list(plan_meetings(chance, sdk_app_ids, 1.0, LENGTHS)), SEED, PACE)


def test_files_are_the_same_whether_or_not_delivery_fails(pair: tuple[History, History]) -> None:
    troubled, calm = pair
    assert {fault["where"] for fault in troubled.faults if fault["struck"]} == {"cos", "endpoint"}
    assert calm.faults == []
    assert len(calm.delivered.objects) > 50
    assert list(compare_worlds(troubled, calm)) == []
    for history in pair:
        assert judge_delivery(history).broken == []


def test_difference_between_the_worlds_is_found(pair: tuple[History, History]) -> None:
    troubled, calm = deepcopy(pair[0]), pair[1]
    troubled.delivered.objects.popitem()
    troubled.start_latencies_ms = [latency + 101 for latency in calm.start_latencies_ms]
    files, starts = compare_worlds(troubled, calm)
    assert files.startswith("1 of ")
    assert starts.startswith("starts' p99 is ")


def find_key(history: History, name: str) -> str:
    """The key of a file of that name, in a session in which something was said."""
    texts = ((key, raw) for key, raw in history.delivered.objects.items())
    return next(key for key, raw in texts if key.endswith(name) and b"What was said" in raw)


def change_byte(history: History) -> None:
    history.delivered.objects[find_key(history, "transcript.txt")] += b"!"


def lose_files(history: History) -> None:
    folder = find_key(history, "transcript.txt").rpartition("/")[0]
    objects = history.delivered.objects
    history.delivered.objects = {key: objects[key] for key in objects if folder not in key}


def leave_file(history: History) -> None:
    history.delivered.objects["transcripts/2026/11/26/1/another/meta.json"] = b"{}"


def find_sentence(history: History) -> bytes:
    """The body of a callback of a sentence that is in the bucket."""
    (one, *_) = json.loads(history.delivered.objects[find_key(history, "records.json")])
    return next(body for body in history.told if one["said"]["text"].encode() in body)


def tell_more(history: History) -> None:
    body = find_sentence(history)
    info = json.loads(body)
    info["EventInfo"]["Payload"]["RoundId"] = "another"
    more = json.dumps(info).encode()
    history.told[more] = history.told[body]._replace(body=more)


def tell_nothing(history: History) -> None:
    round_id = json.loads(find_sentence(history))["EventInfo"]["Payload"]["RoundId"].encode()
    for body in [body for body in history.told if round_id in body]:  # the translation, too
        del history.told[body]


def tell_of_no_task(history: History) -> None:
    body = find_sentence(history)
    info = json.loads(body)
    info["EventInfo"]["TaskId"] = "another"
    history.told[body] = history.told[body]._replace(body=json.dumps(info).encode())


def delete_late(history: History) -> None:
    """Of a room whose transcript was delivered long before."""
    first = next(e for e in history.delivered.events if e["type"] == "transcript.completed")
    data, now_ms = first["data"], history.end_ms
    room = (data["sdk_app_id"], data["room_id"], data["room_id_type"])
    history.deletions.append(Deletion(room, now_ms, first["at_ms"] - 1))
    history.delivered.deleted_versions[data["session"]] = data["version"] + 1


def leave_open(history: History) -> None:
    history.delivered.sessions[0].closed_ms = None


def forget_events(history: History, type_: str, receiver: str = "") -> None:
    first = next(e for e in history.delivered.events if e["type"] == type_)
    history.delivered.events = [
        event
        for event in history.delivered.events
        if event["id"] != first["id"] or (receiver and event["receiver"] != receiver)
    ]


def change_event(history: History, **changes: object) -> None:
    history.delivered.events[0] = {**history.delivered.events[0], **changes}


def tell_twice(history: History) -> None:
    events = history.delivered.events
    started = [event for event in events if event["type"] == "transcription.started"]
    again = [event for event in events if event["id"] == started[0]["id"]]
    events += [{**event, "id": "msg_another"} for event in again]


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (change_byte, "transcript.txt: not what the formats make of it"),
        (lose_files, "no files, of "),
        (leave_file, "1 files are of no session"),
        (tell_more, "accepted sentences are missing"),
        (tell_nothing, "a sentence is there that nobody told, or that was deleted"),
        (tell_of_no_task, "an accepted sentence has no session"),
        (delete_late, "files of a deleted text"),
        (delete_late, "after the deletion was answered"),
        (delete_late, "nothing tells of its deletion"),
        (lambda h: forget_events(h, "transcription.started"), "nothing tells of the start"),
        (lambda h: forget_events(h, "transcript.completed"), "nothing tells that it is complete"),
        (lambda h: forget_events(h, "transcript.completed", "far"), "taken by ['near'] alone"),
        (tell_twice, "a start has two ids"),
        (leave_open, "is still open"),
        (lambda h: change_event(h, verified=False, problem="no"), "not verified: no"),
        (lambda h: change_event(h, data={**h.delivered.events[0]["data"], "x": 1}), "differently"),
        (lambda h: change_event(h, at_ms=0), "arrived before it happened"),
        (lambda h: h.task_starts_ms.clear(), "told before the task was started"),
        (lambda h: h.closings_ms.clear(), "told before the room was closed"),
        (
            lambda h: h.delivered.undelivered.append("one"),
            "1 sessions are undelivered, such as one",
        ),
        (lambda h: h.delivered.unsent.append("one"), "1 events are not sent, such as one"),
        (lambda h: h.delivered.dead.append("one"), "1 events are dead, such as one"),
    ],
)
def test_what_is_wrong_is_found(
    pair: tuple[History, History], harm: Callable[[History], None], says: str
) -> None:
    history = deepcopy(pair[1])
    harm(history)
    assert [text for text in judge_delivery(history).broken if says in text] != []


def test_session_whose_end_was_lost_for_good_is_counted_and_breaks_nothing(
    pair: tuple[History, History],
) -> None:
    history = deepcopy(pair[1])
    leave_open(history)
    room_id = history.delivered.sessions[0].room.room_id
    lost = {"what": "lose", "where": "callback", "event_type": 102, "room_id": room_id}
    history.strikes.append({"at_ms": history.end_ms, **lost})
    judged = judge_delivery(history)
    assert (judged.untold, judged.broken) == (1, [])


def lose_ledger(history: History, after_ms: int = 0) -> None:
    """Redis is lost wholly in the end, or so long after it, and knows nothing any more."""
    left = history.delivered
    history.note_loss(history.end_ms + HOUR_MS + after_ms, left)
    history.delivered = replace(left, sessions=[], deleted_versions={}, archived=[], unsent=[])


def test_archived_files_are_there_and_equal_after_a_loss(pair: tuple[History, History]) -> None:
    history = deepcopy(pair[0])
    before = judge_delivery(history)
    assert len(history.delivered.archived) > 5
    lose_ledger(history, 10 * HOUR_MS)
    after = judge_delivery(history)
    assert (after.broken, after.files, after.sessions) == ([], before.files, 0)


def shorten_records(history: History) -> None:
    history.delivered.objects[find_key(history, "records.json")] = b"[]"


def reopen_session(history: History) -> None:
    """The next ledger knows the session again, and has written less of it."""
    key = find_key(history, "records.json")
    sessions = history.lost[0].left.sessions
    history.delivered.sessions = [one for one in sessions if list_files(one, {key: b""})]
    history.delivered.deleted_versions = {history.delivered.sessions[0].id: 0}
    shorten_records(history)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (change_byte, "archived files were changed after Redis was lost"),
        (lose_files, "archived files were changed after Redis was lost"),
        (reopen_session, "archived files were changed after Redis was lost"),
        (leave_file, "1 files are of no session"),
        (lambda h: h.lost[0].left.miscounted.append("1"), "numbers of running tasks are wrong"),
    ],
)
def test_what_is_wrong_after_a_loss_is_found(
    pair: tuple[History, History], harm: Callable[[History], None], says: str
) -> None:
    history = deepcopy(pair[0])
    lose_ledger(history, 10 * HOUR_MS)
    history.delivered.objects = {**history.delivered.objects}
    harm(history)
    assert [text for text in judge_delivery(history).broken if says in text] != []


def test_archived_text_that_is_told_of_again_after_a_loss_is_found(
    pair: tuple[History, History],
) -> None:
    history = deepcopy(pair[0])
    lose_ledger(history, -10 * HOUR_MS)
    assert (
        "an archived text is told of again after Redis was lost" in judge_delivery(history).broken
    )
