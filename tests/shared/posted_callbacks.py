"""Callbacks as they arrive at the function's URL, and the applications they are of."""

from __future__ import annotations

import base64
from typing import Any

from shared.applications import Application
from shared.callbacks import Callback, receive_callback
from shared.signer import sign_callback

NOW_MS = 1687770730500
APP = Application(1400000000, "secret", "callbackA")
OTHER = Application(1400000001, "secret", "callbackB")


def post(body: str | bytes, *, app: Application = APP, **changes: Any) -> dict[str, Any]:
    """A function-URL event as TRTC causes it: signed, with headers in lower case."""
    raw = body if isinstance(body, bytes) else body.encode()
    headers = {"sign": sign_callback(app.callback_key, raw), "sdkappid": str(app.sdk_app_id)}
    event: dict[str, Any] = {"httpMethod": "POST", "path": "/", "headers": headers}
    event["body"] = body if isinstance(body, str) else base64.b64encode(body).decode()
    event["isBase64Encoded"] = isinstance(body, bytes)
    return {**event, **changes}


def receive(event: object, now_ms: int = NOW_MS, max_age_s: int = 300) -> Callback:
    return receive_callback(event, [APP, OTHER], now_ms, max_age_s)
