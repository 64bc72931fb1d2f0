"""What an answer may look like: how it ends, what comes before and after it, and what is refused."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path

import pytest

from shared.api.client import Client
from shared.api.transport import Reader
from shared.errors import ApiError
from tests.support.scripted_server import PATIENCE_S, Peer, Script, echo, run_server

BODY = b'{"Response": {"Action": "first"}}'
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
WHOLE = OK + LENGTH + b"\r\n" + BODY
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"5;name=value\r\n%s\r\n%x\r\n%s\r\n" % (BODY[:5], len(BODY) - 5, BODY[5:])
PACKED = gzip.compress(BODY)
OLD = b"HTTP/1.0 200 OK\r\n"

KEPT = {
    "length": WHOLE,
    "chunks": CHUNKED + CHUNKS + b"0\r\n\r\n",
    "trailer": CHUNKED + CHUNKS + b"0\r\nX-Trailer: 1\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WHOLE,
    "not packed": OK + b"Content-Encoding: identity\r\n" + LENGTH + b"\r\n" + BODY,
    "empty header": OK + b"X-Empty:\r\n" + LENGTH + b"\r\n" + BODY,
    "old, kept": OLD + b"Connection: keep-alive\r\n" + LENGTH + b"\r\n" + BODY,
}
LAST = {
    "close": OK + b"Connection: close\r\n" + LENGTH + b"\r\n" + BODY,
    "close, and more": OK + b"connection: Close\r\n" + LENGTH + b"\r\n" + BODY + b"x",
    "old": OLD + LENGTH + b"\r\n" + BODY,
    "byte behind it": WHOLE + b"x",
    "another behind it": WHOLE + WHOLE.replace(b"first", b"other"),
    "byte behind chunks": CHUNKED + CHUNKS + b"0\r\n\r\nx",
}
REFUSED = {
    "no HTTP": b"SSH-2.0-secret\r\n",
    "version": b"HTTP/7.7 200 secret\r\n\r\n",
    "status": b"HTTP/1.1 secret OK\r\n\r\n",
    "header": OK + b"A secret: 1\r\n\r\n",
    "negative length": OK + b"Content-Length: -1\r\n\r\nsecret",
    "endless length": OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\nsecret",
    "two lengths": OK + LENGTH + b"Content-Length: 6\r\n\r\nsecret",
    "length and chunks": OK + LENGTH + b"Transfer-Encoding: chunked\r\n\r\nsecret",
    "chunk's size": CHUNKED + b"secret\r\n",
    "chunk's end": CHUNKED + b"1\r\nsecret\r\n",
    "other protocol": OK.replace(b"200", b"101")
    + b"Upgrade: secret\r\nConnection: upgrade\r\n\r\n",
    "packed": OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    "too long": OK
    + b"X-Long: "
    + b"x" * 600_000
    + b"\r\nContent-Length: 600000\r\n\r\n"
    + b" " * 600_000,
}
CUT = {
    "head": OK + b"X-Secret: sec",
    "no body": OK + b"\r\n",
    "body": WHOLE[:-1],
    "chunk": CHUNKED + CHUNKS[:-9],
    "last chunk": CHUNKED + CHUNKS,
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n",
}


def send(answer: bytes) -> Script:
    """Answer the first request like this and the others as they ask."""

    def script(peer: Peer) -> None:
        peer.shake_hands()
        peer.read_request()
        peer.send(answer)
        peer.echo()

    return script


def send_and_close(answer: bytes) -> Script:
    """Answer like this, and end the connection."""

    def script(peer: Peer) -> None:
        peer.shake_hands()
        peer.read_request()
        peer.send(answer)
        peer.sock.close()

    return script


def call(client: Client) -> str:
    return str(client.call("StopAITranscription", {}, "ap-tokyo", 5)["Action"])


def fail(client: Client) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call(client)
    return caught.value


def by_name(answers: dict[str, bytes]) -> pytest.MarkDecorator:
    """A test of each."""
    return pytest.mark.parametrize("answer", answers.values(), ids=answers.keys())


@by_name(KEPT)
def test_connection_is_used_again_after_an_answer(answer: bytes, tls: Path | None) -> None:
    with run_server(send(answer), certificate=tls) as server:
        client = server.open_client()
        assert [call(client), call(client)] == ["first", "StopAITranscription"]
        assert len(server.peers) == 1


@by_name(LAST)
def test_connection_is_closed_after_an_answer(answer: bytes, tls: Path | None) -> None:
    with run_server(send(answer), echo, certificate=tls) as server:
        client = server.open_client()
        assert call(client) == "first"
        assert server.peers[0].closed.wait(PATIENCE_S)
        assert call(client) == "StopAITranscription"
        assert len(server.peers) == 2


def test_answer_without_a_length_ends_with_the_connection(tls: Path | None) -> None:
    script = send_and_close(OK + b"\r\n" + BODY)
    with run_server(script, echo, certificate=tls) as server:
        client = server.open_client()
        assert [call(client), call(client)] == ["first", "StopAITranscription"]


@by_name(KEPT | LAST)
def test_answer_may_come_in_any_pieces(answer: bytes) -> None:
    for cut in range(1, len(answer)):
        reader = Reader()
        for piece in (answer[:cut], answer[cut:]):
            if not reader.answer:
                reader.feed(piece)
        assert reader.answer
        assert reader.answer[:2] == (200, BODY)


def test_headers_are_those_of_the_answer_not_of_an_interim_one() -> None:
    reader = Reader()
    reader.feed(KEPT["interim"])
    assert reader.answer
    assert reader.answer.headers == {"content-length": str(len(BODY))}


@by_name(REFUSED)
def test_answer_is_refused_and_nothing_of_it_told(answer: bytes, tls: Path | None) -> None:
    with run_server(send(answer), echo, certificate=tls) as server:
        client = server.open_client()
        error = fail(client)
        assert error.code == "ClientNetworkError.UnwantedAnswerError"
        assert error.may_have_happened
        assert server.peers[0].closed.wait(PATIENCE_S)
        assert call(client) == "StopAITranscription"


@by_name(CUT)
def test_answer_that_is_cut_is_refused(answer: bytes, tls: Path | None) -> None:
    with run_server(send_and_close(answer), echo, certificate=tls) as server:
        client = server.open_client()
        error = fail(client)
        assert error.code == "ClientNetworkError.ConnectionError"
        assert error.may_have_happened
        assert call(client) == "StopAITranscription"


def test_byte_on_an_idle_connection_ends_it(tls: Path | None) -> None:
    def speak_unasked(peer: Peer) -> None:
        peer.shake_hands()
        peer.read_request()
        peer.send(WHOLE)
        peer.server.given_up.wait(PATIENCE_S)
        peer.send(b"\n")
        spoken.set()

    spoken = threading.Event()
    with run_server(speak_unasked, echo, certificate=tls) as server:
        client = server.open_client()
        assert call(client) == "first"
        server.given_up.set()
        assert spoken.wait(PATIENCE_S)
        assert call(client) == "StopAITranscription"
        assert server.peers[0].closed.wait(PATIENCE_S)
