"""The API's gateway: what it admits, and with which code it refuses the rest."""

import json
import re
import socket
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.cloud.assumed import ENDED_TASK_CODES
from local.cloud.clock import ManualClock
from local.cloud.config import CloudConfig
from local.cloud.errors import MESSAGES
from tests.support.emulator import (
    CONFIG,
    SDK_APP_ID,
    RunningCloud,
    make_user_sig,
    running_cloud,
    sign_headers,
)

UNKNOWN_TASK = {"TaskId": "unknown"}


@pytest.fixture(autouse=True)
def next_second(cloud: RunningCloud) -> None:
    """Every test has the whole rate limit."""
    cloud.advance(1000)


def read_code(response: dict[str, object]) -> str:
    """The code of an error answer, which is complete and whose code is documented."""
    error = response["Error"]
    assert isinstance(error, dict)
    assert error["Code"] in MESSAGES
    assert error["Message"]
    assert re.fullmatch(r"[0-9a-f-]{36}", str(response["RequestId"]))
    return str(error["Code"])


def test_error_is_http_200_with_exactly_json_as_content_type(cloud: RunningCloud) -> None:
    answer = cloud.http.post("/", content=b"{}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"Response"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"authorization": "SKIP"}, "AuthFailure.InvalidAuthorization"),
        ({"x-tc-token": "t"}, "AuthFailure.TokenFailure"),
        ({"x-tc-action": "NoSuchAction"}, "InvalidAction"),
        ({"x-tc-action": "x" * 1000}, "InvalidAction"),
        ({"x-tc-version": None}, "MissingParameter"),
        ({"x-tc-version": "2020-01-01"}, "NoSuchVersion"),
        ({"content-type": "text/plain"}, "UnsupportedProtocol"),
        ({}, "FailedOperation.TaskNotExist"),
        ({"content-type": "application/json; charset=utf-8"}, "FailedOperation.TaskNotExist"),
        ({"x-tc-region": "na-siliconvalley"}, "FailedOperation.TaskNotExist"),
    ],
)
def test_headers_are_checked(cloud: RunningCloud, more: dict[str, str | None], code: str) -> None:
    assert read_code(cloud.call("StopAITranscription", UNKNOWN_TASK, more=more)) == code


def test_action_may_be_left_out_of_the_signature_but_not_of_the_request(
    cloud: RunningCloud,
) -> None:
    signed = ("content-type", "host")
    response = cloud.call("StopAITranscription", UNKNOWN_TASK, signed=signed)
    assert read_code(response) == "FailedOperation.TaskNotExist"
    more = {"x-tc-action": None}
    response = cloud.call("StopAITranscription", UNKNOWN_TASK, more=more, signed=signed)
    assert read_code(response) == "MissingParameter"


REGIONS = {  # (service, site): the regions of both lists, and none, with what asking there answers
    ("ai", "international"): "ap-guangzhou ap-singapore ap-tokyo na-siliconvalley",
    ("cloud", "international"): "ap-guangzhou ap-hongkong ap-singapore",
    ("cloud", "china"): "ap-beijing ap-guangzhou ap-hongkong ap-shanghai",
    ("cloud", "both"): "ap-beijing ap-guangzhou ap-hongkong ap-shanghai ap-singapore",
}
EVERY_REGION = sorted({name for names in REGIONS.values() for name in names.split()})


@pytest.mark.parametrize(("service", "site"), REGIONS)
def test_regions_are_the_sites_own(service: str, site: Any) -> None:
    action = f"Describe{'AI' if service == 'ai' else 'Cloud'}Transcription"
    body = UNKNOWN_TASK if service == "ai" else {"SdkAppId": SDK_APP_ID, **UNKNOWN_TASK}
    absent = "FailedOperation.TaskNotExist" if service == "ai" else "ResourceNotFound"
    with running_cloud(replace(CONFIG, site=site)) as cloud:
        for region in EVERY_REGION:
            more = {"x-tc-region": region}
            known = region in REGIONS[service, site].split()
            code = read_code(cloud.call(action, body, more=more))
            assert code == (absent if known else "UnsupportedRegion"), region
        assert read_code(cloud.call(action, body, more={"x-tc-region": None})) == "MissingParameter"


@pytest.mark.parametrize("site", ["china", "both"])
def test_1_0_needs_no_region_in_china(site: Any) -> None:
    with running_cloud(replace(CONFIG, site=site)) as cloud:
        for region in (None, *EVERY_REGION):
            more = {"x-tc-region": region}
            answer = cloud.call("DescribeAITranscription", UNKNOWN_TASK, more=more)
            assert read_code(answer) == "FailedOperation.TaskNotExist"


@pytest.mark.parametrize(("site", "code"), [("international", "UnknownParameter"), ("china", None)])
def test_international_api_lacks_some_parameters(site: Any, code: str | None) -> None:
    with running_cloud(replace(CONFIG, site=site)) as cloud:
        answer = cloud.start_ai(RecognizeConfig={"Language": "zh", "Model": "16k_zh_large"})
        assert answer.get("Error", {}).get("Code") == code


def test_start_of_2_0_has_a_code_of_its_own_for_a_missing_region(cloud: RunningCloud) -> None:
    response = cloud.call("CreateCloudTranscription", {}, more={"x-tc-region": None})
    assert read_code(response) == "MissingParameter.Region"


def test_wrong_key_and_unknown_id_are_told_apart(cloud: RunningCloud) -> None:
    response = cloud.call("StopAITranscription", UNKNOWN_TASK, secret_key="other")
    assert read_code(response) == "AuthFailure.SignatureFailure"
    response = cloud.call("StopAITranscription", UNKNOWN_TASK, secret_id="other")
    assert read_code(response) == "AuthFailure.SecretIdNotFound"


def test_timestamp_of_another_time_is_expired(cloud: RunningCloud) -> None:
    more = {"x-tc-timestamp": str(cloud.cloud.clock.now_ms() // 1000 - 301)}
    response = cloud.call("StopAITranscription", UNKNOWN_TASK, more=more)
    assert read_code(response) == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"TaskId": NaN}', b"[" * 100_000, b'{"\\ud800": 1}', b"1" * 5000],
)
def test_body_that_is_no_json_is_refused(cloud: RunningCloud, body: bytes) -> None:
    assert read_code(cloud.call("StopAITranscription", body)) == "InvalidRequest"


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null"])
def test_body_that_is_no_object_is_refused(cloud: RunningCloud, body: bytes) -> None:
    assert read_code(cloud.call("StopAITranscription", body)) == "InvalidParameter"


def test_body_over_ten_megabytes_is_refused(cloud: RunningCloud) -> None:
    body = b" " * (10 * 1024 * 1024 + 1)
    assert read_code(cloud.call("StopAITranscription", body)) == "RequestSizeLimitExceeded"


@pytest.mark.parametrize("host", ["http://127.0.0.1:{port}", "127.0.0.1:{port}", "127.0.0.1"])
@pytest.mark.parametrize("service", ["trtc", "127"])
def test_host_header_with_a_scheme_is_verified_as_sent(
    cloud: RunningCloud, host: str, service: str
) -> None:
    body = json.dumps(UNKNOWN_TASK).encode()
    headers = {
        "content-type": "application/json",
        "host": host.format(port=cloud.port),
        "x-tc-action": "StopAITranscription",
        "x-tc-version": "2019-07-22",
        "x-tc-region": "ap-singapore",
        "x-tc-timestamp": str(cloud.cloud.clock.now_ms() // 1000),
        "connection": "close",
        "content-length": str(len(body)),
    }
    signed = ("content-type", "host")
    headers["authorization"] = sign_headers(headers, body, service=service, signed=signed)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join(["POST / HTTP/1.1", *lines, "", ""]).encode() + body
    answer = exchange(cloud.port, request)
    assert b"HTTP/1.1 200" in answer
    assert b"FailedOperation.TaskNotExist" in answer


def exchange(port: int, request: bytes) -> bytes:
    """Send raw bytes and read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_get_without_a_signature_is_left_to_the_page(cloud: RunningCloud) -> None:
    answer = cloud.http.get("/")
    assert answer.status_code == 200
    assert read_code(answer.json()["Response"]) == "MissingParameter"
    answer = cloud.http.get("/", headers={"authorization": "TC3-HMAC-SHA256 x"})
    assert read_code(answer.json()["Response"]) == "AuthFailure.InvalidAuthorization"


def test_every_call_is_in_the_feed(cloud: RunningCloud) -> None:
    response = cloud.call("StopAITranscription", UNKNOWN_TASK)
    entry = cloud.read_feed()[-1]
    del entry["seq"], entry["at_ms"]
    assert entry == {
        "kind": "api.call",
        "action": "StopAITranscription",
        "outcome": "FailedOperation.TaskNotExist",
        "request_id": response["RequestId"],
        "elapsed_ms": 0,
        "task_id": "unknown",
    }


def test_code_that_the_action_does_not_have_is_a_bug_and_never_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(ENDED_TASK_CODES, "cloud", "InvalidParameter.TaskId")
    with running_cloud() as cloud:
        body = json.dumps({"SdkAppId": SDK_APP_ID, **UNKNOWN_TASK}).encode()
        headers = cloud.sign_call("DescribeCloudTranscription", body, {})
        assert cloud.http.post("/", content=body, headers=headers).status_code == 500
    said = capsys.readouterr().err
    assert "DescribeCloudTranscription has no error code InvalidParameter.TaskId" in said


def test_requests_beyond_the_limit_of_a_second_are_refused() -> None:
    config = replace(CONFIG, stops_per_s=2)
    with running_cloud(config, clock=ManualClock()) as cloud:
        codes = [read_code(cloud.call("StopAITranscription", UNKNOWN_TASK)) for _ in range(3)]
        other = {"SdkAppId": SDK_APP_ID, **UNKNOWN_TASK}
        codes.append(read_code(cloud.call("DeleteCloudTranscription", other)))
        cloud.advance(1000)
        codes.append(read_code(cloud.call("StopAITranscription", UNKNOWN_TASK)))
    absent = "FailedOperation.TaskNotExist"
    assert codes == [absent, absent, "RequestLimitExceeded", "ResourceNotFound", absent]


@pytest.mark.parametrize("ask", ["describe_ai", "describe_cloud"])
def test_questions_have_a_limit_of_their_own(ask: str) -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        codes = [read_code(getattr(cloud, ask)("unknown")) for _ in range(21)]
        assert codes[19] != codes[20] == "RequestLimitExceeded"
        cloud.advance(1000)
        assert read_code(getattr(cloud, ask)("unknown")) == codes[0]


@pytest.mark.parametrize(
    ("start", "config", "action"),
    [
        ("start_ai", replace(CONFIG, starts_per_s_ai=1), "StartAITranscription"),
        ("start_cloud", replace(CONFIG, starts_per_s_cloud=1), "CreateCloudTranscription"),
    ],
)
def test_starts_have_limits_of_their_own(start: str, config: CloudConfig, action: str) -> None:
    with running_cloud(config, clock=ManualClock()) as cloud:
        assert "TaskId" in getattr(cloud, start)("1", "a")
        assert read_code(getattr(cloud, start)("2", "b")) == "RequestLimitExceeded"
        assert [c["outcome"] for c in cloud.read_feed() if c.get("action") == action] == [
            "ok",
            "RequestLimitExceeded",
        ]


def test_token_is_required_when_configured() -> None:
    with running_cloud(replace(CONFIG, token="t")) as cloud:
        response = cloud.call("StopAITranscription", UNKNOWN_TASK)
        assert read_code(response) == "AuthFailure.TokenFailure"
        response = cloud.call("StopAITranscription", UNKNOWN_TASK, more={"x-tc-token": "t"})
        assert read_code(response) == "FailedOperation.TaskNotExist"


def test_request_example_of_1_0_is_accepted_unchanged(cloud: RunningCloud) -> None:
    """With our SdkAppId, and a UserSig that is one."""
    response = cloud.call(
        "StartAITranscription",
        {
            "SdkAppId": SDK_APP_ID,
            "RoomId": "1234",
            "RoomIdType": 1,
            "TranscriptionParams": {
                "UserId": "abc",
                "UserSig": make_user_sig("abc"),
                "MaxIdleTime": 60,
                "TranscriptionMode": 1,
                "TargetUserId": "abc",
            },
        },
    )
    assert response.keys() == {"TaskId", "RequestId"}


def test_request_example_of_2_0_is_accepted_unchanged(cloud: RunningCloud) -> None:
    response = cloud.call(
        "CreateCloudTranscription",
        {
            "SdkAppId": SDK_APP_ID,
            "RoomId": "295000",
            "RoomIdType": 0,
            "TranscriptionParam": {
                "UserId": "trtc_test_1",
                "UserSig": make_user_sig("trtc_test_1"),
                "SubscribeList": [{"UserId": "user_1"}],
                "MaxIdleTime": 30,
                "SendCustomMode": 2,
            },
            "AsrParam": {"Lang": "16k_zh_en", "VadSilenceTime": 2000},
            "TranslationParam": {"TargetLang": ["en"]},
        },
    )
    assert response.keys() == {"TaskId", "RequestId"}


_HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    authorization=_HEADER | st.just("TC3-HMAC-SHA256 Credential=a/2023-11-14/trtc/tc3_request"),
    timestamp=_HEADER,
    body=st.binary(max_size=200),
)
def test_no_request_is_an_internal_error(
    cloud: RunningCloud, authorization: str, timestamp: str, body: bytes
) -> None:
    headers = {
        "authorization": authorization.strip(),
        "x-tc-timestamp": timestamp.strip(),
        "x-tc-action": "StopAITranscription",
        "content-type": "application/json",
    }
    answer = cloud.http.post("/", content=body, headers=headers)
    assert answer.status_code == 200
    assert read_code(answer.json()["Response"])


_NAMES = st.sampled_from(
    ["SdkAppId", "RoomId", "RoomIdType", "TranscriptionParams", "UserId", "UserSig", "TaskId"]
) | st.text(max_size=5)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(_NAMES, _JSON, max_size=6))
def test_no_parameters_are_an_internal_error(cloud: RunningCloud, body: object) -> None:
    assert "RequestId" in cloud.call("StartAITranscription", body)
    assert "RequestId" in cloud.call("DescribeCloudTranscription", body)
