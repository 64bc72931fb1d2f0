"""SCF's edges: every documented shape in, the explicit shape out."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from shared import scf
from shared.errors import RequestError

FUNCTION_URL_EVENT = {
    "body": '{"test":"hello world"}',
    "headers": {"accept": "*/*", "content-length": "17", "x-scf-remote-addr": "111.206.96.145"},
    "httpMethod": "POST",
    "path": "/",
    "queryString": {"a": "1", "b": "2"},
}
CONTEXT = {
    "memory_limit_in_mb": 128,
    "time_limit_in_ms": 3000,
    "request_id": "4ca7089c-3bb0-48cf-bcdb-26d130fed2ae",
    "function_version": "$LATEST",
    "function_name": "test",
}


def test_documented_function_url_event_is_read() -> None:
    request = scf.read_request(FUNCTION_URL_EVENT)
    assert (request.method, request.path, request.query) == ("POST", "/", {"a": "1", "b": "2"})
    assert request.body == b'{"test":"hello world"}'
    assert request.headers["x-scf-remote-addr"] == "111.206.96.145"


def test_header_names_match_in_any_case() -> None:
    request = scf.read_request({"headers": {"SIGN": "a", "SdkAppId": "1"}})
    assert request.headers == {"sign": "a", "sdkappid": "1"}


@pytest.mark.parametrize("flag", [True, "true", "True"])
def test_base64_body_is_decoded_when_the_event_says_so(flag: object) -> None:
    body = base64.b64encode(b"\xff{}").decode()
    assert scf.read_request({"body": body, "isBase64Encoded": flag}).body == b"\xff{}"


@pytest.mark.parametrize("flag", [False, "false", None])
def test_body_is_text_otherwise(flag: object) -> None:
    assert scf.read_request({"body": "e30=", "isBase64Encoded": flag}).body == b"e30="


@pytest.mark.parametrize(
    "event",
    [
        {"body": {"a": 1}},
        {"body": "!", "isBase64Encoded": True},
        {"body": "é", "isBase64Encoded": True},
        {"headers": ["a"]},
        {"queryString": "a=1"},
    ],
)
def test_event_of_another_shape_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        scf.read_request(event)


@pytest.mark.parametrize(
    ("event", "direct"),
    [
        ({"room_id": "1"}, True),
        ({}, True),
        (None, True),
        ({"httpMethod": "POST"}, False),
        ({"headers": {}}, False),
        ({"body": ""}, False),
        ({"requestContext": {}, "room_id": "1"}, False),
    ],
)
def test_only_an_event_without_any_mark_of_http_is_direct(event: object, direct: bool) -> None:
    assert scf.is_direct(event) is direct


def test_answer_is_the_explicit_form_and_small() -> None:
    answer = scf.answer_code(503, "come_back")
    assert answer == {
        "isBase64Encoded": False,
        "statusCode": 503,
        "headers": {"Content-Type": "application/json"},
        "body": '{"code": 503, "error": "come_back"}',
    }
    assert scf.answer_code(200)["body"] == '{"code": 0}'
    assert len(json.dumps(answer)) < 2000


def test_budget_is_smaller_when_cold_and_never_above_scfs_limit() -> None:
    cold, warm = scf.begin_invocation({"time_limit_in_ms": 10_000}), scf.begin_invocation({})
    assert (cold.cold_start, warm.cold_start) == (True, False)
    assert 2.9 < cold.remaining_s() <= 3.0
    assert 3.9 < warm.remaining_s() <= 4.0
    assert scf.begin_invocation(CONTEXT).remaining_s() <= 2.5


@pytest.mark.parametrize(
    "context",
    [None, {}, {"memory_limit_in_mb": "128", "new_key": 1}, {"time_limit_in_ms": "soon"}, CONTEXT],
)
def test_context_may_lack_anything(context: object) -> None:
    assert scf.begin_invocation(context).memory_mb in (0, 128)


def test_response_of_bytes_goes_out_as_base64() -> None:
    answer = scf.write_response(scf.Response(200, b"\xff\x00", {"Content-Encoding": "gzip"}))
    assert answer == {
        "isBase64Encoded": True,
        "statusCode": 200,
        "headers": {"Content-Encoding": "gzip"},
        "body": "/wA=",
    }
