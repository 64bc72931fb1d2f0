"""Requests with signature v1 at the gateway: the same checks as those with TC3."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from local.cloud.parameters import VERSION
from local.cloud.signature_v1 import FORM, sign_form
from local.cloud.tc3 import RawRequest
from tests.support.emulator import (
    CONFIG,
    SECRET_ID,
    SECRET_KEY,
    RunningCloud,
    make_user_sig,
    running_cloud,
)

TASK = {"TaskId": "unknown"}
STOP = "StopAITranscription"
OVER = "FailedOperation.TaskNotExist"


def ask(
    cloud: RunningCloud,
    action: str,
    parameters: Mapping[str, object],
    method: str = "POST",
    *,
    key: str = SECRET_KEY,
    header: str | None = None,
    more: Mapping[str, str | None] | None = None,
) -> Any:
    """The Response of a call; `more` are common parameters, None drops one."""
    common: dict[str, str | None] = {
        "Action": action,
        "Version": VERSION,
        "Region": "ap-singapore",
        "Timestamp": str(cloud.cloud.clock.now_ms() // 1000),
        "Nonce": "11886",
        "SecretId": SECRET_ID,
        **(more or {}),
    }
    form = {
        name: str(value) for name, value in {**common, **parameters}.items() if value is not None
    }
    raw = RawRequest(method, "/", "", {"host": f"127.0.0.1:{cloud.port}"}, b"")
    signature = sign_form(raw, form, key, form.get("SignatureMethod", "HmacSHA1")).decode()
    text = urlencode({**form, "Signature": signature})
    headers = {"content-type": FORM, **({"x-local-fault": header} if header else {})}
    if method == "GET":
        answer = cloud.http.get(f"/?{text}", headers=headers)
    else:
        answer = cloud.http.post("/", content=text, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["Response"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, OVER),
        ({"SignatureMethod": "HmacSHA256"}, OVER),
        ({"Token": "t"}, "AuthFailure.TokenFailure"),
        ({"SecretId": "another"}, "AuthFailure.SecretIdNotFound"),
        ({"Timestamp": "1"}, "AuthFailure.SignatureExpire"),
        ({"Nonce": None}, "MissingParameter"),
        ({"Version": None}, "MissingParameter"),
        ({"Version": "2020-01-01"}, "NoSuchVersion"),
        ({"Region": None}, OVER),
        ({"Action": "NoSuchAction"}, "InvalidAction"),
        ({"Colour": "red"}, "UnknownParameter"),
    ],
)
def test_form_is_checked(
    cloud: RunningCloud, method: str, more: dict[str, str | None], code: str
) -> None:
    cloud.advance(1000)
    assert ask(cloud, STOP, TASK, method, more=more)["Error"]["Code"] == code


def test_wrong_key_is_told(cloud: RunningCloud) -> None:
    refused = ask(cloud, STOP, TASK, key="another")
    assert refused["Error"]["Code"] == "AuthFailure.SignatureFailure"


def test_parameters_are_nested_and_their_numbers_are_text(cloud: RunningCloud) -> None:
    started = ask(
        cloud,
        "CreateCloudTranscription",
        {
            "SdkAppId": 1400000001,
            "RoomId": "+ &=%",
            "RoomIdType": 1,
            "TranscriptionParam.UserId": "bot",
            "TranscriptionParam.UserSig": make_user_sig("bot"),
            "TranscriptionParam.SubscribeList.0.UserId": "amy",
            "AsrParam.Lang": "bigmodel-en",
            "TTSParam.0.Model": "flow_02_turbo",
        },
    )
    assert started["Error"]["Code"] == "MissingParameter"
    assert "`TTSParam.0.Language`" in started["Error"]["Message"]


def test_call_is_in_the_feed_and_its_own_fault_strikes_it(cloud: RunningCloud) -> None:
    cloud.advance(1000)
    fault = json.dumps({"what": "error", "code": "InvalidParameter.TaskId"})
    assert ask(cloud, STOP, TASK, header=fault)["Error"]["Code"] == "InvalidParameter.TaskId"
    call = cloud.read_feed()[-1]
    assert (call["action"], call["outcome"]) == (STOP, "InvalidParameter.TaskId")
    assert (call["task_id"], call["fault"]) == ("unknown", "error")


def test_token_is_required_when_configured() -> None:
    with running_cloud(replace(CONFIG, token="t")) as cloud:
        assert ask(cloud, STOP, TASK)["Error"]["Code"] == "AuthFailure.TokenFailure"
        assert ask(cloud, STOP, TASK, more={"Token": "t"})["Error"]["Code"] == OVER


@pytest.mark.parametrize("query", ["?Signature=", "?Signature=x&Action=y", "?a=b&Signature=%FF"])
def test_unfinished_query_names_what_is_missing(cloud: RunningCloud, query: str) -> None:
    answer = cloud.http.get(f"/{query}")
    assert answer.json()["Response"]["Error"]["Code"] == "MissingParameter"


@pytest.mark.parametrize("body", [b"", b"&&==", b"\xff=\xfe", b"%", b"A" * 100_000])
def test_no_form_is_an_internal_error(cloud: RunningCloud, body: bytes) -> None:
    answer: httpx.Response = cloud.http.post("/", content=body, headers={"content-type": FORM})
    assert answer.json()["Response"]["Error"]["Code"] == "MissingParameter"
