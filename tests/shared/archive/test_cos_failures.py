"""What fails at COS is an ArchiveError that says what failed, and never a secret."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.archive.archive import Archive
from shared.archive.cos import MAX_ANSWER
from shared.errors import ArchiveError
from tests.support.scripted_cos import (
    BUCKET,
    CREDENTIALS,
    answer,
    cut,
    open_cos,
    write_answer,
    write_error,
)
from tests.support.scripted_server import ApiServer, Peer, Script, run_server

CONTENT = b"spoken words"
ETAG = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
STORED = write_answer(200, etag=ETAG)
PLACE = f"cos://{BUCKET}/text"
REQUEST_ID = "NjQ5YzEzZThfNGQ5ZTU4NjRfNmFhNV83YTZjOGY="
DENIED = write_error(403, "AccessDenied")
BUSY = write_error(503, "ServiceUnavailable")
CALLS: dict[str, Callable[[Archive], object]] = {
    "PutObject": lambda archive: archive.put("a/b", CONTENT, "text/plain"),
    "GetObject": lambda archive: archive.get("a/b"),
    "DeleteObject": lambda archive: archive.delete("a/b"),
    "GetBucket": lambda archive: archive.list("a"),
}
pytestmark = pytest.mark.usefixtures("run_role")
each_call = pytest.mark.parametrize("action", CALLS)


def fail(archive: Archive, action: str) -> str:
    """The text of the error; it has nothing of secrets and content in it, nor has the archive."""
    with pytest.raises(ArchiveError) as caught:
        CALLS[action](archive)
    assert (caught.value.code, caught.value.http_status) == ("archive", 503)
    assert caught.value.__cause__ is None
    told = repr(caught.value) + repr(archive) + archive.place
    for secret in (*CREDENTIALS, CONTENT.decode(), "q-signature", "said by COS"):
        assert str(secret) not in told
    return str(caught.value)


def put(server: ApiServer) -> None:
    """Put the object whose ETag is that of STORED."""
    CALLS["PutObject"](open_cos(server))


@each_call
def test_action_that_the_policy_lacks_is_named(action: str) -> None:
    with run_server(answer(DENIED)) as server:
        text = fail(open_cos(server), action)
        assert text.startswith(f"{PLACE}: {action}: AccessDenied (RequestId {REQUEST_ID})")
        assert text.endswith(f"; the policy must allow name/cos:{action}")
        assert len(server.requests) == 1


@each_call
@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "NoSuchBucket"), (403, "SignatureDoesNotMatch"), (400, "BadDigest")],
)
def test_error_of_cos_is_told_with_its_request_id(action: str, status: int, code: str) -> None:
    with run_server(answer(write_error(status, code))) as server:
        text = fail(open_cos(server), action)
    assert text == f"{PLACE}: {action}: {code} (RequestId {REQUEST_ID})"


@each_call
@pytest.mark.parametrize(
    "body", [b"", b"<html>secret</html>", b"<Code>a\nb</Code>", b"<Code></Code>", b"\xff\xfe"]
)
def test_error_that_is_no_xml_is_told_by_its_status(action: str, body: bytes) -> None:
    with run_server(answer(write_answer(418, body))) as server:
        assert fail(open_cos(server), action) == f"{PLACE}: {action}: HTTP 418 (RequestId none)"


def test_redirect_is_an_error() -> None:
    moved = write_answer(301).replace(b"\r\n", b"\r\nLocation: http://127.0.0.1:9/\r\n", 1)
    with run_server(answer(moved)) as server:
        assert "HTTP 301" in fail(open_cos(server), "GetObject")
        assert len(server.requests) == 1


def test_object_that_is_not_there_is_none_and_deleted() -> None:
    absent = write_error(404, "NoSuchKey")
    with run_server(answer(absent, absent)) as server:
        archive = open_cos(server)
        assert archive.get("a/b") is None
        archive.delete("a/b")


@each_call
def test_refused_connection_is_told(action: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ApiServer((), f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert fail(open_cos(server), action) == f"{PLACE}: {action}: NoConnection"


@each_call
def test_answer_that_is_cut_twice_is_told(action: str) -> None:
    with run_server(cut(write_answer(200, CONTENT)[:-3])) as server:
        text = fail(open_cos(server), action)
        assert len(server.requests) == 2
    assert text == f"{PLACE}: {action}: the connection ended before the answer"


@pytest.mark.parametrize(
    "scripts",
    [(cut(b""), answer(STORED)), (cut(STORED[:20]), answer(STORED)), (answer(BUSY, STORED),)],
    ids=["no answer", "cut", "busy"],
)
def test_what_may_pass_is_tried_once_more(scripts: tuple[Script, ...], tls: Path | None) -> None:
    with run_server(*scripts, certificate=tls) as server:
        put(server)
        assert len({(request.line, request.body) for request in server.requests}) == 1
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (BUSY, f"ServiceUnavailable (RequestId {REQUEST_ID})"),
        (b"", "the connection ended before the answer"),
        (b"no HTTP", "UnwantedAnswerError"),
    ],
)
def test_second_failure_is_told(second: bytes, problem: str) -> None:
    busy = BUSY.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with run_server(cut(busy), cut(second)) as server:
        assert fail(open_cos(server), "PutObject") == f"{PLACE}: PutObject: {problem}"
        assert len(server.requests) == 2


@pytest.mark.parametrize("etag", ["", "0" * 32, ETAG.upper(), f"{ETAG}-1"])
def test_object_whose_etag_is_another_is_read_back(etag: str) -> None:
    with run_server(answer(write_answer(200, etag=etag), write_answer(200, CONTENT))) as server:
        put(server)
        lines = [request.line.split(" ")[0] for request in server.requests]
    assert lines == ["PUT", "GET"]


@pytest.mark.parametrize("read", [write_answer(200, b"other"), write_error(404, "NoSuchKey")])
def test_object_that_is_not_what_was_written_is_told(read: bytes) -> None:
    with run_server(answer(write_answer(200, etag="0" * 32), read)) as server:
        text = fail(open_cos(server), "PutObject")
    assert text == f"{PLACE}: PutObject: the object is not what was written"


@pytest.mark.slow
def test_server_that_never_answers_is_left_after_5_s() -> None:
    """The server itself would end the connection after twice that time."""

    def read_only(peer: Peer) -> None:
        peer.read_request()

    with run_server(read_only) as server:
        assert fail(open_cos(server), "DeleteObject") == f"{PLACE}: DeleteObject: timed out"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "key", ["", "/", "/a", ".", "..", "../a", "a/..", "a/./b", "a\nb", "a\ud800"]
)
def test_key_that_could_lead_elsewhere_is_never_sent(key: str) -> None:
    with run_server(answer()) as server:
        archive = open_cos(server)
        with pytest.raises(ArchiveError):
            archive.put(key, CONTENT, "text/plain")
        for ask in (archive.get, archive.delete, archive.list):
            with pytest.raises(ArchiveError):
                ask(key)
        assert server.requests == []


def test_answer_larger_than_the_limit_is_refused() -> None:
    def send_too_much(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * MAX_ANSWER))
        while True:
            peer.send(b"x" * 1_000_000)

    with run_server(send_too_much) as server:
        assert fail(open_cos(server), "GetObject") == f"{PLACE}: GetObject: UnwantedAnswerError"
        assert server.peers[0].bytes_sent < 2 * MAX_ANSWER


def test_large_object_is_read_whole(tls: Path | None) -> None:
    content = bytes(range(256)) * 40_000
    with run_server(answer(write_answer(200, content)), certificate=tls) as server:
        assert open_cos(server).get("a/b") == content


def test_list_that_is_cut_is_told() -> None:
    with run_server(answer(write_answer(200, b"<ListBucketResult>"))) as server:
        text = fail(open_cos(server), "GetBucket")
    assert text == f"{PLACE}: GetBucket: the answer is no list"


@each_call
def test_missing_credentials_are_told(action: str, run_role: pytest.MonkeyPatch) -> None:
    for name in ("TENCENTCLOUD_SECRETKEY", "TENCENT_SECRET_ID", "TENCENT_SECRET_KEY"):
        run_role.delenv(name, raising=False)
    with run_server(answer()) as server:
        assert "TENCENT_SECRET_ID" in fail(open_cos(server), action)
        assert server.requests == []


def test_value_that_is_more_than_a_header_is_never_sent() -> None:
    with run_server(answer()) as server:
        with pytest.raises(ArchiveError, match="InvalidHeader"):
            open_cos(server).put("a", CONTENT, "text/plain\r\nX-Injected: 1")
        assert server.requests == []
