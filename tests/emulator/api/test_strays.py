"""Requests at a path or with a method that nothing takes: always JSON, never text."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.support.emulator import RunningCloud, running_cloud
from tests.support.local_commands import serve_local


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with running_cloud() as running:
        yield running


def read_code(answer: httpx.Response) -> str:
    """The code of an error in API 3.0's shape."""
    assert answer.headers["content-type"] == "application/json"
    response = answer.json()["Response"]
    assert response.keys() == {"Error", "RequestId"}
    assert re.fullmatch(r"[0-9a-f-]{36}", response["RequestId"])
    assert response["Error"]["Message"]
    return str(response["Error"]["Code"])


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("GET", "MissingParameter"),
        ("POST", "AuthFailure.InvalidAuthorization"),
        ("PUT", "UnsupportedProtocol"),
        ("PATCH", "UnsupportedProtocol"),
        ("DELETE", "UnsupportedProtocol"),
        ("OPTIONS", "UnsupportedProtocol"),
        ("BREW", "UnsupportedProtocol"),
    ],
)
def test_every_method_at_the_apis_path_is_answered_as_the_api_does(
    cloud: RunningCloud, method: str, code: str
) -> None:
    answer = cloud.http.request(method, "/")
    assert (answer.status_code, read_code(answer)) == (200, code)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/v2/index.php", "/favicon.ico", "/a%2Fb", "/_locally"])
def test_other_paths_are_no_api(cloud: RunningCloud, method: str, path: str) -> None:
    answer = cloud.http.request(method, path)
    assert (answer.status_code, read_code(answer)) == (404, "InvalidRequest")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_local/nothing", 404),
        ("PUT", "/_local/rooms", 405),
        ("GET", "/_local/tasks/t/end", 405),
    ],
)
def test_under_local_it_is_a_sentence(
    cloud: RunningCloud, method: str, path: str, status: int
) -> None:
    answer = cloud.http.request(method, path)
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code, answer.json().keys()) == (status, {"error"})
    assert f"{method} {path}" in answer.json()["error"]


@pytest.mark.parametrize("arguments", [("up", "--clock", "manual"), ("cloud",), ("functions",)])
def test_every_local_server_answers_strays_as_json(arguments: tuple[str, ...]) -> None:
    with serve_local(*arguments, "--port", "0") as server:
        for method, path in (("PUT", "/"), ("GET", "/nothing"), ("POST", "/nothing.js")):
            assert read_code(httpx.request(method, server.url + path))
