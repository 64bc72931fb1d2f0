"""Exports of CLS: JSON lines, a list, CSV; whole lines and lines taken apart."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from local.errors import LocalError
from local.replay.choice import choose, make_tests
from local.replay.command import describe_origin
from local.replay.records import Recording, read_recording

NOW_MS = 1_800_000_000_000
EVENT_MS = 1_799_999_000_000
LINE = {
    "level": "INFO",
    "message": "transcription.started",
    "outcome": "started",
    "function_request_id": "request-1",
    "sdk_app_id": 1400000001,
    "room_id": "20001",
    "room_id_type": 0,
    "user_id": "amy",
    "role": 20,
    "event_type": 103,
    "event_ms": EVENT_MS,
}
REBUILT = {
    "EventGroupId": 1,
    "EventType": 103,
    "CallbackTs": EVENT_MS,
    "EventInfo": {
        "RoomId": 20001,
        "EventTs": EVENT_MS // 1000,
        "EventMsTs": EVENT_MS,
        "UserId": "amy",
        "Role": 20,
    },
}
START = {"SCF_Type": "Platform", "SCF_Message": "START RequestId: request-1"}


def export(line: object) -> dict[str, object]:
    return {"SCF_FunctionName": "f", "__TIMESTAMP__": EVENT_MS, "SCF_Message": json.dumps(line)}


def read(path: Path, *values: object) -> Recording:
    path.write_text("\n".join(json.dumps(value) for value in values), encoding="utf-8")
    return read_recording([path])


def read_bodies(recording: Recording) -> list[object]:
    return [json.loads(record.body) for record in recording.records]


@pytest.mark.parametrize(
    "entry",
    [
        export(LINE),
        {"__CONTENT__": json.dumps(LINE)},
        {"__CONTENT__": json.dumps(export(LINE))},
        {"SCF_RequestId": "request-1", **{name: str(value) for name, value in LINE.items()}},
    ],
    ids=["SCF_Message", "__CONTENT__", "one in the other", "taken apart"],
)
@pytest.mark.parametrize("name", ["cls.json", "cls.jsonl", "cls"])
def test_entry_holds_the_line_that_the_function_wrote(
    tmp_path: Path, name: str, entry: dict[str, object]
) -> None:
    recording = read(tmp_path / name, entry)
    assert read_bodies(recording) == [REBUILT]
    assert recording.records[0].sdk_app_id == "1400000001"


@pytest.mark.parametrize("name", ["cls.csv", "cls"])
def test_csv_is_an_export_too(tmp_path: Path, name: str) -> None:
    apart = {key: str(value) for key, value in LINE.items() if key != "user_id"}
    later = {**apart, "event_ms": str(EVENT_MS + 1), "function_request_id": "request-2"}
    columns = ["SCF_Message", "SCF_LogTime", *apart]
    with (tmp_path / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerow(later)
        writer.writerow({"SCF_Message": json.dumps(LINE)})
        writer.writerow({"SCF_Message": "Report RequestId: request-1\nDuration: 3 ms"})
    recording = read_recording([tmp_path / name])
    without_user = {key: text for key, text in REBUILT["EventInfo"].items() if key != "UserId"}  # type: ignore[attr-defined]
    without_user["EventMsTs"] = EVENT_MS + 1
    told = {**REBUILT, "CallbackTs": EVENT_MS + 1, "EventInfo": without_user}
    assert read_bodies(recording) == [REBUILT, told]
    assert recording.skipped == 1


def test_saved_callbacks_that_somebody_logged_are_read(tmp_path: Path) -> None:
    assert read_bodies(read(tmp_path / "cls.jsonl", export(REBUILT))) == [REBUILT]


def test_origin_says_what_was_read_and_what_cannot_be_rebuilt(tmp_path: Path) -> None:
    sentence = {**LINE, "event_type": 903, "function_request_id": "request-2"}
    heard = {**sentence, "message": "transcription.first_sentence"}
    refused = {"message": "callback.refused", "reason": "the Sign header does not match"}
    values = [START, *map(export, (LINE, sentence, heard, refused))] + [START] * 1200
    recording = read(tmp_path / "cls.jsonl", *values)
    chosen, left_out = choose(recording.records, make_tests("1d", None, "20002", None, NOW_MS))
    assert chosen == []
    assert describe_origin(recording, left_out) == (
        "1,205 lines of a CLS export in 1 file · 1 callback · 1 filtered out by --room · "
        "1 sentence cannot be rebuilt: the log never holds what was said · "
        "1 refused callback cannot be rebuilt: their lines name no room · "
        "1,202 lines without a callback of their own"
    )


@pytest.mark.parametrize(
    ("lines", "outcome", "passes"),
    [
        ([{"message": "transcription.failed", "outcome": "error"}], "failed", True),
        ([{"message": "transcription.stop_failed", "outcome": "error"}], "failed", True),
        ([{"message": "transcription.waiting", "outcome": "due"}], "come_back", True),
        ([{"message": "task.early", "outcome": "retry"}], "come_back", True),
        ([{"message": "transcription.started", "outcome": "started"}], "come_back", False),
        ([{"message": "transcription.started", "outcome": "started"}], "started", True),
        # what any of its lines says came of the callback
        ([{"message": "room.noted", "outcome": "x"}, {"message": "room.failed"}], "failed", True),
    ],
)
def test_outcome_is_what_any_line_of_the_callback_says(
    tmp_path: Path, lines: list[dict[str, object]], outcome: str, passes: bool
) -> None:
    bare = {name: value for name, value in LINE.items() if name != "outcome"}
    recording = read(tmp_path / "app.log", *({**bare, **line} for line in lines))
    chosen, _ = choose(recording.records, make_tests(None, None, None, outcome, NOW_MS))
    assert bool(chosen) == passes


@pytest.mark.parametrize(
    ("since", "until", "passes"),
    [
        ("20m", None, True),
        ("10m", None, False),
        (None, "10m", True),
        (None, "20m", False),
        ("2027-01-15T07:43:20Z", "2027-01-15T07:43:21", True),
        ("2027-01-15T15:43:20+08:00", None, True),
        ("2027-01-15T07:43:21", None, False),
    ],
)
def test_time_is_that_of_the_event(
    tmp_path: Path, since: str | None, until: str | None, passes: bool
) -> None:
    recording = read(tmp_path / "app.log", LINE)
    chosen, _ = choose(recording.records, make_tests(since, until, None, None, NOW_MS))
    assert bool(chosen) == passes


def test_callback_without_a_time_passes_no_time(tmp_path: Path) -> None:
    recording = read(tmp_path / "a.json", {"EventType": 101, "EventInfo": {"RoomId": 1}})
    for since, until in (("1970-01-01", None), (None, "2100-01-01")):
        assert choose(recording.records, make_tests(since, until, None, None, NOW_MS))[0] == []


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(LocalError, match="--until soon: a time must be like "):
        make_tests(None, "soon", None, None, NOW_MS)
