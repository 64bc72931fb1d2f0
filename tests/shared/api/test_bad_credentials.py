"""A credential that no header can carry: named in the log, and no network error that is put off for ever."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest
import trtc_callback

from local.host.scf_runtime import LIMITS, describe_context
from local.redis_server import pick_port
from shared.settings import CREDENTIAL_NAMES
from tests.support.event_samples import LoadEvent
from tests.support.instance import CALLBACK_KEY, SDK_APP_ID


def write_event(load_event: LoadEvent) -> dict[str, object]:
    """A room that is created now, and is to be transcribed, as its function URL hands it on."""
    callback = load_event("room-created")
    callback["CallbackTs"] = callback["EventInfo"]["EventMsTs"] = time.time_ns() // 1_000_000
    callback["EventInfo"]["RoomId"] = 77
    body = json.dumps(callback)
    sign = hmac.new(CALLBACK_KEY.encode(), body.encode(), hashlib.sha256).digest()
    headers = {"sign": base64.b64encode(sign).decode(), "sdkappid": str(SDK_APP_ID)}
    return {
        "httpMethod": "POST",
        "path": "/",
        "headers": headers,
        "body": body,
        "queryString": {},
    }


@pytest.mark.parametrize("names", CREDENTIAL_NAMES)
def test_room_does_not_start_and_the_log_says_why(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    load_event: LoadEvent,
    names: tuple[str, str, str],
) -> None:
    environment.setenv("TRTC_ENDPOINT", f"http://127.0.0.1:{pick_port()}")
    for name, value in zip(names, ("id", "key", "to\nken"), strict=True):
        environment.setenv(name, value)
    context = describe_context("trtc_callback", LIMITS["trtc_callback"], "r-1")
    answer = trtc_callback.main_handler(write_event(load_event), context)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert answer["statusCode"] == 500
    assert (line["level"], line["error_code"]) == ("ERROR", "settings")
    assert line["reason"].startswith(f"settings: {names[2]}: holds a line break")
    assert "ken" not in line["reason"].replace(names[2], "")
