"""`replay` into the real function and the real emulator: callbacks, and the logs they left."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from local.replay import replay
from shared.scf import now_ms
from tests.support.emulator import (
    APPLICATION,
    SDK_APP_ID,
    SECRET_ID,
    SECRET_KEY,
    RunningCloud,
    running_cloud,
)
from tests.support.instance import forget_instance


@pytest.fixture
def cloud(environment: pytest.MonkeyPatch) -> Iterator[RunningCloud]:
    """An emulator whose keys are in the environment."""
    environment.setenv("TRTC_SDK_APP_ID", str(SDK_APP_ID))
    environment.setenv("TRTC_SDK_SECRET_KEY", APPLICATION.secret_key)
    environment.setenv("TRTC_CALLBACK_KEY", APPLICATION.callback_key)
    environment.setenv("TENCENT_SECRET_ID", SECRET_ID)
    environment.setenv("TENCENT_SECRET_KEY", SECRET_KEY)
    with running_cloud() as cloud:
        environment.setenv("ROOMSCRIBE_REPLAY_URL", f"{cloud.url}/functions/trtc_callback")
        yield cloud


def make_callback(event_type: int, event_ms: int, **info: object) -> dict[str, Any]:
    times = {"EventTs": event_ms // 1000, "EventMsTs": event_ms}
    return {
        "EventGroupId": event_type // 100,
        "EventType": event_type,
        "CallbackTs": event_ms,
        "EventInfo": {"RoomId": "lobby", **times, **info},
    }


def write(path: Path, *values: object) -> Path:
    path.write_text("\n".join(json.dumps(value) for value in values), encoding="utf-8")
    return path


def play(path: Path, *options: str) -> Result:
    app = typer.Typer()
    app.command()(replay)
    arguments = [str(path), "--in-process", *options]
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def split_output(result: Result) -> tuple[list[dict[str, Any]], str]:
    """The function's log lines, and the summary after them."""
    _origin, *lines, summary = result.stdout.splitlines()
    return [json.loads(line) for line in lines], summary


def test_replayed_room_is_transcribed_once_however_often(
    cloud: RunningCloud, tmp_path: Path
) -> None:
    cloud.create("lobby")
    opened_ms = int(str(cloud.list_rooms()[0]["opened_ms"]))
    file = write(tmp_path / "one.json", make_callback(101, opened_ms, UserId="amy"))
    lines, summary = split_output(play(file, "--duplicates", "3"))
    assert [line["message"] for line in lines].count("transcription.started") == 1
    assert summary.startswith("3 sent in ")
    assert summary.endswith(" · 3 as expected · 0 not")
    assert play(file).exit_code == 0
    assert [task["service"] for task in cloud.list_tasks()] == ["cloud"]


def test_context_names_the_function_as_scf_does(cloud: RunningCloud, tmp_path: Path) -> None:
    callback = make_callback(105, now_ms(), UserId="amy", Role=20)
    lines, _ = split_output(play(write(tmp_path / "one.json", callback)))
    assert lines[0]["function_name"] == "trtc_callback"
    assert lines[0]["function_version"] == "$LATEST"
    assert len(lines[0]["function_request_id"]) == 36


def test_documented_and_refused_events_answer_as_expected(
    cloud: RunningCloud, tmp_path: Path
) -> None:
    old = make_callback(103, 1_600_000_000_000, UserId="amy", Role=20)
    cases = [
        {"body": "not JSON", "status": 400},
        {"body": json.dumps({"EventType": 101}), "status": 400},
        {"httpMethod": "GET", "headers": {}, "body": "", "status": 405},
        {"body": "x" * 70_000, "status": 413},
        {"body": json.dumps(old), "status": 200},
    ]
    result = play(write(tmp_path / "cases.jsonl", *cases))
    assert (result.exit_code, result.stdout.splitlines()[-1][:6]) == (0, "5 sent")
    assert play(write(tmp_path / "old.json", old), "--keep-callback-ts").exit_code == 1


def test_logs_of_a_meeting_play_it_again(cloud: RunningCloud, tmp_path: Path) -> None:
    cloud.create("lobby")
    opened_ms = int(str(cloud.list_rooms()[0]["opened_ms"]))
    meeting = [
        make_callback(101, opened_ms, UserId="amy"),
        make_callback(103, opened_ms + 1, UserId="amy", Role=20),
        make_callback(203, opened_ms + 2, UserId="amy"),
        make_callback(104, opened_ms + 3, UserId="amy", Role=20),
        make_callback(102, opened_ms + 4),
    ]
    lines, _ = split_output(play(write(tmp_path / "meeting.jsonl", *meeting)))
    forget_instance()
    (tmp_path / "ledger.db").unlink()  # the ledger is lost: only the logs know
    again, summary = split_output(play(write(tmp_path / "app.log", *lines)))
    assert " · 5 as expected · 0 not" in summary
    events = [line["event_type"] for line in again]
    assert sorted(set(events), key=events.index) == [101, 103, 203, 104, 102]


def export(line: dict[str, Any]) -> dict[str, Any]:
    """A log line as an entry of CLS, by SCF's document on the structure of its logs."""
    entry = {"SCF_FunctionName": "trtc_callback", "SCF_Type": "Custom", "SCF_RetryNum": 0}
    return {**entry, "SCF_LogTime": line["event_ms"], "SCF_Message": json.dumps(line)}


def test_export_plays_a_meeting_again_and_twice_doubles_nothing(
    cloud: RunningCloud, tmp_path: Path
) -> None:
    cloud.create("lobby")
    opened_ms = int(str(cloud.list_rooms()[0]["opened_ms"]))
    meeting = [
        make_callback(101, opened_ms, UserId="amy"),
        make_callback(103, opened_ms + 1, UserId="amy", Role=20),
        make_callback(203, opened_ms + 2, UserId="amy"),
    ]
    lines, _ = split_output(play(write(tmp_path / "meeting.jsonl", *meeting)))
    forget_instance()
    (tmp_path / "ledger.db").unlink()
    newest_first = [export(line) for line in reversed(lines)]
    file = write(tmp_path / "cls.json", *newest_first)
    first = play(file)
    assert " · 3 as expected · 0 not" in first.stdout
    again, _ = split_output(play(file))
    assert "transcription.started" not in [line["message"] for line in again]
    assert [task["status"] for task in cloud.list_tasks()].count("InProgress") == 1


def test_environment_is_put_back(
    cloud: RunningCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRTC_ENDPOINT", "elsewhere.example")
    play(write(tmp_path / "one.json", make_callback(105, now_ms(), UserId="amy", Role=20)))
    assert os.environ["TRTC_ENDPOINT"] == "elsewhere.example"
