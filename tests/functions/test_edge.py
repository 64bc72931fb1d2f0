"""The HTTP edge: whatever arrives gets its documented answer, small, without a trace of a secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trtc_callback
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.scf import now_ms
from shared.signer import sign_callback
from tests.support.instance import CALLBACK_KEY, SDK_APP_ID, SDK_SECRET_KEY, SETTINGS

ROOT = Path(__file__).parents[2]
SECRETS = (SDK_SECRET_KEY, CALLBACK_KEY, SETTINGS["TENCENT_SECRET_KEY"], "Traceback")
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def sign(body: str) -> dict[str, str]:
    return {
        "sign": sign_callback(CALLBACK_KEY, body.encode("utf-8", "surrogatepass")),
        "sdkappid": str(SDK_APP_ID),
    }


def post(body: str, /, **changes: Any) -> dict[str, Any]:
    event = {
        "httpMethod": "POST",
        "path": "/",
        "headers": sign(body),
        "body": body,
        "queryString": {},
    }
    return trtc_callback.main_handler({**event, **changes}, {"time_limit_in_ms": 6000})


def ignorable(**info: Any) -> str:
    return json.dumps(
        {"EventType": 105, "CallbackTs": now_ms(), "EventInfo": {"RoomId": 1, **info}}
    )


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"body": "not json", "headers": sign("not json")}, 400, "not_a_callback"),
        ({"body": "{}", "headers": sign("{}")}, 400, "not_a_callback"),
        ({"headers": {}}, 401, "unauthorized"),
        ({"headers": {"sign": "é", "sdkappid": str(SDK_APP_ID)}}, 401, "unauthorized"),
        ({"headers": {**sign("x"), "sdkappid": "1"}}, 401, "unauthorized"),
        ({"httpMethod": "GET"}, 405, "method_not_allowed"),
        ({"body": "x" * 1_000_000}, 413, "too_large"),
        ({"headers": None, "body": None, "httpMethod": None}, 405, "method_not_allowed"),
        ({"body": 5}, 400, "bad_request"),
    ],
)
def test_bad_request_gets_its_documented_answer(
    changes: dict[str, Any], status: int, error: str
) -> None:
    answer = post(ignorable(), **changes)
    assert (answer["statusCode"], json.loads(answer["body"])) == (
        status,
        {"code": status, "error": error},
    )


def test_good_callback_is_answered_as_trtc_recommends() -> None:
    answer = post(ignorable())
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"code": 0})


def test_header_case_does_not_matter() -> None:
    body = ignorable()
    headers = {name.title(): value for name, value in sign(body).items()}
    assert post(body, headers=headers)["statusCode"] == 200


def test_old_callback_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The log line says in which function, not in the frame that all functions have."""
    body = json.dumps(
        {"EventType": 105, "CallbackTs": now_ms() - 301_000, "EventInfo": {"RoomId": 1}}
    )
    assert post(body)["statusCode"] == 401
    line = json.loads(capsys.readouterr().out)
    assert line["message"] == "callback.refused"
    assert line["location"].startswith("refuse:")


@pytest.mark.parametrize(("keys", "said"), [("aNewKey,{}", "old key"), ("{},anOldKey", None)])
def test_log_says_when_a_callback_is_signed_with_the_old_key(
    keys: str,
    said: str | None,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("TRTC_CALLBACK_KEY", keys.format(CALLBACK_KEY))
    assert post(ignorable())["statusCode"] == 200
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line.get("signed_with")) == ("callback.ignored", said)


def test_ignored_event_imports_neither_sdk_nor_ledger() -> None:
    """Cold start: most callbacks are of types nobody acts on."""
    code = (
        "import sys, json, trtc_callback as t;"
        "answer = t.main_handler(json.loads(sys.stdin.read()), {});"
        "names = ('ssl', 'asyncio', 'tencentcloud', 'sqlite3', 'redis', 'tomli', 'shared.rules.decision');"
        "heavy = [name for name in names if name in sys.modules];"
        "print(answer['statusCode'], heavy)"
    )
    body = ignorable()
    event = {"httpMethod": "POST", "headers": sign(body), "body": body}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(event),
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "200 []"


def test_callbacks_load_nothing_that_delivers(environment: pytest.MonkeyPatch) -> None:
    """Whatever a room's creation leads to: only the outbox is written here."""
    code = (
        "import sys, json, trtc_callback as t;"
        "answer = t.main_handler(json.loads(sys.stdin.read()), {});"
        "names = [name for name in sys.modules if name.startswith(('shared.delivery', 'shared.archive'))];"
        "signs = 'standardwebhooks' in sys.modules;"
        "print(answer['statusCode'], 'shared.ledger.events' in sys.modules, names, signs)"
    )
    info = {"RoomId": 1, "EventMsTs": now_ms(), "UserId": "ann"}
    body = json.dumps({"EventType": 101, "CallbackTs": now_ms(), "EventInfo": info})
    environment.setenv("EVENTS_URL", "https://events.test/")
    environment.setenv("EVENTS_SECRET", "whsec_" + "QUJD" * 10)
    environment.setenv("TRTC_ENDPOINT", "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps({"httpMethod": "POST", "headers": sign(body), "body": body}),
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1].partition(" ")[2] == "True [] False"


def test_ignored_event_needs_no_ledger_and_no_rules(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("LEDGER_URL", "sqlite:////no/such/place.db")
    environment.setenv("RULES_FILE", "/no/such/rules.toml")
    assert post(ignorable())["statusCode"] == 200


def test_ledger_that_does_not_open_makes_trtc_come_back(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("LEDGER_URL", "sqlite:////dev/null/ledger.db")
    info = {"RoomId": 1, "EventMsTs": now_ms(), "UserId": "ann", "Role": 20}
    body = json.dumps({"EventType": 103, "CallbackTs": now_ms(), "EventInfo": info})
    assert post(body)["statusCode"] == 503
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["error_code"], line["room_id"]) == (
        "callback.failed",
        "ledger",
        "1",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
EVENTS = st.dictionaries(
    st.sampled_from(
        [
            "httpMethod",
            "headers",
            "body",
            "path",
            "queryString",
            "isBase64Encoded",
            "requestContext",
        ]
    ),
    JSON
    | st.sampled_from(["POST", "GET", True, "true", {"sign": "x", "sdkappid": str(SDK_APP_ID)}]),
)


@pytest.fixture(autouse=True)
def api_that_is_not_there(environment: pytest.MonkeyPatch) -> None:
    """Port 9 of this machine: every call is refused at once."""
    environment.setenv("TRTC_ENDPOINT", "http://127.0.0.1:9")


def judge(answer: dict[str, Any], out: str) -> None:
    assert answer["statusCode"] in (200, 400, 401, 405, 413, 503)
    assert len(json.dumps(answer)) < 2000
    told = json.dumps(answer) + out
    assert not any(secret in told for secret in SECRETS)
    for line in out.splitlines():
        assert isinstance(json.loads(line), dict)


@QUIET
@given(event=EVENTS | JSON)
def test_any_event_gets_a_4xx_and_one_line(
    event: object, capsys: pytest.CaptureFixture[str]
) -> None:
    judge(trtc_callback.main_handler(event, None), capsys.readouterr().out)


INFOS = st.dictionaries(
    st.sampled_from(["RoomId", "RoomIdType", "EventMsTs", "EventTs", "UserId", "Role"]),
    JSON | st.sampled_from([0, 1, 20, 21, "abc", "7", 1_700_000_000_000]),
)


@QUIET
@given(
    event_type=st.sampled_from([101, 102, 103, 104, 203, 204, 3107]), info=JSON | INFOS, extra=JSON
)
def test_any_signed_event_info_is_acknowledged_or_refused(
    event_type: int, info: object, extra: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """The API is not there, so a start is answered 503; nothing is ever answered 500."""
    event = {"EventType": event_type, "CallbackTs": now_ms(), "EventInfo": info, "Extra": extra}
    judge(post(json.dumps(event)), capsys.readouterr().out)
