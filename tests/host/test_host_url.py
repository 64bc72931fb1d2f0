"""From what a function returns to the HTTP answer of its URL."""

from __future__ import annotations

import pytest

from local.host.function_url import write_answer, write_failure
from local.host.scf_runtime import FunctionFailure


@pytest.mark.parametrize("value", [{"a": 1}, [], "text", 1, None, True])
def test_value_without_status_is_sent_as_json(value: object) -> None:
    answer = write_answer(value)
    assert (answer.status_code, answer.media_type) == (200, "application/json")


def test_lone_surrogates_do_not_break_the_answer() -> None:
    assert write_answer({"text": "\ud800"}).body == b'{"text": "\\ud800"}'
    assert write_answer({"statusCode": 200, "body": "\ud800"}).body == b"?"


def test_body_as_base64_is_decoded() -> None:
    answer = write_answer({"statusCode": 200, "body": "/wA=", "isBase64Encoded": True})
    assert bytes(answer.body) == b"\xff\x00"


def test_headers_that_the_server_writes_are_left_out() -> None:
    headers = {"Content-Length": "999", "Connection": "close", "X-Kept": 1}
    answer = write_answer({"statusCode": 200, "headers": headers, "body": "abc"})
    assert dict(answer.headers) == {"x-kept": "1", "content-length": "3"}


@pytest.mark.parametrize("told", ["Content-Length", "content-length"])
def test_answer_to_head_may_tell_the_length_that_get_would_have(told: str) -> None:
    answer = write_answer({"statusCode": 200, "headers": {told: "999"}, "body": ""}, "HEAD")
    assert (dict(answer.headers), answer.body) == ({"content-length": "999"}, b"")


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "200"},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
        {"statusCode": True},
        {"statusCode": 200, "headers": {"x": "a\r\nb: c"}},
        {"statusCode": 200, "headers": {"x y": "a"}},
        {"statusCode": 200, "headers": {"x": "字"}},
    ],
)
def test_malformed_answer_is_a_failure(value: object) -> None:
    with pytest.raises(FunctionFailure) as caught:
        write_answer(value)
    assert (caught.value.status, str(caught.value)) == (430, "Invalid scf response format")


@pytest.mark.parametrize(
    ("status", "http_status"), [(406, 413), (407, 502), (430, 500), (433, 504), (439, 500)]
)
def test_failure_never_shows_its_stack_trace(status: int, http_status: int) -> None:
    answer = write_failure(FunctionFailure(status, "secret trace"), "id")
    assert answer.status_code == http_status
    assert b"secret" not in bytes(answer.body)
