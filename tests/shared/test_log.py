"""Log lines, compared whole."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from shared import VERSION, log
from shared.errors import ApiError, SettingsError
from shared.remedies import TABLE
from shared.scf import begin_invocation
from tests.support.instance import CONTEXT

COMMON = {
    "service": "roomscribe",
    "version": VERSION,
    "cold_start": True,
    "function_name": "trtc_callback",
    "function_version": "$LATEST",
    "function_memory_size": 64,
    "function_request_id": "request-1",
}


@pytest.fixture(autouse=True)
def logging() -> None:
    log.begin_logging(begin_invocation(CONTEXT), "INFO")


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
        line["location"] = re.sub(r":\d+$", ":…", line["location"])
    return lines


def test_line_has_powertools_keys_then_ours(capsys: pytest.CaptureFixture[str]) -> None:
    log.bind_room(1400000000, "class-7", 1, user_id=None, event_type=101)
    log.write("transcription.started", outcome="started", task_id="task-1", error_code=None)
    (line,) = read_lines(capsys)
    assert line == {
        "level": "INFO",
        "location": "test_line_has_powertools_keys_then_ours:…",
        "message": "transcription.started",
        **COMMON,
        "correlation_id": "1400000000/1/class-7",
        "sdk_app_id": 1400000000,
        "room_id": "class-7",
        "room_id_type": 1,
        "event_type": 101,
        "task_id": "task-1",
        "outcome": "started",
    }
    assert list(line)[:5] == ["level", "location", "message", "service", "version"]
    assert list(line)[-2:] == ["task_id", "outcome"]


def test_room_of_one_invocation_is_not_in_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    log.bind_room(1, "1", 0)
    log.begin_logging(begin_invocation(CONTEXT))
    log.write("callback.ignored")
    (line,) = read_lines(capsys)
    assert line["cold_start"] is False
    assert "room_id" not in line


def test_level_drops_what_is_below(capsys: pytest.CaptureFixture[str]) -> None:
    log.begin_logging(begin_invocation(CONTEXT), "WARNING")
    log.write("room.noted")
    log.write("room.unclear", "warning")
    assert [line["message"] for line in read_lines(capsys)] == ["room.unclear"]


def test_api_error_is_logged_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    log.write_error("transcription.failed", ApiError("InternalError", "said: secret", "request-9"))
    (line,) = read_lines(capsys)
    assert (line["error_code"], line["upstream_request_id"]) == ("InternalError", "request-9")
    assert (line["reason"], line["remedy"]) == TABLE["InternalError"]
    assert "secret" not in str(line)


def test_settings_error_is_logged_with_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    log.write_error("callback.failed", SettingsError(["TRTC_CALLBACK_KEY: not set"]))
    (line,) = read_lines(capsys)
    assert line["reason"] == "settings: TRTC_CALLBACK_KEY: not set"
    assert line["remedy"] == TABLE["settings"].remedy


def test_crash_is_logged_by_kind_and_place_only(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        json.loads("a secret sentence")
    except ValueError as error:
        log.write_crash("function.crashed", error)
    (line,) = read_lines(capsys)
    assert line["error_code"] == "JSONDecodeError"
    assert "raw_decode" in line["traceback"]
    assert "secret" not in str(line)


def test_longest_line_stays_under_8_kb_and_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.bind_room(2**32 - 1, "\u2028" * 64, 1, user_id="\U0001f600" * 128)
    session = "4294967295/1/" + "\u2028" * 64 + "/1700000000000"
    log.write(
        "room.noted", outcome="o" * 10_000, rule="课" * 1_000, session=session, reason="\x00" * 999
    )
    out = capsys.readouterr().out
    assert len(out) < 8_000
    assert out.count("\n") == 1
    assert out.isascii()
