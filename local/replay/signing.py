"""Callbacks made fit to be sent now: the present CallbackTs, and a Sign over the exact bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from local.errors import LocalError
from local.replay.records import Record, encode_json, read_object
from shared.applications import Application
from shared.signer import sign_callback

SENT_AT = ("CallbackTs", "CallbackMsTs")  # one of TRTC's tables has the other name
SAVED = "SavedCallbackTs"  # ours, never TRTC's


@dataclass(frozen=True)
class Delivery:
    """An HTTP request that delivers a callback."""

    method: str
    headers: dict[str, str]
    body: bytes


class Signer:
    """Prepares callbacks with the keys of the configured applications.

    `sdk_app_id` sends all of them as that application; `keep_callback_ts` leaves CallbackTs alone.
    """

    def __init__(
        self,
        applications: Sequence[Application],
        *,
        sdk_app_id: int | None = None,
        keep_callback_ts: bool = False,
    ) -> None:
        self._applications = {str(app.sdk_app_id): app for app in applications}
        self._sdk_app_id = None if sdk_app_id is None else str(sdk_app_id)
        self._keep_callback_ts = keep_callback_ts

    def check(self, records: Sequence[Record]) -> None:
        """Raise LocalError for the first record that no configured application could have sent."""
        for record in records:
            self._find_application(record)

    def prepare(self, record: Record, now_ms: int) -> Delivery:
        """The request that delivers `record` at `now_ms`."""
        application = self._find_application(record)
        body = record.body if self._keep_callback_ts else renew(record.body, now_ms)
        headers = {
            "Content-Type": "application/json",
            "SdkAppId": str(application.sdk_app_id),
            "Sign": sign_callback(application.callback_key, body),
        }
        return Delivery(record.method, headers, body)

    def _find_application(self, record: Record) -> Application:
        first = next(iter(self._applications))
        wanted = self._sdk_app_id or record.sdk_app_id or first
        if wanted in self._applications:
            return self._applications[wanted]
        raise LocalError(
            f"{record.place}: no callback key for application {wanted}; set TRTC_SDK_APP_ID and "
            f"TRTC_CALLBACK_KEY (or TRTC_APPS), or send as --sdk-app-id {first}"
        )


def renew(body: bytes, now_ms: int) -> bytes:
    """The body with the present time as its CallbackTs; everything else stays byte for byte.

    The former one stands beside it: the webhook compares the time of the event with that, so an
    event of long ago keeps its time. A body without one, or that is no JSON object, stays as it is:
    being refused is its purpose.
    """
    envelope = read_object(body)
    name = next((name for name in SENT_AT if type(envelope.get(name)) is int), None)
    if name is None:
        return body
    saved = {} if SAVED in envelope else {SAVED: envelope[name]}  # what was played before has it
    beside = "".join(f',"{SAVED}":{sent_ms}' for sent_ms in saved.values()).encode()
    pattern = rb'("%s"\s*:\s*)%d\b' % (name.encode(), envelope[name])
    renewed, count = re.subn(pattern, rb"\g<1>%d%s" % (now_ms, beside), body)
    return renewed if count == 1 else encode_json({**envelope, name: now_ms, **saved})
