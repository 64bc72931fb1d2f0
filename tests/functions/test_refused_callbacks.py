"""Callbacks that are refused: what the log says of them, how often, and what the ledger keeps."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import trtc_callback

from shared.ledger import Ledger, close_ledgers, open_ledger
from shared.scf import now_ms
from shared.signer import sign_callback
from shared.traffic import MINUTE_MS, read_traffic
from tests.support.instance import CALLBACK_KEY, SDK_APP_ID

MINUTES = 3


def write_body(age_ms: int = 0, event_type: int = 105) -> str:
    event = {"EventType": event_type, "CallbackTs": now_ms() - age_ms, "EventInfo": {"RoomId": 1}}
    return json.dumps(event)


def post(body: str, /, app: object = SDK_APP_ID, key: str = CALLBACK_KEY, **changes: Any) -> int:
    headers = {"Sign": sign_callback(key, body.encode()), "SdkAppId": str(app)}
    event = {"httpMethod": "POST", "headers": headers, "body": body, **changes}
    return int(trtc_callback.main_handler(event, {"time_limit_in_ms": 6000})["statusCode"])


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("outcome", "level", "changes"),
    [
        ("wrong_sign", "WARNING", {"key": "anotherKey"}),
        ("foreign_app", "WARNING", {"app": 1400000009}),
        ("foreign_app", "WARNING", {"app": "14; DROP\n"}),
        ("no_sign", "WARNING", {"headers": {"SdkAppId": str(SDK_APP_ID)}}),
        ("no_sign", "INFO", {"headers": {}}),
        ("no_sign", "INFO", {"headers": None}),
        ("wrong_method", "INFO", {"httpMethod": "GET", "headers": {}}),
        ("too_large", "WARNING", {"body": "x" * 100_000}),
        ("malformed", "WARNING", {"body": 5}),
        ("malformed", "INFO", {"headers": ["strange"]}),
    ],
)
def test_line_says_why_and_is_a_warning_if_it_may_be_trtcs(
    outcome: str, level: str, changes: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert post(write_body(), **changes) in (400, 401, 405, 413)
    (line,) = read_lines(capsys)
    assert (line["message"], line["outcome"], line["level"]) == ("callback.refused", outcome, level)
    assert line["count"] == 1
    assert f"ours {SDK_APP_ID}" in line["reason"]


@pytest.mark.parametrize(("app", "came"), [(1400000009, "1400000009"), ("14; DROP", "malformed")])
def test_line_names_the_application_that_came_and_ours(
    app: object, came: str, capsys: pytest.CaptureFixture[str]
) -> None:
    post(write_body(), app=app)
    (line,) = read_lines(capsys)
    assert line["claimed_sdk_app_id"] == came
    assert f"(SdkAppId {came}, ours {SDK_APP_ID})" in line["reason"]
    assert "DROP" not in json.dumps(line)


@pytest.mark.parametrize(
    ("age_ms", "way"), [(612_500, "612 s older"), (-612_500, "61[12] s newer")]
)
def test_line_says_by_how_much_and_which_way_the_clock_is_off(
    age_ms: int, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert post(write_body(age_ms)) == 401
    (line,) = read_lines(capsys)
    assert (line["outcome"], line["event_type"]) == ("stale", 105)
    assert line["clock_off_ms"] == pytest.approx(age_ms, abs=400)
    assert re.search(f"the callback is {way} than this function's clock", line["reason"])


def test_direct_invocation_is_its_callers_own_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in range(2):
        trtc_callback.main_handler({"a": 1}, {})
    assert [line["level"] for line in read_lines(capsys)] == ["ERROR", "ERROR"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The function's clock, in ms; moved by hand."""
    time_ms = [now_ms()]
    monkeypatch.setattr("shared.scf.now_ms", lambda: time_ms[0])
    return time_ms


def count_changes(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tags of all changes of the ledger from now on."""
    changes: list[str] = []
    swap = ledger.engine.swap

    def note(tag: str, *args: Any) -> Any:
        changes.append(tag)
        return swap(tag, *args)

    monkeypatch.setattr(ledger.engine, "swap", note)
    return changes


def test_storm_of_strangers_writes_once_a_minute(
    environment: pytest.MonkeyPatch,
    ledger_url: str,
    clock: list[int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("LEDGER_URL", ledger_url)
    changes = count_changes(open_ledger(ledger_url, 30, "roomscribe", tells=()), environment)
    body, began_ms = write_body(), clock[0]
    for number in range(2_000):
        clock[0] = began_ms + number * MINUTES * MINUTE_MS // 2_000
        assert post(body, key="wrong") == 401
    assert 1 <= len(changes) < MINUTES  # none in the first
    lines = read_lines(capsys)
    assert [line["outcome"] for line in lines] == ["wrong_sign"] * MINUTES
    clock[0] += MINUTE_MS
    post(body, key="wrong")
    assert len(changes) <= MINUTES
    (last,) = read_lines(capsys)
    assert sum(line["count"] for line in [*lines, last]) == 2_001
    close_ledgers()
    kept = read_traffic(open_ledger(ledger_url), SDK_APP_ID, clock[0])
    assert sum(kept.refused["wrong_sign"].values()) == 2_001


def test_accepted_callback_is_told_by_its_group(
    environment: pytest.MonkeyPatch, ledger_url: str, clock: list[int]
) -> None:
    environment.setenv("LEDGER_URL", ledger_url)
    assert post(write_body()) == 200  # nothing is done with it: no ledger is opened
    began_ms = clock[0]
    clock[0] += MINUTE_MS
    assert post("{}", key="wrong") == 401
    clock[0] += MINUTE_MS
    assert post("{}", key="wrong") == 401
    kept = read_traffic(open_ledger(ledger_url), SDK_APP_ID, clock[0])
    assert kept.accepted == {1: began_ms}
