"""Saved callbacks made fit to be sent again: new CallbackTs beside the former one, new Sign."""

from __future__ import annotations

import json

import pytest

from local.errors import LocalError
from local.replay.records import Record
from local.replay.signing import Signer, renew
from shared.applications import Application

NOW_MS = 1_800_000_000_000
# Source: TRTC documentation, callback signature (product 647, document 90450): its own example.
DOCUMENTED_BODY = (
    b'{\n\t"EventGroupId":\t2,\n\t"EventType":\t204,\n\t"CallbackTs":\t1664209748188,\n'
    b'\t"EventInfo":\t{\n\t\t"RoomId":\t8489,\n\t\t"EventTs":\t1664209748,\n'
    b'\t\t"EventMsTs":\t1664209748180,\n\t\t"UserId":\t"user_85034614",\n\t\t"Reason":\t0\n\t}\n}'
)
DOCUMENTED_SIGN = "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA="
FIRST = Application(1400000001, "first-secret", "123654")
SECOND = Application(1400000002, "second-secret", "789")


def test_kept_callback_carries_the_documented_sign() -> None:
    signer = Signer([FIRST], keep_callback_ts=True)
    delivery = signer.prepare(Record("here:1", DOCUMENTED_BODY), NOW_MS)
    assert delivery.body == DOCUMENTED_BODY
    assert delivery.headers == {
        "Content-Type": "application/json",
        "SdkAppId": "1400000001",
        "Sign": DOCUMENTED_SIGN,
    }


def test_renewed_callback_is_signed_as_it_is_sent() -> None:
    record = Record("here:1", DOCUMENTED_BODY)
    sent = Signer([FIRST]).prepare(record, NOW_MS)
    as_sent = Signer([FIRST], keep_callback_ts=True).prepare(Record("here:1", sent.body), NOW_MS)
    assert sent.headers["Sign"] == as_sent.headers["Sign"] != DOCUMENTED_SIGN


def test_renewing_changes_only_callback_ts_and_keeps_it_beside() -> None:
    assert renew(DOCUMENTED_BODY, NOW_MS) == DOCUMENTED_BODY.replace(
        b"1664209748188", b'1800000000000,"SavedCallbackTs":1664209748188'
    )


def test_what_was_played_before_keeps_what_trtc_sent() -> None:
    played = renew(renew(DOCUMENTED_BODY, NOW_MS - 5), NOW_MS)
    assert played == renew(DOCUMENTED_BODY, NOW_MS)


def test_body_that_is_no_utf_8_is_renewed_too() -> None:
    body = b'{"CallbackTs":5,"EventInfo":{"UserId":"a\xe4\xbd"}}'
    assert renew(body, 7) == body.replace(b":5,", b':7,"SavedCallbackTs":5,')


def test_renewing_takes_the_outer_callback_ts() -> None:
    body = b'{"EventInfo": {"CallbackTs": 5}, "CallbackTs": 5}'
    assert json.loads(renew(body, NOW_MS)) == {
        "EventInfo": {"CallbackTs": 5},
        "CallbackTs": NOW_MS,
        "SavedCallbackTs": 5,
    }


def test_renewing_knows_the_other_documented_name() -> None:
    renewed = renew(b'{"CallbackMsTs":12}', NOW_MS)
    assert renewed == b'{"CallbackMsTs":1800000000000,"SavedCallbackTs":12}'


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"not json", b"[1]", b"\xff", b'{"EventType":101}', b'{"CallbackTs":"12"}'),
        pytest.param(b"[" * 200_000, id="deep"),
    ],
)
def test_body_without_callback_ts_stays_as_it_is(body: bytes) -> None:
    assert renew(body, NOW_MS) == body


def test_record_is_sent_as_the_application_it_names() -> None:
    record = Record("here:1", b"{}", sdk_app_id="1400000002")
    assert Signer([FIRST, SECOND]).prepare(record, NOW_MS).headers["SdkAppId"] == "1400000002"


def test_sdk_app_id_replaces_what_records_name() -> None:
    record = Record("here:1", b"{}", sdk_app_id="1400999999")
    signer = Signer([FIRST, SECOND], sdk_app_id=1400000002)
    assert signer.prepare(record, NOW_MS).headers["SdkAppId"] == "1400000002"


def test_unknown_application_is_refused_before_anything_is_sent() -> None:
    record = Record("here:7", b"{}", sdk_app_id="1400999999")
    with pytest.raises(LocalError, match=r"here:7: no callback key for application 1400999999; "):
        Signer([FIRST]).check([record])
