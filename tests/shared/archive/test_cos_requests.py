"""What travels to COS: the official SDK's client and ours ask for the same in the same words."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest

from shared.archive.archive import Archive, open_archive
from shared.errors import ArchiveError
from tests.support.cos_sdk import open_client, sign_as_the_sdk, write_config
from tests.support.scripted_cos import BUCKET, CREDENTIALS, answer, open_cos, write_answer
from tests.support.scripted_server import Request, run_server

KEYS = [
    "2026/11/26/1400000000/class-7/101530-3f9a0c/transcript.txt",
    "2026/教室-七/transcript.txt",
    "a b/+&=?#%2F~*'()!@:;,$[]\"<>\\^`{|}",
    "trailing./dot../…/x",
]
CONTENT = "good morning, 早上好".encode()
TYPE = "text/plain; charset=utf-8"
LIST = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
SAME = ("host", "content-length", "content-type", "content-md5", "x-cos-security-token")
pytestmark = pytest.mark.usefixtures("run_role")


def ask_both(
    told: bytes, ours: Callable[[Archive], object], theirs: Callable[[Any], object]
) -> tuple[Request, Request]:
    """What our archive and the SDK's client send to a server that tells each the same."""
    with run_server(answer(told)) as server:
        ours(open_cos(server))
        client = open_client(server)
        theirs(client)
        client._session.close()  # noqa: SLF001  the SDK never closes it
        own, official = server.requests
    return own, official


def read_authorization(request: Request) -> dict[str, str]:
    """The parts of an Authorization."""
    return dict(parse_qsl(request.headers["authorization"], keep_blank_values=True))


def assert_signed(request: Request) -> None:
    """Check the signature with the SDK's own code, over the request as it arrived."""
    method, target, _ = request.line.split(" ")
    path, _, query = target.partition("?")
    parts = read_authorization(request)
    headers = {name: request.headers[name] for name in parts["q-header-list"].split(";")}
    start_s = int(parts["q-sign-time"].partition(";")[0])
    params = dict(parse_qsl(query, keep_blank_values=True))
    expected = sign_as_the_sdk(method, unquote(path), params, headers, start_s + 60)
    assert request.headers["authorization"] == expected


def assert_alike(own: Request, official: Request) -> None:
    """Check that both are the same request, with the same headers signed."""
    assert own.line == official.line
    assert [own.headers.get(name) for name in SAME] == [official.headers.get(name) for name in SAME]
    assert own.body == official.body
    lists = [read_authorization(request)["q-header-list"] for request in (own, official)]
    assert lists[0] == lists[1]
    assert_signed(own)


@pytest.mark.parametrize("content", [CONTENT, b""])
@pytest.mark.parametrize("key", KEYS)
def test_object_is_put_as_the_sdk_does(key: str, content: bytes) -> None:
    own, official = ask_both(
        write_answer(200, etag=hashlib.md5(content, usedforsecurity=False).hexdigest()),
        lambda archive: archive.put(key, content, TYPE),
        lambda client: client.put_object(
            BUCKET, content, f"text/{key}", EnableMD5=True, ContentType=TYPE
        ),
    )
    assert_alike(own, official)


@pytest.mark.parametrize("key", KEYS)
def test_object_is_got_as_the_sdk_does(key: str) -> None:
    own, official = ask_both(
        write_answer(200, CONTENT),
        lambda archive: archive.get(key),
        lambda client: client.get_object(BUCKET, f"text/{key}")["Body"].get_raw_stream().read(),
    )
    assert_alike(own, official)


@pytest.mark.parametrize("key", KEYS)
def test_object_is_deleted_as_the_sdk_does(key: str) -> None:
    own, official = ask_both(
        write_answer(204),
        lambda archive: archive.delete(key),
        lambda client: client.delete_object(BUCKET, f"text/{key}"),
    )
    assert_alike(own, official)


@pytest.mark.parametrize("folder", KEYS)
def test_objects_are_listed_as_the_sdk_does_but_without_what_is_default(folder: str) -> None:
    own, official = ask_both(
        write_answer(200, LIST),
        lambda archive: archive.list(folder),
        lambda client: client.list_objects(BUCKET, f"text/{folder}/"),
    )
    queries = [
        parse_qsl(request.line.split(" ")[1].partition("?")[2], keep_blank_values=True)
        for request in (own, official)
    ]
    default = {("delimiter", ""), ("marker", ""), ("max-keys", "1000")}
    assert {*queries[0]} == {*queries[1]} - default
    assert own.line.startswith("GET /?")
    assert own.headers["host"] == official.headers["host"]
    assert_signed(own)
    assert read_authorization(own)["q-url-param-list"] == "encoding-type;prefix"


def test_bucket_is_asked_at_the_host_that_the_sdk_would_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(host: str, port: int, **_more: object) -> None:
        asked.append((host, port))
        raise socket.gaierror("no network")

    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(ArchiveError):
        open_archive(f"cos://{BUCKET}/text?region=ap-singapore").get("a")
    assert asked == [(write_config().get_host(BUCKET), 443)]


def test_permanent_credentials_have_no_token(run_role: pytest.MonkeyPatch) -> None:
    run_role.delenv("TENCENTCLOUD_SESSIONTOKEN")
    with run_server(answer(write_answer(200, CONTENT))) as server:
        assert open_cos(server, prefix="").get("a") == CONTENT
        (request,) = server.requests
    assert request.line == "GET /a HTTP/1.1"
    assert "x-cos-security-token" not in request.headers
    assert read_authorization(request)["q-header-list"] == "host"
    assert_signed(request)


def test_credentials_are_read_at_every_call(run_role: pytest.MonkeyPatch) -> None:
    with run_server(answer(write_answer(204), write_answer(204))) as server:
        archive = open_cos(server)
        archive.delete("a")
        run_role.setenv("TENCENTCLOUD_SECRETID", "AKIDRotated")
        archive.delete("a")
        assert len(server.peers) == 1
        ids = [read_authorization(request)["q-ak"] for request in server.requests]
    assert ids == [CREDENTIALS.secret_id, "AKIDRotated"]


def test_listed_keys_are_decoded() -> None:
    page = (
        b"<ListBucketResult><Prefix>text/a/</Prefix><Contents><Key>text/a/1%26%E6%95%99</Key>"
        b"</Contents><Contents>\n<Key>text/a/2</Key></Contents></ListBucketResult>"
    )
    with run_server(answer(write_answer(200, page))) as server:
        assert open_cos(server).list("a") == ["a/1&教", "a/2"]
