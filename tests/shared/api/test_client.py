"""The API client against an API faked at HTTP level: answers, errors, and what the SDK gets wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses

from shared.api.client import Client
from shared.api.transport import NotSentError, UnwantedAnswerError
from shared.errors import ApiError
from shared.settings import Credentials, read_credentials

ENDPOINT = "https://trtc.example"
OK = {"Response": {"TaskId": "task-1", "RequestId": "request-1"}}
THROTTLED = {
    "Response": {
        "Error": {"Code": "RequestLimitExceeded", "Message": "slow down"},
        "RequestId": "request-2",
    }
}


@pytest.fixture
def client(faked_http: None) -> Client:
    return Client(ENDPOINT, credentials=lambda: Credentials("the-id", "the-key", "the-token"))


def start(client: Client, **params: Any) -> dict[str, Any]:
    return client.call("CreateCloudTranscription", params, "ap-singapore", 2.5)


def fail(client: Client) -> ApiError:
    with pytest.raises(ApiError) as caught:
        start(client, RoomId="1")
    return caught.value


@responses.activate
def test_call_signs_and_returns_the_response(client: Client) -> None:
    sent = responses.post(ENDPOINT + "/", json=OK)
    assert start(client, RoomId="1") == OK["Response"]
    request = sent.calls[0].request
    assert request.headers["X-TC-Action"] == "CreateCloudTranscription"
    assert request.headers["X-TC-Version"] == "2019-07-22"
    assert request.headers["X-TC-Region"] == "ap-singapore"
    assert request.headers["X-TC-Token"] == "the-token"
    assert request.headers["X-TC-Language"] == "en-US"
    assert "Credential=the-id/" in request.headers["Authorization"]
    assert json.loads(request.body) == {"RoomId": "1"}


@responses.activate
def test_rotated_credentials_are_used_by_the_next_call(
    environment: pytest.MonkeyPatch, faked_http: None
) -> None:
    sent = responses.post(ENDPOINT + "/", json=OK)
    client = Client(ENDPOINT)
    start(client)
    environment.setenv("TENCENT_SECRET_ID", "rotated")
    start(client)
    used = [
        call.request.headers["Authorization"].split("=")[1].split("/")[0] for call in sent.calls
    ]
    assert used == ["test-secret-id", "rotated"]
    assert read_credentials().secret_id == "rotated"


@responses.activate
def test_each_call_names_its_own_region(client: Client) -> None:
    sent = responses.post(ENDPOINT + "/", json=OK)
    for region in ("ap-singapore", "ap-guangzhou", "ap-singapore"):
        client.call("StopAITranscription", {}, region, 1)
    regions = [call.request.headers["X-TC-Region"] for call in sent.calls]
    assert regions == ["ap-singapore", "ap-guangzhou", "ap-singapore"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "text/plain", "text/html", ""],
)
@responses.activate
def test_error_in_the_body_is_raised_whatever_the_content_type(
    client: Client, content_type: str
) -> None:
    responses.post(ENDPOINT + "/", json.dumps(THROTTLED), content_type=content_type)
    error = fail(client)
    assert (error.code, error.message, error.request_id) == (
        "RequestLimitExceeded",
        "slow down",
        "request-2",
    )
    assert not error.may_have_happened


@responses.activate
def test_success_after_an_error_is_not_called_twice(client: Client) -> None:
    """The SDK's StandardRetryer would repeat the successful start."""
    answers = [responses.post(ENDPOINT + "/", json=answer) for answer in (THROTTLED, OK, OK)]
    fail(client)
    assert start(client)["TaskId"] == "task-1"
    assert [answer.call_count for answer in answers] == [1, 1, 0]


@pytest.mark.parametrize("status", [500, 502, 429, 404])
@responses.activate
def test_http_status_other_than_200_may_have_happened(client: Client, status: int) -> None:
    responses.post(ENDPOINT + "/", "<html>secret page</html>", status=status)
    error = fail(client)
    assert (error.code, error.may_have_happened) == ("ServerNetworkError", True)
    assert "secret page" not in f"{error} {error.message}"


@pytest.mark.parametrize(
    "body", ["", "not json", "[]", "{}", '{"Response": null}', '{"Response": {"Error": 5}}']
)
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
@responses.activate
def test_unreadable_answer_may_have_happened(client: Client, body: str, content_type: str) -> None:
    responses.post(ENDPOINT + "/", body, content_type=content_type)
    error = fail(client)
    assert (error.code, error.may_have_happened) == ("ServerNetworkError", True)


@pytest.mark.parametrize(
    ("cause", "word", "may_have_happened"),
    [
        (NotSentError("ConnectTimeout"), "ConnectTimeout", False),
        (TimeoutError("the deadline has passed"), "TimeoutError", True),
        (ConnectionResetError("Connection aborted."), "ConnectionResetError", True),
        (UnwantedAnswerError(), "UnwantedAnswerError", True),
    ],
)
@responses.activate
def test_network_error_says_whether_the_request_may_have_arrived(
    client: Client, cause: Exception, word: str, may_have_happened: bool
) -> None:
    responses.post(ENDPOINT + "/", body=cause)
    error = fail(client)
    assert error.code == f"ClientNetworkError.{word}"
    assert error.may_have_happened == may_have_happened


@pytest.mark.parametrize(
    ("endpoint", "key", "word"),
    [
        ("http://127.0.0.1:9", "key", "NoConnection"),
        ("http://no-such-host.invalid", "key", "UnknownHost"),
        (ENDPOINT, "new\nline", "InvalidHeader"),
    ],
)
def test_request_that_could_not_be_sent_never_happened(endpoint: str, key: str, word: str) -> None:
    client = Client(endpoint, credentials=lambda: Credentials(key, key, None))
    error = fail(client)
    assert (error.code, error.may_have_happened) == (f"ClientNetworkError.{word}", False)


def test_error_text_carries_no_secret() -> None:
    client = Client("http://127.0.0.1:9", credentials=lambda: Credentials("id", "s3cret", "t0ken"))
    error = fail(client)
    assert not any(secret in f"{error!r}{error.message}" for secret in ("s3cret", "t0ken"))
